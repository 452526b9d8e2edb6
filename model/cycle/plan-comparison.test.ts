import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CycleId } from '../ids.ts'
import { HOUR_MS, NOON_MS } from '../samples.test-data.ts'
import { type EndedRun, type OpenRun, planComparison, type SeenRow } from './plan-comparison.ts'

const toId = (at: number): CycleId => `d1/ds${at}/2026-11-20` as CycleId
const row = (at: number, change: Partial<SeenRow> = {}): SeenRow => ({
  ...{ cycle: toId(at), state: 'WAITING', updatedAtMs: NOON_MS + at, isSatisfied: false, hasEnded: false },
  ...change,
})
const run = (at: number, change: Partial<OpenRun> = {}): OpenRun => ({
  ...{ cycle: toId(at), state: 'WAITING', startedAtMs: NOON_MS + at },
  ...change,
})
const ended = (at: number, change: Partial<EndedRun> = {}): EndedRun => ({
  ...{ cycle: toId(at), state: 'COMPLETED', startedAtMs: NOON_MS, endedAtMs: NOON_MS + at },
  ...change,
})
const sight = { rows: [], runs: [], ended: [], areAllRuns: true, after: null, quietSinceMs: NOON_MS + HOUR_MS }
const wide = { most: 10, inTurn: 0 }

test('looked at are rows without a run, runs without a row, and pairs that differ, oldest first, all but the young', () => {
  const rows = [row(1), row(4, { updatedAtMs: NOON_MS }), row(5), row(6, { updatedAtMs: sight.quietSinceMs })]
  const runs = [run(2), run(4, { state: 'PROCESSING' }), run(5), run(7, { startedAtMs: sight.quietSinceMs })]
  const plan = planComparison({ ...sight, rows, runs }, wide)
  expect(plan).toEqual({ cycles: [toId(4), toId(1), toId(2)], left: 0, after: null })
})

test('a cycle that waits for nothing it names is looked at, too, and one whose run is open again', () => {
  const rows = [row(1, { isSatisfied: true }), row(2, { hasEnded: true })]
  const plan = planComparison({ ...sight, rows, runs: [run(1), run(2)] }, wide)
  expect(plan.cycles).toEqual([toId(1), toId(2)])
})

test('of what ended lately it is looked at what has no row, or a row that says another state than the last run', () => {
  const rows = [row(2), row(3, { state: 'COMPLETED' }), row(4, { state: 'ERROR' }), row(5, { state: 'COMPLETED' })]
  const runs = [ended(1), ended(2), ended(3), ended(4), ended(5), ended(5, { state: 'ERROR' }), ended(6)]
  const young = ended(7, { endedAtMs: sight.quietSinceMs })
  const plan = planComparison({ ...sight, rows, runs: [run(6)], ended: [young, ...runs], areAllRuns: false }, wide)
  expect(plan.cycles).toEqual([1, 2, 4, 6].map(toId))
})

test('a row in the same state that is older than the last run is looked at: it tells of the run before', () => {
  const of = (at: number, change: Partial<SeenRow>) => row(at, { state: 'COMPLETED', ...change })
  const rows = [
    of(1, { updatedAtMs: NOON_MS - 1 }),
    of(2, { updatedAtMs: NOON_MS }),
    of(3, { updatedAtMs: NOON_MS - 1 }),
  ]
  const gaveUp = row(4, { state: 'ERROR', hasEnded: true, updatedAtMs: NOON_MS - 1 })
  const runs = [
    ended(1),
    ended(2),
    ended(3),
    ended(3, { startedAtMs: NOON_MS - HOUR_MS }),
    ended(4, { state: 'ERROR' }),
  ]
  // Of runs of the same cycle the last counts, and they are told newest first.
  const before = [ended(3, { startedAtMs: NOON_MS - HOUR_MS }), ...runs.filter(({ cycle }) => cycle !== toId(3))]
  const seen = (all: EndedRun[]) =>
    planComparison({ ...sight, rows: [...rows, gaveUp], ended: all, areAllRuns: false }, wide).cycles
  expect(seen(runs)).toEqual([1, 3, 4].map(toId))
  expect(seen([...before, ended(3)])).toEqual([1, 4].map(toId))
})

test('a settled row that was not written in the hour before its run ended is looked at; one that waits for a person is not', () => {
  const endedAtMs = NOON_MS + HOUR_MS + 2
  const rows = [
    row(1, { state: 'COMPLETED' }),
    row(2, { state: 'COMPLETED' }),
    row(3, { state: 'ERROR', hasEnded: true }),
  ]
  const runs = [
    ended(1, { endedAtMs }),
    ended(2, { endedAtMs }),
    ended(3, { state: 'ERROR', endedAtMs: endedAtMs + HOUR_MS }),
  ]
  const plan = planComparison({ ...sight, rows, ended: runs, areAllRuns: false }, wide)
  expect(plan.cycles).toEqual([toId(1)])
})

test('where not all runs could be listed, a row without one does not look wrong', () => {
  const plan = planComparison({ ...sight, rows: [row(1)], areAllRuns: false }, wide)
  expect(plan).toEqual({ cycles: [], left: 0, after: null })
})

test('more than the bound stay for the next time, which is said', () => {
  const rows = [1, 2, 3].map((at) => row(at))
  const plan = planComparison({ ...sight, rows }, { most: 2, inTurn: 2 })
  expect(plan).toEqual({ cycles: [toId(1), toId(2)], left: 1, after: null })
})

test('of those that look right each has its turn', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (count, inTurn) => {
      const numbers = Array.from({ length: count }, (_one, at) => at)
      const of = { ...sight, rows: numbers.map((at) => row(at)), runs: numbers.map((at) => run(at)) }
      const seen = new Set<CycleId>()
      let after: string | null = null
      for (let tick = 0; tick < Math.ceil(count / inTurn); tick++) {
        const plan = planComparison({ ...of, after }, { most: 10, inTurn })
        for (const cycle of plan.cycles) seen.add(cycle)
        after = plan.after
      }
      expect(seen.size).toBe(count)
    }),
  )
})
