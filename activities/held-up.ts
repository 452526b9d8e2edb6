// In: activities that are tried for as long as it takes. Out: the same, and their cycle learns why a try failed.
// Never: a try that ends otherwise than without this; a word after each of a thousand tries.
import { ApplicationFailure, CompleteAsyncError } from '@temporalio/common'
import type { HeldStep } from '../model/cycle/attempt.ts'
import { type HoldUp, isHoldUpTold, LIMIT_OF, NEEDS_PERSON } from '../model/cycle/held-up.ts'
import { type CycleActivities, HELD_UP_SIGNAL } from '../workflows/contract.ts'

export interface Teller {
  /** The try under way, as Temporal counts it: the first is 1. */
  attempt(): number
  /** Whether the try before this one failed, as Temporal knows it; one that ran out of time did not. */
  hasFailed(): Promise<boolean>
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

async function telling<T>(teller: Teller, step: HeldStep, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    // Told again with a later try: the failure itself must not be hidden by this one.
    await tell(teller, step, error).catch((cause: unknown) =>
      teller.warn('Could not tell the cycle that it is held up', { step, cause }),
    )
    throw error
  }
}

async function tell(teller: Teller, step: HeldStep, error: unknown): Promise<void> {
  const attempt = teller.attempt()
  if (error instanceof CompleteAsyncError) {
    // The run is left to its own end: the cycle does not hear of this try, so it is told that it gets on.
    if (attempt > 1 && (await teller.hasFailed()))
      await teller.signal(HELD_UP_SIGNAL, { step, reason: null, isRefusal: false })
    return
  }
  // Of a final failure the workflow learns by itself.
  if (!(error instanceof ApplicationFailure) || error.nonRetryable) return
  const isRefusal = NEEDS_PERSON.includes(error.type ?? '')
  const limit = LIMIT_OF[error.type ?? '']
  const said: HoldUp = { step, reason: error.message, isRefusal, ...(limit ? { limit } : {}) }
  if (isHoldUpTold(attempt, isRefusal)) await teller.signal(HELD_UP_SIGNAL, said)
}
