// The grid of products × dates. In: rows of the mirror. Out: text for a terminal. Pure.
import { type CycleRow, isLate } from '../mirror/status.ts'
import { colourState, toTable } from './output.ts'

/** Dates from old to new; below it a line for each cycle that waits or failed. At least one row. */
export function toGrid(rows: CycleRow[], nowMs: number): string {
  const keys = [...new Set(rows.map(({ key }) => key))].toSorted()
  const products = [...new Set(rows.map(({ product }) => product))].toSorted()
  const byCycle = new Map(rows.map((row) => [`${row.product}/${row.key}`, row]))
  const lines = products.map((product) => [
    product as string,
    ...keys.map((key) => toCell(byCycle.get(`${product}/${key}`), nowMs)),
  ])
  const open = rows.filter(({ state }) => state === 'WAITING' || state === 'ERROR').toSorted(oldestFirst)
  return [toTable(['product', ...keys], lines), ...(open.length > 0 ? ['', ...open.map(toLine)] : [])].join('\n')
}

const oldestFirst = (a: CycleRow, b: CycleRow): number =>
  a.key.localeCompare(b.key) || a.product.localeCompare(b.product)

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
