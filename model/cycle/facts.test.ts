import { describe, expect, test } from 'vitest'
import {
  arrivalOf,
  cycleOf,
  definitionOf,
  endOf,
  HOUR_MS,
  inputOf,
  KEY,
  NOON_MS,
  toKey,
  toProduct,
} from '../samples.test-data.ts'
import { CYCLE_STATES, type CycleState, isLegalMove, type Step } from '../states.ts'
import { applyArrival, applyBlocker } from './arrivals.ts'
import type { Condition } from './condition.ts'
import { type Cycle, currentAttempt, openRun } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'
import { builtFrom, builtWithout } from './outgoing.ts'

const LATER_MS = NOON_MS + HOUR_MS
const rerunOf = (reason = 'wrong rows'): Fact => ({
  kind: 'rerun',
  command: { actor: 'ann', reason, requestId: 'request-1' },
})
const STARTED: Fact = { kind: 'run-started', runId: 'jr_1', adopted: false }
const SUCCEEDED: Fact = { kind: 'run-ended', end: endOf('SUCCEEDED') }
const PUBLISHED: Fact = { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 }

const ready = (attempts = 1): Cycle => {
  const run = { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts, retryAfterMs: 300_000 }
  const cycle = openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1'], { run })), NOON_MS)
  return applyArrival(cycle, arrivalOf('d1/ds1'), NOON_MS)
}
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((cycle, fact) => applyFact(cycle, fact, LATER_MS), cycle)
const inState = (state: CycleState, step: Step | null = null): Cycle => ({ ...cycleOf(), state, step, lastAttempt: 1 })

describe('moves', () => {
  /** Where a fact takes a cycle; the others change no state by themselves. */
  const MOVES: [Fact, CycleState][] = [
    [{ kind: 'begun' }, 'PROCESSING'],
    [{ kind: 'start-failed', error: 'no such job' }, 'ERROR'],
    [{ kind: 'run-ended', end: endOf('FAILED') }, 'ERROR'],
    [PUBLISHED, 'COMPLETED'],
    [{ kind: 'publish-failed', error: 'the bus is away' }, 'ERROR'],
    [{ kind: 'completed' }, 'COMPLETED'],
    [{ kind: 'missed', missing: ['d1/ds1'] }, 'ERROR'],
    [{ kind: 'cancelled', reason: 'cancelled in Temporal' }, 'CANCELLED'],
  ]
  const cases = CYCLE_STATES.flatMap((from) => MOVES.map(([fact, to]) => ({ from, to, fact, kind: fact.kind })))

  test.each(cases.filter(({ from, to }) => !isLegalMove(from, to) && !(from === 'PROCESSING' && to === 'PROCESSING')))(
    '$kind is impossible in $from',
    ({ from, to, fact }) => {
      expect(() => applyFact(inState(from), fact, LATER_MS)).toThrow(
        `Cycle d1/ds3/2026-11-20 cannot move from ${from} to ${to}.`,
      )
    },
  )

  test.each(cases.filter(({ from, to }) => isLegalMove(from, to)))(
    '$kind takes a cycle from $from to $to, and the move is kept with its version and instant',
    ({ from, to, fact }) => {
      const before = inState(from)
      const cycle = applyFact(before, fact, LATER_MS)
      expect(cycle).toMatchObject({ state: to, stateSinceMs: LATER_MS, version: before.version + 1 })
      expect(cycle.transitions.at(-1)).toMatchObject({ from, to, atMs: LATER_MS, version: cycle.version })
    },
  )

  test('a state entered without data is due to be reported once', () => {
    const failed = after(ready(), { kind: 'begun' }, { kind: 'start-failed', error: 'no such job' })
    expect(failed.reported).toBe(false)
    expect(after(failed, { kind: 'reported' }).reported).toBe(true)
    expect(after(ready(), { kind: 'begun' }).reported).toBe(true)
  })
})

describe('an attempt', () => {
  test('from begun to published, each fact stands where it belongs', () => {
    const cycle = after(ready(), { kind: 'begun' }, STARTED, SUCCEEDED, PUBLISHED)
    expect(cycle).toMatchObject({ state: 'COMPLETED', step: null, reason: null, revision: 1, lastAttempt: 1 })
    expect(cycle.attempts).toEqual([
      {
        number: 1,
        begunAtMs: LATER_MS,
        runId: 'jr_1',
        runStartedAtMs: LATER_MS,
        adopted: false,
        end: endOf('SUCCEEDED'),
        endedAtMs: LATER_MS,
        inputs: [{ product: toProduct('d1/ds1'), cycle: KEY, revision: 1 }],
      },
    ])
    expect(cycle.published).toEqual({
      eventId: 'd1/ds3/2026-11-20/r1',
      product: 'd1/ds3',
      key: '2026-11-20',
      revision: 1,
      location: 's3://example-d1-products/ds3/2026-11-20/',
      correlationId: 'd1/ds1/2026-11-20',
      occurredAt: new Date(LATER_MS).toISOString(),
      builtFrom: [{ product: 'd1/ds1', cycle: KEY, revision: 1 }],
    })
  })

  test('a failed run is followed by another after the pause, as often as the definition says', () => {
    const once = after(ready(2), { kind: 'begun' }, STARTED, { kind: 'run-ended', end: endOf('FAILED') })
    expect(once).toMatchObject({ state: 'PROCESSING', retryAtMs: LATER_MS + 300_000 })
    const again = after(once, { kind: 'begun' })
    expect(again).toMatchObject({ lastAttempt: 2, retryAtMs: null })
    const twice = after(
      again,
      { kind: 'run-started', runId: 'jr_2', adopted: true },
      {
        kind: 'run-ended',
        end: endOf('TIMEOUT', 'jr_2'),
      },
    )
    expect(twice).toMatchObject({
      state: 'ERROR',
      step: 'run',
      reason: 'Glue run jr_2 ended TIMEOUT, a timeout (2 of 2): no such table',
      retryAtMs: null,
    })
    expect(twice.attempts.map(({ number, adopted }) => [number, adopted])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('facts about a run change the current attempt only', () => {
    const second = after(
      ready(2),
      { kind: 'begun' },
      STARTED,
      { kind: 'run-ended', end: endOf('FAILED') },
      {
        kind: 'begun',
      },
    )
    const started = after(second, { kind: 'run-started', runId: 'jr_2', adopted: false })
    expect(started.attempts[0]).toEqual(second.attempts[0])
    expect(currentAttempt(started)?.runId).toBe('jr_2')
  })

  test.each<[Fact[], Step, string]>([
    [[{ kind: 'start-failed', error: 'no such job' }], 'start', 'no such job'],
    [
      [STARTED, { kind: 'run-ended', end: endOf('FAILED') }],
      'run',
      'Glue run jr_1 ended FAILED, a failure of the job (1 of 1): no such table',
    ],
    [[STARTED, SUCCEEDED, { kind: 'publish-failed', error: 'the bus is away' }], 'publish', 'the bus is away'],
  ])('an ERROR names its step and why: %#', (facts, step, reason) => {
    expect(after(ready(), { kind: 'begun' }, ...facts)).toMatchObject({ state: 'ERROR', step, reason })
  })
})

describe('the cutoff', () => {
  const missed: Fact = { kind: 'missed', missing: ['d1/ds1', 'raw/rd2'] }
  const reason = 'cutoff passed, still waiting for d1/ds1, raw/rd2'
  const at = { time: '14:00', days: 0, unit: 'day' } as const

  test('asks an operator, or gives the cycle up, as the definition says', () => {
    const withCutoff = (then: 'error' | 'skip') =>
      openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1'], { cutoff: { at, then } })), NOON_MS)
    expect(after(withCutoff('error'), missed)).toMatchObject({ state: 'ERROR', step: 'wait', reason })
    expect(after(withCutoff('skip'), missed)).toMatchObject({ state: 'SKIPPED', step: null, reason })
  })
})

describe('a rerun', () => {
  const completed = after(ready(2), { kind: 'begun' }, STARTED, SUCCEEDED, PUBLISHED)

  test('of a completed cycle processes again: a new attempt, the policy counting from here, the revision kept', () => {
    const again = after(completed, rerunOf())
    expect(again).toMatchObject({ state: 'PROCESSING', revision: 1, lastAttempt: 1, attemptsBefore: 1 })
    expect(again.published).toEqual(completed.published)
    expect(again.transitions.at(-1)?.reason).toBe('rerun by ann: wrong rows')
    const failed = after(
      again,
      { kind: 'begun' },
      { kind: 'run-started', runId: 'jr_2', adopted: false },
      {
        kind: 'run-ended',
        end: endOf('FAILED', 'jr_2'),
      },
    )
    expect(failed).toMatchObject({ state: 'PROCESSING', lastAttempt: 2, retryAtMs: LATER_MS + 300_000 })
  })

  test('of ERROR(publish) keeps the attempt that succeeded', () => {
    const unpublished = after(ready(), { kind: 'begun' }, STARTED, SUCCEEDED, {
      kind: 'publish-failed',
      error: 'the bus is away',
    })
    const again = after(unpublished, rerunOf())
    expect(again).toMatchObject({ state: 'PROCESSING', lastAttempt: 1, attemptsBefore: 0 })
    expect(currentAttempt(again)?.end?.state).toBe('SUCCEEDED')
  })

  test.each([
    ['without a reason', completed, rerunOf(' '), 'A rerun needs a reason.'],
    ['while it runs', after(ready(), { kind: 'begun' }), rerunOf(), /^It is running now/],
    ['before it ran', ready(), rerunOf(), /^It has not run yet/],
  ])('%s is refused, changes no state and is kept for the audit', (_, cycle, fact, refused) => {
    const next = after(cycle, fact)
    expect(next).toEqual({ ...cycle, version: cycle.version + 1, actions: next.actions })
    expect(next.actions).toMatchObject([
      { action: 'rerun', actor: 'ann', requestId: 'request-1', atMs: LATER_MS, version: next.version },
    ])
    expect(next.actions[0]?.refused).toMatch(refused)
  })

  test('without an actor is refused too: nobody would know whom to ask', () => {
    const nobody = { actor: ' ', reason: 'wrong rows', requestId: 'request-1' }
    const next = after(completed, { kind: 'rerun', command: nobody })
    expect([next.state, next.actions[0]?.refused]).toEqual(['COMPLETED', 'A rerun needs an actor.'])
    const neither = after(completed, { kind: 'rerun', command: { ...nobody, reason: '' } })
    expect(neither.actions[0]?.refused).toBe('A rerun needs an actor and a reason.')
  })

  test('that was accepted is kept too', () => {
    expect(after(completed, rerunOf()).actions).toMatchObject([{ action: 'rerun', refused: null }])
  })
})

test('of two cycles of one upstream only the one that it did without is waived, and a late other says so', () => {
  const [x, y] = [toProduct('d1/x'), toProduct('d1/y')]
  const thursday = toKey('2026-11-19')
  const expected = [
    { product: x, key: KEY },
    { product: y, key: KEY },
    { product: x, key: thursday },
  ]
  const either: Condition = { kind: 'at-least', n: 1, of: [0, 1].map((at) => ({ kind: 'cycle', at })) }
  const before: Condition = { kind: 'cycle', at: 2, ifSkipped: 'run-without' }
  const condition: Condition = { kind: 'at-least', n: 2, of: [either, before] }
  const opened = applyArrival(cycleOf({ expected, condition }), arrivalOf('d1/y'), NOON_MS)
  const skipped = applyBlocker(opened, {
    ...{ eventId: 'd1/x/2026-11-19/not-refreshed-1.2', product: x, key: thursday, state: 'SKIPPED', step: null },
    ...{ reason: 'cutoff passed', occurredAt: '2026-11-20T11:00:00.000Z' },
  })
  const begun = after(skipped, { kind: 'begun' })
  expect(begun.dependencies.map(({ state }) => state)).toEqual(['WAITING', 'ARRIVED', 'WAIVED'])
  expect([builtFrom(begun).map(({ product }) => product), builtWithout(begun)]).toEqual([[y], [x]])
  const notes = [KEY, thursday].map(
    (key) => applyArrival(begun, arrivalOf('d1/x', { key }), LATER_MS).deliveries.at(-1)?.note,
  )
  expect(notes).toEqual(['other inputs had been enough to start the cycle', 'the cycle had started without it'])
})

test('a hold of the product does not replace one of the cycle itself, which lasts until somebody releases it', () => {
  const held = { actor: 'bob', reason: 'an audit', sinceMs: NOON_MS, of: 'product' as const }
  const begun = after(ready(), { kind: 'begun' })
  expect(after(begun, { kind: 'found-held', held }).held).toEqual(held)
  const by = { actor: 'ann', reason: 'one day only', requestId: 'hold-1' }
  const own: Fact = { kind: 'commanded', command: { ...by, action: 'hold', of: 'cycle' } }
  expect(after(begun, own, { kind: 'found-held', held }).held).toMatchObject({ actor: 'ann', of: 'cycle' })
})

test('a fact leaves the cycle before it as it was', () => {
  const cycle = ready()
  const text = JSON.stringify(cycle)
  after(cycle, { kind: 'begun' }, STARTED, SUCCEEDED, PUBLISHED, rerunOf())
  expect(JSON.stringify(cycle)).toBe(text)
})
