// Row 15: a worker that stands still while Glue goes on, and wakes up to complete what others did meanwhile.
// Row 17: everything killed with cycles waiting; every event that came meanwhile is applied after the restart.
import { afterAll, beforeAll, test } from 'vitest'
import { playCase } from './cases.ts'
import { rawProducts } from './mesh.ts'
import { IS_FULL, IS_SUITE, RUNS } from './seeds.ts'
import { ROLES, type Stage, startStage } from './stage.ts'
import { DATES, feed, putRaw, readLedger, setGlueTimeline, toRawEntry, toWalks, until } from './walks.ts'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'

const MINUTE_MS = 60_000
/** Walks that wait when everything is killed, four cycles each. */
const WAITING = Number(process.env['SLUICE_CHAOS_WAITING'] ?? (IS_FULL ? 2_500 : IS_SUITE ? 72 : 18))
const FROZEN_MS = (seconds: number): number => (IS_FULL ? 60 : seconds) * 1_000
/** Walks before a worker that stands still. */
const FROZEN = 3
const LANES = Math.ceil((RUNS * (WAITING + FROZEN)) / DATES)

let stage: Stage
let taken = 0

beforeAll(async () => {
  stage = await startStage({ lanes: LANES })
  await setGlueTimeline(stage, 1_000)
  await stage.startAll()
})
afterAll(() => stage.stop())

const take = (count: number) => {
  const walks = toWalks(LANES, taken, count)
  taken += count
  return walks
}

test(
  'row 15: a worker that stood still completes late, and nothing is done twice',
  () =>
    playCase(stage, { row: 15, name: 'worker stands still (SIGSTOP)' }, async ({ draw, note, healed }) => {
      const walks = take(FROZEN)
      const frozen = stage.roleOf('worker', 'd1')
      await feed(stage, walks)
      await until('a run has begun', MINUTE_MS, async () =>
        startedRuns(await readLedger(stage)).some(({ cycle }) => walks.some(({ key }) => cycle.endsWith(key))),
      )
      frozen.freeze()
      note('worker d1 stopped; another takes its place')
      await stage.start({ role: 'worker', domain: 'd1' })
      const wakeAtMs = performance.now() + FROZEN_MS(draw.between(10, 20))
      await until('the time to stand still is over', 2 * MINUTE_MS, async () => performance.now() >= wakeAtMs)
      frozen.thaw()
      healed('worker d1 goes on beside the other')
      return { walks, quietWithinMs: 4 * MINUTE_MS }
    }),
  RUNS * 30 * MINUTE_MS,
)

test(
  'row 17: all roles killed with cycles waiting; each event that came meanwhile is applied after the restart',
  () =>
    playCase(
      stage,
      { row: 17, name: `kill -9 of all roles, ${4 * WAITING} cycles` },
      async ({ draw, note, healed }) => {
        const walks = take(WAITING)
        const [first, second] = [0, 1].map((at) =>
          walks.map((walk) => toRawEntry(rawProducts(walk)[at] ?? '', walk.key)),
        )
        await putRaw(stage, draw.shuffled(first ?? []))
        await until('the cycles wait', 10 * MINUTE_MS, async () => {
          const row = await stage.db.one<{ count: string }>(
            `select count(*) from data_product_status where state = 'COMPLETED' and product like 'd1/left-%'
               and (product, cycle_key) in (select * from unnest($1::text[], $2::text[]))`,
            [walks.map(({ lane }) => `d1/left-${lane}`), walks.map(({ key }) => key)],
          )
          return Number(row?.count) === walks.length
        })
        await Promise.all(ROLES.map(({ role, domain }) => stage.roleOf(role, domain).kill()))
        note('all roles killed')
        await putRaw(stage, draw.shuffled(second ?? []))
        await stage.startAll()
        healed('all roles started')
        return { walks, quietWithinMs: 20 * MINUTE_MS }
      },
    ),
  RUNS * 60 * MINUTE_MS,
)
