// Rows 11 and 12: messages that nobody can use, among healthy ones, and what would be too large for Temporal.
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesOf } from '../../clients/config.ts'
import { REGION } from '../../cli/stack-environment.ts'
import { MAX_LOCATION } from '../../model/event-values.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { messageOf, refreshedOf } from '../services/refresh-messages.ts'
import { playCase } from './cases.ts'
import { rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage, VISIBLE_LATE } from './row-stage.ts'
import type { Draw } from './seeds.ts'
import { putRaw, toRawEntry, until, untilQuiet } from './walks.ts'
import { callsOf, redriven, signalledIds, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(4, VISIBLE_LATE)
const { queueName, deadLetterQueueName } = namesOf('d1')

let sqs: SQSClient
beforeAll(() => {
  sqs = new SQSClient(clientOptions({ endpoint: stage().awsEndpoint, region: REGION }, stage().accounts['d1'] ?? ''))
})
afterAll(() => sqs.destroy())

interface Poison {
  code: string
  body: string
}

/** Each as its own mark says, so that runs of one stage are told apart. */
function toCorpus(mark: string, { lane, key }: Walk, draw: Draw): Poison[] {
  const product = `raw/one-${lane}`
  const event = (data: object, metadata: object = {}): object => refreshedOf(product, { key, data, metadata })
  const deep = draw.between(33, 50_000)
  const ofMark = { note: mark }
  return [
    { code: 'not-json', body: `refreshed: ${mark}` },
    { code: 'not-json', body: messageOf(event(ofMark)).slice(0, -draw.between(1, 20)) },
    { code: 'not-an-event', body: JSON.stringify([mark]) },
    { code: 'not-an-event', body: messageOf([mark]) },
    { code: 'unknown-type', body: messageOf(event(ofMark), { 'detail-type': 'Data Product Deleted' }) },
    { code: 'unknown-schema', body: messageOf(event(ofMark, { schemaVersion: `${draw.between(2, 99)}.0` })) },
    { code: 'invalid-event', body: messageOf(event({ ...ofMark, revision: String(draw.between(1, 9)) })) },
    { code: 'invalid-event', body: messageOf(event({ ...ofMark, cycle: '2026-13-45' })) },
    { code: 'invalid-event', body: messageOf(event({ ...ofMark, product: `one-${lane}\u202e\u200f` })) },
    { code: 'invalid-event', body: messageOf(event(ofMark, { id: `raw/two-${lane}/${key}/r1` })) },
    { code: 'unknown-product', body: messageOf(refreshedOf(`raw/nobody-${mark}`, { key })) },
    { code: 'wrong-source', body: messageOf(event(ofMark), { source: 'dataproduct.d2' }) },
    { code: 'hazardous', body: messageOf(event({ note: `${mark}\u0000` })) },
    {
      code: 'hazardous',
      body: messageOf(event(ofMark)).replace('"note":', '"__proto__":{"visibility":"mesh"},"note":'),
    },
    { code: 'hazardous', body: messageOf(event({ ...ofMark, deep: 0 })).replace('"deep":0', `"deep":${nest(deep)}`) },
    { code: 'oversized', body: messageOf(event(ofMark)).padEnd(draw.between(300_000, 1_048_576)) },
  ]
}

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

test(
  'row 11: poison is dead-lettered at its first receive with its reason, and the healthy events around it pass',
  () =>
    playCase(stage(), { row: 11, name: 'poison' }, async ({ seed, draw, note }) => {
      const walks = take(2)
      const corpus = draw.shuffled(toCorpus(`m${seed}`, walks[0] as Walk, draw))
      const healthy = walks.flatMap((walk) => rawProducts(walk).map((product) => toRawEntry(product, walk.key)))
      const seen = await watchLedger(stage())
      const ids = new Map<string, string>()
      for (const [at, { body }] of corpus.entries()) {
        if (at % 4 === 0) await putRaw(stage(), healthy.splice(0, 1))
        ids.set(body, await send(body))
      }
      await putRaw(stage(), healthy)
      note(`${corpus.length} poisons among the events`)
      const letters = await readLetters(corpus.length)
      await untilQuiet(stage(), walks)
      for (const { code, body } of corpus) {
        const letter = letters.find((one) => one.body === body)
        expect.soft(letter?.code, body.slice(0, 80)).toBe(code)
        expect
          .soft(await reasonOf(ids.get(body) ?? ''), body.slice(0, 80))
          .toMatch(`${code}: ${letter?.reason}`.slice(0, 60))
      }
      expect(letters, 'nothing else').toHaveLength(corpus.length)
      expect(receivesOf(ids, await callsSeen(seen))).toEqual(corpus.map(() => 1))
      expect(redriven(await seen())).toEqual([])
      return { walks }
    }),
  15 * MINUTE_MS,
)

// A message is 1 MiB at most, of which the bridge reads a quarter and tells a cycle only what it knows: 2 MB can never
// come together. The fence is the bridge's own limit.
test(
  'row 12: an event beyond what the bridge reads is refused before any cycle hears of it; the largest below it passes',
  () =>
    playCase(stage(), { row: 12, name: 'payload too large' }, async ({ draw }) => {
      const walks = take(2) as [Walk, Walk]
      const [large, usual] = walks
      const [one = '', two = ''] = rawProducts(large)
      const entryOf = (bytes: number) => toLargeEntry(one, large.key, bytes)
      await putRaw(stage(), [entryOf(draw.between(262_145, 1_000_000))])
      const [letter] = await readLetters(1)
      expect(letter).toMatchObject({ code: 'oversized', reason: expect.stringMatching(/at most 262144/) as unknown })
      const cycle = `d1/left-${large.lane}/${large.key}`
      await expect(stage().temporal.workflow.getHandle(cycle).describe(), 'no cycle was told').rejects.toThrow()
      await putRaw(stage(), [entryOf(262_144 - ENVELOPE_BYTES)])
      await putRaw(stage(), [
        toRawEntry(two, large.key),
        ...rawProducts(usual).map((product) => toRawEntry(product, usual.key)),
      ])
      await untilQuiet(stage(), walks)
      expect(await signalledIds(stage(), cycle)).toEqual([`${one}/${large.key}/r1`])
      return { walks }
    }),
  15 * MINUTE_MS,
)

/** What EventBridge puts around a detail is less. */
const ENVELOPE_BYTES = 600

/** An event whose known fields are as long as they may be, and whose unknown ones fill its detail to the size. */
function toLargeEntry(product: string, key: string, bytes: number): PutEventsRequestEntry {
  const location = 's3://example-raw/'.padEnd(MAX_LOCATION, 'x')
  const filled = (pad: string): string =>
    JSON.stringify(refreshedOf(product, { key, data: { dataset: { location }, pad } }))
  return { ...toRawEntry(product, key), Detail: filled('x'.repeat(bytes - filled('').length)) }
}

const urlOf = async (QueueName: string): Promise<string | undefined> =>
  (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl

/** As EventBridge would have put it into the queue. */
async function send(body: string): Promise<string> {
  const answer = await sqs.send(new SendMessageCommand({ QueueUrl: await urlOf(queueName), MessageBody: body }))
  return answer.MessageId ?? ''
}

interface Letter {
  body: string
  code: string | undefined
  reason: string | undefined
}

/** Takes the letters away, so that the next run finds its own. */
async function readLetters(count: number): Promise<Letter[]> {
  const QueueUrl = await urlOf(deadLetterQueueName)
  const letters: Letter[] = []
  await until(`${count} dead letters`, 3 * MINUTE_MS, async () => {
    const receive = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive))
    for (const { Body = '', MessageAttributes, ReceiptHandle } of Messages) {
      const textOf = (name: string) => MessageAttributes?.[name]?.StringValue
      letters.push({ body: Body, code: textOf('SluiceCode'), reason: textOf('SluiceReason') })
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
    return letters.length >= count
  })
  return letters
}

async function reasonOf(messageId: string): Promise<string | undefined> {
  const row = await stage().db.one<{ reason: string }>(
    `select reason from event_ledger where domain = 'd1' and outcome = 'refused' and sqs_message_id = $1`,
    [messageId],
  )
  return row?.reason
}

type Received = { messageId: string; receiveCount: number }[]

const callsSeen = async (seen: Awaited<ReturnType<typeof watchLedger>>): Promise<Received> =>
  callsOf(await seen(), 'ReceiveMessage').flatMap(({ facts }) => (facts['messages'] as Received | undefined) ?? [])

/** How often each message was received from the event queue. */
const receivesOf = (ids: Map<string, string>, received: Received): number[] =>
  [...ids.values()].map((id) => received.filter(({ messageId }) => messageId === id).length)
