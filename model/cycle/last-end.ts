// How the last run of a closed cycle ended, as two tell it: the run by its result, the mirror by its row. In: both, as far as
// they are there. Out: what the next run must carry. Pure.
// Never: an older end over a newer one; a past that lets a run follow by itself where a person may have stopped the last.
import type { Attempt } from './attempt.ts'
import type { PastRuns } from './cycle.ts'

/** The past of a cycle without the command that brings it back. */
export type Past = Omit<PastRuns, 'command'>

/** Of a run's result, what outlives it. */
export interface RunResult
  extends Pick<Past, 'runNumber' | 'state' | 'step' | 'lastAttempt' | 'revision' | 'dependencies'> {
  reason: string | null
  /** The succeeded Glue run of an ERROR(publish), else null. */
  succeeded: Attempt | null
}

/**
 * The later of the two: a database that failed over, or was restored, may have lost the last run; Temporal forgets, and has no
 * result of a run that was ended from outside. Undefined: neither knows the cycle.
 */
export function laterEnd(result: RunResult | undefined, row: Past | undefined): Past | undefined {
  if (!result || (row && isLater(row, result))) return row
  const { succeeded, runNumber, state, step, reason, lastAttempt, revision, dependencies } = result
  const end = { runNumber, state, step, reason, lastAttempt, revision, dependencies, attempt: succeeded }
  // Since when it stands so, and whether a person stopped it, only the row tells.
  return row && isSameEnd(row, result) ? { ...row, ...end } : { ...end, ...(state === 'ERROR' && LEFT_TO_PERSON) }
}

const LEFT_TO_PERSON = { isLeftToPerson: true }

type End = Pick<Past, 'runNumber' | 'revision' | 'state' | 'lastAttempt'>

const isLater = (one: End, other: End): boolean =>
  one.runNumber > other.runNumber || (one.runNumber === other.runNumber && one.revision > other.revision)

const isSameEnd = (one: End, other: End): boolean =>
  one.runNumber === other.runNumber &&
  one.revision === other.revision &&
  one.state === other.state &&
  one.lastAttempt === other.lastAttempt
