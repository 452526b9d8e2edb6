// Sending: checksums, what a message may hold and how large it may be, attributes, delays.
import { createHash } from 'node:crypto'
import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { type ClaimedQueue, createClient, expectRefused, onQueue } from './sqs-queue.ts'

type MessageAttributes = NonNullable<SendMessageCommandInput['MessageAttributes']>

const MIB = 1_048_576
const string = (StringValue: string, DataType = 'String') => ({ DataType, StringValue })
const withAttributes = (queue: ClaimedQueue, MessageAttributes: MessageAttributes) =>
  queue.send('x', { MessageAttributes })

/** By name: lengths and bytes of name, type and value, with one byte for the kind of value. */
function md5OfText(name: string, value: string): string {
  const sized = (text: string) => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(Buffer.byteLength(text))
    return Buffer.concat([size, Buffer.from(text)])
  }
  const bytes = [sized(name), sized('String'), Buffer.from([1]), sized(value)]
  return createHash('md5').update(Buffer.concat(bytes)).digest('hex')
}

const refusedBodies: [string, string, string][] = [
  ['sqs-030', 'a control character such as BEL', 'x\u0007'],
  ['sqs-031', 'NUL', 'x\u0000'],
  ['sqs-032', 'U+FFFE', 'x\ufffe'],
]
const refusedAttributes: [string, string, MessageAttributes][] = [
  ['sqs-033', 'an unknown type', { a: string('x', 'Text') }],
  ['sqs-034', 'an empty value', { a: string('') }],
  ['sqs-035', 'a name that begins with AWS.', { 'AWS.x': string('x') }],
  ['sqs-036', 'a name that ends with a full stop', { 'a.': string('x') }],
  ['sqs-037', 'two full stops in a row', { 'a..b': string('x') }],
  ['sqs-038', 'a space in its name', { 'a b': string('x') }],
  ['sqs-039', 'a Number that is none', { a: string('x', 'Number') }],
]
const wrongDelays: [string, number][] = [
  ['sqs-040', -1],
  ['sqs-041', 901],
]

const refusals: Claim[] = [
  ...refusedBodies.map(([id, what, body]) => ({
    id,
    says: `a body with ${what} is refused with InvalidMessageContents`,
    source: 'API_SendMessage',
    holds: onQueue((queue) => expectRefused(queue.send(body), 'InvalidMessageContents')),
  })),
  ...refusedAttributes.map(([id, what, attributes]) => ({
    id,
    says: `a message attribute with ${what} is refused with InvalidParameterValue`,
    source: 'sqs-message-metadata',
    holds: onQueue((queue) => expectRefused(withAttributes(queue, attributes), 'InvalidParameterValue')),
  })),
  ...wrongDelays.map(([id, DelaySeconds]) => ({
    id,
    says: `a delay of ${DelaySeconds} seconds is refused with InvalidParameterValue`,
    source: 'API_SendMessage',
    holds: onQueue((queue) => expectRefused(queue.send('x', { DelaySeconds }), 'InvalidParameterValue')),
  })),
]

putClaims([
  ...refusals,
  {
    id: 'sqs-042',
    says: 'a send answers the MD5 of the body in UTF-8',
    source: 'API_SendMessage',
    holds: onQueue(async (queue) => {
      const body = 'späť 🌊'
      const answer = await queue.send(body)
      expect(answer.MD5OfMessageBody).toBe(createHash('md5').update(body).digest('hex'))
    }),
  },
  {
    id: 'sqs-043',
    says: 'a send answers the MD5 of the message attributes',
    source: 'sqs-message-metadata',
    holds: onQueue(async (queue) => {
      const answer = await withAttributes(queue, { reason: string('unreadable') })
      expect(answer.MD5OfMessageAttributes).toBe(md5OfText('reason', 'unreadable'))
    }),
  },
  {
    id: 'sqs-044',
    says: 'AWSTraceHeader is a message system attribute: with its own MD5, and received by name',
    source: 'API_MessageSystemAttributeValue',
    holds: onQueue(async (queue) => {
      const header = 'Root=1-5759e988-bd862e3fe1be46a994272793'
      const answer = await queue.send('x', { MessageSystemAttributes: { AWSTraceHeader: string(header) } })
      expect(answer.MD5OfMessageSystemAttributes).toBe(md5OfText('AWSTraceHeader', header))
      expect((await queue.receiveOne()).Attributes).toMatchObject({ AWSTraceHeader: header })
    }),
  },
  {
    id: 'sqs-045',
    says: 'tab, line feed, carriage return and every character from U+0020 on come back unchanged',
    source: 'API_SendMessage',
    holds: onQueue(async (queue) => {
      const body = '\t\n\r "<&>\u007f\u00e9\ud7ff\ue000\ufffd\u{10000}\u{10ffff}'
      await queue.send(body)
      expect((await queue.receiveOne()).Body).toBe(body)
    }),
  },
  {
    id: 'sqs-046',
    says: 'an empty body is refused with MissingParameter',
    source: 'model: sqs SendMessageRequest (one character); the code seen on AWS: localstack issue 12317',
    holds: onQueue((queue) => expectRefused(queue.send(''), 'MissingParameter')),
  },
  {
    id: 'sqs-047',
    says: 'a message may have 1 MiB',
    source: 'quotas-messages',
    holds: onQueue(async (queue) => {
      await queue.send('x'.repeat(MIB))
      expect((await queue.receiveOne()).Body).toHaveLength(MIB)
    }),
  },
  {
    id: 'sqs-048',
    says: 'a message of one byte more than 1 MiB is refused with InvalidParameterValue',
    source: 'quotas-messages',
    holds: onQueue((queue) => expectRefused(queue.send('x'.repeat(MIB + 1)), 'InvalidParameterValue')),
  },
  {
    id: 'sqs-049',
    says: 'size counts bytes of UTF-8, not characters',
    source: 'API_SendMessage',
    holds: onQueue((queue) => expectRefused(queue.send('ü'.repeat(513)), 'InvalidParameterValue'), {
      MaximumMessageSize: '1024',
    }),
  },
  {
    id: 'sqs-050',
    says: "name, type and value of message attributes count towards the message's size",
    source: 'sqs-message-metadata',
    holds: onQueue(
      async (queue) => {
        // 1 + 6 + 17 bytes beside a body of 1,000: exactly the limit of 1,024.
        const body = 'x'.repeat(1000)
        await queue.send(body, { MessageAttributes: { a: string('y'.repeat(17)) } })
        const larger = queue.send(body, { MessageAttributes: { a: string('y'.repeat(18)) } })
        await expectRefused(larger, 'InvalidParameterValue')
      },
      { MaximumMessageSize: '1024' },
    ),
  },
  {
    id: 'sqs-051',
    says: 'a message has at most ten attributes',
    source: 'sqs-message-metadata',
    holds: onQueue(async (queue) => {
      const attributes = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, string('x')]))
      await withAttributes(queue, attributes(10))
      await expectRefused(withAttributes(queue, attributes(11)), 'InvalidParameterValue')
    }),
  },
  {
    id: 'sqs-052',
    says: 'types are String, Number and Binary, each with a label of choice, and come back unchanged',
    source: 'sqs-message-metadata',
    holds: onQueue(async (queue) => {
      const attributes = {
        a: string('x', 'String.json'),
        b: string('-12.5', 'Number.float'),
        c: { DataType: 'Binary.gif', BinaryValue: new Uint8Array([0, 255]) },
      }
      await withAttributes(queue, attributes)
      expect((await queue.receiveOne()).MessageAttributes).toEqual(attributes)
    }),
  },
  {
    id: 'sqs-053',
    says: 'no system attribute but AWSTraceHeader may be sent',
    source: 'model: sqs SendMessageRequest MessageSystemAttributes',
    holds: onQueue((queue) =>
      expect(queue.send('x', { MessageSystemAttributes: { SenderId: string('x') } as never })).rejects.toMatchObject({
        $fault: 'client',
      }),
    ),
  },
  {
    id: 'sqs-054',
    says: 'a delayed message is counted apart and not received',
    source: 'sqs-delay-queues',
    holds: onQueue(
      async (queue) => {
        await queue.send('x')
        expect(await queue.counts()).toEqual([0, 0, 1])
        expect(await queue.receive()).toEqual([])
      },
      { DelaySeconds: '60' },
    ),
  },
  {
    id: 'sqs-055',
    says: "a message's own delay, also 0, goes before the queue's",
    source: 'sqs-message-timers',
    holds: onQueue(
      async (queue) => {
        await queue.send('x', { DelaySeconds: 0 })
        expect((await queue.receiveOne()).Body).toBe('x')
      },
      { DelaySeconds: '60' },
    ),
  },
  {
    id: 'sqs-056',
    says: 'a delayed message is received when its delay is over',
    source: 'sqs-message-timers',
    holds: onQueue(async (queue) => {
      await queue.send('x', { DelaySeconds: 1 })
      await queue.target.pass(1500)
      expect((await queue.receiveOne({ WaitTimeSeconds: 5 })).Body).toBe('x')
    }),
  },
  {
    id: 'sqs-057',
    says: 'a standard queue takes a MessageGroupId and hands it on',
    source: 'model: sqs SendMessageRequest',
    holds: onQueue(async (queue) => {
      await queue.send('x', { MessageGroupId: 'd1' })
      expect((await queue.receiveOne()).Attributes).toMatchObject({ MessageGroupId: 'd1' })
    }),
  },
  {
    id: 'sqs-058',
    says: 'a standard queue refuses a MessageDeduplicationId with InvalidParameterValue',
    source: 'model: sqs SendMessageRequest (for FIFO queues only); the code seen on AWS: ethberry/nestjs-sqs issue 83',
    holds: onQueue((queue) => expectRefused(queue.send('x', { MessageDeduplicationId: 'd' }), 'InvalidParameterValue')),
  },
  {
    id: 'sqs-059',
    says: 'a send to a queue that is not there is refused with QueueDoesNotExist',
    source: 'API_SendMessage',
    holds: onQueue(({ target, url }) =>
      expectRefused(
        createClient(target).send(new SendMessageCommand({ QueueUrl: `${url}-absent`, MessageBody: 'x' })),
        'QueueDoesNotExist',
      ),
    ),
  },
])
