// In: a stage. Out: what lies in its domain's dead-letter queue, each letter with the reason beside it.
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { BridgeStage } from './bridge-stage.ts'

export interface DeadLetter {
  body: string
  code: string
  reason: string
  eventId: string
}

export async function readDeadLetters(stage: BridgeStage): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  for (;;) {
    const receive = { QueueUrl: stage.deadLetterUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
    const { Messages = [] } = await stage.sqs.send(new ReceiveMessageCommand(receive))
    if (Messages.length === 0) return letters
    const textOf = (at: number, name: string) => Messages[at]?.MessageAttributes?.[name]?.StringValue ?? ''
    letters.push(
      ...Messages.map(({ Body = '' }, at) => ({
        body: Body,
        code: textOf(at, 'SluiceCode'),
        reason: textOf(at, 'SluiceReason'),
        eventId: textOf(at, 'SluiceEventId'),
      })),
    )
  }
}
