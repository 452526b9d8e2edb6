// I10. In: evidence, taken after quiet. Out: cycles that could go on and do not, that were never opened, or never closed.
// Pure. Never: blames a cycle that waits for what nobody sent, for its time, for Glue or for a person, such as one that is held.
import { conditionOf, judgeCondition } from '../model/cycle/condition.ts'
import type { DependencyStatus } from '../model/cycle/cycle.ts'
import { inputsOf } from '../model/cycle/inputs.ts'
import type { CycleSnapshot } from '../model/cycle/record.ts'
import { type CycleId, toCycleId } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import type { CycleEvidence, Evidence, HistoryStep, RunEvidence, SandboxRow } from './evidence.ts'
import { broughtTo, fold } from './fold.ts'
import { isKeptFromStarting } from './held.ts'
import { checkHeldUp } from './notices.ts'
import { findPublications, findEnds, type Publications } from './published.ts'
import { spellsOf, STEP_OF } from './refusals.ts'
import { type Checked, type Look, toChecked, type Violation } from './verdict.ts'

/** Quiet lasts at least this long: within it the mirror becomes the truth, too. */
export const QUIET_MS = 5_000
/** Notices and the last flush are tried again once a minute at the latest, each try for at most 30 s. */
const CLOSING_MS = 90_000

/** What each cycle is held against. */
interface Now {
  nowMs: number
  publications: Publications
  ends: Map<string, SandboxRow>
}

export function checkLife(evidence: Evidence): Checked {
  const { readFromMs: nowMs, cycles, due = [], sandbox = [] } = evidence
  const now = { nowMs, publications: findPublications(evidence, nowMs - QUIET_MS), ends: findEnds(sandbox) }
  const known = new Set(cycles.map(({ cycle }) => cycle))
  const unopened = due.filter((cycle) => !known.has(cycle))
  return toChecked(
    [
      ...cycles.map((one) => [
        ...checkFailingTask(one, nowMs),
        ...checkCycle(one, now),
        ...checkHeldUp(one, nowMs, QUIET_MS),
      ]),
      ...unopened.map(
        (cycle): Look => [toViolation(cycle, 'fell due and was never opened', ['Temporal has no run of it'])],
      ),
    ],
    cycles.flatMap(({ cycle, runs }) => runs.slice(-1).flatMap((run) => noteLongSteps(cycle, run, nowMs))),
  )
}

const toViolation = (cycle: string, what: string, evidence: string[]): Violation => ({
  ...{ invariant: 'I10', cycle, says: `${cycle} ${what}`, evidence },
})

/** A task that failed once is tried again within seconds. */
const FAILING_MS = 60_000

/** Its code throws, or Temporal refuses what it asks: it stands still, whatever its state. */
function checkFailingTask({ cycle, runs }: CycleEvidence, nowMs: number): Look {
  const run = runs.at(-1)
  if (run?.status !== 'RUNNING' || !run.failing || nowMs - run.failing.atMs < FAILING_MS) return []
  const { at, atMs, why } = run.failing
  return [
    toViolation(cycle, `does not go on: its workflow task fails since ${new Date(atMs).toISOString()}`, [
      `history of ${cycle}, event ${at}: ${why}`,
    ]),
  ]
}

function checkCycle(one: CycleEvidence, now: Now): Look {
  const { last, isOpen } = fold(one)
  const run = one.runs.at(-1)
  if (!isOpen || !run) return []
  if (!last) return checkUnborn(one.cycle, run, now.nowMs)
  const { snapshot } = last
  if (now.nowMs - snapshot.stateSinceMs < QUIET_MS) return []
  if (snapshot.state === 'WAITING' || (snapshot.state === 'ERROR' && snapshot.step === 'wait'))
    return [
      ...checkWaiting({ cycle: one.cycle, run, snapshot }, now),
      ...checkBound(one.cycle, run, snapshot, now.nowMs),
    ]
  if (snapshot.state === 'PROCESSING') return checkProcessing(one.cycle, run, snapshot, now)
  return checkBound(one.cycle, run, snapshot, now.nowMs)
}

/** A run that has not told anything yet: no worker took it. */
function checkUnborn(cycle: CycleId, run: RunEvidence, nowMs: number): Look {
  if (nowMs - run.startedAtMs < QUIET_MS) return []
  const since = `run ${run.runId} since ${new Date(run.startedAtMs).toISOString()}`
  return [toViolation(cycle, 'was opened and no worker has taken it', [since])]
}

/** Of an input that an upgrade brought, its bridge may not have known before. */
const awaitedSince = ({ added = [] }: RunEvidence, { product, key }: DependencyStatus, openedAtMs: number): number =>
  added.findLast(({ cycle }) => cycle === toCycleId(product, key))?.atMs ?? openedAtMs

interface Waiting {
  cycle: CycleId
  run: RunEvidence
  snapshot: CycleSnapshot
}

/** Also in ERROR(wait): what arrives late starts it. */
function checkWaiting({ cycle, run, snapshot }: Waiting, { nowMs, publications }: Now): Look {
  const { state, notBeforeMs, openedAtMs } = snapshot
  if (notBeforeMs !== null && nowMs < notBeforeMs + QUIET_MS) return []
  const inputs = inputsOf({ input: run.input, dependencies: snapshot.dependencies })
  if (asksWhoIsOpen(run, inputs)) return []
  const proofs = inputs.map((one) =>
    one.state === 'WAITING'
      ? publications.seenBy(cycle, one, awaitedSince(run, one, openedAtMs))
      : `history of ${cycle}: ${toWords(one)}`,
  )
  const published = inputs.map(
    (one, at): DependencyStatus =>
      one.state === 'WAITING' && proofs[at] !== undefined ? { ...one, state: 'ARRIVED' } : one,
  )
  // As it was before the quiet: since then it had its time to go on.
  const { holds, used, waived } = judgeCondition(conditionOf(run.input), published, nowMs - QUIET_MS)
  if (!holds || isKeptFromStarting(snapshot)) return []
  const lines = [...new Set([...used, ...waived])].map(
    (at) => proofs[at] ?? `history of ${cycle}: ${toWords(published[at])}`,
  )
  const needsNone = `run ${run.runId} of ${cycle}: it needs none of its inputs`
  return [toViolation(cycle, `is ${state}, though all it needs is there`, lines.length > 0 ? lines : [needsNone])]
}

const toWords = (one: DependencyStatus | undefined): string =>
  `${one?.product}/${one?.key} ${one?.state === 'WAITING' ? (one.blocker?.state ?? 'not needed any more') : one?.state}`

/** Before it goes on without what nobody had opened it asks again, for as long as nobody answers. */
const asksWhoIsOpen = (run: RunEvidence, inputs: DependencyStatus[]): boolean =>
  inputs.some(({ blocker }) => blocker?.isUnopened) &&
  underWay(run).some(({ activity }) => activity === 'recallArrivals')

/** How long it may stay open as it is: until its cutoff, until a person came too late, until all is written. */
function checkBound(cycle: CycleId, run: RunEvidence, snapshot: CycleSnapshot, nowMs: number): Look {
  const { state, step, stateSinceMs, openedAtMs, cutoffMs } = snapshot
  if (snapshot.held && isKeptOpen(run, snapshot, nowMs)) return []
  const { errorWaitMs, recordRetryMs } = run.input.settings
  const closingMs = recordRetryMs + CLOSING_MS + settlingMs(run, snapshot)
  const isArmed = state === 'WAITING' && cutoffMs !== null && cutoffMs > openedAtMs
  const boundMs = isSettled(state)
    ? stateSinceMs + closingMs
    : state === 'ERROR'
      ? stateSinceMs + errorWaitMs + closingMs
      : isArmed
        ? cutoffMs + QUIET_MS
        : Number.POSITIVE_INFINITY
  if (nowMs < boundMs) return []
  const where = step === null ? state : `${state}(${step})`
  const until = new Date(boundMs).toISOString()
  const unanswered = underWay(run)
  const names = [...new Set(unanswered.map(({ activity }) => activity))].join(', ')
  return [
    toViolation(cycle, `is open in ${where} for longer than ${until}${names && `; unanswered: ${names}`}`, [
      `run ${run.runId} of ${cycle}: ${where}`,
      ...unanswered.map(({ at, activity }) => `history of ${cycle}, event ${at}: ${activity} asked, and no end of it`),
    ]),
  ]
}

/** Corrections that it would run again for settle first, the other side of a diamond is waited for twelve times as long. */
function settlingMs(run: RunEvidence, { stateSinceMs, dependencies }: CycleSnapshot): number {
  if (!dependencies.some(({ newer }) => newer)) return 0
  const cameMs = Math.max(run.startedAtMs, ...broughtTo(run).map(({ atMs }) => atMs))
  const { settleMs = 300_000 } = run.input.definition
  return Math.max(0, cameMs - stateSinceMs) + 12 * settleMs
}

/** By its hold: an ERROR does not give up, and neither what has its inputs nor what was corrected begins. */
function isKeptOpen(run: RunEvidence, { state, dependencies }: CycleSnapshot, nowMs: number): boolean {
  if (state === 'COMPLETED') return dependencies.some(({ newer }) => newer)
  if (state !== 'WAITING') return state === 'ERROR'
  const inputs = inputsOf({ input: run.input, dependencies })
  const goesWithout = run.input.definition.cutoff?.then === 'run-without'
  return goesWithout || judgeCondition(conditionOf(run.input), inputs, nowMs).holds
}

function checkProcessing(cycle: CycleId, run: RunEvidence, snapshot: CycleSnapshot, { ends, nowMs }: Now): Look {
  const { attempts, lastAttempt, retryAtMs } = snapshot
  const attempt = attempts.find(({ number }) => number === lastAttempt)
  const end = ends.get(attempt?.runId ?? '')
  const lastMs = run.steps.at(-1)?.atMs ?? run.startedAtMs
  const isIdle = !asksForSomething(run) && Math.max(lastMs, retryAtMs ?? 0) + QUIET_MS < nowMs
  if (isIdle && !isKeptFromStarting(snapshot))
    return [
      toViolation(cycle, 'is PROCESSING and asks for nothing', [`history of ${cycle}: ${run.steps.length} steps`]),
    ]
  const boundMs = run.input.settings.checkGlueMs + QUIET_MS
  if (!end || attempt?.end || nowMs - end.atMs < boundMs) return []
  const what = `is PROCESSING, though its Glue run ${attempt?.runId} ended longer ago than one check`
  return [toViolation(cycle, what, [`sandbox row ${end.seq}: ${attempt?.runId} ${end.outcome}`])]
}

/** Glue may be full for days, and AWS may refuse for as long: no bound is broken, but somebody should look. */
const LONG_MS = 3_600_000

/** The step under way, where it takes longer than an hour; of a Glue run, longer than Glue lets it. */
function noteLongSteps(cycle: CycleId, run: RunEvidence, nowMs: number): string[] {
  if (run.status !== 'RUNNING') return []
  const { definition, settings } = run.input
  const runMs = definition.run.timeoutMinutes * 60_000 + settings.checkGlueMs + QUIET_MS
  return underWay(run).flatMap(({ activity, atMs }) => {
    const step = STEP_OF[activity]
    const longMs = step === 'run' ? runMs : LONG_MS
    if (!step || nowMs - atMs <= longMs) return []
    const held = spellsOf(run).find((spell) => spell.step === step && spell.endedAt === null)
    const why = held ? `, refusals told: ${held.refusals.length}` : ''
    return [`${cycle} has been at its step ${step} since ${new Date(atMs).toISOString()}${why}`]
  })
}

/** While a flush is under way (PostgreSQL was away), the cycle may be further than the last one says. */
const PIPELINE = ['startGlueJob', 'awaitGlueJob', 'publishRefreshEvent', 'stopGlueJob', 'recordCycle']

const asksForSomething = (run: RunEvidence): boolean =>
  underWay(run).some(({ activity }) => PIPELINE.includes(activity))

/** What the run asked for and has no answer to. */
function underWay({ steps }: RunEvidence): Extract<HistoryStep, { kind: 'asked' }>[] {
  const over = new Set(steps.flatMap((step) => ('askedAt' in step ? [step.askedAt] : [])))
  return steps.filter(
    (step): step is Extract<HistoryStep, { kind: 'asked' }> => step.kind === 'asked' && !over.has(step.at),
  )
}
