// The sandbox's SQS through the real SDK, where it is more than AWS says (that is in test/contract): its ledger, what
// exactly wakes a long poll, refusals of what it does not have, faults.
// Time is driven, so that no test waits for it.

import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'

const owner = '222222222222'
const region = 'us-east-1'
const driven = createDrivenClock(Date.parse('2026-11-20T22:00:00Z'))
let onTimer: ((ms: number) => void) | undefined
const clock = {
  ...driven,
  after(ms: number, action: () => void) {
    onTimer?.(ms)
    return driven.after(ms, action)
  },
}

let sandbox: Sandbox
let sqs: SQSClient

beforeAll(async () => {
  sandbox = await startSandbox({ clock })
  sqs = client(owner)
})
afterAll(() => sandbox.close())

const client = (accessKeyId: string, maxAttempts = 1) =>
  new SQSClient({
    endpoint: sandbox.endpoint,
    region,
    maxAttempts,
    credentials: { accessKeyId, secretAccessKey: 'any' },
  })

const arnOf = (name: string) => `arn:aws:sqs:${region}:${owner}:${name}`

async function createQueue(QueueName: string, Attributes: Partial<Record<QueueAttributeName, string>> = {}) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  return QueueUrl as string
}

const send = (QueueUrl: string, MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))

async function receive(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}, from = sqs) {
  const { Messages = [] } = await from.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], ...more }),
  )
  return Messages
}

async function counts(QueueUrl: string) {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
  const names = ['', 'NotVisible', 'Delayed'].map((end) => `ApproximateNumberOfMessages${end}` as QueueAttributeName)
  return names.map((name) => Number(Attributes[name]))
}

test('a message is received with its attributes, and deleted by its receipt handle', async () => {
  const QueueUrl = await createQueue('round-trip')
  expect(QueueUrl).toBe(`${sandbox.endpoint}/${owner}/round-trip`)
  const MessageAttributes = {
    reason: { DataType: 'String', StringValue: 'ünreadable' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
  }
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"ä": 1}', MessageAttributes }))
  const [message] = await receive(QueueUrl, { MessageAttributeNames: ['All'] })
  expect(message).toMatchObject({
    MessageId: sent.MessageId,
    Body: '{"ä": 1}',
    MessageAttributes,
    MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
    Attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(clock.nowMs()),
      ApproximateFirstReceiveTimestamp: String(clock.nowMs()),
      SenderId: owner,
    },
  })
  expect(await counts(QueueUrl)).toEqual([0, 1, 0])
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))
  expect(await counts(QueueUrl)).toEqual([0, 0, 0])
})

test('a long poll wakes at a send', async () => {
  const QueueUrl = await createQueue('waking')
  const isWaiting = nextTimer(20_000)
  const polled = receive(QueueUrl, { WaitTimeSeconds: 20 })
  await isWaiting
  await send(QueueUrl, 'x')
  expect(await polled).toMatchObject([{ Body: 'x' }])
})

test('a long poll wakes when a message becomes visible again, and ends empty when its wait is over', async () => {
  const QueueUrl = await createQueue('waking-later')
  await send(QueueUrl, 'x')
  await receive(QueueUrl, { VisibilityTimeout: 5 })
  const isWaiting = nextTimer(5000)
  const polled = receive(QueueUrl, { WaitTimeSeconds: 20 })
  await isWaiting
  clock.advance(5000)
  expect(await polled).toHaveLength(1)
  const isWaitingAgain = nextTimer(3000)
  const empty = receive(QueueUrl, { WaitTimeSeconds: 3 })
  await isWaitingAgain
  clock.advance(3000)
  expect(await empty).toEqual([])
})

test('a caller that hangs up in a long poll takes no message with it', async () => {
  const QueueUrl = await createQueue('hung-up')
  const isWaiting = nextTimer(20_000)
  const hangUp = new AbortController()
  const polled = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), { abortSignal: hangUp.signal })
  await isWaiting
  hangUp.abort()
  await expect(polled).rejects.toMatchObject({ name: 'AbortError' })
  await ledgerRow((row) => row.operation === 'ReceiveMessage' && String(row.facts['QueueUrl']).endsWith('hung-up'))
  await send(QueueUrl, 'x')
  expect(await receive(QueueUrl)).toMatchObject([{ Attributes: { ApproximateReceiveCount: '1' } }])
})

test('beyond maxReceiveCount a message goes to the dead-letter queue, keeping its send time', async () => {
  const dead = await createQueue('dead')
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 })
  const QueueUrl = await createQueue('source', { RedrivePolicy, VisibilityTimeout: '0' })
  const sentAt = String(clock.nowMs())
  await send(QueueUrl, 'poison')
  expect(await receive(QueueUrl)).toHaveLength(1)
  clock.advance(1000)
  expect(await receive(QueueUrl)).toHaveLength(1)
  expect(await counts(dead)).toEqual([0, 0, 0])
  expect(await receive(QueueUrl)).toEqual([])
  const Attributes = { SentTimestamp: sentAt, DeadLetterQueueSourceArn: arnOf('source') }
  expect(await receive(dead, { VisibilityTimeout: 0 })).toMatchObject([{ Body: 'poison', Attributes }])
  expect(sandbox.ledger.rows({ kind: 'dead-letter' })).toMatchObject([{ facts: { queueArn: arnOf('source') } }])

  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('dead') }))
  clock.advance(0)
  const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arnOf('dead') }))
  expect(Results).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 }])
  const moved = { ApproximateReceiveCount: '1', SentTimestamp: String(clock.nowMs()) }
  expect(await receive(QueueUrl)).toMatchObject([{ Body: 'poison', Attributes: moved }])
})

test('a move needs a destination for messages that were sent there directly', async () => {
  const dead = await createQueue('dead-direct')
  await createQueue('uses-dead', {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead-direct'), maxReceiveCount: '1000' }),
  })
  await send(dead, 'x')
  const move = (DestinationArn?: string) =>
    sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('dead-direct'), DestinationArn }))
  await move()
  clock.advance(0)
  const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arnOf('dead-direct') }))
  expect(Results).toMatchObject([{ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' }])
  expect(await counts(dead)).toEqual([1, 0, 0])
  await move(arnOf('uses-dead'))
  clock.advance(0)
  expect(await counts(dead)).toEqual([0, 0, 0])
})

test('queues are listed, changed, purged and deleted; a deleted name rests for a minute', async () => {
  const QueueUrl = await createQueue('life-1')
  await createQueue('life-2')
  const page = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'life-', MaxResults: 1 }))
  expect(page.QueueUrls).toEqual([QueueUrl])
  const rest = await sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: 'life-', MaxResults: 1, NextToken: page.NextToken }),
  )
  expect(rest).toMatchObject({ QueueUrls: [expect.stringContaining('life-2')] })
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '7' } }))
  const described = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout', 'QueueArn'] }),
  )
  expect(described.Attributes).toEqual({ VisibilityTimeout: '7', QueueArn: arnOf('life-1') })
  await send(QueueUrl, 'x')
  await sqs.send(new PurgeQueueCommand({ QueueUrl }))
  expect(await counts(QueueUrl)).toEqual([0, 0, 0])
  await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({ name: 'PurgeQueueInProgress' })
  await sqs.send(new DeleteQueueCommand({ QueueUrl }))
  await expect(send(QueueUrl, 'x')).rejects.toMatchObject({ name: 'QueueDoesNotExist' })
  await expect(createQueue('life-1')).rejects.toMatchObject({ name: 'QueueDeletedRecently' })
  clock.advance(60_000)
  await createQueue('life-1')
})

test.each([
  ['a FIFO queue', () => createQueue('x.fifo', { FifoQueue: 'true' }), 'UnsupportedOperation'],
  ['a KMS key', () => createQueue('kms', { KmsMasterKeyId: 'alias/x' }), 'UnsupportedOperation'],
  ['an unknown attribute', () => createQueue('odd', { Odd: '1' } as never), 'InvalidAttributeName'],
  ['a visibility beyond 12 hours', () => createQueue('odd', { VisibilityTimeout: '43201' }), 'InvalidAttributeValue'],
  ['an unreadable policy', () => createQueue('odd', { Policy: '{' }), 'InvalidAttributeValue'],
  ['a name with a dot', () => createQueue('a.b'), 'InvalidParameterValue'],
  [
    'an operation that is not here',
    () => sqs.send(new TagQueueCommand({ QueueUrl: 'x', Tags: {} })),
    'UnknownOperationException',
  ],
  [
    'eleven messages',
    async () => receive(await createQueue('eleven'), { MaxNumberOfMessages: 11 }),
    'InvalidParameterValue',
  ],
])('refused: %s', async (_title, act, name) => {
  await expect(act()).rejects.toMatchObject({ name })
})

test('faults: a duplicate, a failed entry, a lost reply', async () => {
  const QueueUrl = await createQueue('faulty')
  sandbox.faults.add({
    service: 'sqs',
    operation: 'SendMessage',
    where: { QueueUrl },
    action: { kind: 'duplicate', times: 2 },
  })
  const { MessageId } = await send(QueueUrl, 'x')
  expect(await receive(QueueUrl)).toMatchObject([{ MessageId }, { MessageId }])

  const failing = { kind: 'fail-entry', index: 1, code: 'InternalError' } as const
  sandbox.faults.add({ service: 'sqs', operation: 'SendMessageBatch', action: failing })
  const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }))
  const batch = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  expect(batch).toMatchObject({
    Successful: [{ Id: 'a' }],
    Failed: [{ Id: 'b', Code: 'InternalError', SenderFault: false }],
  })

  sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', action: { kind: 'lose-reply' } })
  await expect(send(QueueUrl, 'lost reply')).rejects.toThrow()
  expect(await receive(QueueUrl)).toMatchObject([{ Body: 'a' }, { Body: 'lost reply' }])
})

test('a throttled call succeeds by the retry of the SDK', async () => {
  const QueueUrl = await createQueue('throttled')
  sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', where: { QueueUrl }, action: { kind: 'throttle' } })
  const patient = client(owner, 3)
  const sent = await patient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
  expect(sent.$metadata.attempts).toBe(2)
  expect(await receive(QueueUrl)).toHaveLength(1)
})

/** Resolves when the sandbox sets a timer of that length: then the long poll waits. */
function nextTimer(wantedMs: number): Promise<void> {
  return new Promise((resolve) => {
    onTimer = (ms) => {
      if (ms === wantedMs) setImmediate(resolve)
    }
  })
}

/** The row once it is there; rows of a call follow the call itself. */
async function ledgerRow(isWanted: (row: { operation?: string; facts: Record<string, unknown> }) => boolean) {
  while (!sandbox.ledger.rows().some(isWanted)) await new Promise((resolve) => setImmediate(resolve))
}
