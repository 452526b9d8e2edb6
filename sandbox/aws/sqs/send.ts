// Sending. In: SendMessage and SendMessageBatch. Out: ids and checksums, per entry for a batch.
// Never: fails a whole batch for one entry.

import { type Input, readInteger, readRecord, readText } from '../input.ts'
import { AwsError, type Call, type Caller, type Surroundings } from '../service.ts'
import { readBatch, runBatch } from './batch.ts'
import { enqueue, type NewMessage, requireFitting } from './delivery.ts'
import { invalidValue, missingParameter } from './errors.ts'
import { md5, md5OfAttributes, parseMessageAttributes, sizeOfAttributes } from './message-attributes.ts'
import type { Queue } from './queue.ts'
import type { Queues } from './queues.ts'

/** Across all entries of one call. */
const batchLimitBytes = 1_048_576

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

export const createSending = (parts: Parts, queues: Queues) => ({
  SendMessage(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:SendMessage')
    const sent = parseSend(input, queue, caller)
    const answer = send(parts, queue, sent, call)
    call.facts['messageId'] = answer.MessageId
    return answer
  },

  SendMessageBatch(input: Input, caller: Caller, call: Call) {
    const queue = queues.require(input, caller, 'sqs:SendMessage')
    const entries = readBatch(input)
    const total = entries.reduce((sum, { input: entry }) => sum + sizeOfEntry(entry), 0)
    if (total > batchLimitBytes) {
      const found = `You have sent ${total} bytes.`
      throw new AwsError(
        'BatchRequestTooLong',
        `Batch requests cannot be longer than ${batchLimitBytes} bytes. ${found}`,
      )
    }
    return runBatch(entries, call, (entry) => send(parts, queue, parseSend(entry, queue, caller), call))
  },
})

/** As sent: what is wrong with an entry is told when that entry is run. */
function sizeOfEntry(entry: Input): number {
  const values = Object.entries(readRecord(entry, 'MessageAttributes') ?? {})
  const attributes = Object.fromEntries(values.map(([name, value]) => [name, { DataType: '', ...(value as object) }]))
  return Buffer.byteLength(String(entry['MessageBody'] ?? '')) + sizeOfAttributes(attributes)
}

function send(parts: Parts, queue: Queue, sent: NewMessage, call: Call) {
  const messageId = enqueue(parts, queue, sent, call.fault)
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(sent.body),
    MD5OfMessageAttributes: md5OfAttributes(sent.attributes),
    MD5OfMessageSystemAttributes:
      sent.traceHeader === undefined ? undefined : md5OfAttributes(toTrace(sent.traceHeader)),
  }
}

function parseSend(input: Input, queue: Queue, caller: Caller): NewMessage {
  const body = readText(input, 'MessageBody')
  if (body === undefined) throw missingParameter('MessageBody')
  if (body === '') throw missingParameter('MessageBody')
  if (hasForbiddenCharacter(body)) {
    throw new AwsError(
      'InvalidMessageContents',
      'Invalid binary character was found in the message body: only #x9, #xA, #xD and #x20 on.',
    )
  }
  if (input['MessageDeduplicationId'] !== undefined) {
    const reason = 'The request includes a parameter that is not valid for this queue type.'
    throw invalidValue(input['MessageDeduplicationId'], 'MessageDeduplicationId', reason)
  }
  const sent: NewMessage = {
    body,
    attributes: parseMessageAttributes(readRecord(input, 'MessageAttributes')),
    traceHeader: readTraceHeader(input),
    groupId: readText(input, 'MessageGroupId'),
    senderId: caller.account,
    delaySeconds: readDelay(input),
  }
  requireFitting(queue, sent)
  return sent
}

function readDelay(input: Input): number | undefined {
  const delay = readInteger(input, 'DelaySeconds')
  if (delay !== undefined && (delay < 0 || delay > 900)) {
    throw invalidValue(delay, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.')
  }
  return delay
}

function readTraceHeader(input: Input): string | undefined {
  const attributes = parseMessageAttributesOfSystem(readRecord(input, 'MessageSystemAttributes'))
  return attributes['AWSTraceHeader']?.StringValue
}

function parseMessageAttributesOfSystem(input: Input | undefined) {
  const other = Object.keys(input ?? {}).find((name) => name !== 'AWSTraceHeader')
  if (other !== undefined) throw invalidValue(other, 'MessageSystemAttributes', 'Only AWSTraceHeader may be sent.')
  return parseMessageAttributes(input)
}

const toTrace = (traceHeader: string) => ({ AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } })

/** #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF */
function hasForbiddenCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20 && code !== 0x9 && code !== 0xa && code !== 0xd) return true
    if ((code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff) return true
  }
  return false
}
