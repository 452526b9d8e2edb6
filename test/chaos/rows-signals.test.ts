// Row 22: a thousand events for one cycle, half of them while it closes. It judges each, then closes; what comes afterwards
// the bridge judges by what the cycle has left. Its history stays far below what Temporal allows, and replays.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { replayHistories } from '../../verify/replay.ts'
import { publishedIds } from '../end-to-end/sandbox-ledger.ts'
import { collect, playCase } from './cases.ts'
import { useKeptPostgres, useKeptTemporal } from './kept-servers.ts'
import { cyclesOf, endOf, rawProducts, rightOf, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage, VISIBLE_LATE } from './row-stage.ts'
import { type Draw, IS_FULL } from './seeds.ts'
import { areClosed, lyingMessages, putRaw, readLedger, toRawEntry, until } from './walks.ts'
import { putAside, signalledIds, stateOf, waitingOf, watchLedger } from './witness.ts'

const postgres = useKeptPostgres()
const temporal = useKeptTemporal()
const { stage, take } = useRowStage(2, VISIBLE_LATE, async () => ({
  ...(await postgres.open()),
  ...(await temporal.open()),
}))

const EVENTS = IS_FULL ? 10_000 : 1_000
/** A quarter of them tell something new. */
const REVISIONS = EVENTS / 4
/** At so many Temporal ends a run, whatever it does. */
const TEMPORAL = { events: 51_200, bytes: 50 * 2 ** 20 }
const PATIENCE_MS = IS_FULL ? 30 * MINUTE_MS : 5 * MINUTE_MS

test(
  'row 22: a thousand events for a cycle, half of them while it closes: each has one outcome, then it closes',
  () =>
    playCase(stage(), { row: 22, name: 'a thousand events, also at the close' }, async ({ draw, note, healed }) => {
      const [walk] = take(1) as [Walk]
      const [end, right] = [endOf(walk), rightOf(walk)]
      const [first = '', second = ''] = rawProducts(walk)
      await putRaw(stage(), [toRawEntry(second, walk.key)])
      await until('right is closed, end waits', 2 * MINUTE_MS, async () => {
        const isWaiting = (await stateOf(stage(), end))?.state === 'WAITING'
        return isWaiting && (await stateOf(stage(), right))?.state === 'COMPLETED' && areClosed(stage(), [right])
      })
      const shower = toShower(second, walk.key, draw)
      await putRaw(stage(), shower.slice(0, EVENTS / 2))
      await until('none lies in a queue', PATIENCE_MS, isNothingLying)
      await until('all is written', PATIENCE_MS, async () => !(await waitingOf(stage(), end, 'recordCycle')))
      note(`${EVENTS / 2} events came while it waited`)

      await postgres.kill()
      await putRaw(stage(), [toRawEntry(first, walk.key)])
      await until('it has published and only its last flush is left', PATIENCE_MS, async () =>
        publishedIds(await readLedger(stage())).some(({ id }) => id === `${end}/r1`),
      )
      await putRaw(stage(), shower.slice(EVENTS / 2))
      // The event that opened it is one more.
      await until(
        'it was told all of them',
        PATIENCE_MS,
        async () => (await signalledIds(stage(), end)).length > EVENTS,
      )
      expect(await areClosed(stage(), [end])).toBe(false)
      note(`${EVENTS / 2} events came while it closed`)
      await postgres.start()
      healed('PostgreSQL is there again', [walk])
      const cycles = cyclesOf(walk).map(({ cycle }) => cycle)
      await until('all are closed', PATIENCE_MS, () => areClosed(stage(), cycles))
      await until('none lies in a queue', PATIENCE_MS, isNothingLying)

      await putRaw(stage(), shower.slice(0, AFTERWARDS))
      await until('none lies in a queue', PATIENCE_MS, isNothingLying)
      for (const cycle of [end, right]) expect(await countOutcomes(cycle), cycle).toBe(REVISIONS)
      note(await expectRoom(end))
      return { walks: [] }
    }),
  2 * 60 * MINUTE_MS,
)

test(
  'row 22: an event that comes when Temporal takes no more signals for a run is put aside with that reason, and only it',
  () =>
    playCase(stage(), { row: 22, name: 'no more signals for a run' }, async ({ note, healed }) => {
      const [walk] = take(1) as [Walk]
      const [first = '', second = ''] = rawProducts(walk)
      await temporal.kill()
      await temporal.start({ 'history.maximumSignalsPerExecution': FEW_SIGNALS })
      const seen = await watchLedger(stage())
      for (let revision = 1; revision <= FEW_SIGNALS + 2; revision += 1) {
        await putRaw(stage(), [toRawEntry(second, walk.key, revision)])
        // One batch each, so one signal.
        await until('it is gone from the queue', 2 * MINUTE_MS, isNothingLying)
        // A poll that the killed server still held is given up after a minute.
        if (revision === 1) await until('right is closed', 3 * MINUTE_MS, () => areClosed(stage(), [rightOf(walk)]))
      }
      note(`${FEW_SIGNALS + 2} events, each a signal`)
      expect(await signalledIds(stage(), endOf(walk))).toHaveLength(FEW_SIGNALS)
      expect(putAside(await seen())).toHaveLength(2)
      expect(await refusedBy('d2', second, walk.key)).toEqual(
        [1, 2].map((beyond) => ({
          id: `${second}/${walk.key}/r${FEW_SIGNALS + beyond}`,
          reason: expect.stringContaining('exceeded workflow execution limit for signal events'),
        })),
      )
      await temporal.kill()
      await temporal.start()
      healed('Temporal takes as many as ever', [walk])
      await putRaw(stage(), [toRawEntry(first, walk.key)])
      const cycles = cyclesOf(walk).map(({ cycle }) => cycle)
      await until('all are closed', PATIENCE_MS, () => areClosed(stage(), cycles))
      return { walks: [] }
    }),
  20 * MINUTE_MS,
)

const FEW_SIGNALS = 6

const refusedBy = (domain: string, product: string, key: string): Promise<{ id: string; reason: string }[]> =>
  stage().db.rows(
    `select event_id as id, reason from event_ledger where domain = $1 and product = $2 and cycle_key = $3 and outcome = 'refused' order by position`,
    [domain, product, key],
  )

const AFTERWARDS = 100

/** In any order: the first publication again and again, and each of its corrections twice. */
function toShower(product: string, key: string, draw: Draw): ReturnType<typeof toRawEntry>[] {
  const corrections = Array.from({ length: REVISIONS - 1 }, (_, at) => at + 2)
  const again = Array.from({ length: EVENTS - 2 * corrections.length }, () => 1)
  return draw.shuffled([...corrections, ...corrections, ...again]).map((revision) => toRawEntry(product, key, revision))
}

const isNothingLying = async (): Promise<boolean> => lyingMessages(await readLedger(stage())).length === 0

/** Events of `raw` that the cycle, or the bridge for it, gave an outcome. */
async function countOutcomes(cycle: string): Promise<number> {
  const row = await stage().db.one<{ count: number }>(
    `select count(*)::integer as count from event_delivery where cycle = $1 and upstream_product like 'raw/%'`,
    [cycle],
  )
  return row?.count ?? 0
}

/** Its history is a small part of what Temporal allows, and replays. */
async function expectRoom(cycle: string): Promise<string> {
  const { historyLength, historySize = 0 } = await stage().temporal.workflow.getHandle(cycle).describe()
  const signals = new Set(await signalledIds(stage(), cycle)).size
  expect(historyLength).toBeLessThan(TEMPORAL.events / 4)
  expect(historySize).toBeLessThan(TEMPORAL.bytes / 4)
  const evidence = await collect(stage())
  const own = { ...evidence, cycles: evidence.cycles.filter((one) => one.cycle === cycle) }
  const code = readFileSync(path.join(stage().folder, 'workflows.js'), 'utf8')
  expect(await replayHistories(own, code)).toEqual({ checked: 1, violations: [] })
  const room = `its history: ${historyLength} events, ${historySize} bytes, ${signals} event ids`
  console.log(room)
  return room
}
