// One due refresh of one product, from the wait for its upstreams to its own refresh event.
// In: the definition's snapshot and the deadlines as instants. Out: how it ended, enough to bring it back later.
// Never: decides by itself (model/cycle does); reads a database to go on, but for what fell due before its first apply;
// closes before its status is written, its notices are out and its recall is answered.
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow'
import { type CycleInput, isUnbegun } from '../model/cycle/cycle.ts'
import { decideNext } from '../model/cycle/decide.ts'
import { decideCorrection } from '../model/cycle/revisions.ts'
import { isSettled } from '../model/states.ts'
import type { CycleResult } from './contract.ts'
import { answerMessages } from './cycle-messages.ts'
import { CycleRun } from './cycle-run.ts'
import {
  awaitEnd,
  isNewsOfUnopened,
  publish,
  recall,
  report,
  startAttempt,
  stopAttempt,
  watchDeadline,
} from './cycle-steps.ts'

/** Completes with the cycle's result; fails as `CycleFailed` when nobody mended an ERROR in time. */
export async function dataProductCycle(input: CycleInput): Promise<CycleResult> {
  const run = new CycleRun(input)
  // Before the handlers: a message that waits already is answered by the cycle that this command brought back.
  if (input.past?.command) run.apply({ kind: 'reopened', command: input.past.command })
  answerMessages(run)
  run.lane.keepWriting()
  watchDeadline(run)
  if (isUnbegun(run.cycle) || input.past?.command === null) recall(run)
  try {
    await run.untilCancelled(() => refresh(run))
  } catch (error) {
    if (!isCancellation(error)) throw error
    await closeCancelled(run, error)
  }
  return run.result()
}

/**
 * A rerun that comes before the closing is taken by this run: Temporal cancels a run once, so from there it cannot, but an operator
 * can. A run that an operator cancelled has done what it was told, and completes; one that Temporal was asked to cancel ends so.
 */
async function closeCancelled(run: CycleRun, cancellation: unknown): Promise<void> {
  const isOfTemporal = CancellationScope.current().consideredCancelled
  const isClosing = await CancellationScope.nonCancellable(() => cancel(run))
  if (isClosing && isOfTemporal) throw cancellation
  if (isClosing) return
  const again = () => run.untilCancelled(() => refresh(run))
  // It may have come while this one did not close.
  const isShielded = CancellationScope.current().consideredCancelled
  try {
    await (isShielded ? CancellationScope.nonCancellable(again) : again())
  } catch (error) {
    if (!isCancellation(error)) throw error
    await closeCancelled(run, error)
  }
}

/** The life of a cycle: whatever comes next, until it may close. */
async function refresh(run: CycleRun): Promise<void> {
  for (;;) {
    const next = decideNext(run.cycle, Date.now())
    switch (next.kind) {
      case 'wait':
        await run.untilSomethingChanges(next.untilMs)
        break
      case 'begin':
        if (await isNewsOfUnopened(run)) break
        run.apply({ kind: 'begun' })
        break
      case 'miss':
        run.apply({ kind: 'missed', missing: next.missing })
        break
      case 'skip':
        if (await isNewsOfUnopened(run)) break
        run.apply({ kind: 'skipped', reason: next.reason })
        break
      case 'start':
        await startAttempt(run, next.attempt)
        break
      case 'await-end':
        await awaitEnd(run, next.attempt, next.runId)
        break
      case 'publish':
        await publish(run, next.attempt)
        break
      case 'complete':
        run.apply({ kind: 'completed' })
        break
      case 'rerun':
        run.apply({ kind: 'rerun', command: next.command })
        break
      case 'report':
        report(run)
        break
      case 'give-up':
        if (await run.isWrittenAndAtRest()) throw giveUp(run)
        break
      case 'close':
        if (await run.isWrittenAndAtRest()) return
        break
    }
  }
}

/**
 * Cancelled by Temporal or an operator: stops what runs in Glue, says so, and is written down; a settled cycle stays as it is.
 * False when meanwhile a rerun brought it back.
 */
async function cancel(run: CycleRun): Promise<boolean> {
  if (!isSettled(run.cycle.state)) await markCancelled(run)
  // A rerun that only corrections ask for does not outlive it.
  else if (decideCorrection(run.cycle, Date.now())) run.apply({ kind: 'declined' })
  return run.isWrittenAndAtRest()
}

async function markCancelled(run: CycleRun): Promise<void> {
  const { cancelling } = run.cycle
  const what = await stopAttempt(run)
  const by = cancelling ? `by ${cancelling.actor}: ${cancelling.reason}` : 'in Temporal'
  run.apply({ kind: 'cancelled', reason: `cancelled ${by}; ${what}` })
  report(run)
}

const giveUp = (run: CycleRun): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${run.cycle.id} stayed in ERROR(${run.cycle.step}) and nobody reran it in time: ${run.cycle.reason}. ` +
      'Mend the cause, then rerun the cycle.',
    'CycleFailed',
    run.result(),
  )
