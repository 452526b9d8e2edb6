// Events of somebody else's shape, from the queue to the cycle: mapped, unmatched and kept, refused.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { toRefreshEntry } from '../../cli/refresh-entry.ts'
import { namesOf } from '../../clients/config.ts'
import { type LedgerEvent, listEvents, takeForRedrive } from '../../mirror/events.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import type { ExternalDefinition } from '../../model/definition.ts'
import type { ProductId } from '../../model/ids.ts'
import { toKey } from '../../model/samples.test-data.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, until, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { glueMessageOf, KEY, messageOf, OWN_ACCOUNT, REGION, STRANGER } from './refresh-messages.ts'
import { isThere, signalsOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const closes = (pattern = 'closes/{date}/sp500.csv'): ExternalDefinition => ({
  ...{ product: stage.product('closes'), description: '', every: 'business-day', calendar: 'weekdays' },
  timezone: 'America/New_York',
  mappings: [
    {
      ...{ source: 'aws.s3', detailType: 'Object Created', cycle: '{date}' },
      where: { 'detail.bucket.name': 'example-landing', 'detail.object.key': pattern },
      location: 's3://example-landing/{detail.object.key}',
    },
    {
      ...{ source: 'aws.glue', detailType: 'Glue Job State Change', cycle: '{time}' },
      where: { 'detail.jobName': 'legacy-load', 'detail.state': 'SUCCEEDED' },
    },
  ],
})

/** ds1 waits for the external; nobody does with `[]`. */
async function declare(externals: ExternalDefinition[], waiting = true): Promise<void> {
  const { definition, ...version } = stage.version('ds1')
  const dependsOn = waiting ? [{ product: stage.product('closes') }] : []
  const known = [...stage.parts.index.current().catalog.known, ...externals.map(({ product }) => product)]
  await stage.apply({
    externals,
    known,
    products: [{ ...version, version: 2, definition: { ...definition, dependsOn } }],
  })
  await stage.parts.index.reload()
}

const created = (key: string, change: Record<string, unknown> = {}) =>
  messageOf(
    { bucket: { name: 'example-landing' }, object: { key, sequencer: '0A' } },
    { 'detail-type': 'Object Created', source: 'aws.s3', account: OWN_ACCOUNT, id: `e-${key}`, ...change },
  )

async function take(body: string): Promise<LedgerEvent[]> {
  await stage.send(body)
  await stage.untilEmpty()
  return listEvents(database.db, { domain: stage.domain, limit: 100 })
}

test('an object of S3 opens the cycle that waits for it, and told again it is the same event', async () => {
  await declare([closes()])
  stage.start()
  expect(await take(created(`closes/${KEY}/sp500.csv`))).toEqual([])
  const cycle = stage.cycle('ds1', KEY)
  expect(await isThere(client, cycle)).toBe(true)
  await take(created(`closes/${KEY}/sp500.csv`, { id: 'another' }))
  const [[first], [again]] = (await signalsOf(client, cycle, ARRIVALS_SIGNAL)) as [[object], [object]]
  expect(first).toMatchObject({
    ...{ product: stage.product('closes'), key: KEY, location: `s3://example-landing/closes/${KEY}/sp500.csv` },
    occurredAt: '2026-11-20T21:59:01.000Z',
  })
  expect(again).toEqual(first)
})

test('what no mapping reads is kept with the reason, and sent again it arrives once the mapping is right', async () => {
  await declare([closes('prices/{date}.csv')])
  stage.start()
  const key = `closes/${KEY}/sp500.csv`
  expect(await take(created(key))).toMatchObject([
    {
      ...{ eventId: `foreign:e-${key}`, outcome: 'unmatched', source: 'aws.s3', account: OWN_ACCOUNT, hasBody: true },
      reason: expect.stringContaining(`detail.object.key is "${key}"; expected "prices/{date}.csv"`),
    },
  ])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
  await declare([closes()])
  for (const { body } of await takeForRedrive(database.db, stage.domain, [`foreign:e-${key}`])) await stage.send(body)
  await stage.untilEmpty()
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
})

test('what nobody waits for yet is kept, and recalled by who comes to wait', async () => {
  await declare([closes()], false)
  stage.start()
  expect(await take(created(`closes/${KEY}/sp500.csv`))).toMatchObject([
    { outcome: 'unmatched', product: stage.product('closes'), key: KEY, reason: expect.stringContaining('it is kept') },
  ])
  const expected = [{ product: stage.product('closes'), key: toKey(KEY) }]
  expect(await recallArrivals(database.db, stage.domain, expected)).toMatchObject([{ key: KEY }])
})

test('of an account that the mapping does not name it is refused, of a type that no external means too', async () => {
  await declare([closes()])
  stage.start()
  const reasons = async (body: string) => (await take(body)).map(({ outcome, reason }) => `${outcome} ${reason}`)
  expect(await reasons(created(`closes/${KEY}/sp500.csv`, { account: STRANGER }))).toEqual([
    expect.stringMatching(/^refused wrong-source: account \d+ may not send "Object Created" of aws\.s3/),
  ])
  expect(await reasons(created('x', { 'detail-type': 'Object Deleted' }))).toContainEqual(
    expect.stringMatching(/^refused unknown-type: detail-type "Object Deleted"/),
  )
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
})

test('a Glue job of somebody else, in the state that counts; other jobs and states leave no trace', async () => {
  await declare([closes()])
  stage.start()
  const glue = (jobName: string, state: string) =>
    messageOf(
      { jobName, jobRunId: 'jr_9', state },
      { 'detail-type': 'Glue Job State Change', source: 'aws.glue', account: OWN_ACCOUNT, id: `${jobName}-${state}` },
    )
  expect(await take(glue('legacy-load', 'FAILED'))).toEqual([])
  expect(await take(glue('other', 'SUCCEEDED'))).toEqual([])
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
  expect(await take(glue('legacy-load', 'SUCCEEDED'))).toEqual([])
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
})

test('of an account that the mapping names: an event of its own shape, and the end of a Glue job', async () => {
  const [file, load] = [stage.product('closes'), stage.product('load')]
  const [, glue] = closes().mappings
  const custom = {
    ...{ source: 'vendor.feed', detailType: 'File Ready', account: STRANGER, revision: 'detail.version' },
    ...{ where: { 'detail.feed': 'closes' }, cycle: '{detail.businessDate}' },
  }
  await declare([
    { ...closes(), product: file, mappings: [custom] },
    { ...closes(), product: load, mappings: glue ? [{ ...glue, account: STRANGER }] : [] },
  ])
  const { definition, ...version } = stage.version('ds1')
  const second = { ...definition, product: stage.product('ds2'), dependsOn: [{ product: load }] }
  const products = [stage.version('ds1'), { ...version, version: 1, definition: second }]
  await stage.apply({ products })
  await stage.parts.index.reload()
  stage.start()
  const ready = messageOf(
    { feed: 'closes', businessDate: KEY, version: 3 },
    { 'detail-type': 'File Ready', source: 'vendor.feed', account: STRANGER, id: 'f-1' },
  )
  expect(await take(ready)).toEqual([])
  const [[arrival]] = (await signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)) as [[object]]
  expect(arrival).toMatchObject({ product: file, key: KEY, revision: 3 })
  expect(
    await take(glueMessageOf({ jobName: 'legacy-load', jobRunId: 'jr_9', state: 'SUCCEEDED' }, { account: STRANGER })),
  ).toEqual([])
  expect(await isThere(client, stage.cycle('ds2', KEY))).toBe(true)
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
})

test('said by hand on the bus of its own domain, it reaches who waits for it', async () => {
  await declare([closes()])
  stage.start()
  const bus = namesOf(stage.domain).domainBusName
  const said = { ...toHand(stage.product('closes')), occurredAt: '2026-11-20T21:59:00Z' }
  const events = new EventBridgeClient(clientOptions({ endpoint: stage.sandbox.endpoint, region: REGION }, OWN_ACCOUNT))
  const answer = await events.send(new PutEventsCommand({ Entries: [toRefreshEntry(bus, said)] }))
  events.destroy()
  expect(answer.FailedEntryCount).toBe(0)
  await until(async () => expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true))
  const [[arrival]] = (await signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)) as [[object]]
  expect(arrival).toMatchObject({ product: stage.product('closes'), key: KEY, revision: 1 })
})

const toHand = (product: ProductId) => ({ product, key: toKey(KEY), revision: 1, location: null })
