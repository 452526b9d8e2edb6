// What an edit of a calendar changes. In: the calendar before and after, a range that both cover. Out: the dates that
// differ. Never: a date whose reason alone differs.
import { type CalendarDay, type CalendarDefinition, dayOf } from './calendars.ts'
import { toDate, toDayNumber } from './day-numbers.ts'

export interface DayChange {
  date: string
  change: 'appears' | 'vanishes' | 'early-close'
  before: CalendarDay
  after: CalendarDay
}

/** @throws RangeError for a range that one of them does not cover. */
export function compareCalendars(
  before: CalendarDefinition,
  after: CalendarDefinition,
  { from, to }: { from: string; to: string },
): DayChange[] {
  const days = toDayNumber(to) - toDayNumber(from) + 1
  return Array.from({ length: Math.max(days, 0) }, (_none, index) => toDate(toDayNumber(from) + index)).flatMap(
    (date) => {
      const [one, other] = [dayOf(before, date), dayOf(after, date)]
      const change = changeOf(one, other)
      return change ? [{ date, change, before: one, after: other }] : []
    },
  )
}

function changeOf(before: CalendarDay, after: CalendarDay): DayChange['change'] | undefined {
  if (before.open !== after.open) return after.open ? 'appears' : 'vanishes'
  return before.earlyClose === after.earlyClose ? undefined : 'early-close'
}
