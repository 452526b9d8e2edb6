// What a cycle asks of the outside, step by step: each asks an activity and remembers the answer as a fact.
// Never: an error swallowed (each ends as a fact, is the workflow's cancellation, or is logged: notices, the recall, and what a
// try failed with that a hold or a cancellation had put off).
import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  log,
  patched,
  rootCause,
  workflowInfo,
} from '@temporalio/workflow'
import type { Attempt, GlueRunEnd } from '../model/cycle/attempt.ts'
import { type Cycle, currentAttempt } from '../model/cycle/cycle.ts'
import { worthAnotherLook } from '../model/cycle/decide.ts'
import { type HoldUp, needsPerson } from '../model/cycle/held-up.ts'
import { mayPage, toGlueArguments, toNotice, toPublication } from '../model/cycle/outgoing.ts'
import { domainOf } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import {
  awaitGlueJobOf,
  notifyFailure,
  publishNotRefreshed,
  publishRefreshEvent,
  recallArrivals,
  startGlueJob,
  stopGlueJob,
  watchLateness,
} from './activity-options.ts'
import { type CycleRun, TRY_UNDER_WAY } from './cycle-run.ts'

/** How far clocks of worker and Glue may differ when looking for a run that is there already. */
const CLOCK_SKEW_MS = 300_000

/** Takes refreshes that were published before this cycle was open; in the background, as long as it takes. */
export function recall(run: CycleRun): void {
  const { input } = run.cycle
  if (input.expected.length === 0) return
  inBackground(run, 'recall', async () => {
    const { arrivals, skipped } = await recallArrivals({ domain: domainOf(input.product), expected: input.expected })
    run.recall(arrivals, skipped ?? [])
  })
}

/**
 * Before it goes on without what nobody had opened when it opened: whether anybody has since. True when the cycle is another
 * than before, so that it must decide again.
 */
export async function isNewsOfUnopened(run: CycleRun): Promise<boolean> {
  const { cycle } = run
  const unopened = worthAnotherLook(cycle, Date.now())
  if (unopened.length === 0) return false
  const expected = unopened.map(({ product, key }) => ({ product, key, isBeforeFirst: true as const }))
  const { arrivals, skipped } = await recallArrivals({ domain: domainOf(cycle.input.product), expected })
  return run.lookAgain(arrivals, skipped ?? [], cycle)
}

/** Starts the Glue run of an attempt, or adopts the one that is there; a hold that comes meanwhile puts it off. */
export async function startAttempt(run: CycleRun, attempt: Attempt): Promise<void> {
  const { input, id } = run.cycle
  try {
    const order = {
      cycle: id,
      job: input.definition.run.glue,
      attempt: attempt.number,
      arguments: toGlueArguments(run.cycle, attempt),
      timeoutMinutes: input.definition.run.timeoutMinutes,
      notBeforeMs: oldestMs(run.cycle, attempt),
    }
    const summary = `${order.job}, attempt ${order.attempt}`
    const started = await run.starting(() => startGlueJob.executeWithOptions({ summary }, [order]))
    run.apply('held' in started ? { kind: 'found-held', held: started.held } : { kind: 'run-started', ...started })
  } catch (error) {
    if (run.wasPutOff && error instanceof ActivityFailure) logPutOff(error)
    else run.apply({ kind: 'start-failed', error: toReason(error) })
  }
}

/**
 * How old a Glue run of this attempt can be. A reset begins the attempt anew, and one to the first task even opens the
 * cycle anew: only the start of the workflow stays. In a cycle that was brought back, the run before may have begun the
 * attempt without living to write it down: as long ago as Glue remembers.
 */
const oldestMs = ({ input }: Cycle, attempt: Attempt): number =>
  input.past ? 0 : Math.min(workflowInfo().startTime.getTime(), attempt.begunAtMs) - CLOCK_SKEW_MS

/** Waits for the run's end; a completion that speaks of another run is not ours and is passed over. */
export async function awaitEnd(run: CycleRun, attempt: Attempt, runId: string): Promise<void> {
  const { definition, settings } = run.cycle.input
  const end = await awaitGlueJobOf(settings, attempt.number, { job: definition.run.glue, runId }).catch(
    (error: unknown): GlueRunEnd => ({
      runId,
      state: 'ERROR',
      error: `it may still be at work, so look in Glue before a rerun: ${toReason(error)}`,
      executionSeconds: 0,
      noticedBy: 'nobody',
    }),
  )
  // Completed by hand, it may be anything, nothing too.
  const found = (end as GlueRunEnd | null)?.runId
  if (found === runId) run.apply({ kind: 'run-ended', end })
  else log.warn('A completion for another Glue run was passed over', { expected: runId, found })
}

/** Asks Glue to stop the run of a cancelled cycle; the answer is part of why it is cancelled. */
export async function stopAttempt(run: CycleRun): Promise<string> {
  const attempt = currentAttempt(run.cycle)
  if (!attempt || attempt.endedAtMs !== null) return 'no Glue run was under way'
  const job = run.cycle.input.definition.run.glue
  const { number, runId } = attempt
  // Glue was not asked, unless by a try that the hold came upon.
  if (!runId && run.cycle.held?.of === 'product' && !run.wasPutOff) return 'no Glue run was under way'
  if (!runId)
    return `the start of Glue job "${job}" for attempt ${number} was under way: a run may be at work, so look in Glue`
  try {
    await stopGlueJob({ job, runId })
    return `its Glue run ${runId} was told to stop`
  } catch (error) {
    return `its Glue run ${runId} could not be stopped and may go on: ${toReason(error)}`
  }
}

export async function publish(run: CycleRun, attempt: Attempt): Promise<void> {
  const publication = toPublication(run.cycle, attempt)
  try {
    const { eventId } = await publishRefreshEvent(publication)
    run.apply({ kind: 'published', eventId, revision: publication.revision })
  } catch (error) {
    run.apply({ kind: 'publish-failed', error: toReason(error) })
  }
}

/** Tells consumers who the blocker is, and for an ERROR the domain's people; nobody waits for it but the closing. */
export function report(run: CycleRun): void {
  const { cycle } = run
  const notice = toNotice(cycle)
  const failure = cycle.state === 'ERROR' && mayPage(cycle.input) ? toFailureNotice(run, notice) : undefined
  run.apply({ kind: 'reported' })
  const sendAll = async (): Promise<void> => {
    await Promise.all([
      ...(failure ? [told('The notice to the owner', notice.id, notifyFailure(failure))] : []),
      told('The event "Not Refreshed"', notice.id, publishNotRefreshed(notice)),
    ])
  }
  inBackground(run, 'report', sendAll)
}

/**
 * From before any event: when the cycle is not there by the time it is expected, its owner is told once, with what keeps it. One
 * that was opened after its own time pages nobody. The timer does not outlive the run.
 */
export function watchDeadline(run: CycleRun): void {
  const { input, openedAtMs } = run.cycle
  const { availableByMs, product } = input
  if (availableByMs === null || availableByMs <= openedAtMs || input.past || input.openedBy === 'backfill') return
  // Runs that were recorded before had no such timer.
  if (!patched('lateness')) return
  run.whenLate(availableByMs, () => {
    if (isSettled(run.cycle.state) || run.cycle.revision > 0) return
    inBackground(run, 'the notice of lateness', async () => {
      // What it looks at is the mirror, which must have heard of this run.
      await run.lane.untilWritten()
      // With all that is late by then: what has the same cause is one notice.
      await watchLateness({ domain: domainOf(product), atMs: Date.now() })
    })
  })
}

/** A step that only a person can get on: its owner is told, once for as long as it is held up. */
export function holdUp(run: CycleRun, said: HoldUp): void {
  const wasTold = needsPerson(run.cycle)
  run.holdUp(said)
  const { heldUp } = run.cycle
  if (!heldUp || !needsPerson(run.cycle) || wasTold || !mayPage(run.cycle.input)) return
  const { reason, step, sinceMs: atMs } = heldUp
  const nextStep = 'Mend what the reason names; it is tried again by itself.'
  const notice = { ...toFailureNotice(run, { ...toNotice(run.cycle), reason }), step, nextStep, atMs }
  // The notice may be refused as well: once the step gets on it would tell of what is over.
  const send = () => run.whileHeldUp(() => told('The notice to the owner', notice.id, notifyFailure(notice)))
  inBackground(run, 'report', send)
}

/** Ends when the notice is out or was refused for good; a refusal is told and holds up nobody, not the other notice. */
const told = (what: string, id: string, sending: Promise<void>): Promise<void> =>
  sending.catch((error: unknown) => {
    if (isCancellation(error)) log.info(`${what} is not needed any more`, { id })
    else log.error(`${what} was refused`, { id, error: rootCause(error) ?? String(error) })
  })

function toFailureNotice({ cycle }: CycleRun, notice: ReturnType<typeof toNotice>) {
  const attempt = currentAttempt(cycle)
  const job = cycle.input.definition.run.glue
  return {
    id: notice.id,
    cycle: cycle.id,
    product: cycle.input.product,
    state: cycle.state,
    step: cycle.step,
    reason: notice.reason,
    attempt: attempt?.number ?? 0,
    run: attempt?.runId ? { job, runId: attempt.runId } : null,
    owner: cycle.input.definition.owner,
    nextStep:
      cycle.step === 'wait'
        ? `It starts by itself when the missing upstreams arrive. See: sluice explain ${cycle.id}`
        : `Mend the cause, then: sluice rerun ${cycle.id} --reason "…"`,
    atMs: cycle.stateSinceMs,
  }
}

/**
 * Only the closing waits for it, also that of a cancelled cycle. Its failure is logged and no fact: what it should have told
 * or found is missed. Never an unhandled rejection: that would fail the workflow task for ever.
 */
function inBackground(run: CycleRun, what: string, work: () => Promise<void>): void {
  run.unanswered += 1
  CancellationScope.nonCancellable(work)
    .catch((error: unknown) => log.error(`${what} failed`, { error: rootCause(error) ?? String(error) }))
    .finally(() => {
      run.unanswered -= 1
    })
}

/**
 * The sentence of the innermost cause; a cancellation is not a failure and goes on up. Nor is what a try that was under way then
 * failed with, which Temporal gives instead: nobody wants it any more, so it was not repeated.
 */
function toReason(error: unknown): string {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error
  if (CancellationScope.current().consideredCancelled && patched(TRY_UNDER_WAY)) {
    logPutOff(error)
    throw new CancelledFailure('A try failed after the cancellation', [], error)
  }
  return rootCause(error) ?? error.message
}

/** Also a start that was waiting for its next try ends so. */
const logPutOff = (error: ActivityFailure): void =>
  log.info('Nobody waits for this try any more', {
    activity: error.activityType,
    error: rootCause(error) ?? error.message,
  })
