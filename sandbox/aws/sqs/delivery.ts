// How messages come into queues and become visible. In: sends, redrives, deliveries of AWS services. Out: messages in
// queues, woken long polls, ledger rows. Never: loses a message but by a fault switch.

import { randomUUID } from 'node:crypto'
import type { FaultAction, Roads, Surroundings } from '../service.ts'
import { invalidValue } from './errors.ts'
import { type MessageAttributes, sizeOfAttributes } from './message-attributes.ts'
import type { Message } from './message-store.ts'
import { expireMessages, numberAttribute, type Queue } from './queue.ts'
import { judge, type Queues } from './queues.ts'

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

export interface NewMessage {
  body: string
  attributes: MessageAttributes
  traceHeader?: string
  groupId?: string
  senderId: string
  delaySeconds?: number
}

/** Puts a message into the queue, `duplicate` faults as so many copies of one message id. */
export function enqueue(parts: Parts, queue: Queue, sent: NewMessage, fault?: FaultAction): string {
  const { delaySeconds, ...content } = sent
  const nowMs = parts.clock.nowMs()
  const delayMs = 1000 * (delaySeconds ?? numberAttribute(queue, 'DelaySeconds'))
  const message = {
    ...content,
    messageId: randomUUID(),
    sentAtMs: nowMs,
    visibleAtMs: nowMs + delayMs,
    receiveCount: 0,
  }
  const copies = fault?.kind === 'duplicate' ? fault.times : 1
  for (let copy = 1; copy <= copies; copy += 1) addMessage(parts, queue, { ...message }, 'sent')
  return message.messageId
}

/** Adds a message that exists already: after a redrive or a move, or as a copy. */
export function addMessage(
  parts: Parts,
  queue: Queue,
  message: Message,
  cause: 'sent' | 'redriven' | 'moved' | 'duplicated',
): void {
  queue.messages.add(message)
  const { account, region, arn } = queue
  const facts = { queueArn: arn, messageId: message.messageId, cause, visibleAtMs: message.visibleAtMs }
  parts.ledger.add({ kind: 'message-visible', service: 'sqs', account, region, facts })
  wakeWaiters(parts, queue)
}

/** Serves the long polls that can be served, and comes back when the next message becomes visible. */
export function wakeWaiters(parts: Parts, queue: Queue): void {
  queue.cancelWake?.()
  queue.cancelWake = undefined
  expireMessages(queue, parts.clock.nowMs())
  const waiters = queue.waiters
  queue.waiters = []
  queue.waiters = [...waiters.filter((waiter) => !waiter.serve()), ...queue.waiters]
  const nextMs = queue.waiters.length > 0 ? queue.messages.nextVisibleAtMs(parts.clock.nowMs()) : undefined
  if (nextMs === undefined) return
  queue.cancelWake = parts.clock.after(nextMs - parts.clock.nowMs(), () => wakeWaiters(parts, queue))
}

/** The road by which EventBridge and S3 write into a queue. A fault on `SendMessage` may meet it as any other send. */
export function createDeliverToQueue(parts: Parts, queues: Queues): Roads['deliverToQueue'] {
  return (arn, { body, attributes = {} }, principal) => {
    const queue = queues.byArn(arn)
    if (queue === undefined) {
      return { kind: 'missing', code: 'NO_RESOURCE', message: `The queue ${arn} does not exist.` }
    }
    if (judge(queue, 'sqs:SendMessage', principal) !== 'allowed') {
      const who = `${principal.id} (source ${principal.sourceArn ?? 'unknown'})`
      return { kind: 'denied', code: 'NO_PERMISSIONS', message: `The policy of ${arn} does not allow ${who} to send.` }
    }
    const caller = { account: queue.account, region: queue.region }
    const input = { QueueUrl: queue.url, MessageBody: body }
    const fault = parts.faults.take({ service: 'sqs', operation: 'SendMessage', caller, input })
    if (fault?.kind === 'error' || fault?.kind === 'throttle') {
      const code = fault.kind === 'error' ? fault.code : 'THROTTLING'
      return { kind: 'denied', code, message: `Fault switch: ${code}` }
    }
    const sent = { body, attributes: toMessageAttributes(attributes), senderId: principal.id }
    if (fault?.kind === 'hang' || fault?.kind === 'drop-event') return { kind: 'ok', messageId: randomUUID() }
    if (fault?.kind === 'delay') {
      parts.clock.after(fault.ms, () => enqueue(parts, queue, sent))
      return { kind: 'ok', messageId: randomUUID() }
    }
    return { kind: 'ok', messageId: enqueue(parts, queue, sent, fault) }
  }
}

/** What SQS refuses whoever sends: too large, or characters that XML 1.0 cannot hold. */
export function requireFitting(queue: Queue, sent: NewMessage): number {
  const size = Buffer.byteLength(sent.body) + sizeOfAttributes(sent.attributes)
  const limit = numberAttribute(queue, 'MaximumMessageSize')
  if (size > limit) {
    throw invalidValue(
      `of ${size} bytes`,
      'MessageBody',
      `One or more parameters cannot be longer than ${limit} bytes.`,
    )
  }
  return size
}

function toMessageAttributes(attributes: Record<string, string>): MessageAttributes {
  const entries = Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }])
  return Object.fromEntries(entries)
}
