import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { rememberCorrections, takeCorrections } from './corrections.ts'
import { type Cycle, type DependencyStatus, openRun } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'
import { builtFrom, toGlueArguments } from './outgoing.ts'
import { toRecord } from './record.ts'

const command = { actor: 'ann', reason: 'the vendor corrected it', requestId: 'request-1' }
const revisionOf = (revision: number) => arrivalOf('raw/rd1', { revision })

const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), cycle)
const hear = (cycle: Cycle, ...revisions: number[]): Cycle =>
  revisions.reduce((cycle, revision) => applyArrival(cycle, revisionOf(revision), NOON_MS), cycle)

const begun = after(hear(cycleOf({}, ['raw/rd1']), 1), { kind: 'begun' })
const STARTED: Fact = { kind: 'run-started', runId: 'jr_1', adopted: false }
const SUCCEEDED: Fact = { kind: 'run-ended', end: endOf('SUCCEEDED') }

const readBy = (cycle: Cycle): unknown => {
  const attempt = cycle.attempts.at(-1)
  return attempt && JSON.parse(toGlueArguments(cycle, attempt)['--sluice_inputs'] ?? '')[0].revision
}

test('an attempt under way was built from what it was given; a rerun reads and names the newest correction', () => {
  const corrected = hear(after(begun, STARTED), 3, 2)
  expect(builtFrom(corrected)).toMatchObject([{ revision: 1 }])
  const completed = after(corrected, SUCCEEDED, { kind: 'published', eventId: 'r1', revision: 1 })
  expect(builtFrom(completed)).toMatchObject([{ revision: 1 }])

  const again = after(completed, { kind: 'rerun', command }, { kind: 'begun' })
  expect(again.dependencies).toMatchObject([{ arrival: revisionOf(3), newer: null, arrivedAtMs: NOON_MS }])
  expect([builtFrom(again), readBy(again)]).toEqual([[{ product: 'raw/rd1', cycle: KEY, revision: 3 }], 3])
})

test('so does the next attempt after a failure, for it reads the same folder', () => {
  const failed = after(hear(after(begun, STARTED), 2), { kind: 'run-ended', end: endOf('FAILED') })
  expect(readBy(after(failed, { kind: 'rerun', command }, { kind: 'begun' }))).toBe(2)
})

test('a rerun that only publishes tells what its data was built from', () => {
  const unpublished = after(begun, STARTED, SUCCEEDED, { kind: 'publish-failed', error: 'the bus is away' })
  expect(builtFrom(after(hear(unpublished, 2), { kind: 'rerun', command }))).toMatchObject([{ revision: 1 }])
})

test('what a rerun asked of this consumer is still asked when a newer revision was quicker, until an attempt reads it', () => {
  const [arrived] = begun.dependencies as [DependencyStatus]
  const asking = arrivalOf('raw/rd1', { revision: 2, cascade: 'all' })
  const inOrder = rememberCorrections([arrived], [asking, revisionOf(3)])
  const otherwise = rememberCorrections([arrived], [revisionOf(3), asking])
  expect(otherwise).toEqual(inOrder)
  expect(otherwise[0]?.newer).toEqual({ ...revisionOf(3), cascade: 'all' })
  const taken = takeCorrections(otherwise)
  expect(rememberCorrections(taken, [asking])).toEqual(taken)
  const late = rememberCorrections(taken, [revisionOf(4), asking])
  expect(late[0]?.newer).toEqual(revisionOf(4))
})

test('a rerun that brings a closed cycle back tells of what it found for it: the ledger may have no other word', () => {
  const [arrived] = begun.dependencies as [DependencyStatus]
  const past = { runNumber: 1, state: 'COMPLETED' as const, step: null, lastAttempt: 1, revision: 1, attempt: null }
  const dependencies = rememberCorrections([arrived], [revisionOf(2)])
  const opened = openRun({ ...begun.input, past: { ...past, dependencies, command } }, NOON_MS)
  const back = applyFact(opened, { kind: 'reopened', command }, NOON_MS)
  expect(back.deliveries).toMatchObject([{ eventId: revisionOf(2).eventId, outcome: 'correction', seen: 1 }])
  expect(toRecord(back, 0).deliveries).toHaveLength(1)
  expect(builtFrom(after(back, { kind: 'begun' }))).toMatchObject([{ revision: 2 }])
  const again = hear(back, 2)
  expect(again.deliveries).toMatchObject([{ outcome: 'correction', seen: 2 }])
})

test('what is recalled for a closed cycle counts when it is of an arrived input, and newer than all that is known', () => {
  const [arrived] = begun.dependencies as [DependencyStatus]
  const missing: DependencyStatus = {
    ...{ product: toProduct('raw/rd2'), key: KEY, state: 'WAITING', arrival: null, arrivedAtMs: null, blocker: null },
  }
  const recalled = [revisionOf(2), arrivalOf('raw/rd2', { revision: 2 }), arrivalOf('x/y', { revision: 2 })]
  const lifted = takeCorrections(rememberCorrections([arrived, missing], recalled))
  expect(lifted).toEqual([{ ...arrived, arrival: revisionOf(2), newer: null }, missing])
  expect(rememberCorrections(lifted, [revisionOf(1), revisionOf(2)])).toEqual(lifted)
  expect(takeCorrections([arrived, missing])).toEqual([arrived, missing])
})
