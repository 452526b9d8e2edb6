// Batches: what is refused as a whole, and what fails by entry.
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { type ClaimedQueue, expectRefused, onQueue } from './sqs-queue.ts'

const sendBatch = ({ sqs, url }: ClaimedQueue, Entries: SendMessageBatchRequestEntry[]) =>
  sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))

const entries = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: Id }))
const large = (size: number) => ['a', 'b'].map((Id) => ({ Id, MessageBody: 'x'.repeat(size) }))
const elevenIds = Array.from({ length: 11 }, (_, index) => `${index}`)

const whole: [string, string, string, SendMessageBatchRequestEntry[]][] = [
  ['sqs-120', 'no entry', 'EmptyBatchRequest', []],
  ['sqs-121', 'eleven entries', 'TooManyEntriesInBatchRequest', entries(...elevenIds)],
  ['sqs-122', 'an id that occurs twice', 'BatchEntryIdsNotDistinct', entries('a', 'a')],
  ['sqs-123', 'an id with a space', 'InvalidBatchEntryId', entries('a b')],
  ['sqs-124', 'an id of 81 characters', 'InvalidBatchEntryId', entries('x'.repeat(81))],
  ['sqs-125', 'an id with a full stop', 'InvalidBatchEntryId', entries('a.b')],
  ['sqs-126', 'bodies of more than 1 MiB together', 'BatchRequestTooLong', large(524_289)],
]

const wholeClaims: Claim[] = whole.map(([id, what, name, batch]) => ({
  id,
  says: `a batch with ${what} is refused as a whole with ${name}`,
  source: `model: sqs ${name}`,
  holds: onQueue(async (queue) => {
    await expectRefused(sendBatch(queue, batch), name)
    expect(await queue.counts()).toEqual([0, 0, 0])
  }),
}))

putClaims([
  ...wholeClaims,
  {
    id: 'sqs-127',
    says: 'a batch may have ten entries and 1 MiB together; ids may have 80 letters, digits, hyphens, underscores',
    source: 'API_SendMessageBatch',
    holds: onQueue(async (queue) => {
      const ten = [...elevenIds.slice(2), '_-Aa0'.padEnd(80, 'x')]
      expect((await sendBatch(queue, entries(...ten))).Successful).toHaveLength(10)
      expect((await sendBatch(queue, large(524_288))).Successful).toHaveLength(2)
    }),
  },
  {
    id: 'sqs-128',
    says: 'message attributes count towards the size of a batch',
    source: 'model: sqs BatchRequestTooLong',
    holds: onQueue((queue) => {
      const MessageAttributes = { a: { DataType: 'String', StringValue: 'x'.repeat(100) } }
      const batch = large(524_200).map((entry) => ({ ...entry, MessageAttributes }))
      return expectRefused(sendBatch(queue, batch), 'BatchRequestTooLong')
    }),
  },
  {
    id: 'sqs-129',
    says: 'a batch with a bad entry answers 200: the others are sent, the bad one is named with its code',
    source: 'API_SendMessageBatch',
    holds: onQueue(async (queue) => {
      const bad = { Id: 'b', MessageBody: 'bell \u0007' }
      const answer = await sendBatch(queue, [...entries('a'), bad, ...entries('c')])
      expect(answer.$metadata.httpStatusCode).toBe(200)
      expect(answer.Successful?.map(({ Id }) => Id)).toEqual(['a', 'c'])
      expect(answer.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidMessageContents' }])
      expect(await queue.counts()).toEqual([2, 0, 0])
    }),
  },
  {
    id: 'sqs-130',
    says: "an entry larger than the queue's limit fails by itself with InvalidParameterValue",
    source: 'API_SendMessageBatch',
    holds: onQueue(
      async (queue) => {
        const answer = await sendBatch(queue, [...entries('a'), { Id: 'b', MessageBody: 'x'.repeat(1025) }])
        expect(answer.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' }])
      },
      { MaximumMessageSize: '1024' },
    ),
  },
  {
    id: 'sqs-131',
    says: 'each entry of a batch has a delay and attributes of its own',
    source: 'API_SendMessageBatchRequestEntry',
    holds: onQueue(async (queue) => {
      const [a, b] = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }))
      const MessageAttributes = { x: { DataType: 'String', StringValue: 'y' } }
      await sendBatch(queue, [
        { ...a, MessageAttributes } as SendMessageBatchRequestEntry,
        { ...b, DelaySeconds: 60 } as SendMessageBatchRequestEntry,
      ])
      expect(await queue.receive()).toMatchObject([{ Body: 'a', MessageAttributes }])
      expect(await queue.counts()).toEqual([0, 1, 1])
    }),
  },
  {
    id: 'sqs-132',
    says: 'a batch of deletes fails by entry',
    source: 'API_DeleteMessageBatch',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      const { ReceiptHandle } = await queue.receiveOne()
      const Entries = [
        { Id: 'good', ReceiptHandle },
        { Id: 'bad', ReceiptHandle: 'nonsense' },
      ]
      const answer = await queue.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }))
      expect(answer.Successful).toMatchObject([{ Id: 'good' }])
      expect(answer.Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }])
      expect(await queue.counts()).toEqual([0, 0, 0])
    }),
  },
  {
    id: 'sqs-133',
    says: 'a batch of visibility changes fails by entry, each with a time-out of its own',
    source: 'API_ChangeMessageVisibilityBatch',
    holds: onQueue(async (queue) => {
      await sendBatch(queue, entries('a', 'b'))
      const received = await queue.receive()
      const Entries = received.map(({ Body, ReceiptHandle }) => ({
        Id: Body,
        ReceiptHandle,
        VisibilityTimeout: Body === 'a' ? 0 : 43_201,
      }))
      const change = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries })
      const answer = await queue.sqs.send(change)
      expect(answer.Successful).toMatchObject([{ Id: 'a' }])
      expect(answer.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' }])
      expect(await queue.receive()).toMatchObject([{ Body: 'a' }])
    }),
  },
  {
    id: 'sqs-134',
    says: 'a batch of deletes has the same rules of number and ids',
    source: 'API_DeleteMessageBatch',
    holds: onQueue(async ({ sqs, url }) => {
      const remove = (...ids: string[]) =>
        sqs.send(
          new DeleteMessageBatchCommand({
            QueueUrl: url,
            Entries: ids.map((Id) => ({ Id, ReceiptHandle: 'x' })),
          }),
        )
      await expectRefused(remove(), 'EmptyBatchRequest')
      await expectRefused(remove('a', 'a'), 'BatchEntryIdsNotDistinct')
      await expectRefused(remove(...elevenIds), 'TooManyEntriesInBatchRequest')
    }),
  },
])
