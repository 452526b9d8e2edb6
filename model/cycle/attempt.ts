// One try at a refresh, as one Glue run, and what may hold it up. JSON-plain. Never: a decision about it (retry.ts, held-up.ts).
import type { BuiltFrom, Cascade } from '../refresh-event.ts'
import type { FailureClass } from './failure-class.ts'

export const GLUE_ENDS = ['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'ERROR', 'EXPIRED'] as const
export type GlueEndState = (typeof GLUE_ENDS)[number]

export interface GlueRunEnd {
  runId: string
  state: GlueEndState
  error: string | null
  executionSeconds: number
  /** `nobody`: its end could not be learned, so the run may still be at work. */
  noticedBy: 'event' | 'check' | 'nobody'
}

export interface Attempt {
  number: number
  begunAtMs: number
  runId: string | null
  runStartedAtMs: number | null
  /** True when the run was found in Glue instead of started by this activity. */
  adopted: boolean
  end: GlueRunEnd | null
  endedAtMs: number | null
  /** Whose failure the end was; absent where it was none, and in what older versions wrote. */
  failure?: FailureClass
  /** What it read; absent in what older versions wrote. */
  inputs?: BuiltFrom[]
  /** It began because of corrections alone, as nobody asked for it. */
  isCorrection?: true
  /** Whoever asked for it wants no event of it. */
  isUnpublished?: true
  /** Whom its publication is still to ask to run again. */
  cascade?: Cascade
}

export const LIMITS = ['concurrent-runs', 'account-quota', 'call-rate'] as const
/** What of Glue is in use: a wait, no failure. */
export type Limit = (typeof LIMITS)[number]

export const HELD_STEPS = ['start', 'run', 'publish'] as const
export type HeldStep = (typeof HELD_STEPS)[number]

export interface HeldUp {
  step: HeldStep
  reason: string
  /** How often AWS refused, as far as it was told: one refusal may pass by itself. */
  refusals: number
  sinceMs: number
  /** The limit it waits for; absent where it is held up by anything else. */
  limit?: Limit
}
