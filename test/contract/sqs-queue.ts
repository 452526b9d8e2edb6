// A queue to make claims on. In: a target and the queue's attributes. Out: short ways to send, receive and look, and its end.
// Never: a queue without the target's prefix; one that outlives its claim.
import { randomBytes } from 'node:crypto'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

export type Attributes = Partial<Record<QueueAttributeName, string>>

export interface ClaimedQueue {
  target: Target
  sqs: SQSClient
  name: string
  url: string
  arn: string
  send(body: string, more?: Partial<SendMessageCommandInput>): ReturnType<typeof sendTo>
  /** What one receive gives: at once on the sandbox, else within a second, because a short poll may miss a message. */
  receive(more?: Partial<ReceiveMessageCommandInput>, sqs?: SQSClient): Promise<Message[]>
  /** One message, or the claim fails. */
  receiveOne(more?: Partial<ReceiveMessageCommandInput>): Promise<Message>
  delete(message: Message): Promise<unknown>
  hide(message: Message, seconds: number): Promise<unknown>
  attributes(...names: QueueAttributeName[]): Promise<Attributes>
  set(attributes: Attributes): Promise<unknown>
  /** Visible, in flight, delayed. */
  counts(): Promise<number[]>
  close(): Promise<void>
}

export const newName = (target: Target) => `${target.prefix}${randomBytes(4).toString('hex')}`

export const createClient = (target: Target, account?: string) => new SQSClient(target.options(account))

/** Lends a new queue; use as `holds`. */
export const onQueue =
  (use: (queue: ClaimedQueue) => Promise<unknown>, attributes: Attributes = {}) =>
  async (target: Target): Promise<void> => {
    const queue = await openQueue(target, attributes)
    try {
      await use(queue)
    } finally {
      await queue.close()
    }
  }

export async function openQueue(
  target: Target,
  attributes: Attributes = {},
  name = newName(target),
): Promise<ClaimedQueue> {
  const sqs = createClient(target)
  const create = sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
  const created = await asStage('CreateQueue', create)
  const QueueUrl = created.QueueUrl ?? ''
  const receive: ClaimedQueue['receive'] = async (more = {}, from = sqs) => {
    const WaitTimeSeconds = target.kind === 'sandbox' ? 0 : 1
    const answer = await from.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds, ...everything, ...more }),
    )
    return answer.Messages ?? []
  }
  const look: ClaimedQueue['attributes'] = async (...AttributeNames) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes ?? {}
  return {
    ...{ target, sqs, name, url: QueueUrl, receive, attributes: look },
    arn: `arn:aws:sqs:${target.region}:${target.account}:${name}`,
    send: (body, more = {}) => sendTo(sqs, { QueueUrl, MessageBody: body, ...more }),
    async receiveOne(more) {
      const [message] = await receive({ MaxNumberOfMessages: 1, ...more })
      if (message === undefined) throw new Error('nothing was received')
      return message
    },
    delete: ({ ReceiptHandle }) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
    hide: ({ ReceiptHandle }, VisibilityTimeout) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
    set: (Attributes) => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes })),
    async counts() {
      const seen = await look('All')
      return countNames.map((name) => Number(seen[name]))
    },
    async close() {
      await sqs.send(new DeleteQueueCommand({ QueueUrl })).catch(() => undefined)
      sqs.destroy()
    },
  }
}

const everything = {
  MessageSystemAttributeNames: ['All'] satisfies ReceiveMessageCommandInput['MessageSystemAttributeNames'],
  MessageAttributeNames: ['All'],
}

const countNames: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
]

const sendTo = (sqs: SQSClient, input: SendMessageCommandInput) => sqs.send(new SendMessageCommand(input))

/** The call is refused by that name of the SDK. */
export async function expectRefused(call: Promise<unknown>, name: string): Promise<void> {
  const outcome = await call.then(
    () => 'accepted',
    (error: Error) => error.name,
  )
  expect(outcome).toBe(name)
}
