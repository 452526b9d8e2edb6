// Rows 23 and 25: PostgreSQL is killed again and again, away, half there. Pipelines do not notice, and the mirror tells all
// of it afterwards.
import { expect, test } from 'vitest'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { useKeptPostgres } from './kept-servers.ts'
import { cyclesOf, type Walk } from './mesh.ts'
import { outlast } from './outlast.ts'
import { MINUTE_MS, pass, useRowStage } from './row-stage.ts'
import { IS_FULL } from './seeds.ts'
import { askDoctor, bridgeLines, instantIn, tellings } from './told.ts'
import { feed, until, untilQuiet } from './walks.ts'
import { watchLedger } from './witness.ts'

const postgres = useKeptPostgres()
const rows = useRowStage(7, {}, () => postgres.open())
const { stage, take } = rows

/** How long kills follow one another. */
const KILLING_MS = IS_FULL ? 10 * MINUTE_MS : 20_000

test(
  'row 23: PostgreSQL killed every few seconds; the mirror converges to every transition, none twice',
  () =>
    playCase(stage(), { row: 23, name: 'kill -9 of PostgreSQL, again and again' }, async ({ draw, note, healed }) => {
      const walks = take(4)
      const endsAtMs = performance.now() + KILLING_MS
      let kills = 0
      const unfed = [...walks]
      while (performance.now() < endsAtMs || unfed.length > 0) {
        const next = unfed.shift()
        if (next) await feedUntilRun(next)
        await postgres.kill()
        kills += 1
        // A run of Glue lasts 0.3 s: some of its status is refused.
        await pass(draw.between(500, 2_000))
        await postgres.start()
        const act = `killed and started, ${kills} times by now`
        if (next) healed(act, [next])
        else note(act)
        await pass(draw.between(5_000, 8_000))
      }
      return { walks, quietWithinMs: 5 * MINUTE_MS }
    }),
  60 * MINUTE_MS,
)

/** So that it is killed in the middle of a walk. */
async function feedUntilRun(walk: Walk): Promise<void> {
  const own = new Set(cyclesOf(walk).map(({ cycle }) => cycle))
  const seen = await watchLedger(stage())
  await feed(stage(), [walk])
  await until('a run has begun', MINUTE_MS, async () => startedRuns(await seen()).some(({ cycle }) => own.has(cycle)))
}

test(
  'row 23: with PostgreSQL down walks refresh to their end, and doctor and the bridge say since when nothing is written',
  () =>
    playCase(stage(), { row: 23, name: 'PostgreSQL down' }, async (run) => {
      // A log of this outage alone.
      await stage().roleOf('bridge', 'd1').stop()
      await stage().startAll()
      const downAtMs = Date.now()
      await postgres.kill()
      const meanwhile = async (): Promise<void> => {
        const found = await askDoctor(stage(), 'PostgreSQL')
        expect(found).toMatchObject({
          ok: false,
          since: expect.stringContaining('cannot write their status'),
          works: expect.stringContaining('cycles open, wait, refresh and publish'),
          catchesUp: expect.stringContaining('each open cycle writes its whole status'),
        })
        expect(instantIn(found?.since)).toBeGreaterThan(downAtMs - MINUTE_MS)
        expect(instantIn(found?.since)).toBeLessThan(Date.now())
        await expectBridgeTold(downAtMs)
      }
      return outlast(rows, run, {
        heal: () => postgres.start(),
        refusal: /ECONNREFUSED|terminated|Could not connect/,
        meanwhile,
      })
    }),
  30 * MINUTE_MS,
)

/** Since when, why, and what becomes of the messages: of those that only PostgreSQL can take. */
async function expectBridgeTold(downAtMs: number): Promise<void> {
  const told = () => bridgeLines(stage(), 'd1', 'Messages wait in the queue')[0]
  await until('the bridge says that messages wait', 2 * MINUTE_MS, async () => told() !== undefined)
  expect(told()).toMatchObject({
    error: expect.stringMatching(/ECONNREFUSED|terminated|Could not connect/),
    catchesUp: expect.stringContaining('nothing is lost'),
  })
  expect(instantIn(told()?.since)).toBeGreaterThanOrEqual(downAtMs)
  expect(instantIn(told()?.since)).toBeLessThan(Date.now())
  expect(tellings(stage()), 'Temporal and the queue are there').toEqual([])
}

test(
  'row 25: half-open connections, which nobody ever resets, are given up in time, and the same processes open new ones',
  () =>
    playCase(stage(), { row: 25, name: 'PostgreSQL half open' }, async (run) => {
      const proxy = await stage().proxyTo('postgres')
      for (const role of ['bridge', 'worker'] as const) {
        await stage().roleOf(role, 'd1').stop()
        await stage().start({ role, domain: 'd1', through: { postgres: proxy } })
      }
      // Connections that are in use when it happens, not only new ones.
      const before = take(1)
      await feed(stage(), before)
      await untilQuiet(stage(), before)
      proxy.spoil({ blackhole: true })
      const { walks } = await outlast(rows, run, { heal: async () => proxy.strand(), refusal: /time-?out|terminated/i })
      await untilQuiet(stage(), walks, 5 * MINUTE_MS)
      for (const role of ['bridge', 'worker'] as const) expect(stage().roleOf(role, 'd1').exit(), role).toBeUndefined()
      expect(proxy.connections(), 'no more than the two pools hold').toBeLessThanOrEqual(POOLED)
      return { walks: [...before, ...walks] }
    }),
  30 * MINUTE_MS,
)

/** Of a bridge 2, of a worker 4. */
const POOLED = 6
