// The queue loop of one domain. In: the parts. Out: a loop that can be stopped.
// Never: asks Temporal on at full rate while it is away, or lets healthy messages use up their receives; keeps events from
// their cycles because PostgreSQL is away; stops with messages in hand.
import { setTimeout as pause } from 'node:timers/promises'
import { ChangeMessageVisibilityBatchCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs'
import type { Logger } from 'pino'
import { Consumer } from 'sqs-consumer'
import { type BatchParts, handleBatch } from './handle-batch.ts'
import { type Asked, createOutage, type Later, type Outage, toHiddenMs } from './outage.ts'
import { createTakenBack } from './taken-back.ts'

export interface BridgeParts extends Omit<BatchParts, 'takenBack'> {
  sqs: SQSClient
  queueUrl: string
  log: Logger
  /** Queue loops side by side; each has one batch in hand at most. */
  loops: number
}

type LoopParts = BridgeParts & BatchParts

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
  const takenBack = createTakenBack()
  const loops = Array.from({ length: parts.loops }, () => createLoop({ ...parts, takenBack }, outage))
  for (const { consumer } of loops) consumer.start()
  return {
    async stop() {
      outage.end()
      await Promise.all(loops.map(stopLoop))
    },
  }
}

function createLoop(parts: LoopParts, outage: Outage): Loop {
  let inHand = 0
  let asked: Asked | undefined
  const consumer = Consumer.create({
    sqs: parts.sqs,
    queueUrl: parts.queueUrl,
    batchSize: 10,
    waitTimeSeconds: 20,
    visibilityTimeout: VISIBILITY_SECONDS,
    messageSystemAttributeNames: ['ApproximateReceiveCount'],
    preReceiveMessageCallback: async () => {
      // No failure since, its own of that poll included: the queue gave, and took the deletes.
      if (asked) outage.answered('queue', asked)
      asked = await outage.pass()
    },
    handleMessageBatch: async (messages) => {
      inHand += 1
      try {
        return await takeBatch(parts, { outage, asked }, onePerId(messages))
      } finally {
        inHand -= 1
      }
    },
  })
  consumer.on('error', (error) => outage.report('queue', error))
  return { consumer, isBusy: () => inHand > 0 }
}

async function takeBatch(
  parts: LoopParts,
  { outage, asked }: { outage: Outage; asked: Asked | undefined },
  messages: Message[],
): Promise<Message[]> {
  const { handled, staying, isTemporalThere } = await handleBatch(parts, messages)
  const down = staying.find(({ later }) => later.concerns === 'all')
  if (down) outage.report('temporal', down.later.error)
  else if (asked && isTemporalThere) outage.answered('temporal', asked)
  const alone = staying.filter(({ later }) => later.concerns === 'message')
  if (alone[0]) outage.waiting(alone.length, alone[0].later.error)
  if (staying.length > 0) await hide(parts, staying)
  return handled
}

/** Messages that stay come back when it is worth another try, not after the whole visibility time-out. */
async function hide(parts: BridgeParts, staying: { message: Message; later: Later }[]): Promise<void> {
  const Entries = staying.map(({ message }, at) => ({
    Id: String(at),
    ReceiptHandle: message.ReceiptHandle,
    VisibilityTimeout: Math.ceil(toHiddenMs(Number(message.Attributes?.ApproximateReceiveCount ?? 1)) / 1_000),
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
