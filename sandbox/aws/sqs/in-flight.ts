// What a receiver does with a message in hand. In: receipt handles. Out: the message deleted, or its visibility changed.
// Never: lets a handle of an earlier receive delete the message; that call succeeds and does nothing, as AWS may do.

import { type Input, readInteger, readText } from '../input.ts'
import { AwsError, type Call, type Caller, type Surroundings } from '../service.ts'
import { readBatch, runBatch } from './batch.ts'
import { wakeWaiters } from './delivery.ts'
import { invalidValue, missingParameter } from './errors.ts'
import { expireMessages, type Queue } from './queue.ts'
import type { Queues } from './queues.ts'

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

export const createInFlight = (parts: Parts, queues: Queues) => ({
  DeleteMessage(input: Input, caller: Caller, call: Call) {
    deleteMessage(queues.require(input, caller, 'sqs:DeleteMessage'), input, call)
  },

  DeleteMessageBatch(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:DeleteMessage')
    return runBatch(readBatch(input), call, (entry) => deleteMessage(queue, entry, call))
  },

  ChangeMessageVisibility(input: Input, caller: Caller) {
    changeVisibility(parts, queues.require(input, caller, 'sqs:ChangeMessageVisibility'), input)
  },

  ChangeMessageVisibilityBatch(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:ChangeMessageVisibility')
    return runBatch(readBatch(input), call, (entry) => changeVisibility(parts, queue, entry))
  },
})

function deleteMessage(queue: Queue, input: Input, call: Call): object {
  const { handle, messageId } = requireHandle(queue, input)
  const message = queue.messages.byHandle(handle)
  if (message !== undefined) queue.messages.remove(message)
  const key = message === undefined ? 'notDeleted' : 'deleted'
  call.facts[key] = [...((call.facts[key] as string[] | undefined) ?? []), messageId]
  return {}
}

function changeVisibility(parts: Parts, queue: Queue, input: Input): object {
  const nowMs = parts.clock.nowMs()
  const { handle } = requireHandle(queue, input)
  const seconds = readInteger(input, 'VisibilityTimeout')
  if (seconds === undefined) throw missingParameter('VisibilityTimeout')
  if (seconds < 0 || seconds > 43_200) throw invalidValue(seconds, 'VisibilityTimeout', 'Must be between 0 and 43200.')
  expireMessages(queue, nowMs)
  const message = queue.messages.byHandle(handle)
  if (message === undefined) {
    const reason = 'Message does not exist or is not available for visibility timeout change.'
    throw invalidValue(handle, 'ReceiptHandle', reason)
  }
  // AWS says yes and does nothing; its MessageNotInflight was not seen.
  if (queue.messages.isVisible(message, nowMs)) return {}
  if (nowMs + seconds * 1000 > (message.receivedAtMs ?? nowMs) + 43_200_000) {
    throw invalidValue(
      seconds,
      'VisibilityTimeout',
      'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
    )
  }
  queue.messages.hideUntil(message, nowMs + seconds * 1000)
  wakeWaiters(parts, queue)
  return {}
}

/** A handle names its queue, so that one of another queue is refused as AWS refuses it. */
function requireHandle(queue: Queue, input: Input): { handle: string; messageId: string } {
  const handle = readText(input, 'ReceiptHandle')
  if (handle === undefined) throw missingParameter('ReceiptHandle')
  const [arn, messageId] = Buffer.from(handle, 'base64').toString('utf8').split(' ')
  if (arn !== queue.arn || messageId === undefined) {
    throw new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle.slice(0, 100)}" is invalid.`)
  }
  return { handle, messageId }
}
