// Queues: names, addresses, attributes with their ranges, purge, delete, listing.
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { type ClaimedQueue, createClient, expectRefused, newName, onQueue } from './sqs-queue.ts'
import type { Target } from './target.ts'

const again = ({ sqs, name }: ClaimedQueue, Attributes = {}) =>
  sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }))

const others: { sqs: SQSClient; QueueUrl?: string }[] = []

async function createOther(target: Target, QueueName: string, Attributes = {}) {
  const sqs = createClient(target)
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  others.push({ sqs, QueueUrl })
  return { sqs, QueueUrl }
}

const purge = ({ sqs, url }: ClaimedQueue) => sqs.send(new PurgeQueueCommand({ QueueUrl: url }))

const ranges: [string, QueueAttributeName, number, number, number][] = [
  ['sqs-001', 'DelaySeconds', 0, 900, 0],
  ['sqs-002', 'MaximumMessageSize', 1024, 1_048_576, 1_048_576],
  ['sqs-003', 'MessageRetentionPeriod', 60, 1_209_600, 345_600],
  ['sqs-004', 'ReceiveMessageWaitTimeSeconds', 0, 20, 0],
  ['sqs-005', 'VisibilityTimeout', 0, 43_200, 30],
]

const rangeClaims: Claim[] = ranges.map(([id, name, from, to, initial]) => ({
  id,
  says: `${name} is a whole number from ${from} to ${to}, ${initial} unless given`,
  source: 'API_SetQueueAttributes',
  holds: onQueue(async (queue) => {
    expect(await queue.attributes(name)).toEqual({ [name]: String(initial) })
    for (const value of [from, to]) {
      await queue.set({ [name]: String(value) })
      expect(await queue.attributes(name)).toEqual({ [name]: String(value) })
    }
    for (const value of [from - 1, to + 1, 'x']) {
      await expectRefused(queue.set({ [name]: String(value) }), 'InvalidAttributeValue')
    }
  }),
}))

putClaims([
  ...rangeClaims,
  {
    id: 'sqs-006',
    says: 'the address of a queue ends with its account and name',
    source: 'sqs-queue-message-identifiers',
    holds: onQueue(async ({ url, target, name }) => {
      expect(url.endsWith(`/${target.account}/${name}`)).toBe(true)
    }),
  },
  {
    id: 'sqs-007',
    says: 'creating a queue again with the same attributes answers the address of the one that is there',
    source: 'API_CreateQueue',
    holds: onQueue(
      async (queue) => {
        expect((await again(queue, { VisibilityTimeout: '60' })).QueueUrl).toBe(queue.url)
      },
      { VisibilityTimeout: '60' },
    ),
  },
  {
    id: 'sqs-008',
    says: 'creating a queue again with another value of an attribute is refused with QueueNameExists',
    source: 'API_CreateQueue',
    holds: onQueue((queue) => expectRefused(again(queue, { VisibilityTimeout: '61' }), 'QueueNameExists'), {
      VisibilityTimeout: '60',
    }),
  },
  {
    id: 'sqs-009',
    says: 'a queue name may have 80 characters: letters, digits, hyphens, underscores',
    source: 'quotas-queues',
    holds: async (target) => {
      const name = `${newName(target)}_-Aa0`.padEnd(80, 'x')
      const { sqs, QueueUrl } = await createOther(target, name)
      const found = await sqs.send(new GetQueueUrlCommand({ QueueName: name }))
      expect(found.QueueUrl).toBe(QueueUrl)
    },
  },
  {
    id: 'sqs-010',
    says: 'a queue name of 81 characters is refused with InvalidParameterValue',
    source: 'quotas-queues',
    holds: (target) => expectRefused(createOther(target, newName(target).padEnd(81, 'x')), 'InvalidParameterValue'),
  },
  {
    id: 'sqs-011',
    says: 'a queue name with another character is refused with InvalidParameterValue',
    source: 'quotas-queues',
    holds: (target) => expectRefused(createOther(target, `${newName(target)}.x`), 'InvalidParameterValue'),
  },
  {
    id: 'sqs-012',
    says: 'an attribute that SQS does not know is refused with InvalidAttributeName',
    source: 'model: sqs InvalidAttributeName',
    holds: (target) => expectRefused(createOther(target, newName(target), { Odd: '1' }), 'InvalidAttributeName'),
  },
  {
    id: 'sqs-013',
    says: 'asking for an attribute that SQS does not know is refused with InvalidAttributeName',
    source: 'model: sqs InvalidAttributeName',
    holds: onQueue(({ sqs, url }) =>
      expectRefused(
        sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['Odd' as 'All'] })),
        'InvalidAttributeName',
      ),
    ),
  },
  {
    id: 'sqs-014',
    says: 'only the attributes asked for are answered; QueueArn names region, account and queue',
    source: 'API_GetQueueAttributes',
    holds: onQueue(async (queue) => {
      expect(await queue.attributes('QueueArn')).toEqual({ QueueArn: queue.arn })
    }),
  },
  {
    id: 'sqs-015',
    says: 'without attribute names no attribute is answered',
    source: 'API_GetQueueAttributes',
    holds: onQueue(async (queue) => {
      expect(await queue.attributes()).toEqual({})
    }),
  },
  {
    id: 'sqs-016',
    says: 'the times of creation and of the latest change are told in seconds',
    source: 'API_GetQueueAttributes',
    holds: onQueue(async (queue) => {
      const { CreatedTimestamp, LastModifiedTimestamp } = await queue.attributes('All')
      for (const text of [CreatedTimestamp, LastModifiedTimestamp]) expect(text).toMatch(/^\d{10}$/)
    }),
  },
  {
    id: 'sqs-017',
    says: 'a policy that is no JSON is refused with InvalidAttributeValue',
    source: 'model: sqs InvalidAttributeValue',
    holds: onQueue((queue) => expectRefused(queue.set({ Policy: '{' }), 'InvalidAttributeValue')),
  },
  {
    id: 'sqs-018',
    says: 'a new queue is encrypted with keys that SQS manages',
    source: 'sqs-configure-sqs-sse-queue',
    holds: onQueue(async (queue) => {
      expect(await queue.attributes('SqsManagedSseEnabled')).toEqual({ SqsManagedSseEnabled: 'true' })
    }),
  },
  {
    id: 'sqs-019',
    says: 'GetQueueUrl of a name that nobody has is refused with QueueDoesNotExist',
    source: 'API_GetQueueUrl',
    holds: (target) =>
      expectRefused(
        createClient(target).send(new GetQueueUrlCommand({ QueueName: newName(target) })),
        'QueueDoesNotExist',
      ),
  },
  {
    id: 'sqs-020',
    says: "QueueDoesNotExist carries the older protocol's code too, in the header x-amzn-query-error",
    source: 'sqs-json-api-responses',
    holds: async (target) => {
      const call = createClient(target).send(new GetQueueUrlCommand({ QueueName: newName(target) }))
      const error: unknown = await call.catch((cause: unknown) => cause)
      expect(error).toMatchObject({ Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' })
    },
  },
  {
    id: 'sqs-021',
    says: 'queues are listed by the beginning of their names, page by page',
    source: 'API_ListQueues',
    holds: (target) =>
      onQueue(async (first) => {
        const second = await createOther(target, `${first.name}-2`)
        const list = (NextToken?: string) =>
          first.sqs.send(new ListQueuesCommand({ QueueNamePrefix: first.name, MaxResults: 1, NextToken }))
        const page = await list()
        const rest = await list(page.NextToken)
        expect(page.QueueUrls).toHaveLength(1)
        expect(new Set([...(page.QueueUrls ?? []), ...(rest.QueueUrls ?? [])])).toEqual(
          new Set([first.url, second.QueueUrl]),
        )
      })(target),
  },
  {
    id: 'sqs-022',
    says: 'PurgeQueue removes every message, also those in flight and delayed',
    source: 'API_PurgeQueue',
    holds: onQueue(async (queue) => {
      await queue.send('in flight')
      await queue.receiveOne()
      await queue.send('visible')
      await queue.send('delayed', { DelaySeconds: 60 })
      await purge(queue)
      expect(await queue.counts()).toEqual([0, 0, 0])
    }),
  },
  {
    id: 'sqs-023',
    says: 'a second PurgeQueue within 60 seconds is refused with PurgeQueueInProgress',
    source: 'API_PurgeQueue',
    holds: onQueue(async (queue) => {
      await purge(queue)
      await expectRefused(purge(queue), 'PurgeQueueInProgress')
    }),
  },
  {
    id: 'sqs-024',
    says: 'after 60 seconds a queue may be purged again',
    source: 'API_PurgeQueue',
    needs: ['clock'],
    holds: onQueue(async (queue) => {
      await purge(queue)
      await queue.target.pass(60_000)
      await purge(queue)
    }),
  },
  {
    id: 'sqs-025',
    says: 'a deleted queue does not exist for whoever sends to it',
    source: 'API_DeleteQueue',
    needs: ['clock'],
    holds: onQueue(async (queue) => {
      await queue.close()
      await queue.target.pass(60_000)
      await expectRefused(queue.send('x'), 'QueueDoesNotExist')
    }),
  },
  {
    id: 'sqs-026',
    says: 'within 60 seconds of its deletion a queue of that name cannot be created: QueueDeletedRecently',
    source: 'API_DeleteQueue',
    holds: onQueue(async (queue) => {
      await queue.close()
      await expectRefused(createOther(queue.target, queue.name), 'QueueDeletedRecently')
    }),
  },
  {
    id: 'sqs-027',
    says: '60 seconds after its deletion a queue of that name can be created, and is empty',
    source: 'API_DeleteQueue',
    needs: ['clock'],
    holds: onQueue(async (queue) => {
      await queue.send('x')
      await queue.close()
      await queue.target.pass(60_000)
      await createOther(queue.target, queue.name)
      expect(await queue.receive({}, createClient(queue.target))).toEqual([])
    }),
  },
])

afterAll(async () => {
  const ends = others.map(({ sqs, QueueUrl }) => sqs.send(new DeleteQueueCommand({ QueueUrl })))
  await Promise.allSettled(ends)
})
