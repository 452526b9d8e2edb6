import { describe, expect, test } from 'vitest'
import { openCycle } from '../calendar/due.ts'
import type { CutoffAction } from '../definition.ts'
import {
  arrivalOf,
  cycleOf,
  definitionOf,
  endOf,
  HOUR_MS,
  inputOf,
  NOON_MS,
  timetableOf,
  versionOf,
} from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import type { Condition } from './condition.ts'
import { type Cycle, type CycleInput, openRun } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact, type Fact } from './facts.ts'

const CUTOFF_MS = NOON_MS + 2 * HOUR_MS
const withCutoff = (then: CutoffAction, change: Partial<CycleInput> = {}): Cycle =>
  openRun(
    inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2'], { cutoff: { at: wallOf('14:00'), then } }), {
      cutoffMs: CUTOFF_MS,
      ...change,
    }),
    NOON_MS,
  )
const wallOf = (time: string) => ({ time, days: 0, unit: 'day' as const })
const arrive = (cycle: Cycle, ...products: string[]): Cycle =>
  products.reduce((cycle, product) => applyArrival(cycle, arrivalOf(product), NOON_MS), cycle)
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), cycle)

describe('the condition', () => {
  test('waits without end for whatever is missing, when there is no cutoff', () => {
    expect(decideNext(arrive(cycleOf(), 'raw/rd2'), NOON_MS)).toEqual({ kind: 'wait', untilMs: null })
  })

  test('holds at once for a product without upstreams', () => {
    expect(decideNext(cycleOf({}, []), NOON_MS)).toEqual({ kind: 'begin' })
  })

  test('at the cutoff itself the wait is over, and the missing are named', () => {
    const cycle = arrive(withCutoff('error'), 'd1/ds1')
    expect(decideNext(cycle, CUTOFF_MS - 1)).toEqual({ kind: 'wait', untilMs: CUTOFF_MS })
    expect(decideNext(cycle, CUTOFF_MS)).toEqual({ kind: 'miss', missing: ['raw/rd2'] })
  })

  test('a cutoff means nothing to a cycle that has everything', () => {
    expect(decideNext(arrive(withCutoff('error'), 'd1/ds1', 'raw/rd2'), CUTOFF_MS).kind).toBe('begin')
  })

  test('run-without starts at the cutoff with what is there', () => {
    const cycle = arrive(withCutoff('run-without'), 'd1/ds1')
    expect(decideNext(cycle, CUTOFF_MS - 1).kind).toBe('wait')
    expect(decideNext(cycle, CUTOFF_MS)).toEqual({ kind: 'begin' })
  })

  test('nothing starts before notBefore, even when all has arrived', () => {
    const notBeforeMs = NOON_MS + HOUR_MS
    const cycle = arrive(cycleOf({ notBeforeMs }), 'd1/ds1', 'raw/rd2')
    expect(decideNext(cycle, notBeforeMs - 1)).toEqual({ kind: 'wait', untilMs: notBeforeMs })
    expect(decideNext(cycle, notBeforeMs).kind).toBe('begin')
  })

  test.each(['error', 'skip', 'run-without'] as const)(
    'a cycle opened after its own cutoff has none: %s is not done before anything could arrive',
    (then) => {
      const cycle = withCutoff(then, { cutoffMs: NOON_MS })
      expect(decideNext(cycle, NOON_MS)).toEqual({ kind: 'wait', untilMs: null })
      expect(decideNext(arrive(cycle, 'd1/ds1', 'raw/rd2'), NOON_MS)).toEqual({ kind: 'begin' })
    },
  )
})

describe('the next step of a run that goes well', () => {
  const begun = after(arrive(cycleOf(), 'd1/ds1', 'raw/rd2'), { kind: 'begun' })
  const started = after(begun, { kind: 'run-started', runId: 'jr_1', adopted: false })
  const succeeded = after(started, { kind: 'run-ended', end: endOf('SUCCEEDED') })

  test('start, await the end, publish, close', () => {
    expect(decideNext(begun, NOON_MS)).toMatchObject({ kind: 'start', attempt: { number: 1, runId: null } })
    expect(decideNext(started, NOON_MS)).toMatchObject({ kind: 'await-end', runId: 'jr_1' })
    expect(decideNext(succeeded, NOON_MS)).toMatchObject({ kind: 'publish', attempt: { number: 1 } })
    const published = after(succeeded, { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 })
    expect(decideNext(published, NOON_MS)).toEqual({ kind: 'close' })
  })

  test('publish: false completes without an event', () => {
    const definition = { ...succeeded.input.definition, publish: null }
    const silent = { ...succeeded, input: { ...succeeded.input, definition } }
    expect(decideNext(silent, NOON_MS)).toEqual({ kind: 'complete' })
    expect(after(silent, { kind: 'completed' })).toMatchObject({ state: 'COMPLETED', revision: 0, published: null })
  })
})

describe('the next step of a run that fails', () => {
  test('another attempt comes after the pause of the definition, not before', () => {
    const definition = definitionOf('d1/ds3', [], {
      run: { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts: 2, retryAfterMs: HOUR_MS },
    })
    const failed = after(
      openRun(inputOf(definition), NOON_MS),
      ...[{ kind: 'begun' } as const, { kind: 'run-started', runId: 'jr_1', adopted: false } as const],
      { kind: 'run-ended', end: endOf('FAILED') },
    )
    const untilMs = NOON_MS + HOUR_MS
    expect(decideNext(failed, untilMs - 1)).toEqual({ kind: 'wait', untilMs })
    expect(decideNext(failed, untilMs)).toEqual({ kind: 'begin' })
  })

  test('ERROR is told once, then waits for an operator, then the run is given up', () => {
    const failed = after(cycleOf({}, []), { kind: 'begun' }, { kind: 'start-failed', error: 'no such job' })
    expect(decideNext(failed, NOON_MS)).toEqual({ kind: 'report' })
    const reported = after(failed, { kind: 'reported' })
    const untilMs = NOON_MS + failed.input.settings.errorWaitMs
    expect(decideNext(reported, NOON_MS)).toEqual({ kind: 'wait', untilMs })
    expect(decideNext(reported, untilMs)).toEqual({ kind: 'give-up' })
  })

  test('SKIPPED is told before the run closes', () => {
    const skipped = after(withCutoff('skip'), { kind: 'missed', missing: ['raw/rd2'] })
    expect(skipped.state).toBe('SKIPPED')
    expect(decideNext(skipped, CUTOFF_MS)).toEqual({ kind: 'report' })
    expect(decideNext(after(skipped, { kind: 'reported' }), CUTOFF_MS)).toEqual({ kind: 'close' })
  })
})

describe('late arrivals in ERROR(wait)', () => {
  const missed = (change: Partial<CycleInput> = {}): Cycle =>
    after(arrive(withCutoff('error', change), 'd1/ds1'), { kind: 'missed', missing: ['raw/rd2'] }, { kind: 'reported' })

  test('the last one starts the cycle, though the cutoff is over', () => {
    expect(decideNext(missed(), CUTOFF_MS).kind).toBe('wait')
    expect(decideNext(arrive(missed(), 'raw/rd2'), CUTOFF_MS)).toEqual({ kind: 'begin' })
  })

  test('when notBefore is still to come, the cycle wakes up for it, not for the end of errorWait', () => {
    const notBeforeMs = CUTOFF_MS + HOUR_MS
    const complete = arrive(missed({ notBeforeMs }), 'raw/rd2')
    expect(decideNext(complete, CUTOFF_MS)).toEqual({ kind: 'wait', untilMs: notBeforeMs })
    expect(decideNext(complete, notBeforeMs)).toEqual({ kind: 'begin' })
  })
})

describe('an optional input whose time comes after the cutoff', () => {
  const afterMs = CUTOFF_MS + HOUR_MS
  const condition: Condition = {
    ...{ kind: 'at-least', n: 2 },
    of: [
      { kind: 'cycle', at: 0 },
      { kind: 'optional', afterMs, of: { kind: 'cycle', at: 1 } },
    ],
  }
  const missed = (change: Partial<CycleInput> = {}): Cycle =>
    applyFact(withCutoff('error', { condition, ...change }), { kind: 'missed', missing: ['raw/rd2'] }, CUTOFF_MS)
  const reported = (cycle: Cycle): Cycle => applyFact(cycle, { kind: 'reported' }, CUTOFF_MS)

  test('starts the cycle in ERROR(wait) when its time comes, without any event', () => {
    const cycle = reported(arrive(missed(), 'd1/ds1'))
    expect(decideNext(cycle, afterMs - 1)).toEqual({ kind: 'wait', untilMs: afterMs })
    expect(decideNext(cycle, afterMs)).toEqual({ kind: 'begin' })
  })

  test('is told first, and at its time the rest is still waited for until nobody came', () => {
    expect(decideNext(missed(), CUTOFF_MS)).toEqual({ kind: 'report' })
    const untilMs = CUTOFF_MS + missed().input.settings.errorWaitMs
    expect(decideNext(reported(missed()), afterMs)).toEqual({ kind: 'wait', untilMs })
    expect(decideNext(reported(missed()), untilMs)).toEqual({ kind: 'give-up' })
  })

  test('does not keep the run open beyond the error wait', () => {
    const settings = { ...missed().input.settings, errorWaitMs: HOUR_MS / 2 }
    const cycle = reported(arrive(missed({ settings }), 'd1/ds1'))
    expect(decideNext(cycle, CUTOFF_MS)).toEqual({ kind: 'wait', untilMs: CUTOFF_MS + HOUR_MS / 2 })
    expect(decideNext(cycle, CUTOFF_MS + HOUR_MS / 2)).toEqual({ kind: 'give-up' })
  })
})

test('a cycle opened by the calendar starts at the wall time of its definition', () => {
  const definition = definitionOf('d1/ds3', [], { notBefore: wallOf('17:00') })
  const input = openCycle(timetableOf(), versionOf(definition), { ...inputOf(definition), openedBy: 'scheduler' })
  const fiveInNewYorkMs = Date.parse('2026-11-20T22:00:00Z')
  expect(decideNext(openRun(input, NOON_MS), NOON_MS)).toEqual({ kind: 'wait', untilMs: fiveInNewYorkMs })
})
