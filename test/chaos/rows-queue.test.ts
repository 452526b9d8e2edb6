// Rows 6 to 10: the queue repeats, shuffles, gives again what is being worked on, forgets deletions, and is away.
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesOf } from '../../clients/config.ts'
import { REGION } from '../../cli/stack-environment.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { type CaseRun, playCase } from './cases.ts'
import { startFreezing } from './freezing.ts'
import { leftOf, rawProducts, rightOf, type Walk } from './mesh.ts'
import { hold, MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import type { Spoiling, TcpProxy } from './tcp-proxy.ts'
import { feed, putRaw, setFault, setGlueTimeline, toRawEntry, until, untilQuiet } from './walks.ts'
import { callsOf, countUses, mostReceives, redriven, removeFault, signalledIds, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(14)
const entriesOf = (walks: Walk[]) =>
  walks.flatMap((walk) => rawProducts(walk).map((product) => toRawEntry(product, walk.key)))

test(
  'row 6: each event, put and delivered two to five times, counts once',
  () =>
    playCase(stage(), { row: 6, name: 'each event 2-5x' }, async ({ draw }) => {
      const walks = take(2)
      const ids = ['d1', 'd2'].map((domain) => `repeats ${domain}`)
      for (const domain of ['d1', 'd2'])
        await setFault(stage(), {
          ...{ id: `repeats ${domain}`, service: 'sqs', operation: 'SendMessage', account: stage().accounts[domain] },
          ...{ times: 'unlimited', action: { kind: 'duplicate', times: draw.between(2, 5) } },
        })
      const often = entriesOf(walks).flatMap((entry) => Array.from({ length: draw.between(2, 5) }, () => entry))
      await putRaw(stage(), draw.shuffled(often))
      await untilQuiet(stage(), walks)
      for (const id of ids) await removeFault(stage(), id)
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 7: events in any order open their cycles, and what comes after the close is judged, not lost',
  () =>
    playCase(stage(), { row: 7, name: 'random order, after close' }, async ({ seed, draw, note }) => {
      const [closed, ...walks] = take(4) as [Walk, ...Walk[]]
      const shuffling = { service: 'sqs', account: stage().accounts['d1'] }
      await setFault(stage(), {
        ...{
          ...shuffling,
          id: 'shuffled',
          operation: 'ReceiveMessage',
          times: 'unlimited',
          action: { kind: 'reorder' },
        },
      })
      await setFault(stage(), {
        ...{ ...shuffling, id: 'late', operation: 'SendMessage', probability: 0.5, seed },
        action: { kind: 'delay', ms: draw.between(500, 4_000) },
      })
      await putRaw(stage(), draw.shuffled(entriesOf([closed, ...walks])))
      await untilQuiet(stage(), [closed, ...walks])
      for (const id of ['shuffled', 'late']) await removeFault(stage(), id)
      note('closed; its events come once more, and a correction')
      const [upstream = ''] = rawProducts(closed)
      await putRaw(stage(), [toRawEntry(upstream, closed.key), toRawEntry(upstream, closed.key, 2)])
      await until('the correction has its outcome', 2 * MINUTE_MS, async () => {
        const rows = await stage().db.rows<{ outcome: string }>(
          'select outcome from event_delivery where cycle = $1 order by event_id',
          [`d1/left-${closed.lane}/${closed.key}`],
        )
        return rows.map(({ outcome }) => outcome).join() === 'satisfied,correction'
      })
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 8: messages given to another while the bridge stood still over them are absorbed',
  () =>
    playCase(stage(), { row: 8, name: 'visibility expires in work (SIGSTOP)' }, async ({ note }) => {
      const walks = take(2)
      await stage().roleOf('bridge', 'd1').kill()
      const seen = await watchLedger(stage())
      await feed(stage(), walks)
      // So that its first receive is not answered by nothing.
      await until('messages lie in the queue', 2 * MINUTE_MS, async () => (await visible('d1')) > 0)
      const order = { role: 'bridge' as const, domain: 'd1' as const, env: { SLUICE_CHAOS_VISIBILITY: '1' } }
      const { frozen, hasFrozen } = await startFreezing(stage(), order, 'ReceiveMessage')
      await until('it stands still over messages', 2 * MINUTE_MS, async () => hasFrozen())
      // Its other long polls are answered as well; what it was given becomes visible again.
      await until('they became visible again', MINUTE_MS, async () => (await visible('d1')) > 0)
      const received = mostReceives(await seen())
      await stage().start({ role: 'bridge', domain: 'd1' })
      await until('they were given to another', MINUTE_MS, async () => mostReceives(await seen()) > received)
      note('another bridge works beside the frozen one, which goes on')
      frozen.thaw()
      await untilQuiet(stage(), walks).finally(() => frozen.kill())
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 9: what could not be deleted comes again, and is known by its event id',
  () =>
    playCase(stage(), { row: 9, name: 'delete fails after delivery' }, async ({ draw }) => {
      const walks = take(2)
      await setGlueTimeline(stage(), LONG_RUN_MS)
      const account = stage().accounts['d1']
      const deleting = { service: 'sqs', operation: 'DeleteMessageBatch', account }
      // The SDK tries a call three times; at most four calls delete the four events: one of them at least fails for good.
      const times = 3 * draw.between(3, 4)
      const down = { kind: 'error', code: 'InternalError', status: 500 }
      await setFault(stage(), { ...deleting, id: 'down', times, action: down })
      await setFault(stage(), {
        ...{ ...deleting, id: 'entry', times: 2, action: { kind: 'fail-entry', index: 0, code: 'InternalError' } },
      })
      const seen = await watchLedger(stage())
      await feed(stage(), walks)
      const opened = walks.flatMap((walk) => [leftOf(walk), rightOf(walk)])
      await until('an open cycle was told twice', 2 * MINUTE_MS, () => isToldTwice(opened)).finally(() =>
        setGlueTimeline(stage(), RUN_MS),
      )
      await untilQuiet(stage(), walks)
      expect(countUses(await seen(), 'down')).toBe(times)
      expect(mostReceives(await seen())).toBeGreaterThan(1)
      return { walks }
    }),
  15 * MINUTE_MS,
)

/** Cycles are open until their events have come again. */
const LONG_RUN_MS = 30_000

async function isToldTwice(cycles: string[]): Promise<boolean> {
  const told = await Promise.all(cycles.map((cycle) => signalledIds(stage(), cycle)))
  return told.some((ids) => new Set(ids).size < ids.length)
}

test(
  'row 10: receives answered by 503 and by half a body delay events, and lose none',
  () =>
    playCase(stage(), { row: 10, name: 'receive 503, half body' }, async ({ draw }) => {
      const walks = take(1)
      const receiving = { service: 'sqs', operation: 'ReceiveMessage', account: stage().accounts['d1'] }
      const seen = await watchLedger(stage())
      await setFault(stage(), {
        ...{ ...receiving, id: 'halves', times: draw.between(2, 4), action: { kind: 'half-body' } },
      })
      await setFault(stage(), {
        ...{ ...receiving, id: '503', times: draw.between(6, 12) },
        action: { kind: 'error', code: 'ServiceUnavailable', status: 503 },
      })
      await feed(stage(), walks)
      await untilQuiet(stage(), walks)
      const rows = await seen()
      expect(countUses(rows, 'halves')).toBeGreaterThan(0)
      expect(redriven(rows)).toEqual([])
      return { walks }
    }),
  15 * MINUTE_MS,
)

const WAYS: { name: string; spoiling: Spoiling }[] = [
  { name: 'receive hangs', spoiling: { blackhole: true } },
  { name: 'receive cut within its body', spoiling: { replyBytes: 600 } },
  { name: 'queue refuses connections', spoiling: { refuse: true } },
]

let proxy: TcpProxy

beforeAll(async () => {
  proxy = await stage().proxyTo('aws')
})
afterAll(() => proxy.heal())

test.for(WAYS)(
  'row 10: $name, and once the way is clear the loop takes messages again',
  { timeout: 20 * MINUTE_MS },
  ({ name, spoiling }) => playCase(stage(), { row: 10, name }, (run) => playSpoilt(run, spoiling)),
)

async function playSpoilt({ draw, healed }: CaseRun, spoiling: Spoiling) {
  const walks = take(1)
  await stage().roleOf('bridge', 'd1').kill()
  await stage().start({ role: 'bridge', domain: 'd1', through: { aws: proxy } })
  proxy.spoil(spoiling)
  const seen = await watchLedger(stage())
  await feed(stage(), walks)
  await hold(draw.between(10, 20))
  proxy.heal()
  healed('the way to AWS is clear')
  await untilQuiet(stage(), walks)
  expect(redriven(await seen())).toEqual([])
  // Pauses between tries, not a storm of them.
  expect(callsOf(await seen(), 'ReceiveMessage').length).toBeLessThan(200)
  return { walks }
}

async function visible(domain: string): Promise<number> {
  const sqs = new SQSClient(
    clientOptions({ endpoint: stage().awsEndpoint, region: REGION }, stage().accounts[domain] ?? ''),
  )
  try {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: namesOf(domain).queueName }))
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })
    return Number((await sqs.send(asked)).Attributes?.['ApproximateNumberOfMessages'])
  } finally {
    sqs.destroy()
  }
}
