// One queue. In: its attributes and messages, the time. Out: what has expired is gone, what is received is marked.
// Never: reads a clock.

import { randomUUID } from 'node:crypto'
import type { Message, MessageStore } from './message-store.ts'

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
  messages: MessageStore
  waiters: Waiter[]
  cancelWake?: () => void
}

export function numberAttribute(queue: Queue, name: string): number {
  return Number(queue.attributes[name] ?? 0)
}

/** Forgets what is older than the retention. */
export function expireMessages(queue: Queue, nowMs: number): void {
  queue.messages.expire(nowMs - numberAttribute(queue, 'MessageRetentionPeriod') * 1000)
}

/** A new receipt handle, for the message's latest receive only. */
export function markReceived(queue: Queue, message: Message, nowMs: number, visibilityMs: number): void {
  message.receiveCount += 1
  message.firstReceivedAtMs ??= nowMs
  message.receivedAtMs = nowMs
  const handle = Buffer.from(`${queue.arn} ${message.messageId} ${randomUUID()}`).toString('base64')
  queue.messages.setHandle(message, handle)
  queue.messages.hideUntil(message, nowMs + visibilityMs)
}
