// Row 24: PostgreSQL fails over to a standby that lacks what the primary took last. What cycles wrote is written again: by
// their next flush, or from their histories. What only the bridge had written is gone, and verify names it.
import { expect, test } from 'vitest'
import { findViolations } from '../../verify/violations.ts'
import { collect, playCase } from './cases.ts'
import { cyclesOf, joinOf, leftOf, rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { usePair } from './standby.ts'
import { compareLater } from './compare-later.ts'
import { tick } from './tick.ts'
import {
  areClosed,
  feed,
  lyingMessages,
  putRaw,
  readLedger,
  setLongRun,
  toRawEntry,
  until,
  untilQuiet,
} from './walks.ts'
import { stateOf, waitingOf } from './witness.ts'

const pair = usePair()
const { stage, take } = useRowStage(5, {}, () => pair.open())

const cyclesIn = (walks: Walk[]): string[] => walks.flatMap(cyclesOf).map(({ cycle }) => cycle)

test(
  'row 24: a failover that loses the last writes: rows and moves are all there again, nothing starts twice',
  () =>
    playCase(stage(), { row: 24, name: 'failover loses the last writes' }, async ({ note, healed }) => {
      const [closing, lost, waiting, running] = take(4) as [Walk, Walk, Walk, Walk]
      const walks = [closing, lost, waiting, running]
      await stage().startAll()
      await pair.follow()
      await putFirst(running)
      await untilState(joinOf(running), 'WAITING')
      await setLongRun(stage(), leftOf(closing), CLOSING_RUN_MS)
      await putFirst(closing)
      await until('it runs', MINUTE_MS, () => hasRun(leftOf(closing)))

      await pair.fallBehind()
      note('nothing reaches the standby any more')
      await setLongRun(stage(), joinOf(running), LONG_RUN_MS)
      await putSecond(running)
      await putSecond(closing)
      await feed(stage(), [lost])
      await putFirst(waiting)
      await untilState(joinOf(waiting), 'WAITING')
      await until('it runs', MINUTE_MS, () => hasRun(joinOf(running)))
      await until('those that end have ended', 2 * MINUTE_MS, () => areClosed(stage(), cyclesIn([closing, lost])))

      await pair.failOver()
      healed('the standby took the place of the primary')
      expect(await stateOf(stage(), leftOf(closing)), 'it tells of a moment ago').toMatchObject({ state: 'PROCESSING' })
      expect(await stateOf(stage(), joinOf(running))).toMatchObject({ state: 'WAITING' })
      for (const cycle of [...cyclesIn([lost]), joinOf(waiting)])
        expect(await stateOf(stage(), cycle), cycle).toBeUndefined()
      await putSecond(waiting)
      await until('all have ended', 5 * MINUTE_MS, () => areClosed(stage(), cyclesIn(walks)))
      const found = { d1: await compareLater(stage(), 'd1'), d2: await compareLater(stage(), 'd2') }
      note(`written anew: ${JSON.stringify(found)}`)
      for (const cycle of cyclesIn(walks))
        expect(await stateOf(stage(), cycle), cycle).toMatchObject({ state: 'COMPLETED' })
      for (const domain of ['d1', 'd2'] as const)
        expect((await compareLater(stage(), domain))?.rewritten.count, domain).toBe(0)
      return { walks }
    }),
  30 * MINUTE_MS,
)

// Of no case: it leaves the stage as no case may find it. The answer is a standby that commits with its primary (docs).
test(
  'row 24: what only the bridge had written is lost with a standby that is behind, and verify names each event of it',
  async () => {
    const [walk] = take(1) as [Walk]
    const [product = ''] = rawProducts(walk)
    await stage().startAll()
    await pair.follow()
    await feed(stage(), [walk])
    await untilQuiet(stage(), [walk])
    await pair.fallBehind()
    await putRaw(stage(), [toRawEntry(product, walk.key, 2), toRawEntry(product, OLD_KEY)])
    const [first, ...lost] = [`${walk.key}/r1`, `${walk.key}/r2`, `${OLD_KEY}/r1`].map((id) => `${product}/${id}`)
    const all = [first ?? '', ...lost]
    await until('both are written', MINUTE_MS, async () => (await keptOf(all)).length === all.length)
    await until('both are deleted', MINUTE_MS, async () => lyingMessages(await readLedger(stage())).length === 0)
    await pair.failOver()
    await compareLater(stage(), 'd1')
    await tick(stage(), 'd1')
    expect(await keptOf(all)).toEqual([first])
    expect(await violations()).toEqual(
      lost.map((eventId) => `I1 ${eventId} reached domain d1 and has 0 rows in event_ledger instead of one`),
    )
  },
  10 * MINUTE_MS,
)

/** Of a cycle that no arrival opens any more. */
const OLD_KEY = '2020-01-01'

async function keptOf(eventIds: string[]): Promise<string[]> {
  const rows = await stage().db.rows<{ id: string }>(
    'select event_id as id from event_ledger where domain = $1 and event_id = any ($2) order by position',
    ['d1', eventIds],
  )
  return rows.map(({ id }) => id)
}

/** Of definitions that were applied a moment ago a bridge need not know; these shall have been there for an hour. */
async function violations(): Promise<string[]> {
  const evidence = await collect(stage())
  const definitions = evidence.definitions.map((one) => ({
    ...one,
    appliedAt: new Date(Date.parse(one.appliedAt) - HOUR_MS).toISOString(),
  }))
  return findViolations({ ...evidence, definitions }).map(({ invariant, says }) => `${invariant} ${says}`)
}

const HOUR_MS = 60 * MINUTE_MS

/** So long that it is under way when the standby falls behind. */
const CLOSING_RUN_MS = 15_000
/** So long that it is under way when the standby took the place of the primary. */
const LONG_RUN_MS = 120_000

const hasRun = async (cycle: string): Promise<boolean> => {
  const row = await stage().db.one<{ run: string | null }>(
    'select glue_run_id as run from data_product_status where cycle = $1',
    [cycle],
  )
  return row?.run != null
}

async function untilState(cycle: string, state: string): Promise<void> {
  await until(`${cycle} is ${state}`, 2 * MINUTE_MS, async () => {
    const isPending = await waitingOf(stage(), cycle, 'recordCycle')
    return !isPending && (await stateOf(stage(), cycle))?.state === state
  })
}

const put = async (product: string | undefined, key: string): Promise<void> =>
  putRaw(stage(), [toRawEntry(product ?? '', key)])
const putFirst = (walk: Walk): Promise<void> => put(rawProducts(walk)[0], walk.key)
const putSecond = (walk: Walk): Promise<void> => put(rawProducts(walk)[1], walk.key)
