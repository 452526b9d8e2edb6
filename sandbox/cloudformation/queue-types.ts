// SQS resources: queues and their policies.
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { findUnless, isSame, type Place, type Properties, type ResourceType, textOf } from './resource-type.ts'

const ATTRIBUTES = [
  ...['DelaySeconds', 'MaximumMessageSize', 'MessageRetentionPeriod', 'ReceiveMessageWaitTimeSeconds'],
  ...['VisibilityTimeout', 'SqsManagedSseEnabled', 'RedrivePolicy', 'RedriveAllowPolicy'],
]

/** What a queue has where its template says nothing, also of what the template said before. */
const DEFAULTS = {
  ...{ DelaySeconds: '0', MaximumMessageSize: '1048576', MessageRetentionPeriod: '345600' },
  ...{ ReceiveMessageWaitTimeSeconds: '0', VisibilityTimeout: '30', SqsManagedSseEnabled: 'true' },
  ...{ RedrivePolicy: '', RedriveAllowPolicy: '' },
}

const MISSING = ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']

const queuesOf = (properties: Properties): string[] => properties['Queues'] as string[]

export const queue: ResourceType = {
  properties: { used: ['QueueName', ...ATTRIBUTES] },
  async deploy(properties, { sqs, account, region }) {
    const QueueName = textOf(properties, 'QueueName')
    const found = await findQueue(sqs, QueueName)
    const url = found ?? (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
    const isChanged = await setAttributes(sqs, url, { ...DEFAULTS, ...toAttributes(properties) })
    return {
      ref: url,
      attributes: { Arn: `arn:aws:sqs:${region}:${account}:${QueueName}`, QueueName, QueueUrl: url },
      change: !found ? 'created' : isChanged ? 'updated' : 'unchanged',
    }
  },
  presence: {
    idsOf: (properties) => [textOf(properties, 'QueueName')],
    isThere: async (QueueName, { sqs }) => (await findQueue(sqs, QueueName)) !== undefined,
    async remove(QueueName, { sqs }) {
      const QueueUrl = await findQueue(sqs, QueueName)
      if (QueueUrl !== undefined) await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    },
  },
}

async function findQueue(sqs: Place['sqs'], QueueName: string): Promise<string | undefined> {
  const found = await findUnless(sqs.send(new GetQueueUrlCommand({ QueueName })), ...MISSING)
  return found?.QueueUrl
}

export const queuePolicy: ResourceType = {
  properties: { used: ['Queues', 'PolicyDocument'] },
  async deploy(properties, { sqs }) {
    const Policy = JSON.stringify(properties['PolicyDocument'])
    const changes = []
    for (const url of queuesOf(properties)) changes.push(await setAttributes(sqs, url, { Policy }))
    return { ref: '', attributes: {}, change: changes.includes(true) ? 'updated' : 'unchanged' }
  },
  presence: {
    idsOf: queuesOf,
    async isThere(QueueUrl, { sqs }) {
      const asking = sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }))
      return Boolean((await findUnless(asking, ...MISSING))?.Attributes?.Policy)
    },
    remove: (url, { sqs }) => findUnless(setAttributes(sqs, url, { Policy: '' }), ...MISSING),
  },
}

const toAttributes = (properties: Properties): Record<string, string> =>
  Object.fromEntries(
    ATTRIBUTES.flatMap((name) => {
      const value = properties[name]
      if (value === undefined) return []
      return [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]]
    }),
  )

/** True when it had to. */
async function setAttributes(sqs: Place['sqs'], QueueUrl: string, wanted: Record<string, string>): Promise<boolean> {
  const names = Object.keys(wanted) as QueueAttributeName[]
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }))
  const before = answer.Attributes ?? {}
  const Attributes = Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => !isSame(parsed(before[name as QueueAttributeName] ?? ''), parsed(value)),
    ),
  )
  if (Object.keys(Attributes).length === 0) return false
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
  return true
}

/** Policies are shown as text, whose order of keys says nothing. */
const parsed = (text: string): unknown => (text.startsWith('{') ? JSON.parse(text) : text)
