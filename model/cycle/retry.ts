// In: the definition's run policy and the failures of this start of the cycle. Out: another attempt and after how long, or
// none. Pure: the same failures, the same answer. Never: another run beside one that may be at work, or after a person's stop.
import type { RetryDefinition, RunDefinition } from '../definition.ts'
import type { Cycle } from './cycle.ts'
import { classifyFailure, type FailureClass } from './failure-class.ts'

/** Whatever the definition says of each class: Glue runs that one start of a cycle may use in all. */
export const MOST_ATTEMPTS = 20

interface Count {
  /** Failures of this start that count against the same attempts, the last one included. */
  used: number
  /** How many of them end it; 0: any. */
  allowed: number
}

export type Retry = ({ kind: 'retry'; afterMs: number } | { kind: 'stop' }) & Count

export interface RetryPolicy {
  attempts: number
  /** The first pause; each further one is twice as long. */
  afterMs: number
  atMostMs: number
}

/** The failures since this start or rerun began, oldest first. */
export const failuresOf = ({ attempts, attemptsBefore }: Pick<Cycle, 'attempts' | 'attemptsBefore'>): FailureClass[] =>
  attempts.flatMap(({ number, end, failure }) => {
    if (number <= attemptsBefore || !end || end.state === 'SUCCEEDED') return []
    // Older versions did not write it.
    return [failure ?? classifyFailure(end)]
  })

/** `failures`: those of this start, oldest first; what to do after the last of them. */
export function decideRetry(run: RunDefinition, failures: FailureClass[]): Retry {
  const failure = failures.at(-1)
  const key = failure === undefined ? null : keyOf(run, failure)
  const used = failures.filter((one) => keyOf(run, one) === key).length
  if (key === null) return { kind: 'stop', used, allowed: 0 }
  const { attempts: allowed, afterMs, atMostMs } = policyOf(run, key)
  if (used >= allowed || failures.length >= MOST_ATTEMPTS) return { kind: 'stop', used, allowed }
  return { kind: 'retry', afterMs: Math.min(afterMs * 2 ** (used - 1), atMostMs), used, allowed }
}

type RetryKey = keyof RetryDefinition

/** By which block of the definition; null: never tried again. */
export const RETRY_KEY: Record<FailureClass, RetryKey | null> = {
  infrastructure: 'infrastructure',
  throttled: 'throttled',
  'job-failed': 'jobFailed',
  timeout: 'timeout',
  stopped: null,
  'out-of-sight': null,
}

/** Whose attempts it uses up: a timeout of which the definition says nothing is one more failure of the job. */
function keyOf({ retry }: RunDefinition, failure: FailureClass): RetryKey | null {
  const key = RETRY_KEY[failure]
  return key === 'timeout' && !retry?.timeout ? 'jobFailed' : key
}

/** Where nobody's script failed: some attempts more than the job has, as a limit of AWS may last for an hour. */
const NOBODYS = {
  infrastructure: { attempts: 3, afterMs: 60_000, atMostMs: 900_000 },
  throttled: { attempts: 6, afterMs: 120_000, atMostMs: 1_800_000 },
} satisfies Partial<Record<RetryKey, RetryPolicy>>

/** What holds where the block of this class says nothing. */
function defaultOf({ attempts, retryAfterMs }: RunDefinition, key: RetryKey): RetryPolicy {
  // Flat, unless the definition says up to what it may grow (docs/decisions/0009-retries.md).
  if (key === 'jobFailed' || key === 'timeout') return { attempts, afterMs: retryAfterMs, atMostMs: retryAfterMs }
  return { ...NOBODYS[key], attempts: Math.max(NOBODYS[key].attempts, attempts) }
}

/** What holds for a class. Where only one end of the pause is said, the other gives way. */
export function policyOf(run: RunDefinition, key: RetryKey): RetryPolicy {
  const said = run.retry?.[key] ?? {}
  const other = defaultOf(run, key)
  const afterMs = said.afterMs ?? Math.min(other.afterMs, said.atMostMs ?? other.afterMs)
  const flat = key === 'jobFailed' || key === 'timeout' ? afterMs : other.atMostMs
  const atMostMs = Math.max(said.atMostMs ?? flat, afterMs)
  return { attempts: said.attempts ?? other.attempts, afterMs, atMostMs }
}
