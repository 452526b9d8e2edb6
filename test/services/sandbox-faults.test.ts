// Fault switches as a user sets them: over the admin endpoint, seen through the real SDK, and each use in the ledger.

import {
  CreateQueueCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createDrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'

let sandbox: Sandbox
let sqs: SQSClient
let names = 0

beforeAll(async () => {
  sandbox = await startSandbox()
  const credentials = { accessKeyId: '222222222222', secretAccessKey: 'any' }
  sqs = new SQSClient({ endpoint: sandbox.endpoint, region: 'us-east-1', maxAttempts: 1, credentials })
})
afterEach(() => ask('DELETE', 'faults'))
afterAll(async () => {
  sqs.destroy()
  await sandbox.close()
})

async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown> & { status: number }> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(`${sandbox.endpoint}/_sandbox/${path}`, { method, ...sent })
  return { status: answer.status, ...((await answer.json()) as object) }
}

async function createQueue(): Promise<string> {
  names += 1
  return (await sqs.send(new CreateQueueCommand({ QueueName: `q${names}` }))).QueueUrl ?? ''
}
const send = (QueueUrl: string, MessageBody = 'x') => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
const receive = async (QueueUrl: string) =>
  (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))).Messages ?? []
const set = (operation: string, action: object, more: object = {}) =>
  ask('POST', 'faults', { service: 'sqs', operation, action, ...more })
const uses = () => sandbox.ledger.rows({ kind: 'fault' }).length

test('half a body: the call is executed, the caller cannot read its answer, and the use is a ledger row', async () => {
  const QueueUrl = await createQueue()
  const before = uses()
  await set('SendMessage', { kind: 'half-body' })
  await expect(send(QueueUrl)).rejects.toThrow()
  expect(await receive(QueueUrl)).toHaveLength(1)
  expect(uses()).toBe(before + 1)
})

test('half a body has its headers: the length that it does not keep', async () => {
  await set('ListQueues', { kind: 'half-body' })
  const authorization = 'AWS4-HMAC-SHA256 Credential=222222222222/20261120/us-east-1/sqs/aws4_request'
  const headers = { 'x-amz-target': 'AmazonSQS.ListQueues', authorization }
  const answer = await fetch(sandbox.endpoint, { method: 'POST', headers, body: '{}' })
  expect(answer.status).toBe(200)
  expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0)
  await expect(answer.text()).rejects.toThrow()
})

test('a server error has the status that is named', async () => {
  await set('ListQueues', { kind: 'error', code: 'ServiceUnavailable', status: 503 })
  const refused = { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }
  await expect(sqs.send(new ListQueuesCommand({}))).rejects.toMatchObject(refused)
})

test('a switch is removed by its id, and one that is not set is refused', async () => {
  const { id } = await set('ListQueues', { kind: 'error', code: 'ServiceUnavailable', status: 503 })
  const mistyped = await ask('DELETE', `faults?id=${String(id)}x`)
  expect(mistyped).toEqual({ status: 404, error: expect.stringContaining(`"${String(id)}x"`) })
  expect(await ask('GET', 'faults')).toMatchObject({ rules: [{ id }] })
  expect(await ask('DELETE', `faults?id=${String(id)}`)).toEqual({ status: 200, removed: [id] })
  expect(await ask('GET', 'faults')).toMatchObject({ rules: [] })
})

test('a received message may be given again although it is in flight: at least once', async () => {
  const QueueUrl = await createQueue()
  await send(QueueUrl)
  await set('ReceiveMessage', { kind: 'duplicate', times: 2 })
  const [first] = await receive(QueueUrl)
  const [second] = await receive(QueueUrl)
  expect(second?.MessageId).toBe(first?.MessageId)
  expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle)
  expect(await receive(QueueUrl)).toEqual([])
})

test('with reordering on, messages come in another order, and each once', async () => {
  const QueueUrl = await createQueue()
  const bodies = Array.from({ length: 10 }, (_, index) => `${index}`)
  for (const tens of ['1', '2', '3']) {
    const Entries = bodies.map((Id) => ({ Id, MessageBody: tens + Id }))
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  }
  await set('ReceiveMessage', { kind: 'reorder' }, { times: 'unlimited' })
  const received: string[] = []
  for (let count = 0; count < 3; count += 1) {
    for (const { Body = '' } of await receive(QueueUrl)) received.push(Body)
  }
  const sorted = received.toSorted()
  expect(received).not.toEqual(sorted)
  expect(sorted).toEqual(['1', '2', '3'].flatMap((tens) => bodies.map((body) => tens + body)))
})

test('each second call of one account is met until the switch is removed', async () => {
  const { id } = await set('*', { kind: 'throttle' }, { every: 2, account: '222222222222' })
  const outcome = () =>
    sqs.send(new ListQueuesCommand({})).then(
      () => 'ok',
      (error: Error) => error.name,
    )
  const outcomes: string[] = []
  for (let count = 0; count < 4; count += 1) outcomes.push(await outcome())
  expect(outcomes).toEqual(['ok', 'ThrottlingException', 'ok', 'ThrottlingException'])
  expect(await ask('GET', 'faults')).toMatchObject({ rules: [{ id, used: 2 }] })
  await ask('DELETE', `faults?id=${String(id)}`)
  expect(await outcome()).toBe('ok')
})

test('a wrong rule is refused with every problem named, and nothing is set', async () => {
  const answer = await set('Send message', { kind: 'duplicate' }, { times: 0, oops: 1 })
  expect(answer.status).toBe(400)
  for (const name of ['operation', 'action.times', 'times', 'oops']) expect(answer['error']).toContain(`"${name}"`)
  expect(await ask('GET', 'faults')).toMatchObject({ rules: [] })
})

test('a ledger of 100,000 rows is read in pages', async () => {
  const { rows: before } = (await ask('GET', 'health')) as unknown as { rows: number }
  const row = { service: 's3', account: '222222222222', region: 'us-east-1', facts: {} } as const
  for (let count = 0; count < 100_000; count += 1) sandbox.ledger.add({ kind: 'notification', ...row })
  const page = await ask('GET', `ledger?kind=notification&sinceSeq=${before}&limit=1000`)
  expect(page['rows']).toHaveLength(1000)
  expect(page['next']).toBe(before + 1000)
  const last = await ask('GET', `ledger?sinceSeq=${before + 99_990}&limit=1000`)
  expect(last['rows']).toHaveLength(10)
  expect(last).not.toHaveProperty('next')
  expect(await ask('GET', 'ledger?limit=x')).toMatchObject({ status: 400 })
})

test('the clock can be put forward, unless the sandbox was given a driven one', async () => {
  const QueueUrl = await createQueue()
  await send(QueueUrl)
  await receive(QueueUrl)
  expect(await receive(QueueUrl)).toEqual([])
  expect(await ask('POST', 'clock', { aheadMs: 30_000 })).toMatchObject({ status: 200 })
  expect(await receive(QueueUrl)).toHaveLength(1)
  expect(await ask('POST', 'clock', { aheadMs: -1 })).toMatchObject({ status: 400 })
  const driven = await startSandbox({ clock: createDrivenClock(0) })
  const answer = await fetch(`${driven.endpoint}/_sandbox/clock`, { method: 'POST', body: '{"aheadMs":1}' })
  await driven.close()
  expect(answer.status).toBe(409)
})
