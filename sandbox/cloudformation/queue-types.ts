// SQS resources: queues and their policies.
import {
  CreateQueueCommand,
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

export const queue: ResourceType = {
  properties: { used: ['QueueName', ...ATTRIBUTES] },
  async deploy(properties, { sqs, account, region }) {
    const QueueName = textOf(properties, 'QueueName')
    const found = await findUnless(
      sqs.send(new GetQueueUrlCommand({ QueueName })),
      'QueueDoesNotExist',
      'AWS.SimpleQueueService.NonExistentQueue',
    )
    const url = found?.QueueUrl ?? (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
    const isChanged = await setAttributes(sqs, url, toAttributes(properties))
    return {
      ref: url,
      attributes: { Arn: `arn:aws:sqs:${region}:${account}:${QueueName}`, QueueName, QueueUrl: url },
      change: !found ? 'created' : isChanged ? 'updated' : 'unchanged',
    }
  },
}

export const queuePolicy: ResourceType = {
  properties: { used: ['Queues', 'PolicyDocument'] },
  async deploy(properties, { sqs }) {
    const Policy = JSON.stringify(properties['PolicyDocument'])
    const changes = []
    for (const url of properties['Queues'] as string[]) changes.push(await setAttributes(sqs, url, { Policy }))
    return { ref: '', attributes: {}, change: changes.includes(true) ? 'updated' : 'unchanged' }
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
  if (names.length === 0) return false
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }))
  const before = answer.Attributes ?? {}
  const Attributes = Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => !isSame(parsed(before[name as QueueAttributeName]), parsed(value)),
    ),
  )
  if (Object.keys(Attributes).length === 0) return false
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
  return true
}

/** Policies are shown as text, whose order of keys says nothing. */
const parsed = (text: string | undefined): unknown => (text?.startsWith('{') ? JSON.parse(text) : text)
