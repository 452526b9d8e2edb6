import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProductDefinition } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { definitionOf, inputOf, KEY, timetableOf, toKey, versionOf } from '../samples.test-data.ts'
import * as cycles from './cycles.ts'
import { keysToOpen, openCycle, whyNotDue } from './due.ts'
import { startOfDayMs } from './wall-time.ts'

const DAY_MS = 86_400_000
const timetable = timetableOf()
const { calendars } = timetable
const isDue = (definition: ProductDefinition, key: CycleKey) => cycles.hasCycle(calendars, definition, key)
const dueAtMs = (definition: ProductDefinition, key: CycleKey) => cycles.dueAtMs(calendars, definition, key)
const dueKeys = (definition: ProductDefinition, fromMs: number, toMs: number) =>
  cycles.dueKeys(calendars, definition, { fromMs, toMs })
const SATURDAY = toKey('2026-11-21')
const daily = definitionOf('d1/daily', [], { every: 'day' })
const ds3 = definitionOf('d1/ds3', ['d1/ds1'])

describe('which cycles there are', () => {
  test('of business days the open ones, of days all; the answer says why not', () => {
    expect([isDue(ds3, KEY), isDue(ds3, SATURDAY), isDue(daily, SATURDAY)]).toEqual([true, false, true])
    expect(whyNotDue(timetable, ds3, KEY)).toBeNull()
    expect(whyNotDue(timetable, ds3, SATURDAY)).toBe(
      'd1/ds3 has no cycle 2026-11-21: not a business day of weekdays (Saturday)',
    )
  })

  test('a cycle is due from the first instant of its date in the zone of its definition', () => {
    expect(new Date(dueAtMs(ds3, KEY)).toISOString()).toBe('2026-11-20T05:00:00.000Z')
    const tokyo = definitionOf('d1/ds3', [], { timezone: 'Asia/Tokyo' })
    expect(new Date(dueAtMs(tokyo, KEY)).toISOString()).toBe('2026-11-19T15:00:00.000Z')
  })

  test('the window takes its first instant and not its last', () => {
    const dueMs = dueAtMs(ds3, KEY)
    expect(dueKeys(ds3, dueMs, dueMs + 1)).toEqual([KEY])
    expect(dueKeys(ds3, dueMs - DAY_MS, dueMs)).toEqual(['2026-11-19'])
    expect(dueKeys(ds3, dueMs + 1, dueMs + DAY_MS)).toEqual([])
    expect(dueKeys(ds3, dueMs, dueMs)).toEqual([])
  })

  test('a tick opens what fell due in the last week and in the next quarter of an hour, but nothing older than the product', () => {
    const tickMs = dueAtMs(ds3, KEY) - 10 * 60_000
    expect(keysToOpen(timetable, versionOf(ds3), tickMs)).toEqual([
      ...['2026-11-13', '2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'],
    ])
    const young = { ...versionOf(ds3), firstAppliedAt: '2026-11-18T15:00:00Z' }
    expect(keysToOpen(timetable, young, tickMs)).toEqual(['2026-11-18', '2026-11-19', '2026-11-20'])
  })

  test('oldest first, over a weekend', () => {
    expect(dueKeys(ds3, dueAtMs(ds3, KEY), dueAtMs(ds3, toKey('2026-11-24')) + 1)).toEqual([
      '2026-11-20',
      '2026-11-23',
      '2026-11-24',
    ])
  })

  test('law: adjoining windows give each business day exactly once, in every zone, however they are cut', () => {
    const aCase = fc.record({
      timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
      every: fc.constantFrom('day' as const, 'business-day' as const),
      start: fc.integer({ min: Date.parse('2020-01-01') / DAY_MS, max: Date.parse('2030-11-01') / DAY_MS }),
      days: fc.integer({ min: 1, max: 40 }),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    })
    fc.assert(
      fc.property(aCase, ({ timezone, every, start, days, cuts }) => {
        const definition = definitionOf('d1/ds3', [], { timezone, every })
        const dates = Array.from({ length: days }, (_, index) => toDate(start + index))
        const [fromMs, toMs] = [toDate(start), toDate(start + days)].map((date) => startOfDayMs(date, timezone)) as [
          number,
          number,
        ]
        const inner = cuts.map((cut) => Math.floor(fromMs + cut * (toMs - fromMs))).sort((a, b) => a - b)
        const edges = [fromMs, ...inner, toMs]
        const found = edges.slice(1).flatMap((edge, index) => dueKeys(definition, edges[index] as number, edge))
        expect(found).toEqual(dates.filter((date) => every === 'day' || isWeekday(date)))
      }),
      { numRuns: 200 },
    )
  })
})

describe('opening a cycle', () => {
  const settings = inputOf(ds3).settings
  const open = (change: Partial<ProductDefinition>, key = KEY) =>
    openCycle(timetable, versionOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2'], change), 4), {
      ...{ key, settings },
      openedBy: 'scheduler',
    })
  const wall = (time: string, days = 0, unit: 'day' | 'business-day' = 'day') => ({ time, days, unit })
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

  test('every deadline of the definition becomes an instant, counted from the date of the cycle', () => {
    const input = open({
      notBefore: wall('17:00'),
      availableBy: wall('06:00', 1, 'business-day'),
      cutoff: { at: wall('02:00', 1), then: 'error' },
    })
    expect([input.notBeforeMs, input.cutoffMs, input.availableByMs].map(iso)).toEqual([
      '2026-11-20T22:00:00.000Z',
      '2026-11-21T07:00:00.000Z',
      // Over the weekend.
      '2026-11-23T11:00:00.000Z',
    ])
  })

  test('deadlines that the definition does not have are null', () => {
    const { notBeforeMs, cutoffMs, availableByMs } = open({})
    expect([notBeforeMs, cutoffMs, availableByMs]).toEqual([null, null, null])
  })

  test('the version is carried whole, with what the cycle waits for, and without a past', () => {
    const input = open({})
    expect(input).toMatchObject({
      product: 'd1/ds3',
      key: KEY,
      definitionVersion: 4,
      openedBy: 'scheduler',
      past: null,
    })
    expect(input.expected).toEqual([
      { product: 'd1/ds1', key: KEY },
      { product: 'raw/rd2', key: KEY },
    ])
    expect(input.settings).toBe(settings)
  })

  test('on the day the clocks are turned forward, a deadline in the gap is the first instant after it', () => {
    const input = open({ every: 'day', cutoff: { at: wall('02:30'), then: 'skip' } }, toKey('2027-03-14'))
    expect(iso(input.cutoffMs)).toBe('2027-03-14T07:00:00.000Z')
  })

  test('what opening gives is plain JSON', () => {
    const input = open({ notBefore: wall('17:00'), cutoff: { at: wall('02:00', 1), then: 'error' } })
    expect(JSON.parse(JSON.stringify(input))).toStrictEqual(input)
  })
})

const toDate = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
const isWeekday = (date: string): boolean => ![0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay())
