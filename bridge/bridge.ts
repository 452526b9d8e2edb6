// The queue loop of one domain. In: the parts. Out: a loop that can be stopped.
// Never: polls on at full rate while Temporal or PostgreSQL is away (healthy messages would use up their receives);
// stops with messages in hand.
import { setTimeout as pause } from 'node:timers/promises'
import { ChangeMessageVisibilityBatchCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs'
import type { Logger } from 'pino'
import { Consumer } from 'sqs-consumer'
import { type BatchParts, handleBatch } from './handle-batch.ts'
import { createOutage, type Outage } from './outage.ts'

export interface BridgeParts extends BatchParts {
  sqs: SQSClient
  queueUrl: string
  log: Logger
  /** Queue loops side by side; each has one batch in hand at most. */
  loops: number
}

export interface Bridge {
  /** Resolves when no loop has a message in hand any more. */
  stop(): Promise<void>
}

interface Loop {
  consumer: Consumer
  isBusy(): boolean
}

const VISIBILITY_SECONDS = 60
const STOP_PATIENCE_MS = 30_000
const STOP_LOOK_MS = 20

export function startBridge(parts: BridgeParts): Bridge {
  const outage = createOutage(parts.log)
  const loops = Array.from({ length: parts.loops }, () => createLoop(parts, outage))
  for (const { consumer } of loops) consumer.start()
  return {
    async stop() {
      outage.end()
      await Promise.all(loops.map(stopLoop))
    },
  }
}

function createLoop(parts: BridgeParts, outage: Outage): Loop {
  let inHand = 0
  const consumer = Consumer.create({
    sqs: parts.sqs,
    queueUrl: parts.queueUrl,
    batchSize: 10,
    waitTimeSeconds: 20,
    visibilityTimeout: VISIBILITY_SECONDS,
    preReceiveMessageCallback: () => outage.pass(),
    handleMessageBatch: async (messages) => {
      inHand += 1
      try {
        return await takeBatch(parts, outage, onePerId(messages))
      } finally {
        inHand -= 1
      }
    },
  })
  consumer.on('error', (error) => outage.report(error))
  return { consumer, isBusy: () => inHand > 0 }
}

async function takeBatch(parts: BridgeParts, outage: Outage, messages: Message[]): Promise<Message[]> {
  const { handled, trouble } = await handleBatch(parts, messages)
  if (!trouble) {
    outage.over()
    return handled
  }
  const hiddenMs = outage.report(trouble)
  await hide(
    parts,
    messages.filter((message) => !handled.includes(message)),
    Math.ceil(hiddenMs / 1_000),
  )
  return handled
}

/** Messages that stay come back when the pause is over, not after the whole visibility time-out. */
async function hide(parts: BridgeParts, messages: Message[], seconds: number): Promise<void> {
  const Entries = messages.map(({ ReceiptHandle }, at) => ({
    Id: String(at),
    ReceiptHandle,
    VisibilityTimeout: seconds,
  }))
  await parts.sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: parts.queueUrl, Entries }))
}

/** The same message may come twice in one receive, and a batch delete takes each id once. */
const onePerId = (messages: Message[]): Message[] => [
  ...new Map(messages.map((message) => [message.MessageId, message])).values(),
]

/** A loop that only waits for messages is told at once; one with a batch in hand ends it first. */
async function stopLoop({ consumer, isBusy }: Loop): Promise<void> {
  consumer.stop({ abort: !isBusy() })
  // The library would look once a second, and says that it stopped only once however often it is asked.
  const giveUpAtMs = Date.now() + STOP_PATIENCE_MS
  while (consumer.status.isPolling && Date.now() < giveUpAtMs) await pause(STOP_LOOK_MS)
}
