// I5 and I6. In: evidence. Out: cycles whose end is not that of their Glue run; publications too few, too many or alien.
// Pure. Never: asks of a cycle that was ended from outside what only a whole one can show.
import { toEventId, toGlueActivityId } from '../model/ids.ts'
import type { GlueRunEnd } from '../model/cycle/cycle.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import type { Publication } from '../model/refresh-event.ts'
import type { CycleEvidence, Evidence, RunEvidence, SandboxRow } from './evidence.ts'
import { answeredOf, askedOf, fold } from './fold.ts'
import { type GlueRunRows, glueRuns, type PutEvent, refreshesPut } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

const FAILED = ['FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED']

/** COMPLETED if and only if that Glue run succeeded; ERROR if it failed or the cutoff said so. */
export function checkEnds({ sandbox, cycles }: Evidence): Checked {
  const runs = sandbox && new Map(glueRuns(sandbox).map((run) => [run.runId, run]))
  return toChecked(cycles.map((one) => checkEnd(one, runs)))
}

function checkEnd(one: CycleEvidence, runs: Map<string, GlueRunRows> | undefined): Look {
  const { last, isCutOff } = fold(one)
  if (!last || isCutOff) return []
  const { snapshot } = last
  const attempt = snapshot.attempts.find(({ number }) => number === snapshot.lastAttempt)
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

/** What the history was told of this run. */
function toldEnd({ runs }: CycleEvidence, attempt: number, runId: string | null) {
  return runs
    .flatMap((run) => answeredOf(run, 'awaitGlueJob'))
    .filter(({ activityId }) => activityId === toGlueActivityId(attempt))
    .map(({ at, result }) => ({ at, end: (result ?? {}) as GlueRunEnd }))
    .findLast(({ end }) => end.runId === runId)
}

/** Each revision of a cycle that publishes was put at least once under its one id, and nothing else was. */
export function checkPublications({ sandbox, cycles }: Evidence): Checked {
  const puts = sandbox && Map.groupBy(refreshesPut(sandbox), ({ eventId }) => eventId)
  const byCycle = puts && Map.groupBy([...puts.keys()], (id) => id.slice(0, id.lastIndexOf('/')))
  return toChecked(cycles.map((one) => checkPublication(one, byCycle, puts)))
}

function checkPublication(
  one: CycleEvidence,
  byCycle: Map<string, string[]> | undefined,
  puts: Map<string, PutEvent[]> | undefined,
): Look {
  const { cycle } = one
  const { revision, last } = fold(one)
  const asked = one.runs.flatMap(publicationsOf)
  const ids = new Set(asked.map((publication) => toEventId(cycle, publication.revision)))
  const wanted = Array.from({ length: revision }, (_, at) => toEventId(cycle, at + 1))
  const missing = puts ? wanted.filter((id) => !puts.has(id)) : wanted.filter((id) => !ids.has(id) && isOwn(one, id))
  const alien = (byCycle?.get(cycle) ?? []).filter((id) => !ids.has(id))
  const publishes = one.runs.at(-1)?.input.definition.publish !== null
  const isSilent = publishes && last?.snapshot.state === 'COMPLETED' && revision === 0
  return [
    ...(isSilent
      ? [
          toViolation(
            cycle,
            toEventId(cycle, 1),
            `${cycle} is COMPLETED and published nothing`,
            'COMPLETED, revision 0',
          ),
        ]
      : []),
    ...missing.map((id) =>
      toViolation(cycle, id, `${cycle} counts ${id} as published, which no bus accepted`, `revision ${revision}`),
    ),
    ...alien.map((id) => ({
      ...{
        invariant: 'I6' as const,
        cycle,
        eventId: id,
        says: `${id} was put, which the history of ${cycle} never asked for`,
      },
      evidence: (puts?.get(id) ?? []).map(({ seq }: SandboxSeq) => `sandbox row ${seq}: PutEvents accepted ${id}`),
    })),
  ]
}

type SandboxSeq = Pick<SandboxRow, 'seq'>

const toViolation = (cycle: string, eventId: string, says: string, found: string) => ({
  ...{ invariant: 'I6' as const, cycle, eventId, says },
  evidence: [`history of ${cycle}: ${found}`],
})

const publicationsOf = (run: RunEvidence): Publication[] =>
  askedOf(run, 'publishRefreshEvent').map(({ input }) => input as Publication)

/** Without AWS's witness only what the runs that Temporal still has published can be asked of them. */
const isOwn = ({ runs }: CycleEvidence, id: string): boolean =>
  Number(id.slice(id.lastIndexOf('/r') + 2)) > (runs[0]?.input.past?.revision ?? 0)
