// Why a cycle ran, ran early, ran again: by hand.
import { expect, test } from 'vitest'
import type { Condition } from '../cycle/condition.ts'
import type { Attempt } from '../cycle/attempt.ts'
import { toWaiting } from '../cycle/cycle.ts'
import { arrivalOf, endOf, HOUR_MS, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { type Remembered, toRunSentences } from './why-ran.ts'

const iso = (hours: number): string => new Date(NOON_MS + hours * HOUR_MS).toISOString()
const waiting = (product: string) => toWaiting({ product: toProduct(product), key: KEY })
const arrived = (product: string, hours: number) => ({
  ...{ ...waiting(product), state: 'ARRIVED' as const, arrival: arrivalOf(product) },
  arrivedAtMs: NOON_MS + hours * HOUR_MS,
})
const waived = (product: string) => ({ ...waiting(product), state: 'WAIVED' as const })
const attempt = (number: number, hours: number, change: Partial<Attempt> = {}): Attempt => ({
  ...{ number, begunAtMs: NOON_MS + hours * HOUR_MS, runId: `jr_${number}`, runStartedAtMs: null, adopted: false },
  ...{ end: endOf('SUCCEEDED'), endedAtMs: null },
  ...change,
})
const told = (change: Partial<Remembered>): string[] =>
  toRunSentences({
    ...{ dependencies: [], condition: null, attempts: [attempt(1, 3)], deliveries: [], actions: [] },
    ...{ notBefore: null, cutoffAt: null, ...change },
  })

const RAN = `ran at ${iso(3)}: `
const LAST = `raw/b/${KEY} revision 1 arrived at ${iso(3)}`

test('it ran because its last input arrived, or its time came', () => {
  expect(told({ dependencies: [arrived('raw/a', 1), arrived('raw/b', 3)] })).toEqual([`${RAN}its last input, ${LAST}`])
  expect(told({ dependencies: [arrived('raw/a', 1)], notBefore: iso(3) })).toEqual([
    `${RAN}it had all it needs before, and starts not before ${iso(3)} (last, raw/a/${KEY} revision 1 arrived at ${iso(1)})`,
  ])
  expect(told({ notBefore: iso(3) })).toEqual([`${RAN}its time had come, ${iso(3)}`])
  expect(told({})).toEqual([`${RAN}it waits for no other`])
  expect(told({ attempts: [] })).toEqual([])
})

test('the revision that arrived is told, not the correction that took its place', () => {
  const corrected = { ...arrived('raw/b', 3), arrival: arrivalOf('raw/b', { revision: 2 }) }
  const delivery = { at: iso(3), upstream: 'raw/b', upstreamKey: KEY, revision: 1, outcome: 'satisfied' as const }
  expect(told({ dependencies: [corrected], deliveries: [delivery] })).toEqual([`${RAN}its last input, ${LAST}`])
})

test('why it did not wait for what it went without', () => {
  const condition: Condition = {
    ...{ kind: 'at-least', n: 2 },
    of: [
      { kind: 'cycle', at: 0 },
      { kind: 'optional', afterMs: NOON_MS + 3 * HOUR_MS, of: { kind: 'cycle', at: 1 } },
    ],
  }
  expect(told({ dependencies: [arrived('raw/b', 1), waived('raw/a')], condition })).toEqual([
    `${RAN}from ${iso(3)} it does without what was still missing (last, raw/b/${KEY} revision 1 arrived at ${iso(1)})`,
    `without raw/a/${KEY}: it is optional from ${iso(3)}`,
  ])
  expect(told({ dependencies: [arrived('raw/b', 1), waived('raw/a')], cutoffAt: iso(3) })).toEqual([
    `${RAN}its wait ended at ${iso(3)}, and it runs without what has not come by then`,
    `without raw/a/${KEY}: its wait ended at ${iso(3)}`,
  ])
  const byAnn = { ...waived('raw/a'), waivedBy: { actor: 'ann', reason: 'it is late' } }
  expect(told({ dependencies: [arrived('raw/b', 3), byAnn] })[1]).toBe(
    `without raw/a/${KEY}: waived by ann, "it is late"`,
  )
  const waiver = { at: iso(2), action: 'waive', actor: 'ben', reason: 'so be it', outcome: 'accepted' as const }
  expect(told({ dependencies: [arrived('raw/b', 3), waived('raw/a')], actions: [waiver] })[1]).toBe(
    `without raw/a/${KEY}: waived by ben, "so be it"`,
  )
})

test('each further attempt has its cause: a retry, a rerun by whom, a correction of what', () => {
  const dependencies = [arrived('raw/b', 3)]
  const broken = attempt(1, 3, { end: endOf('FAILED'), failure: 'job-failed' })
  const rerun = { at: iso(5), action: 'rerun', actor: 'ann', reason: 'late data', outcome: 'accepted' as const }
  const correction = { at: iso(6), upstream: 'raw/b', upstreamKey: KEY, revision: 2, outcome: 'correction' as const }
  const attempts = [broken, attempt(2, 4), attempt(3, 5), attempt(4, 6, { isCorrection: true }), attempt(5, 7)]
  const refused = { ...rerun, at: iso(7), outcome: 'refused' as const }
  expect(told({ dependencies, attempts, actions: [rerun, refused], deliveries: [correction] }).slice(1)).toEqual([
    `ran again at ${iso(4)}, attempt 2: a retry, attempt 1 ended FAILED, a failure of the job`,
    `ran again at ${iso(5)}, attempt 3: rerun by ann, "late data"`,
    `ran again at ${iso(6)}, attempt 4: raw/b/${KEY} was corrected, revision 2 arrived at ${iso(6)}`,
    `ran again at ${iso(7)}, attempt 5`,
  ])
})

test('an attempt that is to publish nothing says so', () => {
  const rerun = { at: iso(5), action: 'rerun', actor: 'ann', reason: 'to look', outcome: 'accepted' as const }
  const unpublished = attempt(2, 5, { isUnpublished: true })
  expect(told({ attempts: [attempt(1, 3), unpublished], actions: [rerun] })[1]).toBe(
    `ran again at ${iso(5)}, attempt 2, to publish nothing (--no-publish): rerun by ann, "to look"`,
  )
  expect(told({ attempts: [{ ...unpublished, number: 1 }] })).toEqual([
    `ran at ${iso(5)}, to publish nothing (--no-publish): it waits for no other`,
  ])
})
