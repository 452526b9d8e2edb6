// Queues themselves. In: create, find, describe, change, purge, delete. Out: addresses and attributes.
// Never: changes a queue by a CreateQueue that names other attributes.

import { type Input, readInteger, readRecord, readText, readTexts } from '../input.ts'
import { AwsError, type Caller, type Surroundings } from '../service.ts'
import { invalidValue, missingParameter, queueDoesNotExist } from './errors.ts'
import { createMessageStore } from './message-store.ts'
import { expireMessages, type Queue } from './queue.ts'
import {
  defaultAttributes,
  invalidRedrive,
  parseQueueAttributes,
  readRedriveAllowPolicy,
  readRedrivePolicy,
} from './queue-attributes.ts'
import { isRedrivenTo, type Queues, queueArn } from './queues.ts'

/** After a delete or a purge AWS refuses the next for that long. */
const settleMs = 60_000

export const createQueueOperations = (parts: Pick<Surroundings, 'clock'>, queues: Queues, endpoint: string) => {
  const deletedAtMs = new Map<string, number>()
  return {
    CreateQueue(input: Input, caller: Caller) {
      const name = requireName(input)
      const attributes = parseQueueAttributes(readRecord(input, 'Attributes'))
      const arn = queueArn(caller, name)
      const existing = queues.byArn(arn)
      if (existing) return { QueueUrl: requireSame(existing, attributes).url }
      const nowMs = parts.clock.nowMs()
      if (nowMs - (deletedAtMs.get(arn) ?? -settleMs) < settleMs) {
        const message =
          'You must wait 60 seconds after deleting a queue before you can create another with the same name.'
        throw new AwsError('QueueDeletedRecently', message)
      }
      checkRedrive(queues, arn, attributes)
      const url = `${endpoint}/${caller.account}/${name}`
      const times = { createdAtMs: nowMs, changedAtMs: nowMs }
      const all = withoutEmpty({ ...defaultAttributes, ...attributes })
      queues.add({ name, arn, url, ...caller, ...times, attributes: all, messages: createMessageStore(), waiters: [] })
      return { QueueUrl: url }
    },

    GetQueueUrl(input: Input, caller: Caller) {
      const name = requireName(input)
      const account = readText(input, 'QueueOwnerAWSAccountId') ?? caller.account
      const queue = queues.byArn(queueArn({ account, region: caller.region }, name))
      if (queue === undefined) throw queueDoesNotExist()
      queues.requireAccess(queue, caller, 'sqs:GetQueueUrl')
      return { QueueUrl: queue.url }
    },

    ListQueues(input: Input, caller: Caller) {
      const prefix = readText(input, 'QueueNamePrefix') ?? ''
      const { urls, token } = toPage(
        input,
        ownOf(queues, caller).filter(({ name }) => name.startsWith(prefix)),
      )
      return { QueueUrls: urls, NextToken: token }
    },

    /** Its answer's field really begins with a small letter. */
    ListDeadLetterSourceQueues(input: Input, caller: Caller) {
      const target = queues.require(input, caller, 'sqs:ListDeadLetterSourceQueues')
      const owner = { account: target.account, region: target.region }
      const { urls, token } = toPage(
        input,
        ownOf(queues, owner).filter((queue) => isRedrivenTo(queue, target.arn)),
      )
      return { queueUrls: urls, NextToken: token }
    },

    GetQueueAttributes(input: Input, caller: Caller) {
      const queue = queues.require(input, caller, 'sqs:GetQueueAttributes')
      const names = readTexts(input, 'AttributeNames') ?? []
      const all = describe(queue, parts.clock.nowMs())
      const unknown = names.find((name) => name !== 'All' && !attributeNames.includes(name))
      if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`)
      const chosen = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name))
      return { Attributes: Object.fromEntries(chosen) }
    },

    SetQueueAttributes(input: Input, caller: Caller) {
      const queue = queues.require(input, caller, 'sqs:SetQueueAttributes')
      const given = readRecord(input, 'Attributes')
      if (given === undefined) throw missingParameter('Attributes')
      const attributes = parseQueueAttributes(given)
      checkRedrive(queues, queue.arn, attributes)
      queue.attributes = withoutEmpty({ ...queue.attributes, ...attributes })
      queue.changedAtMs = parts.clock.nowMs()
    },

    DeleteQueue(input: Input, caller: Caller) {
      const queue = queues.require(input, caller, 'sqs:DeleteQueue')
      queue.cancelWake?.()
      queue.messages.clear()
      queues.remove(queue)
      deletedAtMs.set(queue.arn, parts.clock.nowMs())
    },

    PurgeQueue(input: Input, caller: Caller) {
      const queue = queues.require(input, caller, 'sqs:PurgeQueue')
      const nowMs = parts.clock.nowMs()
      if (queue.purgedAtMs !== undefined && nowMs - queue.purgedAtMs < settleMs) {
        throw new AwsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
          403,
        )
      }
      queue.purgedAtMs = nowMs
      queue.messages.clear()
    },
  }
}

const ownOf = (queues: Queues, owner: Caller) =>
  queues.all().filter((queue) => queue.account === owner.account && queue.region === owner.region)

/** In order of their names; the token is the last name given. */
function toPage(input: Input, found: Queue[]): { urls: string[]; token?: string } {
  const max = readInteger(input, 'MaxResults') ?? 1000
  if (max < 1 || max > 1000) throw invalidValue(max, 'MaxResults', 'Must be between 1 and 1000.')
  const after = Buffer.from(readText(input, 'NextToken') ?? '', 'base64').toString()
  const left = found.filter(({ name }) => name > after).sort((one, other) => (one.name < other.name ? -1 : 1))
  const page = left.slice(0, max)
  const last = page.at(-1)
  const isMore = left.length > page.length && last !== undefined
  return { urls: page.map(({ url }) => url), ...(isMore && { token: Buffer.from(last.name).toString('base64') }) }
}

const attributeNames = [
  ...Object.keys(defaultAttributes),
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'Policy',
  'QueueArn',
  'RedriveAllowPolicy',
  'RedrivePolicy',
]

function describe(queue: Queue, nowMs: number): Record<string, string> {
  expireMessages(queue, nowMs)
  const { visible, inFlight, delayed } = queue.messages.counts(nowMs)
  return {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.createdAtMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.changedAtMs / 1000)),
  }
}

function requireName(input: Input): string {
  const name = readText(input, 'QueueName')
  if (name === undefined) throw missingParameter('QueueName')
  if (name.endsWith('.fifo')) {
    throw new AwsError('UnsupportedOperation', `The sandbox has standard queues only: "${name}" would be a FIFO queue.`)
  }
  if (!/^[\w-]{1,80}$/.test(name)) {
    throw invalidValue(
      name,
      'QueueName',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.',
    )
  }
  return name
}

/** Creating again with the same attributes, or fewer, answers with the queue that is there. */
function requireSame(queue: Queue, attributes: Record<string, string>): Queue {
  const differing = Object.keys(attributes).find((name) => (queue.attributes[name] ?? '') !== attributes[name])
  if (differing === undefined) return queue
  const message = `A queue already exists with the same name and a different value for attribute ${differing}.`
  throw new AwsError('QueueNameExists', message)
}

/** The dead-letter queue must be there, in the same account and region, and must allow it. */
function checkRedrive(queues: Queues, arn: string, attributes: Record<string, string>): void {
  const text = attributes['RedrivePolicy']
  if (!text) return
  const { deadLetterTargetArn } = readRedrivePolicy(text)
  const target = queues.byArn(deadLetterTargetArn)
  const isNear = deadLetterTargetArn.split(':').slice(0, 5).join(':') === arn.split(':').slice(0, 5).join(':')
  if (!target || !isNear) throw invalidRedrive(text, 'Dead letter target does not exist.')
  const allow = target.attributes['RedriveAllowPolicy']
  if (allow && !readRedriveAllowPolicy(allow)(arn)) {
    throw invalidRedrive(text, 'The RedriveAllowPolicy of the dead letter target does not admit this queue.')
  }
}

function withoutEmpty(attributes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''))
}
