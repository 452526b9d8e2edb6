// One queue and its messages. In: messages, receives, the time. Out: who may be received now, and the counts.
// Never: reads a clock; hands the same copy to two receivers within its visibility.

import { randomUUID } from 'node:crypto'
import type { MessageAttributes } from './message-attributes.ts'

export interface Message {
  messageId: string
  body: string
  attributes: MessageAttributes
  traceHeader?: string
  senderId: string
  /** Kept when a redrive policy moves the message, so that retention counts from the first send. */
  sentAtMs: number
  visibleAtMs: number
  receiveCount: number
  firstReceivedAtMs?: number
  /** The latest receive, from which the 12 hours in flight count. */
  receivedAtMs?: number
  receiptHandle?: string
  /** The queue whose redrive policy moved it here. */
  deadLetterSourceArn?: string
}

export interface Waiter {
  /** Tries to take messages; true when it was served and must not be asked again. */
  serve(): boolean
}

export interface Queue {
  name: string
  arn: string
  url: string
  account: string
  region: string
  createdAtMs: number
  changedAtMs: number
  purgedAtMs?: number
  attributes: Record<string, string>
  messages: Message[]
  waiters: Waiter[]
  cancelWake?: () => void
}

export function numberAttribute(queue: Queue, name: string): number {
  return Number(queue.attributes[name] ?? 0)
}

/** Forgets what is older than the retention. */
export function expireMessages(queue: Queue, nowMs: number): void {
  const oldestMs = nowMs - numberAttribute(queue, 'MessageRetentionPeriod') * 1000
  if (queue.messages.some((message) => message.sentAtMs <= oldestMs)) {
    queue.messages = queue.messages.filter((message) => message.sentAtMs > oldestMs)
  }
}

export function isVisible(message: Message, nowMs: number): boolean {
  return message.visibleAtMs <= nowMs
}

/** In flight; a message never received that is not visible yet is delayed instead. */
export function isInFlight(message: Message, nowMs: number): boolean {
  return !isVisible(message, nowMs) && message.receiptHandle !== undefined
}

/** A new receipt handle, for the message's latest receive only. */
export function markReceived(queue: Queue, message: Message, nowMs: number, visibilityMs: number): string {
  message.receiveCount += 1
  message.firstReceivedAtMs ??= nowMs
  message.receivedAtMs = nowMs
  message.visibleAtMs = nowMs + visibilityMs
  message.receiptHandle = Buffer.from(`${queue.arn} ${message.messageId} ${randomUUID()}`).toString('base64')
  return message.receiptHandle
}

/** The next moment at which something becomes visible without anyone's doing. */
export function nextVisibleAtMs(queue: Queue, nowMs: number): number | undefined {
  const times = queue.messages.filter((message) => !isVisible(message, nowMs)).map((message) => message.visibleAtMs)
  return times.length === 0 ? undefined : times.reduce((first, time) => Math.min(first, time))
}

export function countMessages(queue: Queue, nowMs: number) {
  const inFlight = queue.messages.filter((message) => isInFlight(message, nowMs)).length
  const visible = queue.messages.filter((message) => isVisible(message, nowMs)).length
  return { visible, inFlight, delayed: queue.messages.length - visible - inFlight }
}
