// Dead-letter queues: redrive, who may name one, and the way back.
import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { putClaims } from './claim.ts'
import { type Attributes, type ClaimedQueue, createClient, expectRefused, onQueue, openQueue } from './sqs-queue.ts'
import type { Target } from './target.ts'

/** AWS's answers as recorded there. */
const movesSeen = 'seen on AWS: localstack snapshots test_sqs_move_task, 2024-01-05'

const redriveTo = (arn: string, maxReceiveCount: unknown = 1): Attributes => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount }),
})

/** Lends a queue whose messages are dead after so many receives, and its dead-letter queue. */
const onPair =
  (use: (source: ClaimedQueue, dead: ClaimedQueue) => Promise<unknown>, maxReceiveCount = 1) =>
  (target: Target) =>
    onQueue(async (dead) => {
      const source = await openQueue(target, redriveTo(dead.arn, maxReceiveCount))
      try {
        await use(source, dead)
      } finally {
        await source.close()
      }
    })(target)

async function die(source: ClaimedQueue, body: string): Promise<string | undefined> {
  const { MessageId } = await source.send(body)
  await source.receiveOne({ VisibilityTimeout: 0 })
  expect(await source.receive()).toEqual([])
  return MessageId
}

const move = ({ sqs, arn }: ClaimedQueue, DestinationArn?: string, MaxNumberOfMessagesPerSecond?: number) =>
  sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn, DestinationArn, MaxNumberOfMessagesPerSecond }))

const tasksOf = async ({ sqs, arn }: ClaimedQueue) =>
  (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arn, MaxResults: 10 }))).Results ?? []

const untilMoved = (dead: ClaimedQueue) =>
  expect.poll(async () => (await tasksOf(dead))[0]?.Status, { timeout: 60_000 }).not.toBe('RUNNING')

putClaims([
  {
    id: 'sqs-140',
    says: 'a message is dead when its receive count exceeds maxReceiveCount, not when it reaches it',
    source: 'sqs-dead-letter-queues',
    holds: onPair(async (source, dead) => {
      await source.send('x')
      for (const count of ['1', '2']) {
        const { Attributes } = await source.receiveOne({ VisibilityTimeout: 0 })
        expect(Attributes?.ApproximateReceiveCount).toBe(count)
        expect(await dead.counts()).toEqual([0, 0, 0])
      }
      expect(await source.receive()).toEqual([])
      expect(await dead.receive()).toMatchObject([{ Body: 'x' }])
    }, 2),
  },
  {
    id: 'sqs-141',
    says: 'in the dead-letter queue a message keeps its id and the time of its send',
    source: 'sqs-dead-letter-queues',
    holds: onPair(async (source, dead) => {
      const { MessageId } = await source.send('x')
      const before = await source.receiveOne({ VisibilityTimeout: 0 })
      await source.target.pass(1100)
      await source.receive()
      const after = await dead.receiveOne()
      expect(after.MessageId).toBe(MessageId)
      expect(after.Attributes?.SentTimestamp).toBe(before.Attributes?.SentTimestamp)
    }),
  },
  {
    id: 'sqs-142',
    says: 'a dead message names the queue that it came from',
    source: 'model: sqs MessageSystemAttributeName',
    holds: onPair(async (source, dead) => {
      await die(source, 'x')
      const { Attributes } = await dead.receiveOne()
      expect(Attributes?.DeadLetterQueueSourceArn).toBe(source.arn)
    }),
  },
  {
    id: 'sqs-143',
    says: "the dead-letter queue's retention counts from the original send",
    source: 'sqs-dead-letter-queues',
    needs: ['clock'],
    holds: onPair(async (source, dead) => {
      await dead.set({ MessageRetentionPeriod: '600' })
      await source.send('x')
      await source.receiveOne({ VisibilityTimeout: 0 })
      await source.target.pass(500_000)
      await source.receive()
      expect(await dead.counts()).toEqual([1, 0, 0])
      await source.target.pass(100_000)
      expect(await dead.counts()).toEqual([0, 0, 0])
    }),
  },
  {
    id: 'sqs-144',
    says: 'a dead message carries its message attributes along',
    source: 'sqs-dead-letter-queues',
    holds: onPair(async (source, dead) => {
      const MessageAttributes = { reason: { DataType: 'String', StringValue: 'y' } }
      await source.send('x', { MessageAttributes })
      await source.receiveOne({ VisibilityTimeout: 0 })
      await source.receive()
      expect((await dead.receiveOne()).MessageAttributes).toEqual(MessageAttributes)
    }),
  },
  {
    id: 'sqs-145',
    says: 'a long poll on the dead-letter queue gets the message that dies',
    source: 'sqs-dead-letter-queues',
    holds: onPair(async (source, dead) => {
      const polled = dead.receive({ WaitTimeSeconds: 20 })
      await die(source, 'x')
      expect(await polled).toMatchObject([{ Body: 'x' }])
    }),
  },
  {
    id: 'sqs-146',
    says: 'maxReceiveCount is 1 to 1,000, as a number or as text',
    source: 'seen on AWS: localstack snapshots test_sqs, 2022-08-21 (the code; the range: sqs-dead-letter-queues)',
    holds: onPair(async (source, dead) => {
      for (const good of [1, 1000, '5']) await source.set(redriveTo(dead.arn, good))
      for (const bad of [0, 1001, 'x'])
        await expectRefused(source.set(redriveTo(dead.arn, bad)), 'InvalidParameterValue')
    }),
  },
  {
    id: 'sqs-147',
    says: 'the dead-letter queue must exist',
    source: 'seen on AWS: serverless issue 5215 (the reason), crossplane provider-aws issue 443 (the code)',
    holds: onQueue((queue) => expectRefused(queue.set(redriveTo(`${queue.arn}-absent`)), 'InvalidParameterValue')),
  },
  {
    id: 'sqs-148',
    says: 'a dead-letter queue may admit no source at all, or only named ones',
    source: 'model: sqs SetQueueAttributesRequest',
    holds: onPair(async (source, dead) => {
      const refusal = { $fault: 'client' }
      const allow = (policy: object) => dead.set({ RedriveAllowPolicy: JSON.stringify(policy) })
      await allow({ redrivePermission: 'denyAll' })
      await expect(source.set(redriveTo(dead.arn, 2))).rejects.toMatchObject(refusal)
      await allow({ redrivePermission: 'byQueue', sourceQueueArns: [`${source.arn}-other`] })
      await expect(source.set(redriveTo(dead.arn, 2))).rejects.toMatchObject(refusal)
      await allow({ redrivePermission: 'byQueue', sourceQueueArns: [source.arn] })
      await source.set(redriveTo(dead.arn, 2))
    }),
  },
  {
    id: 'sqs-149',
    says: 'an empty redrive policy removes it',
    source: 'API_SetQueueAttributes',
    holds: onPair(async (source) => {
      await source.set({ RedrivePolicy: '' })
      expect(await source.attributes('RedrivePolicy')).toEqual({})
    }),
  },
  {
    id: 'sqs-150',
    says: 'the sources of a dead-letter queue are listed',
    source: 'API_ListDeadLetterSourceQueues',
    holds: onPair(async (source, dead) => {
      const list = new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url })
      expect((await dead.sqs.send(list)).queueUrls).toEqual([source.url])
    }),
  },
  {
    id: 'sqs-151',
    says: 'a move task takes dead messages back to where they came from, as new messages',
    source: 'sqs-configure-dead-letter-queue-redrive',
    holds: onPair(async (source, dead) => {
      const id = await die(source, 'x')
      const { TaskHandle } = await move(dead)
      expect(TaskHandle).toMatch(/./)
      await untilMoved(dead)
      const back = await source.receiveOne()
      expect(back).toMatchObject({ Body: 'x', Attributes: { ApproximateReceiveCount: '1' } })
      expect(back.MessageId).not.toBe(id)
      expect(await tasksOf(dead)).toMatchObject([{ Status: 'COMPLETED', SourceArn: dead.arn }])
    }),
  },
  {
    id: 'sqs-152',
    says: 'a move task takes messages to the destination that is named',
    source: 'API_StartMessageMoveTask',
    holds: onPair(async (source, dead) => {
      const other = await openQueue(source.target)
      await dead.send('sent directly')
      await move(dead, other.arn)
      await untilMoved(dead)
      expect(await other.receive()).toMatchObject([{ Body: 'sent directly' }])
      await other.close()
    }),
  },
  {
    id: 'sqs-153',
    says: 'the source of a move task must be a dead-letter queue: InvalidParameterValue',
    source: movesSeen,
    holds: onQueue((queue) => expectRefused(move(queue), 'InvalidParameterValue')),
  },
  {
    id: 'sqs-154',
    says: 'a source that does not exist is refused with ResourceNotFoundException',
    source: 'model: sqs ResourceNotFoundException',
    holds: onQueue((queue) =>
      expectRefused(move({ ...queue, arn: `${queue.arn}-absent` }), 'ResourceNotFoundException'),
    ),
  },
  {
    id: 'sqs-155',
    says: 'a destination that does not exist is refused with ResourceNotFoundException',
    source: movesSeen,
    holds: onPair((source, dead) => expectRefused(move(dead, `${source.arn}-absent`), 'ResourceNotFoundException')),
  },
  {
    id: 'sqs-156',
    says: 'a queue has one active move task at a time: InvalidParameterValue',
    source: movesSeen,
    holds: onPair(async (source, dead) => {
      for (const body of ['a', 'b', 'c', 'd', 'e', 'f']) await dead.send(body)
      await move(dead, source.arn, 1)
      await expectRefused(move(dead, source.arn, 1), 'InvalidParameterValue')
    }),
  },
  {
    id: 'sqs-157',
    says: 'a running move task can be cancelled; what was moved stays moved',
    source: 'API_CancelMessageMoveTask',
    holds: onPair(async (source, dead) => {
      for (const body of ['a', 'b', 'c', 'd', 'e', 'f']) await dead.send(body)
      const { TaskHandle } = await move(dead, source.arn, 1)
      const cancelled = await dead.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }))
      expect(cancelled.ApproximateNumberOfMessagesMoved).toBeLessThan(6)
      await expect.poll(async () => (await tasksOf(dead))[0]?.Status, { timeout: 60_000 }).toBe('CANCELLED')
    }),
  },
  {
    id: 'sqs-158',
    says: 'a handle that is none is refused with InvalidParameterValue',
    source: movesSeen,
    holds: (target) =>
      expectRefused(
        createClient(target).send(new CancelMessageMoveTaskCommand({ TaskHandle: 'nonsense' })),
        'InvalidParameterValue',
      ),
  },
  {
    id: 'sqs-159',
    says: 'a move task moves 1 to 500 messages a second',
    source: 'API_StartMessageMoveTask',
    holds: onPair(async (source, dead) => {
      for (const bad of [0, 501]) {
        await expect(move(dead, source.arn, bad)).rejects.toMatchObject({ $fault: 'client' })
      }
    }),
  },
  {
    id: 'sqs-160',
    says: 'a move whose destination is deleted meanwhile is FAILED for that reason; what is left stays',
    source: movesSeen,
    holds: onPair(async (source, dead) => {
      const other = await openQueue(source.target)
      for (const body of ['a', 'b', 'c', 'd', 'e', 'f']) await dead.send(body)
      await move(dead, other.arn, 1)
      await other.close()
      await expect.poll(async () => (await tasksOf(dead))[0]?.Status, { timeout: 60_000 }).toBe('FAILED')
      expect((await tasksOf(dead))[0]?.FailureReason).toBe('AWS.SimpleQueueService.NonExistentQueue')
    }),
  },
])
