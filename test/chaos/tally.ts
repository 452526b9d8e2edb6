// What came of the runs of the faults, as lines of a file that the suite's runner reads.
// In: a run's result. Out: the table fault × component × runs × violations × recovery. Never: a fault that did not run.

export interface Fault {
  /** Of the fault matrix. */
  row: number
  name: string
}

export interface TallyLine extends Fault {
  seed: number
  violations: number
  /** From each heal until the mirror told the last move of what it held up; none where nothing is healed at a moment. */
  recoveriesMs: number[]
}

/** What the fault matrix says is at fault. */
const COMPONENTS: Record<number, string> = {
  ...{ 0: 'none', 1: 'Glue', 2: 'Glue', 3: 'Glue', 4: 'Glue', 5: 'Glue', 6: 'SQS', 7: 'SQS', 8: 'SQS', 9: 'SQS' },
  ...{ 10: 'SQS', 11: 'bridge', 12: 'bridge', 13: 'bridge', 14: 'worker', 15: 'worker', 16: 'worker', 17: 'all' },
  ...{ 18: 'Temporal', 19: 'Temporal', 21: 'Temporal', 22: 'Temporal', 23: 'Postgres', 24: 'Postgres' },
  ...{ 25: 'Postgres', 26: 'Postgres', 28: 'Postgres' },
  ...{ 30: 'bus', 31: 'bus', 37: 'operator', 38: 'AWS', 39: 'bridge' },
}

const componentOf = ({ row }: Fault): string => COMPONENTS[row] ?? 'unknown'

export const parseTallies = (text: string): TallyLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TallyLine)

/** One line a run, as soon as it is judged. */
export const toSentence = ({ row, name, seed, violations, recoveriesMs }: TallyLine): string =>
  `row ${row}, ${name}, seed ${seed}: ${violations} violations` +
  (recoveriesMs.length > 0 ? `, recovered within ${toSeconds(Math.max(...recoveriesMs))} s` : '')

const HEAD = ['row', 'fault', 'component', 'runs', 'violations', 'recovery p50 s', 'max s']

export function toTable(tallies: TallyLine[]): string[] {
  const faults = Map.groupBy(tallies, ({ row, name }) => `${String(row).padStart(3)} ${name}`)
  const cells = [...faults].toSorted(([a], [b]) => a.localeCompare(b)).map(([, runs]) => toCells(runs))
  const widths = HEAD.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)))
  const toLine = (row: string[]): string =>
    row.map((cell, at) => (isText(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')
  return [HEAD, ...cells].map((row) => toLine(row).trimEnd())
}

const isText = (column: number): boolean => column === 1 || column === 2

function toCells(runs: TallyLine[]): string[] {
  const [first] = runs
  if (!first) return []
  const recoveries = runs.flatMap(({ recoveriesMs }) => recoveriesMs).toSorted((a, b) => a - b)
  const violations = runs.reduce((sum, run) => sum + run.violations, 0)
  const middle = recoveries[Math.floor((recoveries.length - 1) / 2)]
  return [
    ...[String(first.row), first.name, componentOf(first), String(runs.length), String(violations)],
    ...[middle, recoveries.at(-1)].map((ms) => (ms === undefined ? '-' : toSeconds(ms))),
  ]
}

const toSeconds = (ms: number): string => (ms / 1_000).toFixed(1)
