// Receiving. In: ReceiveMessage. Out: messages made invisible for a while, at once or within the wait.
// Never: takes messages for a caller that hung up; returns a message beyond its redrive policy's count.

import { type Input, readInteger, readTexts } from '../input.ts'
import type { Call, Caller, Surroundings } from '../service.ts'
import { addMessage, wakeWaiters } from './delivery.ts'
import { invalidValue } from './errors.ts'
import { chooseAttributes, md5, md5OfAttributes } from './message-attributes.ts'
import { expireMessages, isVisible, type Message, markReceived, numberAttribute, type Queue } from './queue.ts'
import { readRedrivePolicy } from './queue-attributes.ts'
import type { Queues } from './queues.ts'

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

interface Receive {
  max: number
  waitMs: number
  visibilityMs: number
  systemNames: string[]
  attributeNames: string[]
}

export const createReceiving = (parts: Parts, queues: Queues) => ({
  async ReceiveMessage(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:ReceiveMessage')
    const receive = parseReceive(input, queue)
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
  for (const message of queue.messages.filter((candidate) => isVisible(candidate, nowMs))) {
    if (taken.length === receive.max) break
    if (redrive(parts, queues, queue, message)) continue
    markReceived(queue, message, nowMs, receive.visibilityMs)
    // A copy: the answer tells of this receive, whatever the next one makes of the message.
    taken.push({ ...message })
  }
  return taken
}

/** Moves a message to the dead-letter queue when this receive would exceed `maxReceiveCount`. */
function redrive(parts: Parts, queues: Queues, queue: Queue, message: Message): boolean {
  const text = queue.attributes['RedrivePolicy']
  const policy = text ? readRedrivePolicy(text) : undefined
  const target = policy && queues.byArn(policy.deadLetterTargetArn)
  if (!policy || !target || message.receiveCount < policy.maxReceiveCount) return false
  queue.messages = queue.messages.filter((other) => other !== message)
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
      ...(readTexts(input, 'MessageSystemAttributeNames') ?? []),
      ...(readTexts(input, 'AttributeNames') ?? []),
    ],
    attributeNames: readTexts(input, 'MessageAttributeNames') ?? [],
  }
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
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  }
}
