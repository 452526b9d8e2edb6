import { describe, expect, test } from 'vitest'
import { arrivalOf, cycleOf, definitionOf, endOf, inputOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import type { Attempt } from './attempt.ts'
import { type CycleInput, currentAttempt, type DependencyStatus, openRun } from './cycle.ts'
import { missingOf } from './inputs.ts'
import { decideNext } from './decide.ts'
import { applyFact, type Fact } from './facts.ts'

const command = { actor: 'ann', reason: 'wrong rows', requestId: 'request-1' }
const reopened: Fact = { kind: 'reopened', command }
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
    expect(missingOf(cycle, NOON_MS)).toEqual(['d1/ds1', 'raw/rd2'])
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
      ...{ dependencies: [arrivedDs1], attempt: null, command },
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
    const begun = applyFact(applyFact(reopen({}), reopened, NOON_MS), { kind: 'begun' }, NOON_MS)
    expect(currentAttempt(begun)?.number).toBe(5)
    expect(begun.attemptsBefore).toBe(4)
  })

  test('of ERROR(publish) publishes what the last Glue run made', () => {
    const cycle = applyFact(reopen({ state: 'ERROR', step: 'publish', attempt: succeeded }), reopened, NOON_MS)
    expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'publish', attempt: succeeded })
  })

  const missingRd2: DependencyStatus = {
    ...{ product: toProduct('raw/rd2'), key: KEY, state: 'WAITING', arrival: null, arrivedAtMs: null, blocker: null },
  }
  const unbegun = (state: 'WAITING' | 'ERROR', dependencies: DependencyStatus[]) => {
    const past = {
      ...{ runNumber: 2, state, step: state === 'ERROR' ? ('wait' as const) : null, lastAttempt: 0, revision: 0 },
      ...{ dependencies, attempt: null, command },
    }
    const cutoff = { at: { time: '10:00', days: 0, unit: 'day' as const }, then: 'error' as const }
    const definition = definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2'], { cutoff })
    const input = inputOf(definition, { openedBy: 'rerun', cutoffMs: NOON_MS - 1, past })
    return applyFact(openRun(input, NOON_MS), reopened, NOON_MS)
  }

  test.each(['WAITING', 'ERROR'] as const)(
    'of %s waits again for what is missing, and the arrival starts it',
    (state) => {
      const cycle = unbegun(state, [arrivedDs1, missingRd2])
      const reason = 'opened again by ann: wrong rows; still waiting for raw/rd2'
      expect(cycle).toMatchObject({ state, reason, transitions: [], actions: [{ refused: null, attempt: 1 }] })
      const untilMs = state === 'ERROR' ? NOON_MS + cycle.input.settings.errorWaitMs : null
      expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'wait', untilMs })
      const complete = applyArrival(cycle, arrivalOf('raw/rd2'), NOON_MS + 1)
      expect(decideNext(complete, NOON_MS + 1)).toEqual({ kind: 'begin' })
      expect(applyFact(complete, { kind: 'begun' }, NOON_MS + 1)).toMatchObject({ state: 'PROCESSING', lastAttempt: 1 })
    },
  )

  test('of ERROR(wait) begins at once when nothing is missing any more', () => {
    const arrivedRd2 = { ...arrivedDs1, product: toProduct('raw/rd2'), arrival: arrivalOf('raw/rd2') }
    expect(decideNext(unbegun('ERROR', [arrivedDs1, arrivedRd2]), NOON_MS)).toEqual({ kind: 'begin' })
  })

  test('before its first attempt waits by the definition it now carries, and keeps what had arrived', () => {
    const removed = { ...missingRd2, product: toProduct('x/removed') }
    expect(unbegun('WAITING', [arrivedDs1, removed]).dependencies).toEqual([arrivedDs1, missingRd2])
  })

  test.each<[string, Partial<Attempt>, string]>([
    ['is not known to run in Glue', { runId: null, runStartedAtMs: null, end: null, endedAtMs: null }, 'start'],
    ['runs in Glue', { end: null, endedAtMs: null }, 'await-end'],
    ['has succeeded', {}, 'publish'],
  ])('of PROCESSING goes on with its attempt when that %s', (_, change, kind) => {
    const attempt = { ...succeeded, ...change }
    const cycle = applyFact(reopen({ state: 'PROCESSING', attempt }), reopened, NOON_MS)
    expect(cycle).toMatchObject({ lastAttempt: 4, attempts: [attempt], actions: [{ refused: null, attempt: 4 }] })
    expect(decideNext(cycle, NOON_MS)).toMatchObject({ kind, attempt })
  })

  test('of PROCESSING begins the next attempt when none is known', () => {
    const cycle = applyFact(reopen({ state: 'PROCESSING' }), reopened, NOON_MS)
    expect([cycle.actions[0]?.attempt, decideNext(cycle, NOON_MS)]).toEqual([5, { kind: 'begin' }])
  })
})
