// I4 of a cycle with a condition of its own: what an upstream skipped counts only where the run was told of it.
import { expect, test } from 'vitest'
import type { Condition } from '../model/cycle/condition.ts'
import type { Blocker } from '../model/cycle/cycle.ts'
import { arrivalOf, definitionOf, inputOf, KEY, toKey, toProduct } from '../model/samples.test-data.ts'
import { cycleEvidenceOf, evidenceOf, type Told } from './evidence.test-data.ts'
import { checkNotEarly } from './starts.ts'

const THURSDAY = toKey('2026-11-19')
const RD1 = toProduct('raw/rd1')
const RD2 = toProduct('raw/rd2')

const skipped = (change: Partial<Blocker> = {}): Blocker => ({
  ...{ eventId: `raw/rd1/${KEY}/not-refreshed-1.4`, product: RD1, key: KEY, state: 'SKIPPED', step: null },
  ...{ reason: 'nothing to do', occurredAt: '2026-11-20T10:00:00.000Z' },
  ...change,
})

const expected = [
  { product: RD1, key: KEY },
  { product: RD1, key: THURSDAY },
  { product: RD2, key: KEY },
]
const OTHER: Condition = { kind: 'cycle', at: 2 }
const both = (part: Condition): Condition => ({ kind: 'at-least', n: 2, of: [part, OTHER] })

const judge = (condition: Condition, told: Told[]) => {
  const input = inputOf(definitionOf('d1/ds3', ['raw/rd1', 'raw/rd2']), { expected, condition: both(condition) })
  return checkNotEarly(evidenceOf({ cycles: [cycleEvidenceOf(input, told)] })).violations.map(({ says }) => says)
}

const rd2: Told = { arrive: [arrivalOf('raw/rd2')] }
const yesterday: Told = { arrive: [arrivalOf('raw/rd1', { key: THURSDAY })] }
const order: Told = { order: 1 }

test.each<[string, Condition]>([
  ['a cycle', { kind: 'cycle', at: 0, ifSkipped: 'run-without' }],
  ['the newest', { kind: 'newest', of: [0], ifSkipped: 'run-without' }],
])('%s that may be skipped and neither came nor was skipped is a start too early', (_, condition) => {
  expect(judge(condition, [rd2, order])).toEqual([expect.stringContaining(`it missed raw/rd1/${KEY}`)])
  expect(judge(condition, [rd2, { block: [skipped()] }, order])).toEqual([])
  expect(judge(condition, [rd2, { recall: [], skipped: [skipped()] }, order])).toEqual([])
  expect(judge(condition, [rd2, { arrive: [arrivalOf('raw/rd1')] }, order])).toEqual([])
})

test('the one before counts only once the first is known to be skipped', () => {
  const condition: Condition = { kind: 'first-not-skipped', of: [0, 1] }
  expect(judge(condition, [rd2, yesterday, order])).toEqual([expect.stringContaining(`it missed raw/rd1/${KEY}`)])
  expect(judge(condition, [rd2, yesterday, { block: [skipped()] }, order])).toEqual([])
  expect(judge(condition, [rd2, yesterday, order, { block: [skipped()] }])).toHaveLength(1)
})

test('a skip explains nothing about another input', () => {
  const condition: Condition = { kind: 'cycle', at: 0, ifSkipped: 'run-without' }
  expect(judge(condition, [{ block: [skipped()] }, order])).toEqual([expect.stringContaining('it missed raw/rd2/')])
})

test('where the upstream failed after it had skipped, it is no skip any more', () => {
  const condition: Condition = { kind: 'cycle', at: 0, ifSkipped: 'run-without' }
  const failed = skipped({ state: 'ERROR', step: 'run', occurredAt: '2026-11-20T11:00:00.000Z' })
  expect(judge(condition, [rd2, { block: [skipped()] }, { block: [failed] }, order])).toHaveLength(1)
  expect(judge(condition, [rd2, { block: [failed] }, { block: [skipped()] }, order])).toHaveLength(1)
})

test('a failure is no skip, and what is to be skipped with its upstream does not start', () => {
  const failed = skipped({ state: 'ERROR', step: 'run' })
  expect(judge({ kind: 'cycle', at: 0, ifSkipped: 'run-without' }, [rd2, { block: [failed] }, order])).toHaveLength(1)
  expect(judge({ kind: 'cycle', at: 0, ifSkipped: 'skip-cycle' }, [rd2, { block: [skipped()] }, order])).toHaveLength(1)
})

test('a run that comes back from a wait knows what the run before it was told', () => {
  const condition = both({ kind: 'cycle', at: 0, ifSkipped: 'run-without' })
  const known = { ...{ state: 'WAITING' as const, arrival: null, arrivedAtMs: null }, product: RD1, key: KEY }
  const past = {
    ...{ runNumber: 1, state: 'ERROR' as const, step: 'wait' as const, lastAttempt: 0, revision: 0, attempt: null },
    command: { actor: 'ann', reason: 'again', requestId: 'request-1' },
    dependencies: [{ ...known, blocker: skipped() }],
  }
  const input = inputOf(definitionOf('d1/ds3', ['raw/rd1', 'raw/rd2']), { expected, condition, past })
  const found = (told: Told[]) => checkNotEarly(evidenceOf({ cycles: [cycleEvidenceOf(input, told)] })).violations
  expect(found([rd2, order])).toEqual([])
  expect(found([order])).toHaveLength(1)
})
