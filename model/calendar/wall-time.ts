// Wall times to instants. Rule for DST: in a gap the first instant after it, in an overlap the first of the two
// (docs/decisions/0004-time.md); a property test holds every zone to it.
import { Temporal } from 'temporal-polyfill'
import type { ClockTime, WallTime } from '../definition.ts'
import { type CalendarDefinition, type Calendars, dayOf, requireCalendar } from './calendars.ts'
import { toDayNumber, weekdayOf } from './day-numbers.ts'
import { addDays } from './dates.ts'

const WALL_TIME = /^([01]\d|2[0-3]):([0-5]\d)(?: \+(\d{1,2})(d|bd))?$/
const ELAPSED = /^\+([1-9]\d{0,3})([mh])$/

/** `17:00`, `06:00 +1d`, `06:00 +1bd`; for hours `+20m`, `+2h` after their beginning. Undefined for anything else. */
export function parseWallTime(text: string): WallTime | undefined {
  const [, count, of] = ELAPSED.exec(text) ?? []
  if (count && of) return { unit: 'minute', minutes: Number(count) * (of === 'h' ? 60 : 1) }
  const [, hour, minute, days, unit] = WALL_TIME.exec(text) ?? []
  if (!hour || !minute) return undefined
  return { time: `${hour}:${minute}`, days: Number(days ?? 0), unit: unit === 'bd' ? 'business-day' : 'day' }
}

export function toWallTimeText(wall: WallTime): string {
  if (wall.unit === 'minute') return wall.minutes % 60 === 0 ? `+${wall.minutes / 60}h` : `+${wall.minutes}m`
  return wall.days === 0 ? wall.time : `${wall.time} +${wall.days}${wall.unit === 'business-day' ? 'bd' : 'd'}`
}

export const isTimeZone = (zone: string): boolean => {
  try {
    return (
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId.length > 0 && /[A-Za-z]/.test(zone)
    )
  } catch {
    return false
  }
}

/** What a wall time is counted from. */
export interface WallBase {
  /** The cycle's due date. */
  date: string
  /** When the cycle is due. */
  dueMs: number
  calendar: string
  zone: string
}

/** The instant, in epoch milliseconds, of a wall time. */
export function resolveWallTime(calendars: Calendars, wall: WallTime, base: WallBase): number {
  if (wall.unit === 'minute') return base.dueMs + wall.minutes * 60_000
  return toInstantMs(`${dayOfWall(calendars, wall, base)}T${wall.time}`, base.zone)
}

const dayOfWall = (calendars: Calendars, { unit, days }: ClockTime, { date, calendar }: WallBase): string =>
  unit === 'day' ? addDays(date, days) : businessDayAfter(requireCalendar(calendars, calendar), date, days)

/** Beyond what the calendar covers Monday to Friday count: a deadline must not keep a cycle of its last days from opening. */
function businessDayAfter(calendar: CalendarDefinition, date: string, days: number): string {
  let found = date
  for (let left = days; left > 0; left -= isOpenOrWeekday(calendar, found) ? 1 : 0) found = addDays(found, 1)
  return found
}

const isOpenOrWeekday = (calendar: CalendarDefinition, date: string): boolean =>
  date < calendar.from || date > calendar.to ? weekdayOf(toDayNumber(date)) <= 5 : dayOf(calendar, date).open

/** Midnight, or the first instant of a day that has none. */
export function startOfDayMs(date: string, zone: string): number {
  const known = starts.get(zone)?.get(date)
  if (known !== undefined) return known
  const found = Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds
  const ofZone = starts.get(zone) ?? new Map<string, number>()
  if (ofZone.size >= MOST_REMEMBERED) ofZone.clear()
  starts.set(zone, ofZone.set(date, found))
  return found
}

/** Zone arithmetic costs some 50 µs, and the same few days are asked for again and again. */
const starts = new Map<string, Map<string, number>>()
const MOST_REMEMBERED = 20_000

/** The date that the zone's wall calendar shows at an instant. */
export const dateAt = (atMs: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate().toString()

/** Of a wall time as ISO text. */
export function toInstantMs(text: string, zone: string): number {
  const wall = Temporal.PlainDateTime.from(text)
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (earlier.toPlainDateTime().equals(wall)) return earlier.epochMilliseconds
  const afterGap = earlier.getTimeZoneTransition('next')
  return (afterGap ?? wall.toZonedDateTime(zone)).epochMilliseconds
}
