import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProductDefinition, WallTime } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { definitionOf, timetableOf, versionOf } from '../samples.test-data.ts'
import { commitmentsOf } from './commitments.ts'
import { addDays } from './dates.ts'
import { DAY_MS, openCycle } from './due.ts'

const timetable = timetableOf()
const clock = (time: string, days = 0, unit: 'day' | 'business-day' = 'day'): WallTime => ({ time, days, unit })
const versionWith = (change: Partial<ProductDefinition>) => versionOf(definitionOf('d1/a', [], change))
const keysOn = (date: string, change: Partial<ProductDefinition>): string[] => {
  const fromMs = Date.parse(`${date}T00:00:00Z`)
  return commitmentsOf(timetable, [versionWith(change)], { fromMs, toMs: fromMs + DAY_MS }).map(({ key }) => key)
}

test('a cycle belongs to the day of the instant it is expected by, not to its own date', () => {
  expect(keysOn('2026-11-20', { availableBy: clock('17:00') })).toEqual(['2026-11-20'])
  expect(keysOn('2026-11-20', { availableBy: clock('19:00') }), '19:00 in New York is tomorrow in UTC').toEqual([
    '2026-11-19',
  ])
  expect(keysOn('2026-11-23', { availableBy: clock('06:00', 1, 'business-day') })).toEqual(['2026-11-20'])
  expect(
    keysOn('2026-11-05', { availableBy: clock('06:00', 3, 'business-day'), every: 'month-end(business)' }),
  ).toEqual([])
  expect(
    keysOn('2026-12-03', { availableBy: clock('06:00', 3, 'business-day'), every: 'month-end(business)' }),
  ).toEqual(['2026-11'])
})

test('on a closed day, and without a promise, there is none', () => {
  expect(keysOn('2026-11-21', { availableBy: clock('12:00') })).toEqual([])
  expect(keysOn('2026-11-20', { availableBy: null })).toEqual([])
})

test('what fell due before the product came into being is not promised', () => {
  const version = { ...versionWith({ availableBy: clock('12:00') }), firstAppliedAt: '2026-11-20T15:00:00Z' }
  const on = (date: string) => {
    const fromMs = Date.parse(`${date}T00:00:00Z`)
    return commitmentsOf(timetable, [version], { fromMs, toMs: fromMs + DAY_MS }).map(({ key }) => key)
  }
  expect([on('2026-11-19'), on('2026-11-20')]).toEqual([[], ['2026-11-20']])
})

test('each cycle is promised for the instant that opening it resolves, on one day only', () => {
  const settings = { checkGlueMs: 1, errorWaitMs: 1, recordRetryMs: 1 }
  const anAvailableBy = fc.oneof(
    fc.record({
      time: fc.constantFrom('00:00', '06:30', '19:00', '23:59'),
      days: fc.integer({ min: 0, max: 99 }),
      unit: fc.constantFrom('day' as const, 'business-day' as const),
    }),
  )
  const aDay = fc.integer({ min: 0, max: 400 }).map((days) => addDays('2026-11-02', days))
  const anEvery = fc.constantFrom(
    'business-day' as const,
    'day' as const,
    'week' as const,
    'month-end(business)' as const,
  )
  fc.assert(
    fc.property(anAvailableBy, aDay, anEvery, (availableBy, date, every) => {
      const version = versionWith({ availableBy, every, onNonBusinessDay: 'next' })
      const fromMs = Date.parse(`${date}T00:00:00Z`)
      const found = commitmentsOf(timetable, [version], { fromMs, toMs: fromMs + DAY_MS })
      for (const { key, availableByMs } of found) {
        const opened = openCycle(timetable, version, { key, openedBy: 'scheduler', settings })
        expect(opened.availableByMs).toBe(availableByMs)
        expect(new Date(availableByMs).toISOString().slice(0, 10)).toBe(date)
      }
    }),
  )
})

test('no promise falls between two days', () => {
  const version = versionWith({ availableBy: clock('06:00', 40, 'business-day') })
  const all = commitmentsOf(timetable, [version], { fromMs: Date.parse('2027-03-01'), toMs: Date.parse('2027-04-01') })
  const days = Array.from({ length: 31 }, (_none, at) => Date.parse(addDays('2027-03-01', at)))
  const each = days.flatMap((fromMs) => commitmentsOf(timetable, [version], { fromMs, toMs: fromMs + DAY_MS }))
  expect(each).toEqual(all)
  expect(all.length).toBeGreaterThan(20)
  expect(all[0]?.key satisfies CycleKey | undefined).toBe('2027-01-04')
})
