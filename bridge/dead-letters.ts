// In: a message that nobody can use, and why. Out: the same body in the domain's dead-letter queue, the reason beside it.
// Never: a reason lost; a body changed (a person reads and redrives it).
import { type MessageAttributeValue, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Refused } from './parse.ts'

export interface DeadLetters {
  send(body: string, refusal: Refused): Promise<void>
}

/** Attribute values may hold printable text only; the ledger has the whole reason. */
const toAttribute = (text: string): MessageAttributeValue => ({
  DataType: 'String',
  StringValue: text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '?').slice(0, 1_000) || '?',
})

export const createDeadLetters = (sqs: SQSClient, queueUrl: string): DeadLetters => ({
  async send(body, refusal) {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: {
          SluiceCode: toAttribute(refusal.code),
          SluiceReason: toAttribute(refusal.reason),
          ...(refusal.eventId ? { SluiceEventId: toAttribute(refusal.eventId) } : {}),
        },
      }),
    )
  },
})
