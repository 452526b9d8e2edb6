import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, definitionOf, endOf, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { applyFact } from './facts.ts'
import { isFlushDue, toRecord } from './record.ts'

const opened = cycleOf({}, ['d1/ds1'])
const arrived = applyArrival(opened, arrivalOf('d1/ds1'), NOON_MS + 1)
const begun = applyFact(arrived, { kind: 'begun' }, NOON_MS + 2)

test('the first flush carries everything, with who and where it is', () => {
  const record = toRecord(begun, 0)
  expect(record).toMatchObject({ cycle: 'd1/ds3/2026-11-20', domain: 'd1', runNumber: 1, version: 3 })
  expect(record.transitions.map(({ to }) => to)).toEqual(['WAITING', 'PROCESSING'])
  expect(record.deliveries.map(({ outcome }) => outcome)).toEqual(['satisfied'])
})

test('a later flush carries the whole snapshot, and of the rest only what is new', () => {
  const record = toRecord(begun, arrived.version)
  expect(record.transitions.map(({ to }) => to)).toEqual(['PROCESSING'])
  expect(record.deliveries).toEqual([])
  expect(record.snapshot.dependencies).toEqual(begun.dependencies)
})

test('a flush of what is written already carries no row', () => {
  const { transitions, deliveries, actions } = toRecord(begun, begun.version)
  expect([transitions, deliveries, actions]).toEqual([[], [], []])
})

test('an event that comes again is carried again, with its count', () => {
  const again = applyArrival(begun, arrivalOf('d1/ds1'), NOON_MS + 3)
  expect(toRecord(again, begun.version).deliveries).toMatchObject([{ outcome: 'satisfied', seen: 2 }])
})

test('a command is carried once, refused or not', () => {
  const command = { actor: 'ann', reason: 'wrong rows', requestId: 'request-1' }
  const refused = applyFact(begun, { kind: 'rerun', command }, NOON_MS + 3)
  expect(toRecord(refused, begun.version).actions).toMatchObject([{ requestId: 'request-1', version: refused.version }])
  expect(toRecord(refused, refused.version).actions).toEqual([])
})

test('the snapshot says what was published, as consumers take it', () => {
  const completed = [
    { kind: 'run-started' as const, runId: 'jr_1', adopted: false },
    { kind: 'run-ended' as const, end: endOf('SUCCEEDED') },
    { kind: 'published' as const, eventId: 'd1/ds3/2026-11-20/r1', revision: 1 },
  ].reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS + 4), begun)
  expect(toRecord(begun, 0).snapshot.publication).toBeNull()
  expect(toRecord(completed, 0).snapshot).toMatchObject({
    state: 'COMPLETED',
    revision: 1,
    publication: { eventId: 'd1/ds3/2026-11-20/r1', revision: 1 },
    attempts: [{ number: 1, runId: 'jr_1' }],
  })
})

test('a hold is told for as long as it keeps something from starting, also of a cycle that completed', () => {
  const held = { actor: 'ann', reason: 'source is wrong', sinceMs: NOON_MS, of: 'product' as const }
  const dependsOn = [{ product: toProduct('d1/ds1'), onRevision: 'rerun' as const }]
  const definition = definitionOf('d1/ds3', [], { dependsOn })
  const wanting = { ...begun, held, input: { ...begun.input, definition } }
  expect(toRecord(wanting, 0).snapshot.held).toEqual(held)
  const published = { kind: 'published' as const, eventId: 'r1', revision: 1 }
  const completed = applyFact(wanting, published, NOON_MS + 3)
  expect(toRecord(completed, 0).snapshot.held).toBeUndefined()
  const corrected = applyArrival(completed, arrivalOf('d1/ds1', { revision: 2 }), NOON_MS + 4)
  expect(toRecord(corrected, 0).snapshot.held).toEqual(held)
})

test('the end of a run that succeeded waits for its publication, unless an event waits beside it', () => {
  const ended = applyFact(
    applyFact(begun, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS + 3),
    { kind: 'run-ended', end: endOf('SUCCEEDED') },
    NOON_MS + 4,
  )
  expect(isFlushDue(ended, ended.version - 1, NOON_MS + 9)).toBe(false)
  expect(isFlushDue(ended, ended.version - 1 - 2, NOON_MS + 9)).toBe(true)
  const beside = applyArrival(ended, arrivalOf('d1/ds1', { revision: 2 }), NOON_MS + 5)
  expect(isFlushDue(beside, ended.version, NOON_MS + 9)).toBe(true)
  const published = applyFact(ended, { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 }, NOON_MS + 6)
  expect(isFlushDue(published, ended.version - 1, NOON_MS + 9)).toBe(true)
  expect(isFlushDue(published, published.version, NOON_MS + 9)).toBe(false)
})

test('what happens while a run is being started waits for the answer', () => {
  // It begins at once, so its arrival goes with that.
  expect(isFlushDue(arrived, opened.version, NOON_MS + 9)).toBe(false)
  expect(isFlushDue(begun, opened.version, NOON_MS + 9)).toBe(false)
  const beside = applyArrival(begun, arrivalOf('d1/ds1', { revision: 2 }), NOON_MS + 3)
  expect(isFlushDue(beside, opened.version, NOON_MS + 9)).toBe(false)
  expect(isFlushDue(beside, 0, NOON_MS + 9)).toBe(true)
  const started = applyFact(beside, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS + 4)
  expect(isFlushDue(started, opened.version, NOON_MS + 9)).toBe(true)
  expect(toRecord(started, opened.version).transitions.map(({ to }) => to)).toEqual(['PROCESSING'])
  const failed = applyFact(begun, { kind: 'start-failed', error: 'no such job' }, NOON_MS + 4)
  const reported = applyFact(failed, { kind: 'reported' }, NOON_MS + 4)
  expect([failed, reported].map((now) => isFlushDue(now, opened.version, NOON_MS + 9))).toEqual([false, true])
})

test('that a rerun or a retry is being started is written at once', () => {
  const failed = applyFact(
    applyFact(begun, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS + 3),
    { kind: 'run-ended', end: endOf('FAILED') },
    NOON_MS + 4,
  )
  const reported = applyFact(failed, { kind: 'reported' }, NOON_MS + 5)
  const command = { actor: 'ann', reason: 'mended', requestId: 'request-1' }
  const rerun = applyFact(reported, { kind: 'rerun', command }, NOON_MS + 6)
  const starting = applyFact(rerun, { kind: 'begun' }, NOON_MS + 7)
  expect(starting).toMatchObject({ state: 'PROCESSING', lastAttempt: 2 })
  expect(isFlushDue(starting, reported.version, NOON_MS + 9)).toBe(true)
})

test('the end of a run that failed is written with its report', () => {
  const failed = applyFact(
    applyFact(begun, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS + 3),
    { kind: 'run-ended', end: endOf('FAILED') },
    NOON_MS + 4,
  )
  expect(isFlushDue(failed, failed.version - 1, NOON_MS + 9)).toBe(false)
  const reported = applyFact(failed, { kind: 'reported' }, NOON_MS + 5)
  expect(isFlushDue(reported, failed.version - 1, NOON_MS + 9)).toBe(true)
})
