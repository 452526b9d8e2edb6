// In: what a cycle is opened with, and when. Out: where its work stands in Temporal's queues, 1 first, 5 last. Pure.
import type { CycleInput } from './cycle.ts'

/** 1 and 4 are left to people, who may set another one by hand. */
export type PriorityKey = 2 | 3 | 5

const DAY_MS = 86_400_000
/** Longer than this after all its times, nobody waits for it this morning: a backfill, days made up for, an old cycle again. */
const LONG_AFTER_MS = 3 * DAY_MS

/**
 * Products with a deadline before those without (Temporal's own default, 3), and what is long over after all; a backfill
 * too, whatever its date: it must not crowd out this morning's work.
 */
export function priorityOf(input: PriorityFacts, nowMs: number): PriorityKey {
  if (input.openedBy === 'backfill') return 5
  const lastMs = lastTimeMs(input)
  if (lastMs !== null && nowMs > lastMs + LONG_AFTER_MS) return 5
  return input.availableByMs === null ? 3 : 2
}

type PriorityFacts = Pick<
  CycleInput,
  'openedBy' | 'key' | 'businessDate' | 'notBeforeMs' | 'cutoffMs' | 'availableByMs'
>

/** The end of its date in UTC or the last of its times, whichever is later; null: it is known by nothing but a week or month. */
function lastTimeMs({ key, businessDate, notBeforeMs, cutoffMs, availableByMs }: PriorityFacts): number | null {
  const [date] = /^\d{4}-\d{2}-\d{2}/.exec(businessDate ?? key) ?? []
  const times = [notBeforeMs, cutoffMs, availableByMs, date ? Date.parse(date) + DAY_MS : null]
  return times.reduce((last, one) => (last === null || (one !== null && one > last) ? one : last), null)
}
