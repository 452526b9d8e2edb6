import { describe, expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, HOUR_MS, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { CYCLE_STATES, type CycleState, isLegalMove, STEPS, type Step } from '../states.ts'
import { applyArrival } from './arrivals.ts'
import type { Condition } from './condition.ts'
import type { Attempt } from './attempt.ts'
import type { Cycle } from './cycle.ts'
import { applyFact } from './facts.ts'
import { mayPage } from './outgoing.ts'
import { attemptToGoOnWith, type RunStatus, refuseRerun, unheardCascade } from './rerun.ts'

/** One input has arrived, one was done without. */
const standing = (state: CycleState, step: Step | null, missing: string[] = []): Cycle => {
  const had = { 'd1/ds1': 'ARRIVED', 'd1/ds2': 'WAIVED' } as const
  const expected = [...Object.keys(had), ...missing].map((product) => ({ product: toProduct(product), key: KEY }))
  const cycle = cycleOf({ expected })
  const dependencies = cycle.dependencies.map((one) => ({ ...one, state: had[one.product as never] ?? one.state }))
  return { ...cycle, state, step, dependencies }
}

type Answer = string | null
const running =
  'It is running now. Wait for the end of this attempt, then rerun it; or end it first: sluice cancel d1/ds3/2026-11-20 --reason "…"'
const missed = 'It still misses raw/rd2 and starts by itself when they arrive.'
const skipped = 'It was skipped without its inputs, so there is nothing to run on.'
const cancelled = 'It was cancelled before raw/rd2 had arrived, so there is nothing to run on.'

test.each<[CycleState, Step | null, string[], Record<RunStatus, Answer>]>([
  ['WAITING', null, ['raw/rd2', 'x/y'], { open: 'It has not run yet: it waits for raw/rd2, x/y.', closed: null }],
  ['WAITING', null, [], { open: 'It has not run yet: it waits for its time.', closed: null }],
  ['PROCESSING', null, [], { open: running, closed: null }],
  ['COMPLETED', null, [], { open: null, closed: null }],
  ['COMPLETED', null, ['raw/rd2'], { open: null, closed: null }],
  ['ERROR', 'wait', ['raw/rd2'], { open: missed, closed: null }],
  ['ERROR', 'wait', [], { open: 'All it needs has arrived, so it starts by itself.', closed: null }],
  ['ERROR', 'start', [], { open: null, closed: null }],
  ['ERROR', 'run', [], { open: null, closed: null }],
  ['ERROR', 'publish', [], { open: null, closed: null }],
  ['SKIPPED', null, ['raw/rd2'], { open: skipped, closed: skipped }],
  ['CANCELLED', null, [], { open: null, closed: null }],
  ['CANCELLED', null, ['raw/rd2'], { open: cancelled, closed: cancelled }],
])('%s %s, missing %j: %o', (state, step, missing, answers) => {
  const cycle = standing(state, step, missing)
  const ask = (run: RunStatus): Answer => refuseRerun(cycle, run, NOON_MS)
  expect({ open: ask('open'), closed: ask('closed') }).toEqual(answers)
})

test('what is not refused of an open run is a legal move', () => {
  for (const state of CYCLE_STATES) {
    for (const step of state === 'ERROR' ? STEPS : [null]) {
      if (refuseRerun(standing(state, step), 'open', NOON_MS) === null)
        expect(isLegalMove(state, 'PROCESSING')).toBe(true)
    }
  }
})

describe('what is missing is judged by the condition', () => {
  const [a, b, before] = [['raw/a'], ['raw/b'], ['raw/a', '2026-11-19']].map(([product, key = KEY]) => ({
    ...{ product: toProduct(product as string), key: key as typeof KEY },
  }))
  const expected = [a, b, before].flatMap((one) => one ?? [])
  const cycles = expected.map((_one, at): Condition => ({ kind: 'cycle', at }))
  const either: Condition = { kind: 'at-least', n: 1, of: cycles }
  const optional: Condition = { kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: { kind: 'cycle', at: 1 } }
  const waiting = (condition: Condition): Cycle => cycleOf({ expected, condition })
  const withA = (cycle: Cycle): Cycle => applyArrival(cycle, arrivalOf('raw/a'), NOON_MS)
  const cancel = (cycle: Cycle): Cycle => applyFact(cycle, { kind: 'cancelled', reason: 'by ann' }, NOON_MS)
  const miss = (cycle: Cycle): Cycle => applyFact(cycle, { kind: 'missed', missing: [] }, NOON_MS)
  const ask = (cycle: Cycle, nowMs = NOON_MS): Answer => refuseRerun(cycle, 'open', nowMs)

  test.each<[string, Condition]>([
    ['one of several', either],
    ['the newest of several', { kind: 'newest', of: [2, 0] }],
    ['the first that was not skipped', { kind: 'first-not-skipped', of: [0, 2] }],
  ])('%s: cancelled while running it runs again, and so it does if it could have begun', (_, condition) => {
    const begun = applyFact(withA(waiting(condition)), { kind: 'begun' }, NOON_MS)
    expect([ask(cancel(begun)), ask(cancel(withA(waiting(condition))))]).toEqual([null, null])
    expect(ask(cancel(waiting(condition)))).toMatch(/^It was cancelled before raw\/a(, raw\/b)? had arrived/)
  })

  test('after its time an optional one is not missing', () => {
    const both = withA(waiting({ kind: 'at-least', n: 2, of: [{ kind: 'cycle', at: 0 }, optional] }))
    const late = NOON_MS + HOUR_MS
    expect(ask(cancel(both))).toBe('It was cancelled before raw/b had arrived, so there is nothing to run on.')
    expect(ask(cancel(both), late)).toBeNull()
    expect(ask(both)).toBe('It has not run yet: it waits for raw/b.')
    expect(ask(both, late)).toBe('It has not run yet: it waits for its time.')
    expect(ask(miss(both))).toBe('It still misses raw/b and starts by itself when they arrive.')
    expect(ask(miss(both), late)).toBe('All it needs has arrived, so it starts by itself.')
  })

  test('an upstream is named once, however many of its cycles would do', () => {
    const [waits, missed] = [waiting(either), miss(waiting(either))].map((cycle) => ask(cycle))
    expect(waits).toBe('It has not run yet: it waits for raw/a, raw/b.')
    expect(missed).toBe('It still misses raw/a, raw/b and starts by itself when they arrive.')
  })

  test('what was cancelled and is to be skipped by its definition says so', () => {
    const none: Condition = { kind: 'none', product: toProduct('raw/a'), then: 'skip-cycle', why: 'raw/a has no cycle' }
    const said = ask(cancel(waiting(none)))
    expect(said).toBe(
      'It was cancelled, and would have been skipped: raw/a has no cycle, so there is nothing to run on.',
    )
  })
})

describe('a closed cycle goes on with', () => {
  const attempt: Attempt = {
    ...{ number: 2, begunAtMs: NOON_MS, runId: 'jr_2', runStartedAtMs: NOON_MS, adopted: false },
    ...{ end: null, endedAtMs: null },
  }
  const ended = (state: 'SUCCEEDED' | 'FAILED'): Attempt => ({ ...attempt, end: endOf(state), endedAtMs: NOON_MS + 9 })
  const unstarted = { ...attempt, runId: null, runStartedAtMs: null }
  const refusedByGlue = { ...unstarted, endedAtMs: NOON_MS + 9 }

  test.each<[string, CycleState, Step | null, Attempt, number, boolean]>([
    ['a Glue run that may live', 'PROCESSING', null, attempt, NOON_MS, true],
    ['one of which nothing is known', 'PROCESSING', null, unstarted, NOON_MS, true],
    ['one that an earlier run had adopted', 'PROCESSING', null, attempt, NOON_MS + 99, true],
    ['a success that is not published', 'PROCESSING', null, ended('SUCCEEDED'), NOON_MS, true],
    ['no success of before this rerun', 'PROCESSING', null, ended('SUCCEEDED'), NOON_MS + 99, false],
    ['no failure', 'PROCESSING', null, ended('FAILED'), NOON_MS, false],
    ['no start that Glue refused', 'PROCESSING', null, refusedByGlue, NOON_MS + 99, false],
    ['the success of an ERROR(publish)', 'ERROR', 'publish', ended('SUCCEEDED'), NOON_MS + 9, true],
    ['no attempt of another ERROR', 'ERROR', 'run', ended('FAILED'), NOON_MS + 9, false],
    ['no attempt of a completed cycle', 'COMPLETED', null, ended('SUCCEEDED'), NOON_MS, false],
  ])('%s', (_, state, step, last, stateSinceMs, goesOn) => {
    const attempts = [{ ...ended('FAILED'), number: 1 }, last]
    const found = attemptToGoOnWith({ state, step, stateSinceMs, attempts, lastAttempt: 2 })
    expect(found).toEqual(goesOn ? last : null)
  })

  test('none when the last attempt is not known', () => {
    const where = { state: 'PROCESSING' as const, step: null, stateSinceMs: NOON_MS }
    expect(attemptToGoOnWith({ ...where, attempts: [attempt], lastAttempt: 3 })).toBeNull()
  })
})

describe('what the last attempt was to ask of consumers is asked by the next', () => {
  const ended = { number: 2, cascade: 'all', endedAtMs: NOON_MS } as Attempt
  const quiet: Attempt = { ...ended, isUnpublished: true, end: endOf('SUCCEEDED') }
  test.each<[string, CycleState, Attempt, number | null, boolean]>([
    ['of one that was cancelled before it ended', 'CANCELLED', { ...ended, endedAtMs: null }, NOON_MS - 1, true],
    ['of one that failed', 'ERROR', ended, NOON_MS - 1, true],
    ['of the first publication', 'ERROR', ended, null, true],
    // A row keeps what an earlier flush said of the attempt.
    ['not of one that completed', 'COMPLETED', ended, null, false],
    ['not of one whose publication is known, whatever came after', 'CANCELLED', ended, NOON_MS + 1, false],
    ['not of one that completed and was kept quiet, whatever came after', 'CANCELLED', quiet, NOON_MS - 1, false],
    ['of one that failed and would have been kept quiet', 'ERROR', { ...quiet, end: endOf('FAILED') }, null, true],
    ['nothing where nobody asked', 'ERROR', { ...ended, cascade: undefined } as never, null, false],
  ])('%s', (_, state, last, publishedAtMs, isAsked) => {
    const found = unheardCascade({ state, attempts: [{ ...ended, number: 1 }, last], publishedAtMs })
    expect(found).toBe(isAsked ? 'all' : undefined)
  })
})

test('a rerun that a backfill asks for makes the cycle its own, and the audit says so; that of a person does not', () => {
  const asker = { actor: 'ann', reason: 'a bug in the job', requestId: 'request-1' }
  const ask = (command: object) =>
    applyFact(standing('ERROR', 'run'), { kind: 'rerun', command: { ...asker, ...command } }, NOON_MS)
  const [ours, theirs] = [ask({ openedBy: 'backfill' }), ask({})]
  expect([ours, theirs].map(({ input }) => [input.openedBy, mayPage(input)])).toEqual([
    ['backfill', false],
    ['arrival', true],
  ])
  expect([ours, theirs].map(({ actions }) => actions[0]?.asked)).toEqual([{ backfill: true }, undefined])
})

test('what a person reruns after a backfill did is again whose it was, and wakes somebody up', () => {
  const asker = { actor: 'ann', reason: 'a bug in the job' }
  const rerun = (cycle: Cycle, command: object) =>
    applyFact(
      { ...cycle, state: 'ERROR', step: 'run' },
      { kind: 'rerun', command: { ...asker, ...command } as never },
      NOON_MS,
    )
  const first = rerun(standing('ERROR', 'run'), { requestId: 'request-1', openedBy: 'backfill' })
  const twice = rerun(first, { requestId: 'request-2', openedBy: 'backfill' })
  expect(mayPage(twice.input)).toBe(false)
  const theirs = rerun(twice, { requestId: 'request-3' })
  expect([theirs.input, mayPage(theirs.input)]).toEqual([standing('ERROR', 'run').input, true])
})
