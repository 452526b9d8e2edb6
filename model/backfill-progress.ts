// How far a backfill is. In: where its cycles stand. Out: the same for a query, a result, a screen; and in words. Pure.
import { type Backfill, keysIn, type StopCommand } from './backfill.ts'
import type { CycleKey } from './ids.ts'

/** How far it is; each cycle of the range is counted in `completed`, `unopened` or `toRerun`, or named in one of the lists. */
export interface BackfillProgress {
  total: number
  /** It is not known yet which are there already: all count as unopened. */
  isLooking?: true
  opened: number
  /** How many were made anew, and how many are still to be; absent where nobody asked for that. */
  rerun?: number
  toRerun?: number
  existing: number
  completed: number
  busy: CycleKey[]
  waiting: CycleKey[]
  failed: CycleKey[]
  ended: CycleKey[]
  refused: { key: CycleKey; reason: string }[]
  unopened: number
  /** Who ended it before all were opened; null: nobody. */
  stoppedBy: StopCommand | null
}

export const toProgress = (backfill: Backfill): BackfillProgress => ({
  total: backfill.total,
  ...(!backfill.hasLooked && { isLooking: true as const }),
  opened: backfill.opened,
  ...(backfill.order.rerun && { rerun: backfill.rerun ?? 0, toRerun: backfill.toRerun?.length ?? 0 }),
  existing: backfill.existing,
  completed: backfill.completed,
  busy: keysIn(backfill, 'busy'),
  waiting: keysIn(backfill, 'waiting'),
  failed: keysIn(backfill, 'failed'),
  ended: backfill.ended,
  refused: backfill.refused,
  unopened: backfill.unopened.length - (backfill.toRerun?.length ?? 0),
  stoppedBy: backfill.stoppedBy,
})

/** `12 of 20 completed, 4 at work, 1 failed, 3 to open`. */
export function toProgressWords(progress: BackfillProgress): string {
  if (progress.isLooking) return `0 of ${progress.total} begun: it looks which are there already`
  const parts: [number, string][] = [
    [progress.rerun ?? 0, 'rerun'],
    [progress.busy.length, 'at work'],
    [progress.waiting.length, 'waiting for upstreams'],
    [progress.failed.length, 'failed'],
    [progress.ended.length, 'skipped or cancelled'],
    [progress.refused.length, 'refused'],
    [progress.unopened, 'to open'],
    [progress.toRerun ?? 0, 'to rerun'],
  ]
  const others = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return [`${progress.completed} of ${progress.total} completed`, ...others].join(', ')
}
