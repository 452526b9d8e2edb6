// Temporal or PostgreSQL away: what needs them stays in the queue, what does not passes, and afterwards all is there once.
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { listEvents } from '../../mirror/events.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, openBridgeStage, until } from './bridge-stage.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { KEY, messageOf, refreshedOf } from './refresh-messages.ts'
import { isThere, type LentTemporal, lendTemporal, signalsOf } from './temporal.ts'

let temporal: LentTemporal
let database: LentDatabase
let stage: BridgeStage
beforeAll(async () => {
  // Without the client's own retries a call fails as soon as the server is gone, instead of at its deadline of 15 s.
  ;[temporal, database] = await Promise.all([lendTemporal({ interceptors: [] }), lendDatabase()])
})
afterAll(() => Promise.all([temporal.stop(), database.drop()]))
beforeEach(async () => {
  stage = await openBridgeStage(temporal.client, database.db)
})
afterEach(() => stage.close())

const hidden = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'ChangeMessageVisibilityBatch' })
const receives = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'ReceiveMessage' })
const ledgerRows = () => listEvents(database.db, { domain: stage.domain, limit: 100 })

test('while Temporal is away messages stay and polling pauses; then each is delivered, none dead-lettered', async () => {
  await temporal.goAway()
  stage.start()
  const revisions = Array.from({ length: 25 }, (_none, at) => at + 1)
  for (const revision of revisions) await stage.send(messageOf(refreshedOf('raw/rd1', { revision })))
  await until(() => expect(hidden().length).toBeGreaterThanOrEqual(3))
  expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(revisions.length)
  // The first three receives find messages waiting, so only the doubling pauses keep them apart.
  const [first = 0, second = 0, third = 0] = receives().map(({ atMs }) => atMs)
  expect(second - first).toBeGreaterThan(240)
  expect(third - second).toBeGreaterThan(480)

  await temporal.comeBack()
  await stage.untilEmpty(30_000)
  const arrivals = (await signalsOf<Arrival[]>(temporal.client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)).flat()
  expect([...new Set(arrivals.map(({ revision }) => revision))].sort((one, other) => one - other)).toEqual(revisions)
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
  expect(await ledgerRows()).toEqual([])
})

test('a batch that needs no Temporal goes while it is away, and ends nothing: told once, over once', async () => {
  const said = () => stage.logged.map(({ msg }) => msg)
  await temporal.goAway()
  stage.start()
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  for (const batch of [1, 2]) {
    await until(() => expect(hidden().length).toBeGreaterThanOrEqual(batch))
    await stage.send(messageOf(refreshedOf('raw/rd9', { revision: batch })))
    await until(async () => expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1))
  }
  await until(() => expect(hidden().length).toBeGreaterThanOrEqual(4))
  expect(said()).toEqual(['Messages stay in the queue'])
  await temporal.comeBack()
  await stage.untilEmpty(30_000)
  expect(said()).toEqual(['Messages stay in the queue', 'Messages are taken again'])
})

test('while PostgreSQL is away events still reach their cycles; what must be written waits, and is written once', async () => {
  await admit(false)
  stage.start()
  const waiting = [
    'no JSON',
    messageOf(refreshedOf('raw/rd1', { key: '2026-11-21' })),
    messageOf(refreshedOf('raw/rd1', { key: '2026-11-24' })),
  ]
  for (const body of waiting) await stage.send(body)
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  await until(() => expect(hidden().length).toBeGreaterThanOrEqual(2))
  await stage.send(messageOf(refreshedOf('raw/rd1', { key: '2026-11-19' })))
  await until(async () => {
    stage.clock.jump(1_000)
    expect(await isThere(temporal.client, stage.cycle('ds1', '2026-11-19'))).toBe(true)
    expect(await isThere(temporal.client, stage.cycle('ds2', KEY))).toBe(true)
    expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(waiting.length)
  })
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
  // The loops themselves do not pause: only Temporal's absence is everybody's.
  expect(stage.logged.some(({ msg }) => msg === 'Messages stay in the queue')).toBe(false)
  expect(stage.logged.some(({ msg }) => msg === 'Messages wait in the queue')).toBe(true)

  await admit(true)
  await stage.untilEmpty(30_000)
  const rows = (await ledgerRows()).map(({ outcome, seen, deliveries }) => [outcome, seen, deliveries.length])
  expect(rows.sort(([one], [other]) => String(one).localeCompare(String(other)))).toEqual([
    ['refused', 1, 0],
    ['routed', 1, 2],
    ['unmatched', 1, 0],
  ])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(1)
})

test('a receive that fails is only a pause', async () => {
  const action = { kind: 'error', code: 'InternalError', status: 503 } as const
  stage.sandbox.faults.add({ service: 'sqs', operation: 'ReceiveMessage', times: 3, action })
  stage.start()
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  await stage.untilEmpty()
  expect(await isThere(temporal.client, stage.cycle('ds1', KEY))).toBe(true)
})

test('a receive that failed is over with the first that finds the queue empty, not with the next batch', async () => {
  const action = { kind: 'error', code: 'InternalError', status: 503 } as const
  stage.sandbox.faults.add({ service: 'sqs', operation: 'ReceiveMessage', times: 3, action })
  stage.start()
  await until(() => {
    // Puts the sandbox's clock over the end of the long poll.
    stage.clock.jump(20_000)
    expect(stage.logged.map(({ msg }) => msg)).toEqual(['Messages stay in the queue', 'Messages are taken again'])
  })
})

/** As a server that is being restarted answers: no session stays, none begins. */
async function admit(isOpen: boolean): Promise<void> {
  const name = new URL(database.url).pathname.slice(1)
  const server = new pg.Client({ connectionString: inject('postgres').url })
  await server.connect()
  try {
    await server.query(`alter database ${name} with allow_connections ${isOpen}`)
    await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  } finally {
    await server.end()
  }
}

test('deletes that fail alone are one trouble until one is taken, however many batches are delivered meanwhile', async () => {
  const action = { kind: 'error', code: 'InternalError', status: 503 } as const
  stage.sandbox.faults.add({ service: 'sqs', operation: 'DeleteMessageBatch', times: 9, action })
  stage.start()
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  await until(async () => {
    // The SDK asks three times for each batch. Over the visibility time-out: the message is delivered again.
    stage.clock.jump(60_000)
    expect(stage.logged.map(({ msg }) => msg)).toEqual(['Messages stay in the queue', 'Messages are taken again'])
    expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(0)
  })
})
