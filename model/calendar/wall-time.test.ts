import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import type { WallTime } from '../definition.ts'
import { calendarOf, timetableOf } from '../samples.test-data.ts'
import { dateAt, isTimeZone, parseWallTime, resolveWallTime, startOfDayMs, toWallTimeText } from './wall-time.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Of a cycle that is due when its date begins. */
const resolveIn = (wall: WallTime, date: string, zone: string): number =>
  resolveWallTime(timetableOf().calendars, wall, { date, dueMs: startOfDayMs(date, zone), calendar: 'weekdays', zone })
const at = (time: string): WallTime => ({ time, days: 0, unit: 'day' })
const resolve = (date: string, time: string, zone: string): string =>
  new Date(resolveIn(at(time), date, zone)).toISOString()

test('business days beyond what the calendar covers are Monday to Friday', () => {
  const desk = { ...calendarOf('desk', { '2026-11-20': 'Party' }), from: '2026-11-18', to: '2026-11-20' }
  const { calendars } = timetableOf({}, [desk])
  const dateOf = (date: string, days: number): string => {
    const base = { date, dueMs: 0, calendar: 'desk', zone: 'UTC' }
    return dateAt(resolveWallTime(calendars, { time: '06:00', days, unit: 'business-day' }, base), 'UTC')
  }
  expect([1, 2, 6].map((days) => dateOf('2026-11-18', days))).toEqual(['2026-11-19', '2026-11-23', '2026-11-27'])
  expect(dateOf('2026-11-13', 2)).toBe('2026-11-17')
  expect(() =>
    resolveWallTime(
      new Map(),
      { time: '06:00', days: 1, unit: 'business-day' },
      { date: '2026-11-18', dueMs: 0, calendar: 'moon', zone: 'UTC' },
    ),
  ).toThrow('There is no calendar "moon"')
})

describe('the text of a wall time', () => {
  test.each<[string, WallTime]>([
    ['17:00', { time: '17:00', days: 0, unit: 'day' }],
    ['06:00 +1d', { time: '06:00', days: 1, unit: 'day' }],
    ['23:59 +12bd', { time: '23:59', days: 12, unit: 'business-day' }],
    ['+20m', { unit: 'minute', minutes: 20 }],
    ['+2h', { unit: 'minute', minutes: 120 }],
  ])('%s', (text, wall) => {
    expect(parseWallTime(text)).toEqual(wall)
    expect(toWallTimeText(wall)).toBe(text)
  })

  test.each([
    '',
    '6:00',
    '24:00',
    '12:60',
    '06:00+1d',
    '06:00 + 1d',
    '06:00 -1d',
    '06:00 +1w',
    '06:00 +100d',
    '06:00\n',
    '+0m',
    '+1d',
    '20m',
  ])('%j is none', (text) => {
    expect(parseWallTime(text)).toBeUndefined()
  })

  test('law: what is written is read back', () => {
    const aWallTime = fc
      .record({
        minutes: fc.integer({ min: 0, max: 1_439 }),
        days: fc.integer({ min: 0, max: 99 }),
        unit: fc.constantFrom('day' as const, 'business-day' as const),
      })
      .map(({ minutes, days, unit }) => ({ time: clock(minutes), days, unit: days === 0 ? ('day' as const) : unit }))
    fc.assert(
      fc.property(aWallTime, (wall) => {
        expect(parseWallTime(toWallTimeText(wall))).toEqual(wall)
      }),
    )
  })
})

describe('time zones', () => {
  test.each(['America/New_York', 'UTC', 'Europe/London'])('%s is one', (zone) => {
    expect(isTimeZone(zone)).toBe(true)
  })
  test.each(['America/New_Yrk', '+05:00', '', 'Mars/Base', '-05'])('%j is none', (zone) => {
    expect(isTimeZone(zone)).toBe(false)
  })
})

describe('a gap: the first instant after it', () => {
  test.each([
    ['America/New_York', '2027-03-14', '02:00', '2027-03-14T07:00:00.000Z'],
    ['America/New_York', '2027-03-14', '02:30', '2027-03-14T07:00:00.000Z'],
    ['America/New_York', '2027-03-14', '02:59', '2027-03-14T07:00:00.000Z'],
    ['America/New_York', '2027-03-14', '01:59', '2027-03-14T06:59:00.000Z'],
    ['America/New_York', '2027-03-14', '03:00', '2027-03-14T07:00:00.000Z'],
    ['Europe/London', '2026-03-29', '01:30', '2026-03-29T01:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29', '02:30', '2026-03-29T01:00:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:30:00.000Z'],
    ['Antarctica/Troll', '2026-03-29', '02:59', '2026-03-29T01:00:00.000Z'],
    ['America/Santiago', '2026-09-06', '00:30', '2026-09-06T04:00:00.000Z'],
  ])('%s %s %s', (zone, date, time, instant) => {
    expect(resolve(date, time, zone)).toBe(instant)
  })
})

describe('an overlap: the first of the two', () => {
  test.each([
    ['America/New_York', '2026-11-01', '01:00', '2026-11-01T05:00:00.000Z'],
    ['America/New_York', '2026-11-01', '01:30', '2026-11-01T05:30:00.000Z'],
    ['America/New_York', '2026-11-01', '02:00', '2026-11-01T07:00:00.000Z'],
    ['Europe/London', '2026-10-25', '01:30', '2026-10-25T00:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25', '02:30', '2026-10-25T00:30:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00.000Z'],
    ['Antarctica/Troll', '2026-10-25', '01:30', '2026-10-24T23:30:00.000Z'],
  ])('%s %s %s', (zone, date, time, instant) => {
    expect(resolve(date, time, zone)).toBe(instant)
  })
})

describe('days after the date of the cycle', () => {
  const friday = '2026-11-20'
  test.each([
    ['06:00 +1d', '2026-11-21T11:00:00.000Z'],
    ['06:00 +1bd', '2026-11-23T11:00:00.000Z'],
    ['06:00 +2bd', '2026-11-24T11:00:00.000Z'],
  ])('%s of a Friday', (text, instant) => {
    const wall = parseWallTime(text) as WallTime
    expect(new Date(resolveIn(wall, friday, 'America/New_York')).toISOString()).toBe(instant)
  })
})

describe('the day', () => {
  test('begins at midnight, or at its first instant where midnight is missing', () => {
    expect(new Date(startOfDayMs('2026-11-20', 'America/New_York')).toISOString()).toBe('2026-11-20T05:00:00.000Z')
    expect(new Date(startOfDayMs('2026-09-06', 'America/Santiago')).toISOString()).toBe('2026-09-06T04:00:00.000Z')
  })

  test('of an instant is the zone’s, not UTC’s', () => {
    const lateEvening = Date.parse('2026-11-21T02:30:00Z')
    expect(dateAt(lateEvening, 'America/New_York')).toBe('2026-11-20')
    expect(dateAt(lateEvening, 'Asia/Tokyo')).toBe('2026-11-21')
  })
})

describe('laws, in every zone, 2020 to 2030', () => {
  const zones = Intl.supportedValuesOf('timeZone')
  const anInstantMs = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2030-12-31') })
  /** Half of the dates are days on which the zone turns its clocks, as far as it does. */
  const aDay = fc
    .record({
      zone: fc.constantFrom(...zones),
      atMs: anInstantMs,
      turns: fc.boolean(),
      hours: fc.integer({ min: -30, max: 30 }),
    })
    .map(({ zone, atMs, turns, hours }) => {
      const change = turns ? nextTurnMs(zone, atMs) : undefined
      return { zone, date: dateAt(change === undefined ? atMs : change + hours * 3_600_000, zone) }
    })
  const aMinute = fc.integer({ min: 0, max: 1_439 })

  test('a wall time that the clock shows is the first instant that shows it; else the first after the gap', () => {
    fc.assert(
      fc.property(aDay, aMinute, ({ zone, date }, minute) => {
        const found = resolveIn(at(clock(minute)), date, zone)
        const asked = `${date} ${clock(minute)}`
        const showing = instantsThatShow(asked, zone)
        if (showing.length > 0) expect(found).toBe(Math.min(...showing))
        else {
          expect(clockAt(found, zone) > asked).toBe(true)
          expect(clockAt(found - MINUTE_MS, zone) < asked).toBe(true)
          expect(found % MINUTE_MS).toBe(0)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('on one date, a later wall time is never an earlier instant', () => {
    fc.assert(
      fc.property(aDay, aMinute, aMinute, ({ zone, date }, one, other) => {
        const [early, late] = [one, other].sort((a, b) => a - b).map((minute) => clock(minute)) as [string, string]
        const [first, second] = [early, late].map((time) => resolveIn(at(time), date, zone))
        expect(first).toBeLessThanOrEqual(second as number)
      }),
      { numRuns: 200 },
    )
  })

  test('a day begins at an instant that shows its date, the instant before does not', () => {
    fc.assert(
      fc.property(aDay, ({ zone, date }) => {
        const startMs = startOfDayMs(date, zone)
        expect(dateAt(startMs, zone)).toBe(date)
        expect(dateAt(startMs - 1, zone) < date).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

const nextTurnMs = (zone: string, atMs: number): number | undefined =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).getTimeZoneTransition('next')?.epochMilliseconds

/** By Intl, not by the library under test: `2026-11-20 17:00`. */
function clockAt(atMs: number, zone: string): string {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  )
  return `${parts['year']}-${parts['month']}-${parts['day']} ${parts['hour']}:${parts['minute']}`
}

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const numeric = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  const made = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...numeric })
  formats.set(timeZone, made)
  return made
}

/** Every offset that the zone has within a day on either side is tried. */
function instantsThatShow(wall: string, zone: string): number[] {
  const asUtcMs = Date.parse(`${wall.replace(' ', 'T')}:00Z`)
  const offsets = [-DAY_MS, -DAY_MS / 4, 0, DAY_MS / 4, DAY_MS].map((aside) => {
    const aroundMs = asUtcMs + aside
    return Date.parse(`${clockAt(aroundMs, zone).replace(' ', 'T')}:00Z`) - aroundMs
  })
  return [...new Set(offsets.map((offset) => asUtcMs - offset))].filter((atMs) => clockAt(atMs, zone) === wall)
}
