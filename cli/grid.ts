// The grid of products × dates. In: rows of the mirror. Out: text for a terminal. Pure.
import { flagsAt } from '../mirror/status.ts'
import { flagMark, flagWords, isOfStep } from '../model/cycle/flags.ts'
import { type CycleKey, periodOf } from '../model/ids.ts'
import { CYCLE_STATES } from '../model/states.ts'
import { hasNoRun, toEndedWords } from './ended-run.ts'
import { isOlder, toLegend, type VersionedRow, versionMark } from './older-version.ts'
import { colourState, toTable } from './output.ts'

/** Where a cycle stands in the grid: hours below their date in UTC, all others below their own key. */
export const toColumn = (key: string): string => (periodOf(key as CycleKey) === 'hour' ? key.slice(0, 10) : key)

/** Dates from old to new; below it what its marks mean, and a line for each cycle that waits, failed or does not get on. At least one row. */
export function toGrid(rows: VersionedRow[], nowMs: number): string {
  const columns = [...new Set(rows.map(({ key }) => toColumn(key)))].toSorted()
  const products = [...new Set(rows.map(({ product }) => product))].toSorted()
  const byCell = Map.groupBy(rows, ({ product, key }) => `${product}/${toColumn(key)}`)
  const lines = products.map((product) => [
    product as string,
    ...columns.map((column) => toCellOf(byCell.get(`${product}/${column}`) ?? [], nowMs)),
  ])
  const open = rows.filter((row) => isTold(row, nowMs)).toSorted(oldestFirst)
  return [
    toTable(['product', ...columns], lines),
    ...olderLegends(rows),
    ...(open.length > 0 ? ['', ...open.map((row) => toLine(row, nowMs))] : []),
  ].join('\n')
}

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
function toCellOf(rows: VersionedRow[], nowMs: number): string {
  if (rows.length <= 1) return toCell(rows[0], nowMs)
  const counts = CYCLE_STATES.flatMap((state) => {
    const count = rows.filter((row) => row.state === state).length
    return count > 0 ? [colourState(state, `${count} ${state}`)] : []
  })
  const older = Map.groupBy(rows.filter(isOlder), ({ definitionVersion }) => definitionVersion)
  const marks = [...older].map(([version, those]) => `${those.length} ${versionMark(version)}`)
  return [...counts, ...marks].join(', ')
}

function toCell(row: VersionedRow | undefined, nowMs: number): string {
  if (!row) return '·'
  const marks = [
    row.step ? `(${row.step})` : '',
    row.revision > 1 ? `r${row.revision}` : '',
    ...flagsAt(row, nowMs).map(flagMark),
    hasNoRun(row) ? 'no run' : '',
    isOlder(row) ? versionMark(row.definitionVersion) : '',
  ].filter((mark) => mark !== '')
  return colourState(row.state, [row.state, ...marks].join(' '))
}

function toLine(row: VersionedRow, nowMs: number): string {
  if (hasNoRun(row)) return `${row.cycle}  ${colourState(row.state)} ${toEndedWords(row)}`
  const reason = (row.reason ?? '').replaceAll(/\s+/g, ' ')
  if (row.state === 'ERROR') return `${row.cycle}  ${colourState('ERROR')} ${reason}`
  if (row.state === 'PROCESSING') return `${row.cycle}  ${whyNot(row, nowMs).map(flagWords).join(', ')}: ${reason}`
  const what = row.waitingFor.length > 0 ? row.waitingFor.join(', ') : (row.notBefore ?? 'its turn')
  return `${row.cycle}  waits for ${what}`
}
