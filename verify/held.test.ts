// What a hold excuses, and what it does not; and which corrections a settled cycle may stay open for.
import { describe, expect, test } from 'vitest'
import { type Command, type Cycle, openRun } from '../model/cycle/cycle.ts'
import { applyArrival } from '../model/cycle/arrivals.ts'
import { applyFact, type Fact } from '../model/cycle/facts.ts'
import { toRecord } from '../model/cycle/record.ts'
import type { ProductDefinition } from '../model/definition.ts'
import { arrivalOf, definitionOf, endOf, HOUR_MS, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import { cycleEvidenceOf, evidenceOf } from './evidence.test-data.ts'
import type { HistoryStep } from './evidence.ts'
import { checkLife } from './life.ts'
import { checkNotEarly } from './starts.ts'

const MINUTE_MS = 60_000
const command = (action: 'hold' | 'release', of: 'cycle' | 'product' = 'cycle'): Fact => ({
  kind: 'commanded',
  command: { action, of, actor: 'ann', reason: 'prices are wrong', requestId: `${action}-1` } as Command,
})
const HOLD = command('hold')
const BEGUN: Fact[] = [{ kind: 'begun' }, { kind: 'run-started', runId: 'jr_1', adopted: false }]
const FAILED: Fact = { kind: 'run-ended', end: endOf('FAILED') }
const PUBLISHED: Fact[] = [
  { kind: 'run-ended', end: endOf('SUCCEEDED') },
  { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 },
]

const definition = (change: Partial<ProductDefinition> = {}) => definitionOf('d1/ds3', ['raw/a'], change)
const opened = (change: Partial<ProductDefinition> = {}, cutoffMs: number | null = null): Cycle =>
  openRun(inputOf(definition(change), { cutoffMs }), NOON_MS)
const arrived = (cycle: Cycle): Cycle => applyArrival(cycle, arrivalOf('raw/a'), NOON_MS)
const after = (cycle: Cycle, facts: Fact[], atMs = NOON_MS): Cycle =>
  facts.reduce((before, fact) => applyFact(before, fact, atMs), cycle)

const flush = (cycle: Cycle, at: number, writtenVersion = 0): HistoryStep => ({
  ...{ at, atMs: NOON_MS + at, kind: 'asked', activity: 'recordCycle', activityId: `record-${at}` },
  input: toRecord(cycle, writtenVersion, NOON_MS),
})
const answered = (at: number, askedAt: number): HistoryStep => ({
  ...{ at, atMs: NOON_MS + at, kind: 'answered', activity: 'recordCycle', activityId: `record-${askedAt}`, askedAt },
  result: null,
})
const ordered = (at: number, attempt: number): HistoryStep => ({
  ...{ at, atMs: NOON_MS + at, kind: 'asked', activity: 'startGlueJob', activityId: `start-${attempt}` },
  input: { cycle: 'd1/ds3/2026-11-20', job: 'd1-ds3', attempt },
})

const evidence = (cycle: Cycle, steps: HistoryStep[], readFromMs: number) => {
  const [run] = cycleEvidenceOf(cycle.input, []).runs
  return evidenceOf({ cycles: [{ cycle: cycle.id, runs: run ? [{ ...run, steps }] : [] }], readFromMs })
}

/** What is said of a cycle that stands so and has asked for nothing more, that much later. */
const judge = (cycle: Cycle, laterMs = HOUR_MS): string[] =>
  checkLife(evidence(cycle, [flush(cycle, 1), answered(2, 1)], NOON_MS + laterMs)).violations.map(({ says }) => says)

describe('a held cycle is not stuck', () => {
  test('where it has all it needs; once it is released it is', () => {
    const cycle = after(arrived(opened()), [HOLD])
    expect(judge(cycle)).toEqual([])
    expect(judge(after(cycle, [command('release')]))).toEqual([expect.stringContaining('all it needs is there')])
  })

  test('where its attempt failed and the next would begin, or its product was held before Glue was asked', () => {
    const retried = { run: { ...definition().run, attempts: 2, retryAfterMs: 1 } }
    const failed = after(arrived(opened(retried)), [...BEGUN, HOLD, FAILED])
    expect(judge(failed)).toEqual([])
    expect(judge(after(failed, [command('release')]))).toEqual([expect.stringContaining('asks for nothing')])
    const held = { actor: 'ann', reason: 'prices are wrong', sinceMs: NOON_MS, of: 'product' as const }
    expect(judge(after(arrived(opened()), [{ kind: 'begun' }, { kind: 'found-held', held }]))).toEqual([])
  })

  test('in ERROR for longer than an operator has, and with its inputs beyond its cutoff', () => {
    const failed = after(arrived(opened()), [...BEGUN, FAILED])
    expect(judge(after(failed, [HOLD]), 100 * HOUR_MS)).toEqual([])
    expect(judge(failed, 100 * HOUR_MS)).toEqual([expect.stringContaining('is open in ERROR(run)')])
    const cutoff = { cutoff: { at: { time: '12:10', days: 0, unit: 'day' as const }, then: 'error' as const } }
    const inTime = after(arrived(opened(cutoff, NOON_MS + MINUTE_MS)), [HOLD])
    expect(judge(inTime)).toEqual([])
  })
})

describe('a held cycle is stuck', () => {
  test('where its run is over and what it made is not published', () => {
    const succeeded = after(arrived(opened()), [...BEGUN, HOLD, { kind: 'run-ended', end: endOf('SUCCEEDED') }])
    expect(judge(succeeded)).toEqual([expect.stringContaining('asks for nothing')])
  })

  test('where it waits in vain beyond its cutoff: that counts all the same', () => {
    const cutoff = { cutoff: { at: { time: '12:10', days: 0, unit: 'day' as const }, then: 'error' as const } }
    const waits = after(opened(cutoff, NOON_MS + MINUTE_MS), [HOLD])
    expect(judge(waits)).toEqual([expect.stringContaining('is open in WAITING for longer')])
  })
})

describe('an attempt that began in spite of a hold', () => {
  const cycle = after(arrived(opened()), [HOLD])
  const told = (steps: HistoryStep[]): string[] =>
    checkNotEarly(evidence(cycle, steps, NOON_MS))
      .violations.map(({ says }) => says)
      .filter((says) => says.includes('held'))

  test('is a start too early', () => {
    expect(told([flush(cycle, 1), ordered(2, 1), flush(cycle, 3, cycle.version)])).toEqual([
      'd1/ds3/2026-11-20 asked Glue for attempt 1, though it was held by ann',
    ])
  })

  test('is none where it was ordered before, or released meanwhile', () => {
    expect(told([ordered(1, 1), flush(cycle, 2), flush(cycle, 3, cycle.version)])).toEqual([])
    const released = after(cycle, [command('release')])
    expect(told([flush(cycle, 1), ordered(2, 1), flush(released, 3, cycle.version)])).toEqual([])
    // Held again by the same hold of its product, of which the worker had not heard.
    const held = { actor: 'ann', reason: 'prices are wrong', sinceMs: NOON_MS, of: 'cycle' as const }
    const again = after(released, [{ kind: 'begun' }, { kind: 'found-held', held }])
    expect(told([flush(cycle, 1), ordered(2, 1), flush(again, 3, cycle.version)])).toEqual([])
  })
})

describe('a cycle that is over and open', () => {
  const corrected = (settleMs: number): Cycle => {
    const dependsOn = [{ product: arrivalOf('raw/a').product, onRevision: 'rerun' as const }]
    const done = after(arrived(opened({ settleMs, dependsOn })), [...BEGUN, ...PUBLISHED])
    return applyArrival(done, arrivalOf('raw/a', { revision: 2 }), NOON_MS)
  }

  test('waits for corrections to settle, as long as its definition says, and no longer', () => {
    expect(judge(corrected(HOUR_MS), 13 * HOUR_MS - MINUTE_MS * 60)).toEqual([])
    expect(judge(corrected(1_000), HOUR_MS)).toEqual([expect.stringContaining('is open in COMPLETED')])
  })

  test('waits for its release where its product is held', () => {
    expect(judge(after(corrected(1_000), [command('hold', 'product')]))).toEqual([])
  })
})
