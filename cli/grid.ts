// The grid of products × dates. In: rows of the mirror, what the calendars say where there is none. Out: text for a terminal. Pure.
import pc from 'picocolors'
import { flagsAt } from '../mirror/status.ts'
import type { EmptyCell, JudgeEmpty } from '../model/calendar/empty-cell.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import { flagMark, flagWords, isOfStep } from '../model/cycle/flags.ts'
import { type CycleKey, periodOf, type ProductId } from '../model/ids.ts'
import { CYCLE_STATES } from '../model/states.ts'
import { hasNoRun, toEndedWords } from './ended-run.ts'
import { isOlder, toLegend, type VersionedRow, versionMark } from './older-version.ts'
import { colourState, toTable } from './output.ts'
import { type Symbols, UNICODE } from './symbols.ts'

/** What is shown; products and columns without a cycle are there on purpose. */
export interface Grid {
  rows: VersionedRow[]
  /** Absent: those that have cycles. */
  products?: ProductId[]
  columns?: string[]
  /** Absent: nothing is known of the calendars. */
  judge?: JudgeEmpty
  symbols?: Symbols
  /** The products that are held; absent: not known. */
  held?: ReadonlySet<ProductId>
}

interface Ground {
  judge: JudgeEmpty
  symbols: Symbols
  held: ReadonlySet<ProductId> | undefined
  nowMs: number
}

/** Where a cycle stands in the grid: hours below their date in UTC, all others below their own key. */
export const toColumn = (key: string): string => (periodOf(key as CycleKey) === 'hour' ? key.slice(0, 10) : key)

/** Dates from old to new; below it what its marks mean, and a line for each cycle that waits, failed or does not get on. */
export function toGrid(
  { rows, judge = () => ({ kind: 'due' }), symbols = UNICODE, held, ...shown }: Grid,
  nowMs: number,
): string {
  const ground: Ground = { judge, symbols, held, nowMs }
  const columns = [...new Set(shown.columns ?? rows.map(({ key }) => toColumn(key)))].toSorted()
  const products = [...new Set(shown.products ?? rows.map(({ product }) => product))].toSorted()
  const byCell = Map.groupBy(rows, ({ product, key }) => `${product}/${toColumn(key)}`)
  const empties: EmptyCell[] = []
  const toCellAt = (product: ProductId, column: string): string => {
    const found = byCell.get(`${product}/${column}`)
    if (found) return toCellOf(found, ground)
    const empty = judge(product, column as CycleKey)
    empties.push(empty)
    return toEmpty(empty, symbols)
  }
  const lines = products.map((product) => [product as string, ...columns.map((column) => toCellAt(product, column))])
  const open = rows.filter((row) => isTold(row, nowMs)).toSorted(oldestFirst)
  return [
    toTable(['product', ...columns], lines),
    ...emptyLegends(empties, symbols),
    ...olderLegends(rows),
    ...(open.length > 0 ? ['', ...open.map((row) => toLine(row, ground))] : []),
  ].join('\n')
}

function toEmpty({ kind }: EmptyCell, symbols: Symbols): string {
  return kind === 'none' ? '' : pc.dim(symbols[kind])
}

/** Only what is on the screen, and only beside hatching: a lone dot needs no words. Holidays are named, weekends are not. */
function emptyLegends(empties: EmptyCell[], symbols: Symbols): string[] {
  const has = (kind: EmptyCell['kind']): boolean => empties.some((one) => one.kind === kind)
  if (!has('closed') && !has('unknown')) return []
  const reasons = new Set(
    empties.flatMap((one) => (one.kind === 'closed' && !WEEKEND.test(one.reason) ? [one.reason] : [])),
  )
  const because = reasons.size > 0 ? `: ${[...reasons].slice(0, MOST_REASONS).join('; ')}` : ''
  const parts = [
    ...(has('closed') ? [`${symbols.closed} no cycle by its calendar${because}`] : []),
    ...(has('due') ? [`${symbols.due} due, not open`] : []),
    ...(has('unknown') ? [`${symbols.unknown} beyond what its calendar covers`] : []),
  ]
  return ['', pc.dim(parts.join('   '))]
}

const WEEKEND = /\((?:Satur|Sun)day\)$/
const MOST_REASONS = 3

/** One for each version that is marked, newest first. */
function olderLegends(rows: VersionedRow[]): string[] {
  const older = Map.groupBy(rows.filter(isOlder).toSorted(oldestFirst), ({ definitionVersion }) => definitionVersion)
  const newestFirst = [...older].toSorted(([one], [other]) => other - one)
  const legends = newestFirst.flatMap(([, [first]]) => (first ? [toLegend(first)] : []))
  return legends.length > 0 ? ['', ...legends] : []
}

const isTold = (row: VersionedRow, nowMs: number): boolean =>
  row.state === 'WAITING' ||
  row.state === 'ERROR' ||
  (row.state === 'PROCESSING' && (hasNoRun(row) || whyNot(row, nowMs).length > 0))

/** Flags of what does not get on; those of its data and its lateness are for the cell. */
const whyNot = (row: VersionedRow, nowMs: number): string[] =>
  flagsAt(row, nowMs).filter((flag) => flag === 'retrying' || isOfStep(flag))

const oldestFirst = (a: VersionedRow, b: VersionedRow): number =>
  a.key.localeCompare(b.key) || a.product.localeCompare(b.product)

/** Of several hours, how many are in which state. */
function toCellOf(rows: VersionedRow[], ground: Ground): string {
  const [first] = rows
  if (rows.length === 1 && first) return toCell(first, ground)
  const counts = CYCLE_STATES.flatMap((state) => {
    const count = rows.filter((row) => row.state === state).length
    return count > 0 ? [colourState(state, `${ground.symbols.states[state]} ${count} ${state}`)] : []
  })
  const older = Map.groupBy(rows.filter(isOlder), ({ definitionVersion }) => definitionVersion)
  const marks = [...older].map(([version, those]) => `${those.length} ${versionMark(version)}`)
  const signed = (['held', 'late'] as const).flatMap((flag) => {
    const count = rows.filter((row) => flagsAt(row, ground.nowMs).includes(flag)).length
    return count > 0 ? [`${ground.symbols[flag]} ${count} ${flag}`] : []
  })
  return [...counts, ...marks, ...signed].join(', ')
}

function toCell(row: VersionedRow, { nowMs, symbols }: Ground): string {
  const toMark = (flag: string): string =>
    flag === 'held' || flag === 'late' ? `${symbols[flag]} ${flagMark(flag)}` : flagMark(flag)
  const marks = [
    row.step ? `(${row.step})` : '',
    // A rerun that was cancelled leaves what is published as it was.
    row.revision > (row.state === 'CANCELLED' ? 0 : 1) ? `r${row.revision}` : '',
    ...flagsAt(row, nowMs).map(toMark),
    hasNoRun(row) ? 'no run' : '',
    isOlder(row) ? versionMark(row.definitionVersion) : '',
  ].filter((mark) => mark !== '')
  return colourState(row.state, [symbols.states[row.state], row.state, ...marks].join(' '))
}

function toLine(row: VersionedRow, ground: Ground): string {
  const { nowMs } = ground
  if (hasNoRun(row)) return `${row.cycle}  ${colourState(row.state)} ${toEndedWords(row)}`
  const reason = toOneLine(row.reason ?? '')
  if (row.state === 'ERROR') return `${row.cycle}  ${colourState('ERROR')} ${reason}`
  if (row.state === 'PROCESSING') return `${row.cycle}  ${whyNot(row, nowMs).map(flagWords).join(', ')}: ${reason}`
  const held = flagsAt(row, nowMs).includes('held') ? toHeld(row, ground) : null
  const what = row.waitingFor.length > 0 ? row.waitingFor.join(', ') : toTime(row, nowMs)
  const waits = what === null ? [] : [`waits for ${what}`]
  return `${row.cycle}  ${held === null ? (waits[0] ?? 'waits for its turn') : [held, ...waits].join('; ')}`
}

const toTime = ({ notBefore }: VersionedRow, nowMs: number): string | null =>
  notBefore !== null && Date.parse(notBefore) > nowMs ? notBefore : null

/** By whom is its own domain's business. */
function toHeld({ held, product }: VersionedRow, ground: Ground): string {
  const sign = ground.symbols.held
  if (!held) return `${sign} held`
  const by = `by ${held.actor}: ${toOneLine(held.reason)}`
  if (held.of !== 'product') return `${sign} held ${by}`
  if (!ground.held || ground.held.has(product)) return `${sign} its product is held ${by}`
  return `${sign} held with its product ${by}; the product is held no more, so the scheduler's next tick releases it; if not: sluice release ${product}`
}
