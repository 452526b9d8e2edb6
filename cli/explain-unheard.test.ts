import { expect, test } from 'vitest'
import { applyArrival, applyBlocker } from '../model/cycle/arrivals.ts'
import { openRun } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import { arrivalOf, calendarOf, definitionOf, inputOf, NOON_MS, toProduct } from '../model/samples.test-data.ts'
import { unheardLines } from './explain-unheard.ts'

const RD1 = toProduct('raw/rd1')
const cycle = openRun(inputOf(definitionOf('d1/ds3', ['raw/rd1', 'd1/ds1'])), NOON_MS)
const catalog = {
  calendars: [calendarOf('weekdays', {})],
  schedules: { 'raw/rd1': { every: 'business-day' as const, calendar: 'weekdays', timezone: 'UTC' } },
}
const unheardSince = (awaitedSince: string) => [{ product: RD1, awaitedSince }]
const LATER = '2026-11-21T09:00:00Z'

test('what may have refreshed before its domain waited for it, unheard of here, is named with what brings it', () => {
  expect(unheardLines(catalog, cycle, unheardSince(LATER))).toEqual([
    `d1 waits for raw/rd1 since ${LATER} only, and no refresh of it is known here: one that came before left no trace. ` +
      'If raw/rd1/2026-11-20 has refreshed: sluice events send raw/rd1/2026-11-20',
  ])
})

test('a day before it is due the domain waited already: nothing came in vain', () => {
  expect(unheardLines(catalog, cycle, unheardSince('2026-11-19T00:00:01Z'))).toHaveLength(1)
  expect(unheardLines(catalog, cycle, unheardSince('2026-11-18T23:59:59Z'))).toEqual([])
})

test('nothing is said of what was taken back: that is known, and explained as such', () => {
  const eventId = 'raw/rd1/2026-11-20/not-refreshed-withdrawn.r1'
  const said = { eventId, product: RD1, key: cycle.input.key, state: 'CANCELLED' as const, step: null, reason: 'wrong' }
  const told = applyBlocker(cycle, { ...said, occurredAt: LATER, withdraws: 1 })
  expect(unheardLines(catalog, told, unheardSince(LATER))).toEqual([])
})

test('nothing is said of what publishes from here, of what has arrived, and once the cycle has begun', () => {
  expect(unheardLines(catalog, cycle, [])).toEqual([])
  expect(unheardLines(catalog, cycle, [{ product: toProduct('d1/ds1'), awaitedSince: LATER }])).toEqual([])
  const arrived = applyArrival(cycle, arrivalOf('raw/rd1'), NOON_MS)
  expect(unheardLines(catalog, arrived, unheardSince(LATER))).toEqual([])
  expect(unheardLines(catalog, applyFact(cycle, { kind: 'begun' }, NOON_MS), unheardSince(LATER))).toEqual([])
})
