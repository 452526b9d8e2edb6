// In: a cycle, whether a run of it is open, the time. Out: why a rerun makes no sense now, or null; what it goes on with.
// One function for the update's validator, the signal's handler and the start of a closed cycle.
import type { Cascade } from '../refresh-event.ts'
import type { CycleState, Step } from '../states.ts'
import type { Attempt } from './attempt.ts'
import { toShort } from './asker.ts'
import { type Cycle, currentAttempt, type Held } from './cycle.ts'
import { judgeInputs, missingNames, missingOf } from './inputs.ts'
import { withoutUnopened } from './unopened.ts'

/** Of a closed cycle: as the run that brings it back would have it, so with the condition that it would carry. */
type Standing = Pick<Cycle, 'id' | 'state' | 'step' | 'input' | 'dependencies' | 'lastAttempt' | 'held' | 'cancelling'>

/** `closed`: nothing happens by itself any more, because the run gave up or was terminated. */
export type RunStatus = 'open' | 'closed'

/** Null when the rerun may go ahead; else a sentence that says what to do instead. */
export function refuseRerun(cycle: Standing, run: RunStatus, nowMs: number): string | null {
  if (cycle.cancelling) return `It is being cancelled by ${cycle.cancelling.actor}. Once it is, rerun it.`
  if (cycle.held) return stillHeld(cycle, cycle.held)
  switch (cycle.state) {
    case 'WAITING':
      return run === 'closed' ? null : stillWaiting(missingOf(cycle, nowMs))
    case 'PROCESSING':
      return run === 'closed' ? null : stillRunning(cycle)
    case 'SKIPPED':
      return 'It was skipped without its inputs, so there is nothing to run on.'
    case 'ERROR':
      return cycle.step === 'wait' && run === 'open' ? stillMissing(missingOf(cycle, nowMs)) : null
    case 'CANCELLED':
      // Once an attempt had begun there was enough to run on, whatever else might have been used.
      return cycle.lastAttempt > 0 ? null : refuseUnbegun(cycle, nowMs)
    case 'COMPLETED':
      return null
  }
}

function refuseUnbegun(cycle: Standing, nowMs: number): string | null {
  // What nobody had opened then may have come since, and nobody would ask again.
  const inputs = judgeInputs(withoutUnopened(cycle), nowMs)
  if (inputs.holds) return null
  const missing = missingNames(cycle, inputs)
  const why =
    inputs.skip === null ? ` before ${missing.join(', ')} had arrived` : `, and would have been skipped: ${inputs.skip}`
  return `It was cancelled${why}, so there is nothing to run on.`
}

const stillHeld = ({ id, input }: Standing, { actor, reason, of }: Held): string =>
  `It is held by ${actor}: ${toShort(reason)}. To release it first: sluice release ${of === 'product' ? input.product : id} --reason "…"`

const stillRunning = ({ id }: Standing): string =>
  `It is running now. Wait for the end of this attempt, then rerun it; or end it first: sluice cancel ${id} --reason "…"`

/** Where a run stood when it ended, as the mirror or the run's own result tells it. */
interface Ended {
  state: CycleState
  step: Step | null
  stateSinceMs: number
  attempts: Attempt[]
  lastAttempt: number
}

/**
 * The attempt that a rerun of a closed cycle goes on with instead of beginning the next one; null = none.
 * In ERROR(publish) the data is there and only the event is missing. A run terminated in PROCESSING leaves a Glue run
 * that may live on: a second one would write into the same folder.
 */
export function attemptToGoOnWith({ state, step, stateSinceMs, attempts, lastAttempt }: Ended): Attempt | null {
  const last = attempts.find(({ number }) => number === lastAttempt)
  if (!last) return null
  const isSucceeded = last.end?.state === 'SUCCEEDED'
  if (state === 'ERROR' && step === 'publish') return isSucceeded ? last : null
  if (state !== 'PROCESSING') return null
  // One that succeeded before this PROCESSING began was published then: the rerun's own attempt had not begun yet.
  const isOfNow = last.begunAtMs >= stateSinceMs
  return last.endedAtMs === null || (isSucceeded && isOfNow) ? last : null
}

/**
 * Whom the last attempt of a closed cycle was to ask to run again, and has not. The row of an attempt keeps that also once its
 * publication has said it, or it has completed for somebody who wanted nothing said.
 */
export function unheardCascade({
  state,
  attempts,
  publishedAtMs,
}: Pick<Ended, 'state' | 'attempts'> & { publishedAtMs: number | null }): Cascade | undefined {
  const last = attempts.at(-1)
  const isPublished = publishedAtMs !== null && last?.endedAtMs != null && publishedAtMs >= last.endedAtMs
  const isKeptQuiet = last?.isUnpublished === true && last.end?.state === 'SUCCEEDED'
  return state === 'COMPLETED' || isPublished || isKeptQuiet ? undefined : last?.cascade
}

const stillWaiting = (missing: string[]): string =>
  `It has not run yet: it waits for ${missing.length > 0 ? missing.join(', ') : 'its time'}.`

const stillMissing = (missing: string[]): string =>
  missing.length > 0
    ? `It still misses ${missing.join(', ')} and starts by itself when they arrive.`
    : 'All it needs has arrived, so it starts by itself.'

/** A rerun goes on with the attempt that is there instead of beginning the next one. */
export const hasAttemptToGoOnWith = (cycle: Cycle): boolean =>
  (cycle.state === 'PROCESSING' || (cycle.state === 'ERROR' && cycle.step === 'publish')) &&
  currentAttempt(cycle) !== undefined
