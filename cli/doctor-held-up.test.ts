import { expect, test } from 'vitest'
import { isHeldUp } from './doctor-held-up.ts'

const minutes = (n: number): number => n * 60_000

test('a refusal is told at once, but not while a try that may mend it is under way', () => {
  expect(isHeldUp({ type: 'AwsAccessDenied', isStarted: false, forMs: minutes(0) })).toBe(true)
  expect(isHeldUp({ type: 'AwsAccessDenied', isStarted: true, forMs: minutes(1) })).toBe(false)
})

test('what tries alone might mend is told after some minutes, also while it is tried', () => {
  expect(isHeldUp({ type: 'AwsUnavailable', isStarted: false, forMs: minutes(4) })).toBe(false)
  expect(isHeldUp({ type: 'AwsUnavailable', isStarted: false, forMs: minutes(6) })).toBe(true)
  expect(isHeldUp({ type: 'AwsUnavailable', isStarted: true, forMs: minutes(6) })).toBe(true)
})

test('a wait for room in Glue is none, however long', () => {
  expect(isHeldUp({ type: 'WaitsForConcurrentRuns', isStarted: false, forMs: minutes(600) })).toBe(false)
})
