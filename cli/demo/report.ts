// What a person reads of the demo. In: rows of the mirror. Out: a line per change; the table at the end.
import pc from 'picocolors'
import type { CycleReport, CycleRow } from '../../mirror/status.ts'

/** `16:25:03  d1/ds3/2026-11-20  WAITING for d1/ds2`. */
export function toChangeLine(row: CycleRow, at: Date): string {
  const time = pc.dim(at.toISOString().slice(11, 19))
  return `${time}  ${row.cycle.padEnd(18)}  ${toStateWords(row)}`
}

function toStateWords(row: CycleRow): string {
  const attempt = row.lastAttempt > 1 ? `, attempt ${row.lastAttempt}` : ''
  switch (row.state) {
    case 'WAITING':
      return pc.yellow('WAITING') + (row.waitingFor.length > 0 ? ` for ${row.waitingFor.join(', ')}` : '')
    case 'PROCESSING': {
      const again = row.retryAt ? `: attempt ${row.lastAttempt} failed, the next follows` : attempt
      return pc.cyan('PROCESSING') + again
    }
    case 'COMPLETED':
      return `${pc.green('COMPLETED')}${attempt}, revision ${row.revision}`
    case 'ERROR':
      return `${pc.red(`ERROR (${row.step})`)} ${row.reason ?? ''}`
    default:
      return row.state
  }
}

/** Milliseconds from the last arrival to the Glue start of the first attempt; null for a product without inputs. */
export function lagMs({ row, dependencies }: CycleReport): number | null {
  const arrivals = dependencies.flatMap(({ arrivedAt }) => (arrivedAt ? [Date.parse(arrivedAt)] : []))
  const startedAtMs = row.attempts[0]?.runStartedAtMs
  return arrivals.length > 0 && startedAtMs ? startedAtMs - Math.max(...arrivals) : null
}

export interface TableRow {
  cycle: string
  completed: string
  glueRuns: string
  inputs: string
  lag: string
  noted: string
}

/** In the order in which the cycles completed. */
export const toTable = (reports: CycleReport[]): TableRow[] =>
  reports
    .toSorted((a, b) => (a.row.firstCompletedAt ?? '~').localeCompare(b.row.firstCompletedAt ?? '~'))
    .map((report) => {
      const { row, dependencies } = report
      const lag = lagMs(report)
      return {
        cycle: row.cycle,
        completed: row.firstCompletedAt?.slice(11, 23) ?? row.state,
        glueRuns: row.attempts.map(({ end }) => end?.state ?? 'under way').join(', '),
        inputs:
          dependencies.map(({ product, revision }) => `${product} r${revision ?? '-'}`).join(', ') || 'vendor file',
        lag: lag === null ? '' : `${(lag / 1_000).toFixed(2)} s`,
        noted: toNotes(report).join('; '),
      }
    })

function toNotes({ row, deliveries }: CycleReport): string[] {
  const failed = row.attempts.filter(({ end }) => end && end.state !== 'SUCCEEDED')
  const byCheck = row.attempts.some(({ end }) => end?.noticedBy === 'check')
  const repeats = deliveries.reduce((sum, { seen, outcome }) => sum + seen - (outcome === 'satisfied' ? 1 : 0), 0)
  return [
    ...failed.map(({ number, end }) => `attempt ${number}: ${end?.error ?? end?.state}`),
    ...(byCheck ? ['the end was found by the check'] : []),
    ...(repeats > 0 ? [`${repeats} repeated event(s), taken once`] : []),
  ]
}

const HEADS: Record<keyof TableRow, string> = {
  cycle: 'cycle',
  completed: 'completed (UTC)',
  glueRuns: 'Glue runs',
  inputs: 'on inputs',
  lag: 'lag',
  noted: 'noted',
}

/** Columns padded to their widest cell. */
export function toTableText(rows: TableRow[]): string {
  const columns = Object.keys(HEADS) as (keyof TableRow)[]
  const widths = columns.map((column) => Math.max(...[HEADS, ...rows].map((row) => row[column].length)))
  const toLine = (row: Record<keyof TableRow, string>): string =>
    columns
      .map((column, at) => row[column].padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [pc.bold(toLine(HEADS)), ...rows.map(toLine)].join('\n')
}
