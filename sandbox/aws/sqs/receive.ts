// Receiving. In: ReceiveMessage. Out: messages made invisible for a while, at once or within the wait.
// Never: takes messages for a caller that hung up; returns a message beyond its redrive policy's count; has more in
// flight than AWS lets a queue have.

import { createDraw } from '../faults.ts'
import { type Input, readInteger, readTexts } from '../input.ts'
import { AwsError, type Call, type Caller, type FaultAction, type Surroundings } from '../service.ts'
import { addMessage, wakeWaiters } from './delivery.ts'
import { invalidValue } from './errors.ts'
import { chooseAttributes, md5, md5OfAttributes } from './message-attributes.ts'
import type { Message } from './message-store.ts'
import { expireMessages, markReceived, numberAttribute, type Queue } from './queue.ts'
import { readRedrivePolicy } from './queue-attributes.ts'
import type { Queues } from './queues.ts'

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

/** Of a standard queue; a short poll beyond it is told so, a long poll waits. */
const inFlightLimit = 120_000

interface Receive {
  max: number
  waitMs: number
  visibilityMs: number
  systemNames: string[]
  attributeNames: string[]
  fault?: FaultAction
}

export const createReceiving = (parts: Parts, queues: Queues) => ({
  async ReceiveMessage(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:ReceiveMessage')
    const receive = { ...parseReceive(input, queue), fault: call.fault }
    const taken = await takeOrWait(parts, queues, queue, receive, call.signal)
    call.facts['messages'] = taken.map(({ messageId, receiveCount }) => ({ messageId, receiveCount }))
    return taken.length === 0 ? {} : { Messages: taken.map((message) => toWire(message, receive)) }
  },
})

/** Resolves at once with what is there, else with the first that come, else with nothing when the wait is over. */
function takeOrWait(
  parts: Parts,
  queues: Queues,
  queue: Queue,
  receive: Receive,
  signal: AbortSignal,
): Promise<Message[]> {
  const now = take(parts, queues, queue, receive)
  if (now.length > 0 || receive.waitMs === 0 || signal.aborted) return Promise.resolve(now)
  return new Promise((resolve) => {
    const finish = (messages: Message[]) => {
      cancel()
      signal.removeEventListener('abort', stop)
      queue.waiters = queue.waiters.filter((other) => other !== waiter)
      resolve(messages)
    }
    const stop = () => finish([])
    const cancel = parts.clock.after(receive.waitMs, stop)
    const waiter = {
      serve() {
        const messages = take(parts, queues, queue, receive)
        if (messages.length > 0) finish(messages)
        return messages.length > 0
      },
    }
    signal.addEventListener('abort', stop)
    queue.waiters.push(waiter)
    wakeWaiters(parts, queue)
  })
}

function take(parts: Parts, queues: Queues, queue: Queue, receive: Receive): Message[] {
  const nowMs = parts.clock.nowMs()
  expireMessages(queue, nowMs)
  const taken: Message[] = []
  const waiting = queue.messages.visible(nowMs)
  const room = inFlightLimit - queue.messages.counts(nowMs).inFlight
  if (room <= 0 && receive.waitMs === 0) {
    throw new AwsError('OverLimit', `The queue has ${inFlightLimit} messages in flight; delete some first.`, 403)
  }
  if (Math.min(room, receive.max) <= 0) return taken
  for (const message of receive.fault?.kind === 'reorder' ? toShuffled(waiting, parts.ledger.count()) : waiting) {
    if (redrive(parts, queues, queue, message)) continue
    markReceived(queue, message, nowMs, receive.visibilityMs)
    // A copy: the answer tells of this receive, whatever the next one makes of the message.
    taken.push({ ...message })
    if (taken.length === Math.min(room, receive.max)) break
  }
  if (receive.fault?.kind === 'duplicate') leaveCopies(parts, queue, taken, receive.fault.times - 1)
  return taken
}

/** At least once: a server that did not hear of the receive gives the message again. */
function leaveCopies(parts: Parts, queue: Queue, taken: Message[], copies: number): void {
  for (const message of taken) {
    for (let copy = 1; copy <= copies; copy += 1) {
      const visibleAtMs = parts.clock.nowMs()
      addMessage(parts, queue, { ...message, receiptHandle: undefined, visibleAtMs }, 'duplicated')
    }
  }
}

function toShuffled(messages: Iterable<Message>, seed: number): Message[] {
  const draw = createDraw(seed)
  return [...messages]
    .map((message) => ({ message, place: draw() }))
    .sort((one, other) => one.place - other.place)
    .map(({ message }) => message)
}

/** Moves a message to the dead-letter queue when this receive would exceed `maxReceiveCount`. */
function redrive(parts: Parts, queues: Queues, queue: Queue, message: Message): boolean {
  const text = queue.attributes['RedrivePolicy']
  const policy = text ? readRedrivePolicy(text) : undefined
  const target = policy && queues.byArn(policy.deadLetterTargetArn)
  if (!policy || !target || message.receiveCount < policy.maxReceiveCount) return false
  queue.messages.remove(message)
  const { account, region, arn } = queue
  const { messageId, receiveCount } = message
  const facts = { queueArn: arn, deadLetterQueueArn: target.arn, messageId, receiveCount }
  parts.ledger.add({ kind: 'dead-letter', service: 'sqs', account, region, facts })
  addMessage(parts, target, { ...message, receiptHandle: undefined, deadLetterSourceArn: arn }, 'redriven')
  return true
}

function parseReceive(input: Input, queue: Queue): Receive {
  const max = readInteger(input, 'MaxNumberOfMessages') ?? 1
  if (max < 1 || max > 10) throw invalidValue(max, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.')
  const wait = readInteger(input, 'WaitTimeSeconds') ?? numberAttribute(queue, 'ReceiveMessageWaitTimeSeconds')
  if (wait < 0 || wait > 20) throw invalidValue(wait, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.')
  const visibility = readInteger(input, 'VisibilityTimeout') ?? numberAttribute(queue, 'VisibilityTimeout')
  if (visibility < 0 || visibility > 43_200) {
    throw invalidValue(visibility, 'VisibilityTimeout', 'Must be between 0 and 43200.')
  }
  return {
    max,
    waitMs: wait * 1000,
    visibilityMs: visibility * 1000,
    systemNames: [
      ...readSystemNames(input, 'MessageSystemAttributeNames'),
      ...readSystemNames(input, 'AttributeNames'),
    ],
    attributeNames: readTexts(input, 'MessageAttributeNames') ?? [],
  }
}

/** Names that only FIFO queues fill are known too. */
const systemNames = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
]

function readSystemNames(input: Input, field: string): string[] {
  const names = readTexts(input, field) ?? []
  const unknown = names.find((name) => !systemNames.includes(name))
  if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`)
  return names
}

function toWire(message: Message, receive: Receive) {
  const attributes = chooseAttributes(message.attributes, receive.attributeNames)
  const system = toSystemAttributes(message)
  const chosen = Object.entries(system).filter(
    ([name, value]) =>
      value !== undefined && (receive.systemNames.includes('All') || receive.systemNames.includes(name)),
  )
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(chosen.length > 0 && { Attributes: Object.fromEntries(chosen) }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    }),
  }
}

function toSystemAttributes(message: Message): Record<string, string | undefined> {
  return {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAtMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    AWSTraceHeader: message.traceHeader,
    MessageGroupId: message.groupId,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  }
}
