// Which dates a calendar is open. In: calendars as data, a name, a date. Out: open or not, and by which rule.
// Never: today's date; a guess about a date that the calendar does not cover.
import { toDayNumber, weekdayOf } from './day-numbers.ts'

/** A calendar with every date decided, as the catalog object carries it: JSON-plain. */
export interface CalendarDefinition {
  calendar: string
  description: string
  /** First and last date it says anything about, both included; ISO dates. */
  from: string
  to: string
  /** Weekdays that are open unless `closed` says otherwise, by the time from which they are; oldest first, without gaps. */
  weeks: { from: string /** ISO weekdays, 1 = Monday. */; open: number[] }[]
  /** Dates that are closed, mostly though their weekday is open, each with the rule that says so. */
  closed: Record<string, string>
  /** Dates that are open against weekday or holiday, each with the rule that says so. */
  opened: Record<string, string>
  /** Open dates that end before the usual time: wall time `HH:MM` of the market, and the rule that says so. */
  earlyClose: Record<string, { at: string; rule: string }>
}

/** By name. */
export type Calendars = ReadonlyMap<string, CalendarDefinition>

export const toCalendars = (definitions: readonly CalendarDefinition[]): Calendars =>
  new Map(definitions.map((definition) => [definition.calendar, definition]))

/** What a calendar says of one date; `rule` in words, also for an ordinary day. */
export interface CalendarDay {
  date: string
  open: boolean
  /** `HH:MM`, null for the usual end of the day. */
  earlyClose: string | null
  rule: string
}

/** @throws RangeError for a calendar that does not exist, or for a date that it does not cover. */
export function dayOf(calendar: CalendarDefinition, date: string): CalendarDay {
  requireCovered(calendar, date)
  const early = calendar.earlyClose[date]
  const closed = calendar.closed[date]
  if (closed !== undefined) return { date, open: false, earlyClose: null, rule: closed }
  const opened = calendar.opened[date]
  const weekday = weekdayOf(toDayNumber(date))
  const open = opened !== undefined || weekOf(calendar, date).includes(weekday)
  const rule = early?.rule ?? opened ?? WEEKDAYS[weekday - 1] ?? ''
  return { date, open, earlyClose: open ? (early?.at ?? null) : null, rule }
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** The open weekdays at that time; before the calendar begins those of its first week. */
export const weekOf = ({ weeks }: CalendarDefinition, date: string): number[] =>
  (weeks.findLast(({ from }) => from <= date) ?? weeks[0])?.open ?? []

/** @throws RangeError for a calendar that does not exist; definitions are checked for that before they are applied. */
export function requireCalendar(calendars: Calendars, name: string): CalendarDefinition {
  const calendar = calendars.get(name)
  if (!calendar) throw new RangeError(`There is no calendar "${name}"; known: ${[...calendars.keys()].join(', ')}.`)
  return calendar
}

function requireCovered({ calendar, from, to }: CalendarDefinition, date: string): void {
  if (date >= from && date <= to) return
  throw new RangeError(`Calendar "${calendar}" covers ${from} to ${to}; it says nothing about ${date}.`)
}

/** @throws RangeError for a calendar that does not exist, or for a date that it does not cover. */
export function isOpen(calendars: Calendars, name: string, date: string): boolean {
  const calendar = requireCalendar(calendars, name)
  requireCovered(calendar, date)
  if (calendar.closed[date] !== undefined) return false
  if (calendar.opened[date] !== undefined) return true
  return weekOf(calendar, date).includes(weekdayOf(toDayNumber(date)))
}
