// I7, I8 and I9. In: evidence. Out: rows that say another thing than the histories; moves that are illegal, missing,
// doubled or out of order. Pure.
import type { DependencyRow, TransitionRow } from '../mirror/status.ts'
import type { CycleRow } from '../mirror/status.ts'
import { isLegalMove } from '../model/states.ts'
import type { CycleEvidence, Evidence, RunEvidence } from './evidence.ts'
import { type Folded, fold, recordsOf } from './fold.ts'
import { type Checked, type Invariant, type Look, toChecked, type Violation } from './verdict.ts'

const toViolation = (invariant: Invariant, cycle: string, says: string, evidence: string[]): Violation => ({
  ...{ invariant, cycle, says, evidence },
})

/** The row is what the history's flushes come to, and a closed run's result says the same. */
export function checkMirror({ cycles, mirror }: Evidence): Checked {
  const rows = new Map(mirror.statuses.map((row) => [row.cycle, row]))
  const dependencies = Map.groupBy(mirror.dependencies, ({ cycle }) => cycle)
  return toChecked(
    cycles.map((one) => {
      const folded = fold(one)
      if (!folded.last || folded.isCutOff) return []
      const row = rows.get(one.cycle)
      if (!row)
        return [toViolation('I7', one.cycle, `${one.cycle} has no row in data_product_status`, [toFlush(folded)])]
      return [...compareRow(one, folded, row), ...compareInputs(one, folded, dependencies.get(one.cycle) ?? [])]
    }),
  )
}

const toFlush = ({ last }: Folded): string =>
  `history of ${last?.cycle}: run ${last?.runNumber}, version ${last?.version}, ${last?.snapshot.state}`

function compareRow({ cycle, runs }: CycleEvidence, folded: Folded, row: CycleRow): Look {
  const { last, revision, publishedEventId } = folded
  if (!last) return []
  const { state, step, reason, lastAttempt, definitionVersion } = last.snapshot
  const { runNumber, version } = last
  const wanted = { state, step, reason, lastAttempt, definitionVersion, runNumber, version, revision }
  // What an earlier run published, Temporal may have forgotten.
  const published = publishedEventId === null ? {} : { publishedEventId }
  const result = runs.at(-1)?.result
  const told = result && { state: result.state, step: result.step, runNumber: result.runNumber }
  return [
    ...differences({ ...wanted, ...published }, row).map(({ name, want, found }) =>
      toViolation('I7', cycle, `data_product_status says ${name} ${found} of ${cycle}, its history ${want}`, [
        toFlush(folded),
        `data_product_status ${cycle}: run ${row.runNumber}, version ${row.version}, ${row.state}`,
      ]),
    ),
    ...differences(told ?? {}, row).map(({ name, want, found }) =>
      toViolation('I7', cycle, `data_product_status says ${name} ${found} of ${cycle}, the run’s own result ${want}`, [
        `result of run ${runs.at(-1)?.runId}: ${want}`,
        `data_product_status ${cycle}: ${found}`,
      ]),
    ),
  ]
}

function differences(wanted: Record<string, unknown>, found: object) {
  const have = found as Record<string, unknown>
  return Object.entries(wanted).flatMap(([name, want]) =>
    JSON.stringify(want) === JSON.stringify(have[name])
      ? []
      : [{ name, want: JSON.stringify(want), found: JSON.stringify(have[name]) }],
  )
}

function compareInputs({ cycle }: CycleEvidence, folded: Folded, rows: DependencyRow[]): Look {
  const toLine = (product: string, key: string, state: string, eventId: string | null): string =>
    `${product}/${key} ${state} ${eventId ?? '-'}`
  const have = new Set(rows.map(({ product, key, state, eventId }) => toLine(product, key, state, eventId)))
  return folded.dependencies
    .map(({ product, key, state, arrival }) => toLine(product, key, state, arrival?.eventId ?? null))
    .filter((line) => !have.has(line))
    .map((line) =>
      toViolation('I7', cycle, `data_product_dependencies_events_status of ${cycle} lacks: ${line}`, [
        toFlush(folded),
        ...[...have].map((row) => `data_product_dependencies_events_status ${cycle}: ${row}`),
      ]),
    )
}

/** Versions rise, and each move is one that the state table allows, from where the last one led. */
export function checkMoves({ cycles, mirror }: Evidence): Checked {
  const rows = Map.groupBy(mirror.transitions, ({ cycle }) => cycle)
  return toChecked([
    ...[...rows].map(([cycle, moves]) => checkChain(cycle, moves)),
    ...cycles.map(({ cycle, runs }) =>
      runs.flatMap((run) => [...checkVersions(cycle, run.runId, recordsOf(run)), ...checkStates(cycle, run)]),
    ),
  ])
}

const toMove = ({ runNumber, version, from, to }: Pick<TransitionRow, 'runNumber' | 'version' | 'from' | 'to'>) =>
  `${runNumber}.${version} ${from} -> ${to}`

function checkChain(cycle: string, rows: TransitionRow[]): Look {
  const moves = rows.toSorted((a, b) => a.runNumber - b.runNumber || a.version - b.version)
  return moves.flatMap((move, at): Look => {
    const before = moves[at - 1]
    const problem = problemOf(move, before)
    if (!problem) return []
    const lines = [before, move].flatMap((one) => (one ? [`data_product_status_history ${cycle}: ${toMove(one)}`] : []))
    return [toViolation('I8', cycle, `${cycle} shows the move ${toMove(move)}, ${problem}`, lines)]
  })
}

function problemOf({ from, to, runNumber, version }: TransitionRow, before: TransitionRow | undefined) {
  if (from !== null && !isLegalMove(from, to)) return 'which the state table does not allow'
  if (from === null && to !== 'WAITING') return 'though a cycle opens as WAITING'
  if (!before) return from === null ? undefined : 'though nothing had opened it'
  if (from !== before.to) return `though it was ${before.to}`
  return runNumber === before.runNumber && version === before.version ? 'under a version that was taken' : undefined
}

/** What the database had lost is written whole, under the version it had. */
function checkVersions(cycle: string, runId: string, records: { version: number; since?: number }[]): Look {
  return records.flatMap((record, at) => {
    const before = records[at - 1]
    const isWhole = record.since === undefined && before?.since !== undefined
    if (!before || record.version > before.version || (isWhole && record.version === before.version)) return []
    const says = `run ${runId} of ${cycle} flushed version ${record.version} after ${before.version}`
    return [toViolation('I8', cycle, says, [`history of ${cycle}: flushes ${before.version}, ${record.version}`])]
  })
}

/** What a flush says the cycle is, a move led to: its own last one, else one flushed before, or the past it came back with. */
function checkStates(cycle: string, run: RunEvidence): Look {
  let led = run.input.past?.state ?? 'WAITING'
  return recordsOf(run).flatMap(({ version, transitions, snapshot: { state } }) => {
    led = transitions.at(-1)?.to ?? led
    if (state === led) return []
    const says = `run ${run.runId} of ${cycle} flushed ${state}, though its last move led to ${led}`
    return [toViolation('I8', cycle, says, [`history of ${cycle}: flush of version ${version}, ${state}`])]
  })
}

/** The moves of the histories, each once, and none besides. */
export function checkHistory({ cycles, mirror }: Evidence): Checked {
  const rows = Map.groupBy(mirror.transitions, ({ cycle }) => cycle)
  return toChecked(
    cycles.map((one) => {
      const { cycle, runs } = one
      const { transitions, isCutOff } = fold(one)
      const have = (rows.get(cycle) ?? []).map(toMove)
      const want = transitions.map(toMove)
      // Of runs that Temporal has forgotten, the table is the only witness.
      const firstRun = Math.min(...runs.flatMap(recordsOf).map(({ runNumber }) => runNumber))
      const own = have.filter((line) => Number(line.split('.')[0]) >= firstRun)
      const missing = isCutOff ? [] : want.filter((line) => !have.includes(line))
      const extra = own.filter((line, at) => !want.includes(line) || own.indexOf(line) !== at)
      const lines = have.map((line) => `data_product_status_history ${cycle}: ${line}`)
      return [
        ...missing.map((line) =>
          toViolation('I9', cycle, `data_product_status_history of ${cycle} lacks the move ${line}`, lines),
        ),
        ...extra.map((line) =>
          toViolation(
            'I9',
            cycle,
            `data_product_status_history of ${cycle} has the move ${line} twice or unasked`,
            lines,
          ),
        ),
      ]
    }),
  )
}
