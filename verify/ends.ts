// I5. In: evidence. Out: cycles whose end is not that of their Glue run, or not that of their Temporal run. Pure.
// Never: asks of a cycle that was ended from outside what only a whole one can show.
import { toGlueActivityId } from '../model/ids.ts'
import type { GlueRunEnd } from '../model/cycle/attempt.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import { isSettled } from '../model/states.ts'
import type { CycleEvidence, Evidence } from './evidence.ts'
import { answeredOf, fold } from './fold.ts'
import { type GlueRunRows, glueRuns } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

const FAILED = ['FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED']

/** COMPLETED if and only if that Glue run succeeded; ERROR if it failed or the cutoff said so. */
export function checkEnds({ sandbox, cycles }: Evidence): Checked {
  const runs = sandbox && new Map(glueRuns(sandbox).map((run) => [run.runId, run]))
  return toChecked(cycles.map((one) => [...checkEnd(one, runs), ...checkStatus(one)]))
}

function checkEnd(one: CycleEvidence, runs: Map<string, GlueRunRows> | undefined): Look {
  const { last, isCutOff, attempts } = fold(one)
  if (!last || isCutOff) return []
  const { snapshot } = last
  // Brought back and settled without another, it is that of an earlier run, which Temporal may have forgotten.
  const attempt = attempts.find(({ number }) => number === snapshot.lastAttempt)
  if (!attempt && snapshot.lastAttempt <= (one.runs[0]?.input.past?.lastAttempt ?? -1)) return []
  const run = runs?.get(attempt?.runId ?? '')
  const told = attempt ? toldEnd(one, attempt.number, attempt.runId) : undefined
  const glue = runs ? run?.state : told?.end.state
  const problem = problemOf(snapshot, glue, told?.end ?? attempt?.end ?? null, last, one)
  if (!problem) return []
  return [
    {
      ...{ invariant: 'I5', cycle: one.cycle, says: `${one.cycle} is ${snapshot.state}, but ${problem}` },
      evidence: [
        `history of ${one.cycle}: ${snapshot.state}${snapshot.step ? ` (${snapshot.step})` : ''}, attempt ${snapshot.lastAttempt}, run ${attempt?.runId}`,
        ...(run ? [`sandbox row ${run.seq} and later: Glue run ${run.runId} is ${run.state}`] : []),
        ...(told ? [`history of ${one.cycle}, event ${told.at}: run ${told.end.runId} ended ${told.end.state}`] : []),
      ],
    },
  ]
}

function problemOf(
  { state, step, attempts, lastAttempt, cutoffMs }: CycleRecord['snapshot'],
  glue: string | undefined,
  end: GlueRunEnd | null,
  { transitions }: CycleRecord,
  { runs }: CycleEvidence,
): string | undefined {
  const known = attempts.find(({ number }) => number === lastAttempt)?.end?.state
  const mayTell = end?.noticedBy !== 'nobody'
  if (state === 'COMPLETED' && glue !== 'SUCCEEDED') return `its Glue run is ${glue ?? 'not there'}`
  if (state === 'COMPLETED' && known !== undefined && known !== 'SUCCEEDED') return `it was told ${known}`
  if (state === 'ERROR' && step === 'publish' && glue !== 'SUCCEEDED') return `its Glue run is ${glue ?? 'not there'}`
  if (state === 'ERROR' && step === 'run' && mayTell && !FAILED.includes(glue ?? ''))
    return `its Glue run is ${glue ?? 'not there'}`
  const input = runs.at(-1)?.input
  const saidAtMs = transitions.findLast(({ to }) => to === 'ERROR')?.atMs
  const isCutoffError = input?.definition.cutoff?.then === 'error' && cutoffMs !== null
  if (state === 'ERROR' && step === 'wait' && !isCutoffError && !input?.past)
    return 'no cutoff of its definition says error'
  if (state === 'ERROR' && step === 'wait' && isCutoffError && (saidAtMs ?? cutoffMs) < cutoffMs)
    return `its cutoff was not over before ${new Date(cutoffMs).toISOString()}`
  return undefined
}

/** How Temporal says that the newest run ended is what the cycle says of itself. */
function checkStatus(one: CycleEvidence): Look {
  const { last } = fold(one)
  const run = one.runs.at(-1)
  const state = last?.snapshot.state
  if (!run || !state) return []
  const isFailed = run.status === 'FAILED'
  const isTrue = isFailed ? state === 'ERROR' && run.result !== null : isSettled(state)
  if (isTrue || !(isFailed || run.status === 'COMPLETED' || run.status === 'CANCELLED')) return []
  const says = `Temporal says ${run.status} of ${one.cycle}, which left as ${state}${run.result ? '' : ', without a result'}`
  return [{ invariant: 'I5', cycle: one.cycle, says, evidence: [`run ${run.runId} of ${one.cycle}: ${run.status}`] }]
}

/** What the history was told of this run. */
function toldEnd({ runs }: CycleEvidence, attempt: number, runId: string | null) {
  return runs
    .flatMap((run) => answeredOf(run, 'awaitGlueJob'))
    .filter(({ activityId }) => activityId === toGlueActivityId(attempt))
    .map(({ at, result }) => ({ at, end: (result ?? {}) as GlueRunEnd }))
    .findLast(({ end }) => end.runId === runId)
}
