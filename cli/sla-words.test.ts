import { expect, test } from 'vitest'
import { type CycleId } from '../model/ids.ts'
import { toProduct } from '../model/samples.test-data.ts'
import { type Commitment, judge, marginWords, type SlaRow, summarise, summaryWords, toSpan } from './sla-words.ts'

const DUE = '2026-11-20T22:00:00.000Z'
const DUE_MS = Date.parse(DUE)
const MINUTE_MS = 60_000

const one = (change: Partial<Commitment> = {}): Commitment => ({
  ...{ cycle: 'd1/a/2026-11-20' as CycleId, product: toProduct('d1/a'), key: '2026-11-20', availableByMs: DUE_MS },
  ...{
    state: 'COMPLETED',
    step: null,
    held: null,
    isHeld: false,
    openedBy: 'scheduler',
    openedAt: '2026-11-20T05:00:00.000Z',
  },
  firstCompletedAt: null,
  ...change,
})
const at = (minutes: number): string => new Date(DUE_MS + minutes * MINUTE_MS).toISOString()

/** What is said at so many minutes after the time. */
function saidOf(commitment: Parameters<typeof judge>[0], minutes: number, usualAt: string | null = null): string {
  const judged = judge(commitment, DUE_MS + minutes * MINUTE_MS)
  return marginWords({ ...judged, expectedBy: DUE, usualAt } as SlaRow)
}

test('what was there in time is met, by how much; at the instant itself too', () => {
  expect(saidOf(one({ firstCompletedAt: at(-130) }), 500)).toBe('met, 2 h 10 min before')
  expect(saidOf(one({ firstCompletedAt: DUE }), 500)).toBe('met, 0 s before')
})

test('what was there too late is missed, and no rerun mends or breaks it', () => {
  expect(saidOf(one({ firstCompletedAt: at(14) }), 500)).toBe('missed by 14 min')
  expect(saidOf(one({ state: 'PROCESSING', firstCompletedAt: at(-5) }), 500)).toBe('met, 5 min before')
  expect(saidOf(one({ state: 'CANCELLED', firstCompletedAt: at(-5) }), 500)).toBe('met, 5 min before')
})

test('what is not there is open until its time and late from then on, whoever has not opened it', () => {
  const waiting = one({ state: 'WAITING' })
  expect(saidOf(waiting, -65)).toBe('1 h 05 min left')
  expect(saidOf(waiting, 0)).toBe('0 s left')
  expect(saidOf(waiting, 1)).toBe('late by 1 min')
  expect(saidOf({ ...waiting, state: null }, -65)).toBe('1 h 05 min left')
  expect(saidOf({ ...waiting, state: null }, 1)).toBe('late by 1 min')
})

test('what usually comes later than promised says so while it is open', () => {
  expect(saidOf(one({ state: 'WAITING' }), -65, at(5))).toBe('1 h 05 min left; usually later')
  expect(saidOf(one({ state: 'WAITING' }), -65, at(-5))).toBe('1 h 05 min left')
})

test('nobody counts on what ended without data, or what a person opened after its time; an outage of the scheduler counts', () => {
  expect(saidOf(one({ state: 'SKIPPED' }), 60)).toBe('skipped')
  expect(saidOf(one({ state: 'CANCELLED' }), 60)).toBe('cancelled')
  expect(saidOf(one({ state: 'WAITING', openedBy: 'backfill', openedAt: at(1) }), 60)).toBe('opened after its time')
  expect(saidOf(one({ state: 'WAITING', openedBy: 'person', openedAt: at(-1) }), 60)).toBe('late by 1 h 00 min')
  expect(saidOf(one({ state: 'WAITING', openedBy: 'scheduler', openedAt: at(1) }), 60)).toBe('late by 1 h 00 min')
})

test('the margin in seconds is below 0 after the time', () => {
  expect(judge(one({ firstCompletedAt: at(-2) }), DUE_MS)).toEqual({ verdict: 'met', marginSeconds: 120, note: null })
  expect(judge(one({ firstCompletedAt: at(2) }), DUE_MS).marginSeconds).toBe(-120)
})

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [60, '1 min'],
  [3_599, '59 min'],
  [3_600, '1 h 00 min'],
  [90_000, '1 d 1 h'],
])('%i seconds are %s', (seconds, words) => {
  expect(toSpan(seconds)).toBe(words)
})

test('the summary counts all, and names those without a commitment only where there are some', () => {
  const verdicts = (['met', 'met', 'late', 'none'] as const).map((verdict) => ({ verdict }))
  expect(summaryWords(summarise(verdicts))).toBe('2 met, 0 missed, 1 late, 0 open, 1 that nobody counts on')
  expect(summaryWords(summarise([]))).toBe('0 met, 0 missed, 0 late, 0 open')
})
