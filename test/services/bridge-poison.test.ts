// Messages that nobody can use, through the real queue: each is out of the way at once, with its reason, and keeps no
// other message waiting.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { type LedgerEvent, listEvents } from '../../mirror/events.ts'
import type { UntakenEvent } from '../../mirror/ledger.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { readDeadLetters } from './bridge-dead-letters.ts'
import { type BridgeStage, depthOf, until, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import {
  glueMessageOf,
  KEY,
  messageOf,
  notRefreshedOf,
  RAW_ACCOUNT,
  refreshedOf,
  STRANGER,
} from './refresh-messages.ts'
import { signalsOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const ledgerRows = (): Promise<LedgerEvent[]> => listEvents(database.db, { domain: stage.domain, limit: 100 })

/** Of another key each, so that each bad message has an event id of its own. */
const other = (day: number) => ({ key: `2026-10-${String(day).padStart(2, '0')}` })
const withData = (day: number, data: object): string => messageOf(refreshedOf('raw/rd1', { ...other(day), data }))
const nested = (depth: number): unknown => JSON.parse('[['.repeat(depth / 2) + ']]'.repeat(depth / 2))
/** `__proto__` as a key of the text; an object literal would set the prototype instead. */
const withProto = (): string => messageOf(refreshedOf('raw/rd1')).replace('"data":{', '"data":{"__proto__":{"a":1},')

const CORPUS: [what: string, body: string, code: string, reason: RegExp][] = [
  ['not JSON', 'refreshed!', 'not-json', /no JSON/],
  ['cut off', messageOf(refreshedOf('raw/rd1')).slice(0, -2), 'not-json', /no JSON/],
  ['nothing but a space', ' ', 'not-json', /no JSON/],
  ['JSON, but no event', '{"hello":"world"}', 'not-an-event', /no EventBridge event/],
  ['a bare number', '42', 'not-an-event', /no EventBridge event/],
  ['an array', '[]', 'not-an-event', /no EventBridge event/],
  ['an account that is none', messageOf(refreshedOf('raw/rd1'), { account: 'me' }), 'not-an-event', /account/],
  ['a detail that is a list', messageOf([]), 'not-an-event', /detail/],
  [
    'oversized',
    messageOf(refreshedOf('raw/rd1', { data: { pad: 'x'.repeat(300_000) } })),
    'oversized',
    /at most 262144/,
  ],
  ['an unknown product', messageOf(refreshedOf('raw/unheard')), 'unknown-product', /no definition knows raw\/unheard/],
  ['a product of a domain nobody knows', messageOf(refreshedOf('elsewhere/ds')), 'unknown-product', /elsewhere\/ds/],
  ['the wrong source', messageOf(refreshedOf('raw/rd1', other(1)), { source: 'dataproduct.d9' }), 'wrong-source', /d9/],
  [
    'the wrong account',
    messageOf(refreshedOf('raw/rd1', other(2)), { account: STRANGER }),
    'wrong-source',
    /333333333333/,
  ],
  [
    'a Glue event of a stranger',
    glueMessageOf({ jobName: 'j', jobRunId: 'jr_1', state: 'FAILED' }, { account: STRANGER }),
    'wrong-source',
    /333333333333/,
  ],
  [
    'a Glue event that a producer made',
    glueMessageOf(
      { jobName: 'j', jobRunId: 'jr_1', state: 'FAILED' },
      { id: 'made', source: 'dataproduct.raw', account: RAW_ACCOUNT },
    ),
    'wrong-source',
    /dataproduct\.raw/,
  ],
  ['a Glue event without a run', glueMessageOf({ jobName: 'j', state: 'FAILED' }), 'invalid-event', /jobRunId/],
  [
    'an unknown schema major',
    messageOf(refreshedOf('raw/rd1', { ...other(3), metadata: { schemaVersion: '2.0' } })),
    'unknown-schema',
    /2\.0/,
  ],
  [
    'an unknown detail-type',
    messageOf(refreshedOf('raw/rd1', other(4)), { 'detail-type': 'Data Product Deleted' }),
    'unknown-type',
    /Data Product Deleted/,
  ],
  ['a NUL character', withData(5, { note: 'a\u0000b' }), 'hazardous', /NUL/],
  ['a NUL character in a key', withData(6, { 'a\u0000b': 1 }), 'hazardous', /NUL/],
  ['a key "__proto__"', withProto(), 'hazardous', /__proto__/],
  ['nested too deep', withData(7, { deep: nested(100) }), 'hazardous', /nested deeper/],
  [
    'nested a hundred thousand deep',
    messageOf('DEEP').replace('"DEEP"', '['.repeat(100_000) + ']'.repeat(100_000)),
    'hazardous',
    /nested deeper/,
  ],
  ['half a surrogate pair in the product', withData(8, { product: 'rd\ud800' }), 'invalid-event', /no product id/],
  ['right-to-left text in the product', withData(9, { product: 'rd1\u202e' }), 'invalid-event', /no product id/],
  ['a cycle key that is no date', withData(10, { cycle: '2026-02-30' }), 'invalid-event', /no cycle key/],
  ['a cycle key that names no week', withData(11, { cycle: '2026-W54' }), 'invalid-event', /no cycle key/],
  ['revision 0', withData(12, { revision: 0 }), 'invalid-event', /data\.revision/],
  ['revision 1.5', withData(13, { revision: 1.5 }), 'invalid-event', /data\.revision/],
  ['revision 1e300', withData(14, { revision: 1e300 }), 'invalid-event', /data\.revision/],
  ['revision as text', withData(15, { revision: '1' }), 'invalid-event', /data\.revision/],
  [
    'no data',
    messageOf({ metadata: (refreshedOf('raw/rd1', other(16)) as { metadata: object }).metadata }),
    'invalid-event',
    /data/,
  ],
  ['no metadata', messageOf({ data: (refreshedOf('raw/rd1') as { data: object }).data }), 'invalid-event', /metadata/],
  [
    'no id of its own',
    messageOf(refreshedOf('raw/rd1', { ...other(17), metadata: { id: undefined } })),
    'invalid-event',
    /metadata\.id/,
  ],
  [
    'a time that is none',
    messageOf(refreshedOf('raw/rd1', { ...other(18), metadata: { occurredAt: 'noon' } })),
    'invalid-event',
    /occurredAt/,
  ],
  [
    'a time of the year 0, which PostgreSQL has not',
    messageOf(refreshedOf('raw/rd1', { ...other(19), metadata: { occurredAt: '0000-01-01T00:00:00Z' } })),
    'invalid-event',
    /occurredAt: is no instant/,
  ],
  [
    'a location that brings a further Glue argument',
    withData(20, { dataset: { location: 's3://example-raw/rd1/ --extra-py-files s3://elsewhere/x.py' } }),
    'invalid-event',
    /data\.dataset\.location/,
  ],
  [
    'the id of another product’s event',
    messageOf(refreshedOf('raw/rd1', { ...other(21), metadata: { id: `raw/rd2/${KEY}/r1` } })),
    'invalid-event',
    /is "raw\/rd2\/2026-11-20\/r1"; expected "raw\/rd1\/2026-10-21\/r1"/,
  ],
  [
    'an id of the producer’s own making',
    messageOf(refreshedOf('raw/rd1', { ...other(22), metadata: { id: 'batch-7' } })),
    'invalid-event',
    /is "batch-7"; expected/,
  ],
  [
    'a notice under the id of a refresh',
    messageOf(notRefreshedOf('raw/rd1', { ...other(23), metadata: { id: 'raw/rd1/2026-10-23/r1' } }), {
      'detail-type': 'Data Product Not Refreshed',
    }),
    'invalid-event',
    /expected one that begins with "raw\/rd1\/2026-10-23\/not-refreshed-"/,
  ],
  [
    'a state that no cycle has',
    messageOf(notRefreshedOf('raw/rd1', { data: { state: 'SAD' } }), { 'detail-type': 'Data Product Not Refreshed' }),
    'invalid-event',
    /data\.state/,
  ],
]

const businessDays = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13].map((day) => `2026-11-${String(day).padStart(2, '0')}`)

test('each is dead-lettered at once with its reason, once in the ledger, and good messages pass', async () => {
  const keys = CORPUS.map((_case, at) => businessDays[at % businessDays.length] ?? '')
  const good = keys.map((key, at) => messageOf(refreshedOf('raw/rd1', { key, revision: at + 1 })))
  stage.start()
  for (const [at, [, body]] of CORPUS.entries()) {
    await stage.send(good[at] ?? '')
    await stage.send(body)
  }
  await stage.untilEmpty()

  const letters = new Map((await readDeadLetters(stage)).map((letter) => [letter.body, letter]))
  const rows = await ledgerRows()
  for (const [what, body, code, reason] of CORPUS) {
    expect.soft(letters.get(body), what).toMatchObject({ code, reason: expect.stringMatching(reason) })
  }
  expect(letters.size).toBe(CORPUS.length)
  const refused = rows.filter(({ outcome }) => outcome === 'refused').map(({ reason }) => reason ?? '')
  for (const [what, , code, reason] of CORPUS) {
    const own = refused.filter((said) => said.startsWith(`${code}: `) && reason.test(said))
    expect.soft(own.length, what).toBeGreaterThan(0)
  }
  expect(refused).toHaveLength(CORPUS.length)
  expect(rows.every(({ seen, hasBody }) => seen === 1 && hasBody)).toBe(true)
  const revisions = good.map((_message, at) => at + 1)
  await until(async () => expect(await arrivedRevisions('ds1')).toEqual(revisions))
})

const SATURDAYS = 'raw/rd1/2026-11-21/r1'
/** No cycle takes it, so the bridge writes its row. */
const ofSaturday = (metadata: object = {}): object => refreshedOf('raw/rd1', { key: '2026-11-21', metadata })

test('a time with a wide offset is the instant it means, to the cycle and to the ledger', async () => {
  const metadata = { occurredAt: '2026-11-20T10:00:00+23:00' }
  await stage.send(messageOf(ofSaturday(metadata)))
  await stage.send(messageOf(refreshedOf('raw/rd1', { metadata })))
  stage.start()
  await stage.untilEmpty()
  const occurredAt = '2026-11-19T11:00:00.000Z'
  expect(await ledgerRows()).toMatchObject([{ eventId: SATURDAYS, outcome: 'unmatched', occurredAt }])
  const signals = await signalsOf<Arrival[]>(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)
  expect(signals).toMatchObject([[{ occurredAt }]])
})

test('a row that PostgreSQL refuses keeps back only its own message', async () => {
  const { ledger } = stage.parts
  const spoil = (event: UntakenEvent): UntakenEvent =>
    event.eventId === SATURDAYS ? { ...event, occurredAt: '0000-01-01T00:00:00Z' } : event
  const recordUntaken = (events: UntakenEvent[]) => ledger.recordUntaken(events.map(spoil))
  for (const body of ['no JSON', messageOf(ofSaturday()), messageOf(refreshedOf('raw/rd1', { key: '2026-11-22' }))])
    await stage.send(body)
  const bridge = stage.start({ ledger: { ...ledger, recordUntaken } })
  await until(async () => expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1))
  expect((await ledgerRows()).map(({ outcome, seen }) => `${outcome} ${seen}`).sort()).toEqual([
    'refused 1',
    'unmatched 1',
  ])
  expect((await readDeadLetters(stage)).map(({ body }) => body)).toEqual(['no JSON'])
  await bridge.stop()
  stage.start()
  await stage.untilEmpty(60_000)
  expect((await ledgerRows()).map(({ eventId }) => eventId)).toContain(SATURDAYS)
})

test('an unknown product costs exactly one reload of the index, whatever the batch holds of it', async () => {
  const reads = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'GetObject' }).length
  const before = reads()
  for (const product of ['raw/no-1', 'raw/no-2', 'raw/no-3']) await stage.send(messageOf(refreshedOf(product)))
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  stage.start()
  await stage.untilEmpty()
  expect(reads() - before).toBe(1)
  expect(await ledgerRows()).toMatchObject(
    ['raw/no-1', 'raw/no-2', 'raw/no-3'].map(() => ({
      outcome: 'refused',
      key: KEY,
      reason: expect.stringMatching(/^unknown-product/),
    })),
  )
  await until(async () => expect(await arrivedRevisions('ds1')).toEqual([1]))
})

test('while the catalog does not answer, an unknown product is not believed to be unknown', async () => {
  const fault = { service: 's3', operation: 'GetObject', times: 100 } as const
  const id = stage.sandbox.faults.add({ ...fault, action: { kind: 'error', code: 'InternalError', status: 500 } })
  await stage.send(messageOf(refreshedOf('raw/no-1')))
  stage.start()
  const received = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'ChangeMessageVisibilityBatch' })
  await until(() => expect(received().length).toBeGreaterThan(0))
  expect([await depthOf(stage.sqs, stage.deadLetterUrl), await ledgerRows()]).toEqual([0, []])
  stage.sandbox.faults.remove(id)
  stage.clock.jump(60_000)
  await stage.untilEmpty()
  expect((await readDeadLetters(stage)).map(({ code }) => code)).toEqual(['unknown-product'])
})

test('a dead-letter queue that refuses one message keeps only that one back', async () => {
  const action = { kind: 'error', code: 'InternalError', status: 500 } as const
  const where = { MessageBody: 'the second', QueueUrl: stage.deadLetterUrl }
  stage.sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', where, times: 3, action })
  const bodies = ['the first', 'the second', 'the third']
  for (const body of bodies) await stage.send(body)
  stage.start()
  await until(async () => expect(await depthOf(stage.sqs, stage.queueUrl)).toBe(1))
  await stage.untilEmpty()
  expect((await readDeadLetters(stage)).map(({ body }) => body).sort()).toEqual(bodies)
  expect((await ledgerRows()).map(({ seen }) => seen)).toEqual([1, 1, 1])
})

test('a message as large as SQS takes is dead-lettered too, its reason kept', async () => {
  await stage.send(messageOf(refreshedOf('raw/rd1')).padEnd(1_048_576))
  stage.start()
  await stage.untilEmpty()
  expect((await readDeadLetters(stage)).map(({ code }) => code)).toEqual(['oversized'])
  expect(await ledgerRows()).toMatchObject([{ outcome: 'refused' }])
})

/** Temporal's list is a moment behind. */
async function arrivedRevisions(name: string): Promise<number[]> {
  const keys = new Set<string>()
  for await (const { workflowId } of client.workflow.list({
    query: `SluiceProduct = "${stage.product(name)}"`,
  }))
    keys.add(workflowId)
  const signals = await Promise.all([...keys].map((id) => signalsOf<Arrival[]>(client, id, ARRIVALS_SIGNAL)))
  return signals
    .flat(2)
    .map(({ revision }) => revision)
    .sort((left, right) => left - right)
}
