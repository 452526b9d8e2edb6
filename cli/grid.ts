// The grid of products × dates. In: rows of the mirror. Out: text for a terminal. Pure.
import { type CycleRow, isLate } from '../mirror/status.ts'
import { colourState, toTable } from './output.ts'

/** Dates from old to new; below it a line for each cycle that waits or failed. */
export function toGrid(rows: CycleRow[], nowMs: number): string {
  if (rows.length === 0)
    return 'No cycle is known yet. The scheduler opens those that are due; `sluice open` opens one.'
  const keys = [...new Set(rows.map(({ key }) => key))].toSorted()
  const products = [...new Set(rows.map(({ product }) => product))].toSorted()
  const byCycle = new Map(rows.map((row) => [`${row.product}/${row.key}`, row]))
  const lines = products.map((product) => [
    product as string,
    ...keys.map((key) => toCell(byCycle.get(`${product}/${key}`), nowMs)),
  ])
  const open = rows.filter(({ state }) => state === 'WAITING' || state === 'ERROR').toReversed()
  return [toTable(['product', ...keys], lines), ...(open.length > 0 ? ['', ...open.map(toLine)] : [])].join('\n')
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
  if (row.state === 'ERROR') return `${row.cycle}  ${colourState('ERROR')} ${row.reason ?? ''}`
  const what = row.waitingFor.length > 0 ? row.waitingFor.join(', ') : (row.notBefore ?? 'its turn')
  return `${row.cycle}  waits for ${what}`
}
