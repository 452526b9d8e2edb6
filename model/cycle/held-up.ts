// In: a cycle, and what the step it is at says of why it does not get on. Out: the cycle that says so too. Pure.
// Never: a word about a step that is over; the same said twice.
import type { HeldStep, HeldUp, Limit } from './attempt.ts'
import type { Cycle } from './cycle.ts'
import { decideNext, type NextStep } from './decide.ts'

/** Failures of an activity that tries alone will hardly mend: AWS refuses the role, or does not know what was started. */
export const NEEDS_PERSON: readonly string[] = [
  'AwsAccessDenied',
  'AwsCredentialsExpired',
  'AwsCredentialsUnknown',
  'AwsCredentialsMissing',
  'GlueRunUnknown',
  'TryTooOld',
]

/** Failures of an activity that are waits: something of Glue is in use. */
export const LIMIT_OF: Readonly<Record<string, Limit>> = {
  WaitsForConcurrentRuns: 'concurrent-runs',
  WaitsForAccountQuota: 'account-quota',
  WaitsForCallRate: 'call-rate',
}

/** What an activity says of itself when its tries fail, or get on again (no reason then). */
export interface HoldUp {
  step: HeldStep
  /** What was tried, on what, what was found. */
  reason: string | null
  /** Tries alone will hardly mend it. */
  isRefusal: boolean
  /** What it waits for, where nothing failed; absent in what older workers say. */
  limit?: Limit
}

/**
 * Whether the try of this number (the first is 1) tells its cycle that it failed: the first, second, fourth, eighth …, since
 * each signal is an action and a full Glue may last for days. A refusal is told at each eighth as well: it may come after a
 * thousand tries that only waited.
 */
export const isHoldUpTold = (attempt: number, isRefusal: boolean): boolean =>
  Number.isInteger(Math.log2(attempt)) || (isRefusal && attempt % 8 === 0)

/** The same cycle when it says nothing new: its step is over, or this is known. */
export function applyHoldUp(cycle: Cycle, { step, reason, isRefusal, limit }: HoldUp, nowMs: number): Cycle {
  if (stepUnderWay(cycle, nowMs) !== step) return cycle
  const known = cycle.heldUp
  if (known?.reason === reason && !isRefusal) return cycle
  if (reason === null) return known ? { ...cycle, version: cycle.version + 1, heldUp: null } : cycle
  const refusals = (known?.refusals ?? 0) + (isRefusal ? 1 : 0)
  const heldUp: HeldUp = { step, reason, refusals, sinceMs: known?.sinceMs ?? nowMs, ...(limit ? { limit } : {}) }
  return { ...cycle, version: cycle.version + 1, heldUp }
}

/** From the second refusal on; it stays so until the step gets on. */
export const needsPerson = ({ heldUp }: Cycle): boolean => (heldUp?.refusals ?? 0) > 1

const STEP_OF: Partial<Record<NextStep['kind'], HeldStep>> = { start: 'start', 'await-end': 'run', publish: 'publish' }

const stepUnderWay = (cycle: Cycle, nowMs: number): HeldStep | undefined => STEP_OF[decideNext(cycle, nowMs).kind]
