import fc from 'fast-check'
import { expect, test } from 'vitest'
import { definitionOf, HOUR_MS, inputOf, NOON_MS, toKey } from '../samples.test-data.ts'
import type { CycleInput } from './cycle.ts'
import { priorityOf } from './priority.ts'

const DAY_MS = 24 * HOUR_MS
const of = (change: Partial<CycleInput> = {}): CycleInput => inputOf(definitionOf('d1/ds3'), change)
const DEADLINE = { availableByMs: NOON_MS + 18 * HOUR_MS }

test('a product with a deadline goes before one without, and both before what is long over', () => {
  expect([priorityOf(of(DEADLINE), NOON_MS), priorityOf(of(), NOON_MS)]).toEqual([2, 3])
  const later = NOON_MS + 10 * DAY_MS
  expect([priorityOf(of(DEADLINE), later), priorityOf(of(), later)]).toEqual([5, 5])
})

test('a backfill comes last, whatever its date and deadline', () => {
  expect(priorityOf(of({ ...DEADLINE, openedBy: 'backfill' }), NOON_MS)).toBe(5)
})

test('a deadline that passed a little ago is still one: the day after an outage is no backfill', () => {
  expect(priorityOf(of(DEADLINE), DEADLINE.availableByMs + DAY_MS)).toBe(2)
})

test.each([
  ['an hour', { key: toKey('2026-11-20T19Z') }, 5],
  ['a month that says its date', { key: toKey('2026-11'), businessDate: '2026-11-30' }, 3],
  ['a month of an older version, known by nothing else', { key: toKey('2026-10') }, 3],
  ['a week of an older version', { key: toKey('2026-W40') }, 3],
  ['a day with a cutoff ahead', { cutoffMs: NOON_MS + 9 * DAY_MS }, 3],
] as const)('%s, a week later', (_what, change, expected) => {
  expect(priorityOf(of(change), NOON_MS + 7 * DAY_MS)).toBe(expected)
})

test('it only falls as time passes, whoever opens it', () => {
  const anInput = fc.record({
    availableByMs: fc.option(fc.integer({ min: NOON_MS, max: NOON_MS + 5 * DAY_MS })),
    cutoffMs: fc.option(fc.integer({ min: NOON_MS, max: NOON_MS + 5 * DAY_MS })),
    openedBy: fc.constantFrom('arrival' as const, 'scheduler' as const, 'person' as const, 'rerun' as const),
  })
  const aTime = fc.integer({ min: 0, max: 30 * DAY_MS })
  fc.assert(
    fc.property(anInput, aTime, aTime, (change, one, other) => {
      const [early, late] = [Math.min(one, other), Math.max(one, other)].map((ms) =>
        priorityOf(of(change), NOON_MS + ms),
      )
      expect(late).toBeGreaterThanOrEqual(early ?? 0)
    }),
  )
})
