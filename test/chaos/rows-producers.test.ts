// Row 39: producers of other versions: fields more, fewer and null, a newer minor; a new major is put aside until it is read.
import { pathToFileURL } from 'node:url'
import path from 'node:path'
import { expect, test } from 'vitest'
import { namesOf } from '../../clients/config.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { run } from '../end-to-end/cli-process.ts'
import { root } from '../steps.ts'
import type { CycleId, Domain } from '../../model/ids.ts'
import { refreshesQueued } from '../../verify/sandbox-rows.ts'
import { playCase } from './cases.ts'
import { leftOf, rawProducts, type Walk } from './mesh.ts'
import { type Change, inVersion, OPTIONAL, toEntry, without, withNull, withUnknown } from './producer-events.ts'
import { MINUTE_MS, useRowStage, VISIBLE_LATE } from './row-stage.ts'
import { feed, lyingMessages, putRaw, toRawEntry, until, untilQuiet } from './walks.ts'
import { putAside, stateOf, watchLedger } from './witness.ts'

const FIXED: Change[] = [
  withUnknown,
  without(...OPTIONAL),
  withNull(...OPTIONAL),
  ...['1.1', '1.9', '1.10'].map(inVersion),
  (detail) => inVersion('1.9')(without(...OPTIONAL)(withUnknown(detail))),
]
/** Each field alone, by chance; all of them: bridge/parse.test.ts. */
const DRAWN = 7
const WALKS = (FIXED.length + DRAWN) / 2

const { stage, take } = useRowStage(WALKS + 2, VISIBLE_LATE)

test(
  'row 39: unknown fields, absent and null ones and newer minors are no reason not to refresh',
  () =>
    playCase(stage(), { row: 39, name: 'fields added, absent, null; newer minor' }, async ({ draw, note }) => {
      const walks = take(WALKS)
      const seen = await watchLedger(stage())
      const drawn = draw.shuffled(OPTIONAL).slice(0, DRAWN)
      const changes = [...FIXED, ...drawn.map((name) => (draw.below(2) === 0 ? without(name) : withNull(name)))]
      note(`alone: ${drawn.join(', ')}`)
      const upstreams = walks.flatMap((walk) => rawProducts(walk).map((product) => ({ product, key: walk.key })))
      const entries = upstreams.map(({ product, key }, at) => toEntry(product, key, changes[at] ?? withUnknown))
      await putRaw(stage(), draw.shuffled(entries))
      await until('each event is taken or put aside', MINUTE_MS, async () => {
        const rows = await seen()
        const came = new Set(refreshesQueued(rows, ['d1' as Domain]).map(({ cycle }) => cycle))
        return upstreams.every(({ product, key }) => came.has(`${product}/${key}` as CycleId)) && !isLying(rows)
      })
      const refused = putAside(await seen()).map(({ facts }) => String(facts['MessageBody']))
      expect(refused, refused.join('\n')).toEqual([])
      await untilQuiet(stage(), walks)
      return { walks }
    }),
  10 * MINUTE_MS,
)

test(
  'row 39: a new major is put aside with its reason, and refreshes its cycle once a bridge reads it',
  () =>
    playCase(stage(), { row: 39, name: 'a new major, redriven after the upgrade' }, async ({ note, healed }) => {
      const [newer, plain] = take(2) as [Walk, Walk]
      const [one = '', two = ''] = rawProducts(newer)
      const seen = await watchLedger(stage())
      await putRaw(stage(), [toEntry(one, newer.key, inVersion('2.0')), toRawEntry(two, newer.key)])
      await feed(stage(), [plain])
      await untilQuiet(stage(), [plain])
      const [refused] = await untilRefused(`${one}/${newer.key}`, 1)
      expect(refused?.reason).toBe(
        `unknown-schema: schemaVersion 2.0 has another major than 1, which is all this version reads; it calls itself "${one}/${newer.key}/r1"`,
      )
      expect(asideOf(await seen())).toHaveLength(1)
      expect(await stateOf(stage(), leftOf(newer)), 'no cycle was told').toBeUndefined()

      note('sent again to a bridge that does not read it either: it comes back')
      expect(await redrive(refused?.eventId ?? '')).toContain('1 event sent again')
      await untilRefused(`${one}/${newer.key}`, 2)
      await until('it is put aside again', MINUTE_MS, async () => asideOf(await seen()).length === 2)

      await stage().roleOf('bridge', 'd1').stop()
      const hook = pathToFileURL(path.join(root, 'test', 'chaos', 'next-major.ts')).href
      await stage().start({ role: 'bridge', domain: 'd1', env: { NODE_OPTIONS: `--import ${hook}` } })
      expect(await redrive('--dead-letters')).toContain('2 dead letters moved back')
      healed('a bridge that reads it took the place of the other', [newer])
      await untilQuiet(stage(), [newer])
      expect(asideOf(await seen()), 'none is put aside any more').toHaveLength(2)
      await stage().roleOf('bridge', 'd1').stop()
      await stage().startAll()
      return { walks: [newer, plain] }
    }),
  10 * MINUTE_MS,
)

const isLying = (rows: SandboxRow[]): boolean => lyingMessages(rows).length > 0

/** Every domain that hears of the producer puts its copy aside; that of d2, which has no use for it, stays there. */
const asideOf = (rows: SandboxRow[]): SandboxRow[] =>
  putAside(rows).filter(({ facts }) => String(facts['QueueUrl']).endsWith(`/${namesOf('d1').deadLetterQueueName}`))

async function redrive(what: string): Promise<string> {
  const { out, err } = await run(['events', 'redrive', 'd1', what], stage().folder, stage().environmentOf('d1'))
  return out + err
}

interface Refused {
  eventId: string
  reason: string
}

/** What the ledger of d1 says of events of that cycle that it refused. */
async function untilRefused(cycle: string, count: number): Promise<Refused[]> {
  let rows: Refused[] = []
  await until(`${count} refused events of ${cycle}`, MINUTE_MS, async () => {
    rows = await stage().db.rows<Refused>(
      `select event_id as "eventId", reason from event_ledger
       where domain = 'd1' and outcome = 'refused' and reason like '%' || $1 || '/%' order by first_seen_at`,
      [cycle],
    )
    return rows.length >= count
  })
  return rows
}
