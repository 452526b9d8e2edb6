// When a cycle may be expected, and why never: by hand, across a change of clocks too.
import { describe, expect, test } from 'vitest'
import type { ProductFacts } from '../explain/standing.ts'
import { CALENDARS, KEY, NOON_MS, toKey, toProduct } from '../samples.test-data.ts'
import { toCalendars } from './calendars.ts'
import { toExpectation, usualWords, whyNotScheduled } from './expectation.ts'

const calendars = toCalendars(CALENDARS)
const schedule = { every: 'business-day' as const, calendar: 'equities', timezone: 'America/New_York' }
const factsOf = (change: Partial<ProductFacts> = {}): ProductFacts => ({
  ...{ product: toProduct('raw/a'), team: 't', email: 'e', isOwnerOfDomain: false, channel: null },
  ...{ isProduct: true, isExternal: false, schedule, seconds: 17 * 3600 + 42 * 60, cycles: 14 },
  ...change,
})
const expected = (key: string, facts: ProductFacts | undefined) =>
  toExpectation(calendars, facts, { key: toKey(key), nowMs: NOON_MS })

test.each([
  ['2026-11-26', '2026-11-26 is Thanksgiving Day in equities'],
  ['2026-11-28', '2026-11-28 is a Saturday, when equities is closed'],
  ['2026-11', 'its cycles are named by day'],
  ['2026-11-27', null],
])('why %s is not scheduled, by its holiday and its calendar', (key, why) => {
  expect(whyNotScheduled(calendars, schedule, toKey(key))).toBe(why)
})

describe('when it usually arrives', () => {
  test.each([
    // The clocks go back on 1 November.
    ['2026-10-30', '2026-10-30T21:42:00.000Z'],
    ['2026-11-20', '2026-11-20T22:42:00.000Z'],
  ])('of %s', (key, instant) => {
    expect(new Date(expected(key, factsOf()).usualMs ?? 0).toISOString()).toBe(instant)
  })

  test('of an hour it counts from its beginning', () => {
    const hourly = factsOf({ schedule: { ...schedule, every: 'hour' }, seconds: 720 })
    expect(new Date(expected('2026-11-20T19Z', hourly).usualMs ?? 0).toISOString()).toBe('2026-11-20T19:12:00.000Z')
    expect(usualWords(hourly, toKey('2026-11-20T19Z'))).toBe(
      'usually 12 min after its hour began (the middle of its last 14)',
    )
  })

  test.each([
    [{}, 'usually 17:42 America/New_York (the middle of its last 14)'],
    [{ seconds: 86_400 + 7_800 }, 'usually 02:10 +1d America/New_York (the middle of its last 14)'],
    [{ cycles: 4 }, 'no history yet (4 cycles)'],
    [{ cycles: 1 }, 'no history yet (1 cycle)'],
    [{ seconds: null, cycles: 0 }, 'no history yet (0 cycles)'],
  ])('in words: %j', (change, words) => {
    expect(usualWords(factsOf(change), KEY)).toBe(words)
  })

  test('of too few cycles nothing is expected', () => {
    expect(expected('2026-11-20', factsOf({ cycles: 4 })).usualMs).toBeNull()
  })
})

test('what no definition, or no calendar, is known of here is expected at no time, and not said to be never due', () => {
  const nothing = { usualMs: null, dueMs: null, notScheduled: null }
  expect(expected('2026-11-26', undefined)).toEqual({ what: 'unknown', canOpen: false, ...nothing })
  const elsewhere = factsOf({ schedule: { ...schedule, calendar: 'lunar' } })
  expect(expected('2026-11-26', elsewhere)).toEqual({ what: 'product', canOpen: true, ...nothing })
  expect(expected('2026-11-26', factsOf()).notScheduled).toBe('2026-11-26 is Thanksgiving Day in equities')
})
