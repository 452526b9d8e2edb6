import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arrivalOf, cycleOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import type { Arrival } from '../refresh-event.ts'
import { applyArrival, applyBlocker } from './arrivals.ts'
import type { Blocker, Cycle } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { flagsOf } from './flags.ts'

const A1 = arrivalOf('d1/ds1')
const A2 = arrivalOf('d1/ds1', { revision: 2 })
const B1 = arrivalOf('raw/rd2')
const withdrawal = (revision: number, at = '2026-11-20T13:00:00Z'): Blocker => ({
  ...{ eventId: `d1/ds1/${KEY}/not-refreshed-withdrawn.r${revision}`, product: toProduct('d1/ds1'), key: KEY },
  ...{ state: 'CANCELLED', step: null, reason: 'the wrong file', occurredAt: at, withdraws: revision },
})
const take = (cycle: Cycle, ...news: (Arrival | Blocker)[]): Cycle =>
  news.reduce(
    (before: Cycle, one) => ('state' in one ? applyBlocker(before, one) : applyArrival(before, one, NOON_MS)),
    cycle,
  )
const outcomes = ({ deliveries }: Cycle): string[] => deliveries.map(({ outcome }) => outcome)
const first = ({ dependencies }: Cycle) => dependencies[0]

describe('a refresh that was taken back', () => {
  test('is waited for again by a cycle that has not begun, and its delivery says so', () => {
    const cycle = take(cycleOf(), A1, withdrawal(1), B1)
    expect(first(cycle)).toMatchObject({
      state: 'WAITING',
      arrival: null,
      arrivedAtMs: null,
      blocker: { withdraws: 1 },
    })
    expect(outcomes(cycle)).toEqual(['withdrawn', 'satisfied'])
    expect(cycle.deliveries[0]?.note).toBe('taken back by its producer: the wrong file')
    expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'wait', untilMs: null })
  })

  test('gives way to the next revision', () => {
    const cycle = take(cycleOf(), A1, withdrawal(1), A2, B1)
    expect(first(cycle)).toMatchObject({ state: 'ARRIVED', arrival: { revision: 2 }, blocker: null })
    expect(outcomes(cycle)).toEqual(['withdrawn', 'satisfied', 'satisfied'])
    expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'begin' })
  })

  test('does not count when it comes after the word that takes it back, nor when it comes again', () => {
    const cycle = take(cycleOf(), withdrawal(1), A1)
    expect(outcomes(cycle)).toEqual(['withdrawn'])
    expect(first(cycle)?.state).toBe('WAITING')
    const again = take(cycleOf(), A1, withdrawal(1), A1)
    expect(first(again)?.state).toBe('WAITING')
    expect(again.deliveries).toMatchObject([{ outcome: 'withdrawn', seen: 2 }])
  })

  test('leaves a later revision alone', () => {
    const cycle = take(cycleOf(), A1, A2, withdrawal(1))
    expect(first(cycle)).toMatchObject({ state: 'ARRIVED', arrival: { revision: 2 } })
    expect(take(cycle, withdrawal(1))).toBe(cycle)
  })

  test('that an attempt has read stays its input; the cycle is flagged until another revision is used', () => {
    const begun = applyFact(take(cycleOf(), A1, B1), { kind: 'begun' }, NOON_MS)
    const told = take(begun, withdrawal(1))
    expect(first(told)).toMatchObject({ state: 'ARRIVED', arrival: { revision: 1 }, withdrawnTo: 1 })
    expect(outcomes(told)).toEqual(['satisfied', 'satisfied'])
    expect(flagsOf(told)).toEqual(['withdrawn-input'])
    expect(take(told, withdrawal(1))).toBe(told)
    const again = applyFact({ ...take(told, A2), retryAtMs: null }, { kind: 'begun' }, NOON_MS)
    expect(first(again)).toMatchObject({ arrival: { revision: 2 } })
    expect(flagsOf(again)).toEqual([])
  })

  test('that was only remembered for the next attempt is forgotten', () => {
    const begun = applyFact(take(cycleOf(), A1, B1), { kind: 'begun' }, NOON_MS)
    const told = take(begun, A2, withdrawal(2))
    expect(first(told)).toMatchObject({ arrival: { revision: 1 }, newer: null, withdrawnTo: 2 })
    expect(outcomes(told)).toEqual(['satisfied', 'satisfied', 'withdrawn'])
  })

  test('that was taken back before it came is no correction of what an attempt has read', () => {
    const begun = applyFact(take(cycleOf(), A1, B1), { kind: 'begun' }, NOON_MS)
    const told = take(begun, withdrawal(2), A2)
    expect(first(told)).toMatchObject({ arrival: { revision: 1 } })
    expect(first(told)?.newer ?? null).toBeNull()
    expect(outcomes(told)).toEqual(['satisfied', 'satisfied', 'withdrawn'])
    expect(flagsOf(told)).toEqual(['withdrawn-input'])
    expect(first(take(told, arrivalOf('d1/ds1', { revision: 3 })))).toMatchObject({ newer: { revision: 3 } })
  })

  test('is told before any other notice of its upstream, which says nothing of the data', () => {
    const failed: Blocker = { ...withdrawal(1, '2026-11-20T14:00:00Z'), eventId: 'x', state: 'ERROR', step: 'run' }
    delete failed.withdraws
    const cycle = take(cycleOf(), A1, withdrawal(1), failed)
    expect(first(cycle)?.blocker).toMatchObject({ withdraws: 1 })
  })

  test('in whatever order it is told, the input ends the same', () => {
    const news = fc.shuffledSubarray([A1, A2, withdrawal(1), A1, withdrawal(1)], { minLength: 5 })
    fc.assert(
      fc.property(news, (order) => {
        expect(first(take(cycleOf(), ...order))).toMatchObject({ state: 'ARRIVED', arrival: { revision: 2 } })
      }),
    )
    const begun = applyFact(take(cycleOf(), A1, B1), { kind: 'begun' }, NOON_MS)
    const afterwards = fc.shuffledSubarray([A2, withdrawal(1), withdrawal(2), A1], { minLength: 4 })
    fc.assert(
      fc.property(afterwards, (order) => {
        const told = take(begun, ...order)
        expect(first(told)).toMatchObject({ state: 'ARRIVED', arrival: { revision: 1 } })
        expect(first(told)?.newer ?? null).toBeNull()
        expect(flagsOf(told)).toEqual(['withdrawn-input'])
      }),
    )
    const withoutNext = fc.shuffledSubarray([A1, withdrawal(1), A1, withdrawal(1)], { minLength: 4 })
    fc.assert(
      fc.property(withoutNext, (order) => {
        expect(first(take(cycleOf(), ...order))).toMatchObject({ state: 'WAITING', arrival: null })
      }),
    )
  })
})
