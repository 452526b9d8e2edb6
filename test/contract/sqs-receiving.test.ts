// Receiving: what a message tells of itself, long polls, retention.
import { ReceiveMessageCommand, type ReceiveMessageCommandInput } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { type ClaimedQueue, expectRefused, onQueue } from './sqs-queue.ts'

const wrongInputs: [string, Partial<ReceiveMessageCommandInput>][] = [
  ['sqs-070', { MaxNumberOfMessages: 0 }],
  ['sqs-071', { MaxNumberOfMessages: 11 }],
  ['sqs-072', { WaitTimeSeconds: 21 }],
  ['sqs-073', { WaitTimeSeconds: -1 }],
  ['sqs-074', { VisibilityTimeout: 43_201 }],
]

const refusals: Claim[] = wrongInputs.map(([id, input]) => ({
  id,
  says: `a receive with ${JSON.stringify(input)} is refused with InvalidParameterValue`,
  source: 'API_ReceiveMessage',
  holds: onQueue((queue) => expectRefused(queue.receive(input), 'InvalidParameterValue')),
}))

const sendTraced = (queue: ClaimedQueue) => {
  const text = { DataType: 'String', StringValue: 'x' }
  return queue.send('x', { MessageAttributes: { 'trace.a': text, 'trace.b': text, other: text } })
}

const namesOf = async (queue: ClaimedQueue, MessageAttributeNames: string[]) => {
  await sendTraced(queue)
  const { MessageAttributes = {} } = await queue.receiveOne({ MessageAttributeNames })
  return Object.keys(MessageAttributes).sort()
}

const chosen: [string, string, string[], string[]][] = [
  ['sqs-075', 'no message attribute is given unless asked for', [], []],
  ['sqs-076', 'message attributes are chosen by name', ['other'], ['other']],
  ['sqs-077', 'message attributes are chosen by the beginning of their names', ['trace.*'], ['trace.a', 'trace.b']],
  ['sqs-078', 'All chooses all message attributes', ['All'], ['other', 'trace.a', 'trace.b']],
  ['sqs-079', '.* chooses all message attributes', ['.*'], ['other', 'trace.a', 'trace.b']],
]

putClaims([
  ...refusals,
  ...chosen.map(([id, says, asked, given]) => ({
    id,
    says,
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      expect(await namesOf(queue, asked)).toEqual(given)
    }),
  })),
  {
    id: 'sqs-080',
    says: 'a receive gives id, body and MD5 as the send told them, and no system attribute unless asked for',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      const sent = await queue.send('{"ä": 1}')
      const message = await queue.receiveOne({ MessageSystemAttributeNames: [] })
      expect(message).toMatchObject({ MessageId: sent.MessageId, Body: '{"ä": 1}', MD5OfBody: sent.MD5OfMessageBody })
      expect(message.Attributes).toBeUndefined()
    }),
  },
  {
    id: 'sqs-081',
    says: 'the times of the send and of the first receive are told in milliseconds; a later receive keeps both',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      const first = (await queue.receiveOne({ VisibilityTimeout: 0 })).Attributes ?? {}
      await queue.target.pass(1100)
      const second = (await queue.receiveOne()).Attributes ?? {}
      for (const name of ['SentTimestamp', 'ApproximateFirstReceiveTimestamp'] as const) {
        expect(first[name]).toMatch(/^\d{13}$/)
        expect(second[name]).toBe(first[name])
      }
      expect(Number(first.ApproximateFirstReceiveTimestamp)).toBeGreaterThanOrEqual(Number(first.SentTimestamp))
    }),
  },
  {
    id: 'sqs-082',
    says: 'each receive raises ApproximateReceiveCount by one',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      for (const count of ['1', '2', '3']) {
        const { Attributes } = await queue.receiveOne({ VisibilityTimeout: 0 })
        expect(Attributes?.ApproximateReceiveCount).toBe(count)
      }
    }),
  },
  {
    id: 'sqs-083',
    says: 'SenderId tells who sent',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      expect((await queue.receiveOne()).Attributes?.SenderId).toMatch(/./)
    }),
  },
  {
    id: 'sqs-084',
    says: 'only the system attributes asked for are given',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      const { Attributes = {} } = await queue.receiveOne({ MessageSystemAttributeNames: ['SentTimestamp'] })
      expect(Object.keys(Attributes)).toEqual(['SentTimestamp'])
    }),
  },
  {
    id: 'sqs-085',
    says: 'an unknown system attribute is refused with InvalidAttributeName',
    source: 'model: sqs InvalidAttributeName',
    holds: onQueue((queue) =>
      expectRefused(queue.receive({ MessageSystemAttributeNames: ['Odd' as 'All'] }), 'InvalidAttributeName'),
    ),
  },
  {
    id: 'sqs-086',
    says: 'a receive gives one message unless told',
    source: 'API_ReceiveMessage',
    holds: onQueue(async (queue) => {
      await queue.send('a')
      await queue.send('b')
      expect(await queue.receive({ MaxNumberOfMessages: undefined })).toHaveLength(1)
    }),
  },
  {
    id: 'sqs-087',
    says: 'an empty receive succeeds, without messages',
    source: 'sqs-short-and-long-polling',
    holds: onQueue(async ({ sqs, url }) => {
      const answer = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }))
      expect(answer.Messages ?? []).toEqual([])
    }),
  },
  {
    id: 'sqs-088',
    says: 'a long poll ends as soon as a message is sent',
    source: 'sqs-short-and-long-polling',
    holds: onQueue(async (queue) => {
      const polled = queue.receive({ WaitTimeSeconds: 20 })
      await queue.send('x')
      expect(await polled).toMatchObject([{ Body: 'x' }])
    }),
  },
  {
    id: 'sqs-089',
    says: 'of many long polls exactly one gets a message',
    source: 'sqs-visibility-timeout',
    holds: onQueue(async (queue) => {
      const polls = Array.from({ length: 8 }, () => queue.receive({ WaitTimeSeconds: 10 }))
      await queue.send('x')
      const received = await Promise.all(polls)
      expect(received.flat()).toMatchObject([{ Body: 'x', Attributes: { ApproximateReceiveCount: '1' } }])
    }),
  },
  {
    id: 'sqs-090',
    says: 'as many long polls as messages: each message goes to one of them',
    source: 'sqs-visibility-timeout',
    holds: onQueue(async (queue) => {
      const bodies = ['a', 'b', 'c', 'd']
      const polls = bodies.map(() => queue.receive({ WaitTimeSeconds: 20, MaxNumberOfMessages: 1 }))
      await Promise.all(bodies.map((body) => queue.send(body)))
      const received = (await Promise.all(polls)).flat().map(({ Body }) => Body)
      expect(new Set(received)).toEqual(new Set(bodies))
      expect(received).toHaveLength(bodies.length)
    }),
  },
  {
    id: 'sqs-091',
    says: 'a long poll ends when a delayed message becomes visible',
    source: 'sqs-short-and-long-polling',
    holds: onQueue(async (queue) => {
      await queue.send('x', { DelaySeconds: 1 })
      expect(await queue.receive({ WaitTimeSeconds: 20 })).toMatchObject([{ Body: 'x' }])
    }),
  },
  {
    id: 'sqs-092',
    says: 'a long poll ends when the visibility time-out of a message is over',
    source: 'sqs-short-and-long-polling',
    holds: onQueue(async (queue) => {
      await queue.send('x')
      await queue.receiveOne({ VisibilityTimeout: 1 })
      expect(await queue.receive({ WaitTimeSeconds: 20 })).toMatchObject([{ Body: 'x' }])
    }),
  },
  {
    id: 'sqs-093',
    says: 'without WaitTimeSeconds the wait is the one of the queue',
    source: 'API_ReceiveMessage',
    holds: onQueue(
      async (queue) => {
        const polled = queue.receive({ WaitTimeSeconds: undefined })
        await queue.send('x', { DelaySeconds: 1 })
        expect(await polled).toMatchObject([{ Body: 'x' }])
      },
      { ReceiveMessageWaitTimeSeconds: '20' },
    ),
  },
  {
    id: 'sqs-094',
    says: 'a message is deleted when the retention since its send is over, received or not',
    source: 'API_SetQueueAttributes',
    needs: ['clock'],
    holds: onQueue(
      async (queue) => {
        await queue.send('x')
        await queue.receiveOne({ VisibilityTimeout: 0 })
        await queue.target.pass(60_000)
        expect(await queue.receive()).toEqual([])
        expect(await queue.counts()).toEqual([0, 0, 0])
      },
      { MessageRetentionPeriod: '60' },
    ),
  },
])
