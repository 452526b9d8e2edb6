import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { applyFact } from './facts.ts'
import { toRecord } from './record.ts'

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
