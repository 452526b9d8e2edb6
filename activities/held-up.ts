// In: activities that are tried for as long as it takes. Out: the same, and their cycle learns why a try failed.
// Never: a try that ends otherwise than without this; a word after each of a thousand tries.
import { ApplicationFailure } from '@temporalio/common'
import { type HeldStep, type HoldUp, NEEDS_PERSON } from '../model/cycle/held-up.ts'
import { type CycleActivities, HELD_UP_SIGNAL } from '../workflows/contract.ts'

export interface Teller {
  /** The try under way, as Temporal counts it: the first is 1. */
  attempt(): number
  /** Sends a signal to the workflow that asked. */
  signal(name: string, payload: HoldUp): Promise<void>
  warn(message: string, facts: Record<string, unknown>): void
}

type Telling = Pick<CycleActivities, 'startGlueJob' | 'awaitGlueJob' | 'publishRefreshEvent'>

export const tellingWhenHeldUp = (activities: Telling, teller: Teller): Telling => ({
  startGlueJob: (order) => telling(teller, 'start', activities.startGlueJob(order)),
  awaitGlueJob: (run) => telling(teller, 'run', activities.awaitGlueJob(run)),
  publishRefreshEvent: (publication) => telling(teller, 'publish', activities.publishRefreshEvent(publication)),
})

/** Final failures and a run left to its own end are no hold-up: the workflow learns of them by itself. */
const isHoldUp = (error: unknown): error is ApplicationFailure =>
  error instanceof ApplicationFailure && !error.nonRetryable

async function telling<T>(teller: Teller, step: HeldStep, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const attempt = teller.attempt()
    if (isHoldUp(error) && isTold(attempt)) {
      const said = { step, reason: error.message, needsPerson: attempt > 1 && NEEDS_PERSON.includes(error.type ?? '') }
      // Told again with a later try: the failure itself must not be hidden by this one.
      await teller
        .signal(HELD_UP_SIGNAL, said)
        .catch((cause: unknown) => teller.warn('Could not tell the cycle that it is held up', { step, cause }))
    }
    throw error
  }
}

/** The first, second, fourth, eighth …: each signal is an action, and a full Glue may last for days. */
const isTold = (attempt: number): boolean => Number.isInteger(Math.log2(attempt))
