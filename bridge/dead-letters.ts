// In: a message that nobody can use, and why. Out: the same body in the domain's dead-letter queue, the reason beside it.
// Never: a reason lost; a body changed (a person reads and redrives it), but for the end of one that SQS has no room for.
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

/** Of the 1 MiB that SQS takes, what three attributes at their longest leave. */
const MAX_BODY_BYTES = 1_048_576 - 4_096

/** A body of full size and its reason do not fit together, and would be refused for ever; the ledger has it whole. */
const toFitting = (body: string): string =>
  Buffer.byteLength(body) > MAX_BODY_BYTES ? Buffer.from(body).subarray(0, MAX_BODY_BYTES).toString() : body

export const createDeadLetters = (sqs: SQSClient, queueUrl: string): DeadLetters => ({
  async send(body, refusal) {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: toFitting(body),
        MessageAttributes: {
          SluiceCode: toAttribute(refusal.code),
          SluiceReason: toAttribute(refusal.reason),
          ...(refusal.eventId ? { SluiceEventId: toAttribute(refusal.eventId) } : {}),
        },
      }),
    )
  },
})
