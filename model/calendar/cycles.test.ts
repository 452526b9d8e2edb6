// Which cycles a schedule has: keys, dates, shifts, neighbours.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Every, Schedule } from '../definition.ts'
import { parseCycleKey, periodOf } from '../ids.ts'
import { calendarOf, timetableOf, toKey } from '../samples.test-data.ts'
import { EVERY_WORDS, parseEvery, toCadence } from './cadence.ts'
import { cycleAfter, cycleBefore, dueAtMs, dueKeys, hasCycle, placeCycle } from './cycles.ts'
import { addBusinessDays, datesOf, hourAt, hourMs, keyAt, keysOver } from './dates.ts'

const { calendars } = timetableOf()
const scheduleOf = (every: Every, change: Partial<Schedule> = {}): Schedule => ({
  ...{ every, calendar: 'equities', timezone: 'America/New_York' },
  ...change,
})
const place = (key: string, every: Every, change: Partial<Schedule> = {}) =>
  placeCycle(calendars, scheduleOf(every, change), toKey(key))
const aDate = fc
  .integer({ min: Date.UTC(1990, 0, 1) / 86_400_000, max: Date.UTC(2059, 11, 31) / 86_400_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))

describe('the words of `every`', () => {
  test('those in messages are all read, and most stand for themselves', () => {
    expect(EVERY_WORDS.map((word) => [word, parseEvery(word)]).filter(([word, every]) => word !== every)).toEqual([
      ['month-end', 'month'],
      ['quarter-end', 'quarter'],
      ['last-business-day', 'month-end(business)'],
    ])
  })

  test.each([
    '',
    'weekly',
    'hourly',
    'nth-business-day',
    'nth-business-day(0)',
    'nth-business-day(24)',
    'day-end(business)',
  ])('%j is none', (text) => {
    expect(parseEvery(text)).toBeUndefined()
  })
})

describe('keys and dates', () => {
  test.each([
    ['2026-11-20', '2026-11-20', '2026-11-20'],
    ['2026-W53', '2026-12-28', '2027-01-03'],
    ['2021-W01', '2021-01-04', '2021-01-10'],
    ['2028-02', '2028-02-01', '2028-02-29'],
    ['2026-Q4', '2026-10-01', '2026-12-31'],
    ['2026-11-20T19Z', '2026-11-20', '2026-11-20'],
  ])('%s is %s to %s', (key, first, last) => {
    expect(datesOf(toKey(key))).toEqual({ first, last })
  })

  test.each([
    '2025-W53',
    '2026-W00',
    '2026-W54',
    '2026-Q5',
    '2026-13',
    '2026-11-20T24Z',
    '2026-02-30T01Z',
    '2026-11-20T19',
  ])('%s names nothing', (key) => {
    expect(parseCycleKey(key)).toBeUndefined()
  })

  test('law: a key holds its dates, is read back as what it is, and periods follow each other without a gap', () => {
    fc.assert(
      fc.property(
        aDate,
        fc.constantFrom('day' as const, 'week' as const, 'month' as const, 'quarter' as const),
        (date, period) => {
          const key = keyAt(period, date)
          expect(periodOf(key)).toBe(period)
          const { first, last } = datesOf(key)
          expect(first <= date && date <= last).toBe(true)
          expect([keyAt(period, first), keyAt(period, last)]).toEqual([key, key])
          expect(keysOver(period, first, last)).toEqual([key])
          const next = cycleAfter(calendars, scheduleOf(period), key)
          expect(next && cycleBefore(calendars, scheduleOf(period), next)).toBe(key)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('law: an hour is read back from its beginning', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (hour) => {
        const key = hourAt(hour * 3_600_000)
        expect([periodOf(key), hourMs(key)]).toEqual(['hour', hour * 3_600_000])
      }),
    )
  })

  test('law: so many business days on and back again is the same date, if it was one', () => {
    fc.assert(
      fc.property(aDate, fc.integer({ min: 1, max: 30 }), (date, n) => {
        const open = addBusinessDays(calendars, 'equities', { date, n: 1 })
        const later = addBusinessDays(calendars, 'equities', { date: open, n })
        expect(addBusinessDays(calendars, 'equities', { date: later, n: -n })).toBe(open)
      }),
      { numRuns: 200 },
    )
  })
})

describe('closes', () => {
  test.each<[string, Every, string]>([
    ['2026-10', 'month', '2026-10-31'],
    ['2026-10', 'month-end(business)', '2026-10-30'],
    ['2026-Q4', 'quarter-end(business)', '2026-12-31'],
    ['2026-W48', 'week-end(business)', '2026-11-27'],
    ['2026-11', 'nth-business-day(1)', '2026-11-02'],
    // Thanksgiving is not counted.
    ['2026-11', 'nth-business-day(19)', '2026-11-27'],
  ])('%s of every %s is on %s', (key, every, date) => {
    expect(place(key, every)).toEqual({ kind: 'due', businessDate: date, dueDate: date })
  })

  test('a month with too few business days has none of that number', () => {
    expect(place('2026-02', 'nth-business-day(21)')).toEqual({
      kind: 'none',
      reason: 'equities has fewer than 21 business days in it',
    })
  })

  test('a key of another kind names no cycle', () => {
    expect(place('2026-11', 'business-day')).toEqual({ kind: 'none', reason: 'its cycles are named by day' })
  })
})

describe('a date that is no business day', () => {
  const saturday = '2026-10-31'
  test('is left, skipped, or due on the next or previous one; what the cycle is about stays', () => {
    expect(place(saturday, 'day')).toMatchObject({ dueDate: saturday })
    expect(place(saturday, 'day', { onNonBusinessDay: 'skip' })).toMatchObject({ kind: 'none' })
    expect(place(saturday, 'day', { onNonBusinessDay: 'next' })).toMatchObject({
      businessDate: saturday,
      dueDate: '2026-11-02',
    })
    expect(place('2026-10', 'month', { onNonBusinessDay: 'previous' })).toMatchObject({
      ...{ businessDate: saturday, dueDate: '2026-10-30' },
    })
  })

  test('and is found when it falls due', () => {
    const schedule = scheduleOf('day', { onNonBusinessDay: 'next' })
    const monday = dueAtMs(calendars, schedule, toKey('2026-11-02'))
    expect(dueKeys(calendars, schedule, { fromMs: monday, toMs: monday + 1 })).toEqual([
      ...['2026-10-31', '2026-11-01', '2026-11-02'],
    ])
  })
})

test('a calendar that opens no more says so of each covered period, and nothing of those beyond', () => {
  const weeks = [
    { from: '2020-01-01', open: [1] },
    { from: '2027-07-01', open: [] },
  ]
  const dying = { ...calendarOf('dying'), weeks, from: '2020-01-01', to: '2030-12-31' }
  const closing = timetableOf({}, [dying]).calendars
  const at = (every: Every, key: string, change: Partial<Schedule> = {}) =>
    placeCycle(closing, scheduleOf(every, { calendar: 'dying', ...change }), toKey(key))
  expect(at('nth-business-day(3)', '2027-06')).toMatchObject({ kind: 'due', dueDate: '2027-06-21' })
  expect(at('nth-business-day(3)', '2027-07')).toEqual({
    kind: 'none',
    reason: 'dying has fewer than 3 business days in it',
  })
  expect(at('month-end(business)', '2030-12')).toEqual({ kind: 'none', reason: 'dying has no business day in it' })
  const moved = at('day', '2028-03-01', { onNonBusinessDay: 'next' })
  expect(moved).toMatchObject({ kind: 'none', isUncovered: true, reason: expect.not.stringMatching(/\.$/) })
  expect(at('day', '2027-07-04', { onNonBusinessDay: 'previous' })).toMatchObject({ dueDate: '2027-06-28' })
  const schedule = scheduleOf('day', { calendar: 'dying', onNonBusinessDay: 'next' })
  expect(dueKeys(closing, schedule, { fromMs: Date.UTC(2028, 0, 1), toMs: Date.UTC(2028, 1, 1) })).toEqual([])
})

test('beyond what the calendar covers there is no cycle, and the reason says so; a calendar nobody knows is an error', () => {
  const short = timetableOf({}, [
    { ...[...calendars.values()][0], calendar: 'short', from: '2026-01-01', to: '2026-12-31' } as never,
  ]).calendars
  const found = placeCycle(short, scheduleOf('business-day', { calendar: 'short' }), toKey('2027-01-04'))
  expect(found).toMatchObject({ kind: 'none', reason: expect.stringContaining('covers 2026-01-01 to 2026-12-31') })
  const close = placeCycle(short, scheduleOf('month-end(business)', { calendar: 'short' }), toKey('2026-12'))
  expect(close).toMatchObject({ kind: 'due', businessDate: '2026-12-31' })
  expect(() => hasCycle(short, scheduleOf('business-day', { calendar: 'moon' }), toKey('2026-01-05'))).toThrow(
    RangeError,
  )
})

describe('law: each instant belongs to one cycle of hours, and windows that adjoin give each cycle once', () => {
  const everies: Every[] = [
    'hour',
    'day',
    'business-day',
    'week-end(business)',
    'month',
    'quarter',
    'nth-business-day(2)',
  ]
  test('in zones with half hours, without midnights, and a day ahead', () => {
    const aCase = fc.record({
      every: fc.constantFrom(...everies),
      timezone: fc.constantFrom(
        'America/New_York',
        'Europe/London',
        'Australia/Sydney',
        'Australia/Lord_Howe',
        'America/Sao_Paulo',
        'Pacific/Apia',
      ),
      shift: fc.constantFrom(undefined, 'next' as const, 'previous' as const, 'skip' as const),
      fromHour: fc.integer({ min: Date.UTC(2017, 0, 1) / 3_600_000, max: Date.UTC(2019, 0, 1) / 3_600_000 }),
      cuts: fc.array(fc.integer({ min: 1, max: 40 * 24 }), { minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(aCase, ({ every, timezone, shift, fromHour, cuts }) => {
        const schedule = scheduleOf(every, {
          timezone,
          ...(shift && toCadence(every).on !== 'business-day' ? { onNonBusinessDay: shift } : {}),
        })
        const inner = [...new Set(cuts)].sort((a, b) => a - b).map((cut) => (fromHour + cut) * 3_600_000)
        const edges = [fromHour * 3_600_000, ...inner]
        const parts = edges
          .slice(1)
          .flatMap((toMs, at) => dueKeys(calendars, schedule, { fromMs: edges[at] as number, toMs }))
        const whole = dueKeys(calendars, schedule, { fromMs: edges[0] as number, toMs: edges.at(-1) as number })
        expect(parts.toSorted()).toEqual(whole.toSorted())
        expect(new Set(whole).size).toBe(whole.length)
      }),
      { numRuns: 60 },
    )
  })
})
