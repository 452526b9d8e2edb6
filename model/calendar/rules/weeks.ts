// The week of a calendar. In: `week:` and `covers:` of a document. Out: which weekdays are open from when, without gaps.
import { type CalendarFile, WEEKDAY_WORDS, type WeekdayWord, type WeekPeriod } from './calendar-file.ts'
import type { CalendarDefinition } from '../calendars.ts'
import { toDate, toDayNumber } from '../day-numbers.ts'
import type { Fault } from './draft.ts'

type Weeks = CalendarDefinition['weeks']

export function toWeeks(week: NonNullable<CalendarFile['week']>, covers: { from: string; to: string }) {
  const periods = week.filter((part): part is WeekPeriod => typeof part !== 'string')
  const words = week.filter((part): part is WeekdayWord => typeof part === 'string')
  if (periods.length === 0) return { weeks: [{ from: covers.from, open: toNumbers(words) }], faults: [] }
  const weeks: Weeks = periods.map(({ from, open }) => ({ from, open: toNumbers(open) }))
  return { weeks, faults: faultsBetween(periods, covers) }
}

const toNumbers = (words: readonly WeekdayWord[]): number[] =>
  WEEKDAY_WORDS.flatMap((word, index) => (words.includes(word) ? [index + 1] : []))

function faultsBetween(periods: readonly WeekPeriod[], covers: { from: string; to: string }): Fault[] {
  const faults: Fault[] = []
  const say = (index: number, key: string, message: string): void =>
    void faults.push({ path: ['week', index, key], message })
  let expected = covers.from
  for (const [index, { from, to }] of periods.entries()) {
    const before = periods[index - 1]
    if (from > expected && (index === 0 || before?.to !== undefined)) say(index, 'from', gap(expected, dayBefore(from)))
    if (before && from <= (before.to ?? before.from)) say(index, 'from', overlap(from, before))
    if (to !== undefined && to < from) say(index, 'to', `${to} is before ${from}, where this week begins`)
    expected = to === undefined ? from : dayAfter(to)
  }
  const last = periods.at(-1)
  if (last?.to !== undefined && last.to < covers.to) say(periods.length - 1, 'to', gap(dayAfter(last.to), covers.to))
  return faults
}

const gap = (from: string, to: string): string => `a gap: no week says which days are open from ${from} to ${to}`

const overlap = (from: string, before: WeekPeriod): string =>
  before.to === undefined
    ? `${from} is not after ${before.from}, where the week before this one begins`
    : `${from} is in the week before this one too, which lasts to ${before.to}`

const dayAfter = (date: string): string => toDate(toDayNumber(date) + 1)
const dayBefore = (date: string): string => toDate(toDayNumber(date) - 1)

interface Range {
  from: string
  to: string
}

export const whyNoRange = ({ from, to }: Range): Fault | undefined =>
  to < from ? { path: ['covers', 'to'], message: `${to} is before ${from}, where the calendar begins` } : undefined

/** A calendar that extends another may cover less than that one. */
export const whyNotInside = (covers: Range, { calendar, from, to }: CalendarDefinition): Fault | undefined =>
  covers.from >= from && covers.to <= to
    ? undefined
    : {
        path: ['covers', covers.from < from ? 'from' : 'to'],
        message: `${calendar || 'what it extends'} covers ${from} to ${to} only`,
      }

/** The same calendar for fewer dates. */
export function narrow(calendar: CalendarDefinition, { from, to }: Range): CalendarDefinition {
  const within = <T>(dates: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(dates).filter(([date]) => date >= from && date <= to))
  const { closed, opened, earlyClose } = calendar
  const first = calendar.weeks.findLastIndex((week) => week.from <= from)
  const weeks = calendar.weeks.slice(Math.max(first, 0)).filter((week) => week.from <= to)
  return {
    ...{ ...calendar, from, to },
    weeks: weeks.map((week, index) => (index === 0 ? { ...week, from } : week)),
    ...{ closed: within(closed), opened: within(opened), earlyClose: within(earlyClose) },
  }
}
