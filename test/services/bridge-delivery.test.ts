// The bridge's main road on real queues, buses and Temporal: an event becomes one signal to each cycle it concerns.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { listEvents } from '../../mirror/events.ts'
import { openCycle } from '../../model/calendar/due.ts'
import type { Blocker } from '../../model/cycle/cycle.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, toCycleStart } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, until, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, notRefreshedOf, refreshedOf } from './refresh-messages.ts'
import { isThere, signalsOf } from './temporal.ts'

const MINUTE_MS = 60_000
const REFRESHED = 'Data Product Refreshed'
const NOT_REFRESHED = 'Data Product Not Refreshed'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const arrivalsOf = (name: string, key = KEY): Promise<Arrival[][]> =>
  signalsOf<Arrival[]>(client, stage.cycle(name, key), ARRIVALS_SIGNAL)
const idsOf = (arrivals: Arrival[]): string[] => arrivals.map(({ eventId }) => eventId).sort()
const ledgerRows = () => listEvents(database.db, { domain: stage.domain, limit: 100 })
const calls = (operation: string) => stage.sandbox.ledger.rows({ kind: 'call', operation })

test('an event on the central bus starts each cycle that waits for it, with the arrival, and is deleted', async () => {
  stage.start()
  await stage.publish(refreshedOf('raw/rd1'), REFRESHED)
  await until(async () => expect(await isThere(client, stage.cycle('ds2', KEY))).toBe(true))
  await stage.untilEmpty()

  const arrival = {
    ...{ eventId: `raw/rd1/${KEY}/r1`, product: 'raw/rd1', key: KEY, revision: 1 },
    ...{ location: `s3://example-raw/rd1/${KEY}/`, correlationId: `correlation of raw/rd1/${KEY}/r1` },
    occurredAt: '2026-11-20T21:59:00.000Z',
  }
  expect(await arrivalsOf('ds1')).toEqual([[arrival]])
  expect(await arrivalsOf('ds2')).toEqual([[arrival]])
  expect(await ledgerRows()).toEqual([])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
})

test('all messages of a batch that concern a cycle are one signal; the next batch signals the cycle that is open', async () => {
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  await stage.send(messageOf(refreshedOf('raw/rd2')))
  await stage.send(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
  stage.start()
  await stage.untilEmpty()
  expect((await arrivalsOf('ds2')).map(idsOf)).toEqual([
    [`raw/rd1/${KEY}/r1`, `raw/rd1/${KEY}/r2`, `raw/rd2/${KEY}/r1`],
  ])
  expect((await arrivalsOf('ds1')).map(idsOf)).toEqual([[`raw/rd1/${KEY}/r1`, `raw/rd1/${KEY}/r2`]])

  await stage.publish(refreshedOf('raw/rd2', { revision: 2 }), REFRESHED)
  await until(async () => expect((await arrivalsOf('ds2'))[1]?.map(({ revision }) => revision)).toEqual([2]))
})

test('unknown fields are ignored; lone surrogates and right-to-left text are delivered as they came', async () => {
  const correlationId = 'قيمة \u202e \ud800'
  const detail = refreshedOf('raw/rd1', { metadata: { correlationId, later: { a: 1 } }, data: { stats: { rows: 1 } } })
  await stage.send(messageOf(detail, { 'replay-name': 'again', other: [] }))
  stage.start()
  await stage.untilEmpty()
  expect(await arrivalsOf('ds1')).toMatchObject([[{ correlationId }]])
})

test('copies that SQS makes of a message, together or later, are the same event to the same cycle', async () => {
  stage.sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', action: { kind: 'duplicate', times: 3 } })
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  stage.start()
  await until(() => expect(calls('DeleteMessageBatch')).toHaveLength(1))
  expect((await arrivalsOf('ds1')).map(idsOf)).toEqual([[`raw/rd1/${KEY}/r1`]])

  await stage.untilEmpty(MINUTE_MS)
  expect(new Set((await arrivalsOf('ds1')).flatMap(idsOf))).toEqual(new Set([`raw/rd1/${KEY}/r1`]))
  expect(await ledgerRows()).toEqual([])
})

test.each([
  ['as a whole', { kind: 'error', code: 'InternalError', status: 500 }, 3],
  ['for one entry', { kind: 'fail-entry', index: 0, code: 'InternalError' }, 1],
] as const)('a delete that fails %s after the delivery only delivers again', async (_how, action, times) => {
  stage.sandbox.faults.add({ service: 'sqs', operation: 'DeleteMessageBatch', times, action })
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  stage.start()
  await stage.untilDeleteFails()
  expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1)
  await stage.untilEmpty(MINUTE_MS)
  expect((await arrivalsOf('ds1')).map(idsOf)).toEqual([[`raw/rd1/${KEY}/r1`], [`raw/rd1/${KEY}/r1`]])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
})

test('an event of a product that nobody here waits for costs no call to Temporal, PostgreSQL or the catalog', async () => {
  const before = calls('GetObject').length
  stage.start({ temporal: untouchable('Temporal'), ledger: untouchable('PostgreSQL') })
  await stage.publish(refreshedOf('raw/rd9'), REFRESHED)
  await stage.publish(notRefreshedOf('raw/rd9'), NOT_REFRESHED)
  await until(() => expect(calls('DeleteMessageBatch').length).toBeGreaterThan(0))
  await stage.untilEmpty()
  expect(calls('GetObject')).toHaveLength(before)
})

test('a product applied a moment ago is routed after one reload of the index', async () => {
  const definition = { ...stage.version('ds1').definition, dependsOn: [{ product: toProduct('raw/new') }] }
  await stage.apply({
    products: [{ ...stage.version('ds1'), version: 2, definition }],
    known: [definition.product, toProduct('raw/new')],
  })
  const before = calls('GetObject').length
  await stage.send(messageOf(refreshedOf('raw/new')))
  await stage.send(messageOf(refreshedOf('raw/new', { revision: 2 })))
  stage.start()
  await stage.untilEmpty()
  expect((await arrivalsOf('ds1')).map(idsOf)).toEqual([[`raw/new/${KEY}/r1`, `raw/new/${KEY}/r2`]])
  expect(calls('GetObject').length - before).toBe(1)
})

test('an earlier version of a definition delivers, and does not keep the current one from opening the cycle', async () => {
  const { definition } = stage.version('ds1')
  const earlier = {
    ...stage.version('ds1'),
    definition: { ...definition, dependsOn: [{ product: toProduct('raw/rd9') }] },
  }
  await stage.apply({ earlier: [earlier] })
  await stage.parts.index.reload()
  await stage.send(messageOf(refreshedOf('raw/rd9')))
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  stage.start()
  await stage.untilEmpty()
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
  expect((await arrivalsOf('ds1')).flatMap(idsOf)).toContain(`raw/rd1/${KEY}/r1`)
})

test('a cycle with as many and as long upstreams as there can be is opened too', async () => {
  const longest = (text: string) => text.padEnd(63, 'x')
  const upstreams = Array.from({ length: 24 }, (_none, at) => toProduct(`${longest('far')}/${longest(`rd${at}`)}`))
  const dependsOn = upstreams.map((product) => ({ product }))
  const { definition } = stage.version('ds1')
  await stage.apply({ products: [{ ...stage.version('ds1'), version: 2, definition: { ...definition, dependsOn } }] })
  await stage.parts.index.reload()
  await stage.send(messageOf(refreshedOf(upstreams[0] ?? '')))
  stage.start()
  await stage.untilEmpty()
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
})

test('a definition that this version cannot compute keeps back its own messages, and no others', async () => {
  const { definition } = stage.version('ds1')
  const newer = { ...definition, calendar: 'lunar', dependsOn: [{ product: toProduct('raw/rd9') }] }
  await stage.apply({ products: [{ ...stage.version('ds1'), definition: newer }, stage.version('ds2')] })
  await stage.parts.index.reload()
  for (const product of ['raw/rd9', 'raw/rd1', 'raw/rd2']) await stage.send(messageOf(refreshedOf(product)))
  stage.start()
  await until(async () => expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1))
  expect((await arrivalsOf('ds2')).map(idsOf)).toEqual([[`raw/rd1/${KEY}/r1`, `raw/rd2/${KEY}/r1`]])
  await until(() =>
    expect(stage.logged).toContainEqual(
      expect.objectContaining({
        msg: 'Messages wait in the queue',
        error: expect.stringMatching(/^Could not route raw\/rd9 for 2026-11-20 .* There is no calendar "lunar"/),
      }),
    ),
  )
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)

  await stage.apply({ products: [{ ...stage.version('ds1'), definition: { ...newer, calendar: 'weekdays' } }] })
  await stage.parts.index.reload()
  await stage.untilEmpty(60_000)
  expect((await arrivalsOf('ds1')).map(idsOf)).toEqual([[`raw/rd9/${KEY}/r1`]])
})

test('an upstream that did not refresh opens nothing, and is named to the cycles that are open', async () => {
  const settings = stage.parts.settings
  const start = toCycleStart(
    openCycle(stage.timetable, stage.version('ds1'), { key: toKey(KEY), openedBy: 'scheduler', settings }),
  )
  await client.workflow.start('dataProductCycle', start)
  stage.start()
  await stage.publish(notRefreshedOf('raw/rd1'), NOT_REFRESHED)
  await until(async () => expect(await ledgerRows()).toHaveLength(1))
  await stage.untilEmpty()

  expect(await signalsOf<Blocker[]>(client, stage.cycle('ds1', KEY), BLOCKERS_SIGNAL)).toMatchObject([
    [{ product: 'raw/rd1', key: KEY, state: 'ERROR', step: 'run', reason: 'no such table' }],
  ])
  expect(await isThere(client, stage.cycle('ds2', KEY))).toBe(false)
  expect(await ledgerRows()).toMatchObject([
    { outcome: 'routed', reason: `named as the blocker of ${stage.cycle('ds1', KEY)}` },
  ])
})

test('stopping ends with the messages in hand delivered and deleted', async () => {
  const inHand = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { ledger } = stage.parts
  const bridge = stage.start({
    ledger: {
      ...ledger,
      async recordUntaken(events) {
        inHand.resolve()
        await release.promise
        await ledger.recordUntaken(events)
      },
    },
  })
  await stage.send('no JSON')
  await inHand.promise
  let isStopped = false
  const stopping = bridge.stop().then(() => {
    isStopped = true
  })
  // Every round trip that a stop without patience would need is over before this one.
  await depthOf(stage.sqs, stage.queueUrl)
  expect(isStopped).toBe(false)
  release.resolve()
  await stopping
  expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(0)
  expect(await ledgerRows()).toMatchObject([{ outcome: 'refused' }])
})

test('stopping an idle bridge interrupts its long poll and takes nothing any more', async () => {
  const bridge = stage.start({ loops: 2 })
  await until(async () => expect(stage.sandbox.ledger.rows({ kind: 'call', operation: 'GetObject' })).not.toEqual([]))
  await bridge.stop()
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1)
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
})

/** Stands for a client: whatever is asked of it fails the test by failing the batch. */
const untouchable = <T extends object>(name: string): T =>
  new Proxy({} as T, {
    get(_target, member) {
      throw new Error(`${name} was asked for ${String(member)}`)
    },
  })
