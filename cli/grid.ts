// The grid of products × dates. In: rows of the mirror. Out: text for a terminal. Pure.
import { type CycleRow, isLate } from '../mirror/status.ts'
import { type CycleKey, periodOf } from '../model/ids.ts'
import { CYCLE_STATES } from '../model/states.ts'
import { colourState, toTable } from './output.ts'

/** Where a cycle stands in the grid: hours below their date in UTC, all others below their own key. */
export const toColumn = (key: string): string => (periodOf(key as CycleKey) === 'hour' ? key.slice(0, 10) : key)

/** Dates from old to new; below it a line for each cycle that waits or failed. At least one row. */
export function toGrid(rows: CycleRow[], nowMs: number): string {
  const columns = [...new Set(rows.map(({ key }) => toColumn(key)))].toSorted()
  const products = [...new Set(rows.map(({ product }) => product))].toSorted()
  const byCell = Map.groupBy(rows, ({ product, key }) => `${product}/${toColumn(key)}`)
  const lines = products.map((product) => [
    product as string,
    ...columns.map((column) => toCellOf(byCell.get(`${product}/${column}`) ?? [], nowMs)),
  ])
  const open = rows.filter(({ state }) => state === 'WAITING' || state === 'ERROR').toSorted(oldestFirst)
  return [toTable(['product', ...columns], lines), ...(open.length > 0 ? ['', ...open.map(toLine)] : [])].join('\n')
}

const oldestFirst = (a: CycleRow, b: CycleRow): number =>
  a.key.localeCompare(b.key) || a.product.localeCompare(b.product)

/** Of several hours, how many are in which state. */
function toCellOf(rows: CycleRow[], nowMs: number): string {
  if (rows.length <= 1) return toCell(rows[0], nowMs)
  return CYCLE_STATES.flatMap((state) => {
    const count = rows.filter((row) => row.state === state).length
    return count > 0 ? [colourState(state, `${count} ${state}`)] : []
  }).join(', ')
}

function toCell(row: CycleRow | undefined, nowMs: number): string {
  if (!row) return '·'
  const marks = [
    row.step ? `(${row.step})` : '',
    row.revision > 1 ? `r${row.revision}` : '',
    row.retryAt ? 'retrying' : '',
    isLate(row, nowMs) ? 'late' : '',
  ].filter((mark) => mark !== '')
  return colourState(row.state, [row.state, ...marks].join(' '))
}

function toLine(row: CycleRow): string {
  if (row.state === 'ERROR')
    return `${row.cycle}  ${colourState('ERROR')} ${(row.reason ?? '').replaceAll(/\s+/g, ' ')}`
  const what = row.waitingFor.length > 0 ? row.waitingFor.join(', ') : (row.notBefore ?? 'its turn')
  return `${row.cycle}  waits for ${what}`
}
