// Wall times to instants. Rule for DST: in a gap the first instant after it, in an overlap the first of the two
// (docs/decisions/0004-time.md); a property test holds every zone to it.
import { Temporal } from 'temporal-polyfill'
import type { WallTime } from '../definition.ts'
import { addBusinessDays } from './calendars.ts'

const WALL_TIME = /^([01]\d|2[0-3]):([0-5]\d)(?: \+(\d{1,2})(d|bd))?$/

/** `17:00`, `06:00 +1d`, `06:00 +1bd`; undefined for anything else. */
export function parseWallTime(text: string): WallTime | undefined {
  const [, hour, minute, days, unit] = WALL_TIME.exec(text) ?? []
  if (!hour || !minute) return undefined
  return { time: `${hour}:${minute}`, days: Number(days ?? 0), unit: unit === 'bd' ? 'business-day' : 'day' }
}

export const toWallTimeText = (wall: WallTime): string =>
  wall.days === 0 ? wall.time : `${wall.time} +${wall.days}${wall.unit === 'business-day' ? 'bd' : 'd'}`

export const isTimeZone = (zone: string): boolean => {
  try {
    return (
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId.length > 0 && /[A-Za-z]/.test(zone)
    )
  } catch {
    return false
  }
}

/** The instant, in epoch milliseconds, of a wall time counted from a cycle's date. */
export function resolveWallTime(wall: WallTime, date: string, calendar: string, zone: string): number {
  const start = Temporal.PlainDate.from(date)
  const day = wall.unit === 'day' ? start.add({ days: wall.days }) : addBusinessDays(calendar, start, wall.days)
  return toInstantMs(day.toPlainDateTime(Temporal.PlainTime.from(wall.time)), zone)
}

/** Midnight, or the first instant of a day that has none. */
export const startOfDayMs = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds

/** The date that the zone's wall calendar shows at an instant. */
export const dateAt = (atMs: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate().toString()

function toInstantMs(wall: Temporal.PlainDateTime, zone: string): number {
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (earlier.toPlainDateTime().equals(wall)) return earlier.epochMilliseconds
  const afterGap = earlier.getTimeZoneTransition('next')
  return (afterGap ?? wall.toZonedDateTime(zone)).epochMilliseconds
}
