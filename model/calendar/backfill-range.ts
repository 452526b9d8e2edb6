// Which cycles a product has over a range of dates. In: its definition, two dates, the time. Out: those that a backfill
// opens, those that the schedule leaves out and why, those that are not due yet. Never: a cycle about a date outside.
import type { ProductDefinition } from '../definition.ts'
import { type CycleKey, periodOf } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { dueMsOn, naturalDate, placeCycle, type Timetable } from './cycles.ts'
import { addDays, datesOf, keysOver } from './dates.ts'
import { toDayNumber } from './day-numbers.ts'

export interface DateRange {
  /** Both included. */
  from: string
  to: string
}

export interface BackfillRange {
  /** Oldest first. */
  keys: CycleKey[]
  notScheduled: { key: CycleKey; reason: string }[]
  /** They open by themselves. */
  notYet: { key: CycleKey; dueMs: number }[]
  /** Dates of which the calendar says nothing, so that nobody knows whether they have a cycle. */
  uncovered: { key: CycleKey; reason: string }[]
}

/** A slip in a year, and it would take minutes to list. */
export const MOST_DAYS = 20_000

export const daysIn = ({ from, to }: DateRange): number => toDayNumber(to) - toDayNumber(from) + 1

/** A cycle belongs to the date it is about: the last of its week, month or quarter, or its named close. */
export function listRange(
  { calendars }: Timetable,
  definition: ProductDefinition,
  { from, to }: DateRange,
  nowMs: number,
): BackfillRange {
  const range: BackfillRange = { keys: [], notScheduled: [], notYet: [], uncovered: [] }
  const isIn = (date: string): boolean => date >= from && date <= to
  for (const key of candidates(definition, { from, to })) {
    const placed = placeCycle(calendars, definition, key)
    if (placed.kind === 'none') {
      const list = placed.isUncovered ? range.uncovered : range.notScheduled
      if (isIn(dateOf(definition, key))) list.push({ key, reason: placed.reason })
    } else if (isIn(placed.businessDate)) {
      const dueMs = dueMsOn(definition, key, placed.dueDate)
      if (isNotYet(dueMs, nowMs)) range.notYet.push({ key, dueMs })
      else range.keys.push(key)
    }
  }
  return range
}

/** The scheduler opens it in time; by hand it would run before its day has begun. */
export const isNotYet = (dueMs: number, nowMs: number): boolean => dueMs > nowMs

/** The hours of a date in the product's zone begin on the date before or end on the one after in UTC. */
function candidates({ every }: ProductDefinition, { from, to }: DateRange): CycleKey[] {
  const { period } = toCadence(every)
  return period === 'hour' ? keysOver(period, addDays(from, -1), addDays(to, 1)) : keysOver(period, from, to)
}

const dateOf = (definition: ProductDefinition, key: CycleKey): string =>
  periodOf(key) === 'hour' ? naturalDate(definition, key) : datesOf(key).last
