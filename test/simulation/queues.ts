// SQS on simulated time: standard queues. In: sends, receives, deletes. Out: messages at least once, in any order.
// Never: a message lost; a long poll that costs a turn each 20 s (it waits for as long as nothing is there).
import type { Hostility } from './hostility.ts'
import type { Operations } from './aws-call.ts'
import type { AwsLedger } from './aws-ledger.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Held {
  id: string
  body: string
  visibleAtMs: number
  receives: number
}

export interface Queues {
  operations: Operations
  /** Visible after a while; now and then a second time. The answer is its id. */
  put(queue: string, body: string, delayMs: number): string
  depth(queue: string): number
}

interface Poll {
  queue: string
  visibilityMs: number
  answer(messages: unknown): void
}

/** Of a message body, as the sandbox's ledger keeps it. */
const KEPT = 200

export function createQueues(time: VirtualTime, hostility: Hostility, ledger: AwsLedger): Queues {
  const queues = new Map<string, Held[]>()
  let polls: Poll[] = []
  let count = 0
  const of = (queue: string): Held[] => {
    const held = queues.get(queue) ?? []
    queues.set(queue, held)
    return held
  }
  const add = (queue: string, body: string, delayMs: number): string => {
    count += 1
    const id = `m${count}`
    of(queue).push({ id, body, visibleAtMs: time.nowMs() + delayMs, receives: 0 })
    time.after(delayMs, '', answerPolls)
    return id
  }
  const take = ({ queue, visibilityMs }: Poll): unknown => {
    const visible = of(queue).filter(({ visibleAtMs }) => visibleAtMs <= time.nowMs())
    const taken = visible.toSorted(() => hostility.random.next() - 0.5).slice(0, hostility.random.between(1, 10))
    return taken.map((message) => {
      message.receives += 1
      // At least once: now and then it stays visible for others too.
      hide(
        message,
        hostility.strikes('a message in hand shown again', 0.03) ? hostility.random.between(1, 2_000) : visibilityMs,
      )
      return {
        ...{ MessageId: message.id, ReceiptHandle: message.id, Body: message.body },
        Attributes: { ApproximateReceiveCount: String(message.receives) },
      }
    })
  }
  const hide = (message: Held, forMs: number): void => {
    message.visibleAtMs = time.nowMs() + forMs
    time.after(forMs, '', answerPolls)
  }
  function answerPolls(): void {
    const waiting = polls
    polls = waiting.filter((poll) => {
      const messages = take(poll) as unknown[]
      if (messages.length > 0) poll.answer({ Messages: messages })
      return messages.length === 0
    })
  }
  return {
    put(queue, body, delayMs) {
      const id = add(queue, body, delayMs)
      if (hostility.strikes('a message doubled', 0.1)) add(queue, body, delayMs + hostility.random.between(0, 600_000))
      return id
    },
    depth: (queue) => of(queue).length,
    operations: {
      GetQueueUrl: ({ QueueName }: { QueueName: string }) => ({ QueueUrl: QueueName }),
      SendMessage: ({ QueueUrl, MessageBody }: { QueueUrl: string; MessageBody: string }) => {
        add(QueueUrl, MessageBody, 0)
        const facts = { QueueUrl, MessageBody: MessageBody.slice(0, KEPT) }
        ledger.add({ service: 'sqs', account: '', kind: 'call', operation: 'SendMessage', outcome: 'ok', facts })
        return {}
      },
      ReceiveMessage: ({ QueueUrl, VisibilityTimeout }: { QueueUrl: string; VisibilityTimeout: number }) =>
        new Promise((answer) => {
          polls.push({ queue: QueueUrl, visibilityMs: VisibilityTimeout * 1_000, answer })
          time.after(0, '', answerPolls)
        }),
      DeleteMessageBatch: ({ QueueUrl, Entries }: { QueueUrl: string; Entries: { ReceiptHandle: string }[] }) => {
        const gone = new Set(Entries.map(({ ReceiptHandle }) => ReceiptHandle))
        queues.set(
          QueueUrl,
          of(QueueUrl).filter(({ id }) => !gone.has(id)),
        )
        return { Successful: Entries, Failed: [] }
      },
      ChangeMessageVisibilityBatch: ({
        QueueUrl,
        Entries,
      }: {
        QueueUrl: string
        Entries: { ReceiptHandle: string; VisibilityTimeout: number }[]
      }) => {
        for (const { ReceiptHandle, VisibilityTimeout } of Entries) {
          const message = of(QueueUrl).find(({ id }) => id === ReceiptHandle)
          if (message) hide(message, VisibilityTimeout * 1_000)
        }
        return { Successful: Entries, Failed: [] }
      },
    },
  }
}
