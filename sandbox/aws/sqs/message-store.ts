// The messages of one queue. In: messages, changes of their visibility, the time. Out: who may be received, and the counts.
// Never: reads a clock; walks through all messages for one receive or delete.

import { createDueTimes } from './due-times.ts'
import type { MessageAttributes } from './message-attributes.ts'

export interface Message {
  messageId: string
  body: string
  attributes: MessageAttributes
  traceHeader?: string
  /** Names the sender's tenant (fair queues); the sandbox is fair to none, it only hands it on. */
  groupId?: string
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

export interface MessageStore {
  add(message: Message): void
  remove(message: Message): void
  clear(): void
  size(): number
  /** The visible ones, those that became visible first in front. May be changed while it is walked through. */
  visible(nowMs: number): Iterable<Message>
  byHandle(handle: string): Message | undefined
  /** Gives a message just received its handle; one that it had before finds nothing any more. */
  setHandle(message: Message, handle: string): void
  /** Hides a message until then; a time that is not ahead makes it visible at the next look. */
  hideUntil(message: Message, atMs: number): void
  isVisible(message: Message, nowMs: number): boolean
  counts(nowMs: number): { visible: number; inFlight: number; delayed: number }
  /** The next moment at which something becomes visible without anyone's doing. */
  nextVisibleAtMs(nowMs: number): number | undefined
  /** Forgets those sent at that time or before. */
  expire(sentAtMs: number): void
}

export function createMessageStore(): MessageStore {
  const visible = new Set<Message>()
  const hidden = createHidden()
  const handles = new Map<string, Message>()
  /** No message is older; there may be none so old any more. */
  let oldestSentAtMs = Number.POSITIVE_INFINITY

  function promote(nowMs: number): Set<Message> {
    for (let first = hidden.first(); first && first.visibleAtMs <= nowMs; first = hidden.first()) {
      hidden.remove(first)
      visible.add(first)
    }
    return visible
  }
  function hide(message: Message): void {
    visible.delete(message)
    hidden.add(message)
  }
  function remove(message: Message): void {
    visible.delete(message)
    hidden.remove(message)
    if (message.receiptHandle !== undefined) handles.delete(message.receiptHandle)
  }
  return {
    add(message) {
      oldestSentAtMs = Math.min(oldestSentAtMs, message.sentAtMs)
      hide(message)
    },
    remove,
    clear() {
      for (const part of [visible, handles, hidden]) part.clear()
    },
    size: () => visible.size + hidden.inFlight.size + hidden.delayed.size,
    visible: promote,
    byHandle: (handle) => handles.get(handle),
    setHandle: (message, handle) => giveHandle(handles, message, handle),
    hideUntil(message, atMs) {
      message.visibleAtMs = atMs
      hide(message)
    },
    isVisible: (message, nowMs) => promote(nowMs).has(message),
    counts(nowMs) {
      promote(nowMs)
      return { visible: visible.size, inFlight: hidden.inFlight.size, delayed: hidden.delayed.size }
    },
    nextVisibleAtMs(nowMs) {
      promote(nowMs)
      return hidden.first()?.visibleAtMs
    },
    expire(sentAtMs) {
      if (oldestSentAtMs > sentAtMs) return
      oldestSentAtMs = Number.POSITIVE_INFINITY
      for (const message of [...visible, ...hidden.inFlight, ...hidden.delayed]) {
        if (message.sentAtMs <= sentAtMs) remove(message)
        else oldestSentAtMs = Math.min(oldestSentAtMs, message.sentAtMs)
      }
    },
  }
}

function giveHandle(handles: Map<string, Message>, message: Message, handle: string): void {
  if (message.receiptHandle !== undefined) handles.delete(message.receiptHandle)
  message.receiptHandle = handle
  handles.set(handle, message)
}

/** The messages that nobody may receive yet: received ones in flight, and those delayed that never were. */
function createHidden() {
  const inFlight = new Set<Message>()
  const delayed = new Set<Message>()
  /** May hold times of messages that are gone or were changed since: compare before use. */
  const due = createDueTimes<Message>()
  function remove(message: Message): void {
    inFlight.delete(message)
    delayed.delete(message)
  }
  return {
    inFlight,
    delayed,
    remove,
    add(message: Message): void {
      remove(message)
      const part = message.receiptHandle === undefined ? delayed : inFlight
      part.add(message)
      due.add(message.visibleAtMs, message)
    },
    /** The one that becomes visible first. */
    first(): Message | undefined {
      for (let first = due.first(); first; first = due.first()) {
        const { atMs, item } = first
        if (item.visibleAtMs === atMs && (inFlight.has(item) || delayed.has(item))) return item
        due.removeFirst()
      }
      return undefined
    },
    clear(): void {
      for (const part of [inFlight, delayed, due]) part.clear()
    },
  }
}
