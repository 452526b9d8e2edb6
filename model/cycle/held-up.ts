// In: a cycle, and what the step it is at says of why it does not get on. Out: the cycle that says so too. Pure.
// Never: a word about a step that is over; the same said twice.
import type { Cycle, HeldUp } from './cycle.ts'
import { decideNext, type NextStep } from './decide.ts'

export const HELD_STEPS = ['start', 'run', 'publish'] as const
export type HeldStep = (typeof HELD_STEPS)[number]

/** Failures of an activity that tries alone will hardly mend: AWS refuses the role, or does not know what was started. */
export const NEEDS_PERSON: readonly string[] = [
  'AwsAccessDenied',
  'AwsCredentialsExpired',
  'AwsCredentialsUnknown',
  'AwsCredentialsMissing',
  'GlueRunUnknown',
]

/** What an activity says of itself when its tries fail. */
export interface HoldUp {
  step: HeldStep
  /** What was tried, on what, what was found. */
  reason: string
  /** Tries alone do not mend it. */
  needsPerson: boolean
}

/** The same cycle when it says nothing new: its step is over, or this is known. */
export function applyHoldUp(cycle: Cycle, holdUp: HoldUp, nowMs: number): Cycle {
  if (stepUnderWay(cycle, nowMs) !== holdUp.step) return cycle
  const known = cycle.heldUp
  if (known && known.reason === holdUp.reason && known.needsPerson === holdUp.needsPerson) return cycle
  const heldUp: HeldUp = { ...holdUp, sinceMs: known?.sinceMs ?? nowMs }
  return { ...cycle, version: cycle.version + 1, heldUp }
}

const STEP_OF: Partial<Record<NextStep['kind'], HeldStep>> = { start: 'start', 'await-end': 'run', publish: 'publish' }

const stepUnderWay = (cycle: Cycle, nowMs: number): HeldStep | undefined => STEP_OF[decideNext(cycle, nowMs).kind]
