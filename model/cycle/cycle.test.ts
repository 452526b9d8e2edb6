import { describe, expect, test } from 'vitest'
import { arrivalOf, cycleOf, definitionOf, endOf, inputOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { type Attempt, type CycleInput, currentAttempt, type DependencyStatus, missingOf, openRun } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'

const command = { actor: 'ann', reason: 'wrong rows', requestId: 'request-1' }
const arrivedDs1: DependencyStatus = {
  product: toProduct('d1/ds1'),
  key: KEY,
  state: 'ARRIVED',
  arrival: arrivalOf('d1/ds1'),
  arrivedAtMs: NOON_MS - 1,
  blocker: null,
}
const succeeded: Attempt = {
  number: 4,
  begunAtMs: NOON_MS - 9,
  runId: 'jr_4',
  runStartedAtMs: NOON_MS - 8,
  adopted: false,
  end: endOf('SUCCEEDED', 'jr_4'),
  endedAtMs: NOON_MS - 7,
}

describe('the first run', () => {
  test('waits for every expected upstream cycle, and its opening is the first transition', () => {
    const cycle = cycleOf()
    expect(cycle).toMatchObject({ id: 'd1/ds3/2026-11-20', runNumber: 1, version: 1, state: 'WAITING', revision: 0 })
    expect(cycle.transitions).toEqual([
      { from: null, to: 'WAITING', step: null, reason: null, atMs: NOON_MS, version: 1 },
    ])
    expect(missingOf(cycle).map(({ product, key }) => [product, key])).toEqual([
      ['d1/ds1', KEY],
      ['raw/rd2', KEY],
    ])
  })

  test('has no attempt, no delivery, no action, nothing to report and nothing published', () => {
    const { attempts, deliveries, actions, reported, published, lastAttempt } = cycleOf()
    expect([attempts, deliveries, actions, reported, published, lastAttempt]).toEqual([[], [], [], true, null, 0])
    expect(currentAttempt(cycleOf())).toBeUndefined()
  })
})

describe('a run that brings a closed cycle back', () => {
  const reopen = (change: Partial<NonNullable<CycleInput['past']>>) => {
    const past = {
      ...{ runNumber: 2, state: 'COMPLETED' as const, step: null, lastAttempt: 4, revision: 3 },
      ...{ dependencies: [arrivedDs1], succeeded: null, command },
      ...change,
    }
    return openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1']), { openedBy: 'rerun', past }), NOON_MS)
  }

  test('goes on from what earlier runs left: state, inputs, attempt and revision numbers', () => {
    const cycle = reopen({})
    expect(cycle).toMatchObject({ runNumber: 3, version: 1, state: 'COMPLETED', lastAttempt: 4, revision: 3 })
    expect(cycle.dependencies).toEqual([arrivedDs1])
    expect(cycle.transitions).toEqual([])
  })

  test('gives its first attempt the next number, and may use all attempts of the definition', () => {
    const begun = applyFact(applyFact(reopen({}), { kind: 'rerun', command }, NOON_MS), { kind: 'begun' }, NOON_MS)
    expect(currentAttempt(begun)?.number).toBe(5)
    expect(begun.attemptsBefore).toBe(4)
  })

  test('of ERROR(publish) publishes what the last Glue run made', () => {
    const cycle = applyFact(reopen({ state: 'ERROR', step: 'publish', succeeded }), { kind: 'rerun', command }, NOON_MS)
    expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'publish', attempt: succeeded })
  })
})
