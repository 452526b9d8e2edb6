// A cycle that somebody opens between the delivery and the question who waits. Stand-ins give the answers that a real
// server gives only in that race.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { OPENING_WINDOW, type Route } from '../model/calendar/routing.ts'
import { arrivalOf, definitionOf, inputOf, KEY, NOON_MS, timetableOf, versionOf } from '../model/samples.test-data.ts'
import type { Answers } from './deliver.ts'
import type { BridgeLedger } from './ledger.ts'
import { settle } from './settle.ts'

const cycle = `d1/ds3/${KEY}` as Route['cycle']
const route: Route = {
  ...{ cycle, key: KEY, version: versionOf(definitionOf('d1/ds3', ['raw/rd1'])), timetable: timetableOf() },
  ...{ isCurrent: true, isLookBack: true, dueAtMs: 0 },
}
const arrival = arrivalOf('raw/rd1')
const item: Parameters<typeof settle>[1] = {
  ...{ message: {}, body: '' },
  verdict: {
    kind: 'routed',
    news: { kind: 'refreshed', eventId: arrival.eventId, sender: { account: '', source: '' }, arrival },
    routes: [{ route, opening: 'look-back' }],
  },
}
const absent: Answers = { arrivals: { kind: 'absent' }, blockers: { kind: 'absent' } }

const settled = (waiting: Route['cycle'][]) => {
  const temporal = { withDeadline: (_atMs: number, send: () => Promise<unknown>) => send() }
  const client = {
    ...temporal,
    workflow: { getHandle: () => ({ signal: async () => undefined }) },
  } as unknown as Client
  const ledger: BridgeLedger = {
    recordUntaken: async () => undefined,
    judgePast: async () => ({ outcome: 'late', note: 'the cycle had closed without it' }),
    readPast: async () => undefined,
    listWaiting: async () => waiting,
  }
  const { settings } = inputOf(definitionOf('d1/ds3'))
  const parts = { temporal: client, ledger, settings, window: OPENING_WINDOW, nowMs: () => NOON_MS }
  return settle(parts, item, new Map([[cycle, absent]]))
}

test('a cycle that was not open, and took the event when it was asked again, is not judged once more', async () => {
  expect(await settled([cycle])).toEqual({ kind: 'done' })
})

test('one that took it neither then nor later is judged by what it last recorded', async () => {
  expect(await settled([])).toMatchObject({
    ...{ kind: 'record', event: { outcome: 'routed', deliveries: [{ cycle, outcome: 'late' }] } },
  })
})
