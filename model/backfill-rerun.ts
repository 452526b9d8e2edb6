// Which cycles that are there already a backfill makes anew, if it was asked to. In: what was asked, how a cycle stands and since
// when. Out: whether it is rerun; by which id the rerun is known again. Pure.
// Never: the same twice: what was made after the instant that the order names is left alone.
import type { CycleKey } from './ids.ts'
import type { CycleState } from './states.ts'

export const RERUN_CHOICES = ['failed', 'completed', 'all'] as const
export type RerunChoice = (typeof RERUN_CHOICES)[number]

export interface RerunWish {
  which: RerunChoice
  /** What completed, or failed, from then on is left alone: it may have been made by this very wish. */
  madeBeforeMs: number
}

export interface Stood {
  state: CycleState
  /** Its run was ended from outside, in an open state. */
  isWithoutRun: boolean
  /** Since when it stands so; absent: nobody knows. */
  sinceMs?: number
}

export function isToRerun({ which, madeBeforeMs }: RerunWish, { state, isWithoutRun, sinceMs }: Stood): boolean {
  if (sinceMs === undefined || sinceMs >= madeBeforeMs) return false
  if (state === 'COMPLETED') return which !== 'failed'
  return (state === 'ERROR' || isWithoutRun) && which !== 'completed'
}

/** One for each cycle of one order: a repeat is the same rerun. */
export const toRerunId = (requestId: string, key: CycleKey): string => `${requestId}/${key}`

export const isRerunId = (id: string, key: CycleKey): boolean => id.length > key.length + 1 && id.endsWith(`/${key}`)
