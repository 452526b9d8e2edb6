// When time alone lets a cycle go on without what it misses: by hand.
import { expect, test } from 'vitest'
import type { Condition } from '../cycle/condition.ts'
import { type DependencyStatus, toWaiting } from '../cycle/cycle.ts'
import { HOUR_MS, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { toUnopened } from '../cycle/unopened.ts'
import { listGoingOn } from './going-on.ts'

const iso = (hours: number): string => new Date(NOON_MS + hours * HOUR_MS).toISOString()
const waiting = (product: string): DependencyStatus => toWaiting({ product: toProduct(product), key: KEY })
const unopened = (product: string, hours: number): DependencyStatus => ({
  ...waiting(product),
  blocker: {
    ...toUnopened({ product: toProduct(product), key: KEY }, iso(0)),
    countsFromMs: NOON_MS + hours * HOUR_MS,
  },
})
const one = (at: number, ifSkipped?: 'run-without' | 'skip-cycle'): Condition => ({
  ...{ kind: 'cycle', at },
  ...(ifSkipped && { ifSkipped }),
})
const all = (...of: Condition[]): Condition => ({ kind: 'at-least', n: of.length, of })
const listed = (condition: Condition, ...dependencies: DependencyStatus[]) =>
  listGoingOn({ condition, dependencies }, NOON_MS).map(({ at, cycles, then }) => `${at} ${then} ${cycles.join(', ')}`)

test('what nobody had opened counts from its time on, one after the other', () => {
  const condition = all(one(0, 'run-without'), one(1, 'run-without'), one(2))
  expect(listed(condition, unopened('raw/a', 2), unopened('raw/b', 1), waiting('raw/c'))).toEqual([
    `${iso(1)} without raw/b/${KEY}`,
    `${iso(2)} without raw/a/${KEY}`,
  ])
})

test('what is optional from a time on is gone without then', () => {
  const condition = all({ kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: one(0) }, one(1))
  expect(listed(condition, waiting('raw/a'), waiting('raw/b'))).toEqual([`${iso(1)} without raw/a/${KEY}`])
})

test('a cycle that is skipped with its upstream goes on no further', () => {
  const condition = all(one(0, 'skip-cycle'), one(1, 'run-without'))
  expect(listed(condition, unopened('raw/a', 1), unopened('raw/b', 2))).toEqual([`${iso(1)} skip raw/a/${KEY}`])
})

test('where it is waited for all the same, or the time has come, nothing is said', () => {
  expect(listed(all(one(0)), unopened('raw/a', 1))).toEqual([])
  expect(listed(all(one(0, 'run-without'), one(1)), unopened('raw/a', -1), waiting('raw/b'))).toEqual([])
})
