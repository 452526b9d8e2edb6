// Rows 23, 25 and 26: PostgreSQL is killed again and again, half there, there and unwilling. Pipelines do not notice, and
// the mirror tells all of it afterwards.
import { expect, test } from 'vitest'
import { publishedIds } from '../end-to-end/sandbox-ledger.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { type CaseRun, type Played, playCase } from './cases.ts'
import { useKeptPostgres } from './kept-servers.ts'
import { cyclesOf, leftOf, type Walk } from './mesh.ts'
import { provoke } from './provoke.ts'
import { MINUTE_MS, pass, useRowStage } from './row-stage.ts'
import { IS_FULL } from './seeds.ts'
import { askDoctor, instantIn } from './told.ts'
import { feed, until, untilQuiet } from './walks.ts'
import { waitingOf, watchLedger } from './witness.ts'

const postgres = useKeptPostgres()
const { stage, take } = useRowStage(11, {}, () => postgres.open())

/** How long kills follow one another. */
const KILLING_MS = IS_FULL ? 10 * MINUTE_MS : 20_000

test(
  'row 23: PostgreSQL killed every few seconds; the mirror converges to every transition, none twice',
  () =>
    playCase(stage(), { row: 23, name: 'kill -9 of PostgreSQL, again and again' }, async ({ draw, note }) => {
      const walks = take(4)
      const endsAtMs = performance.now() + KILLING_MS
      let kills = 0
      const unfed = [...walks]
      while (performance.now() < endsAtMs || unfed.length > 0) {
        const next = unfed.shift()
        if (next) await feed(stage(), [next])
        await pass(draw.between(5_000, 10_000))
        await postgres.kill()
        kills += 1
        await pass(draw.between(0, 2_000))
        await postgres.start()
        note(`killed and started, ${kills} times by now`)
      }
      return { walks, quietWithinMs: 5 * MINUTE_MS }
    }),
  60 * MINUTE_MS,
)

test(
  'row 23: with PostgreSQL down walks refresh to their end, and doctor says since when nothing is written',
  () =>
    playCase(stage(), { row: 23, name: 'PostgreSQL down' }, async (run) => {
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
      }
      return outlast(run, {
        heal: () => postgres.start(),
        refusal: /ECONNREFUSED|terminated|Could not connect/,
        meanwhile,
      })
    }),
  30 * MINUTE_MS,
)

test(
  'row 25: half-open connections are given up in time, and the pools of the same processes heal',
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
      const { walks } = await outlast(run, { heal: async () => proxy.heal(), refusal: /time-?out|terminated/i })
      await untilQuiet(stage(), walks, 5 * MINUTE_MS)
      for (const role of ['bridge', 'worker'] as const) expect(stage().roleOf(role, 'd1').exit(), role).toBeUndefined()
      expect(proxy.connections(), 'no more than the two pools hold').toBeLessThanOrEqual(POOLED)
      return { walks: [...before, ...walks] }
    }),
  30 * MINUTE_MS,
)

/** Of a bridge 2, of a worker 4. */
const POOLED = 6

test(
  'row 26: a PostgreSQL that only reads is written to later',
  () =>
    playCase(stage(), { row: 26, name: 'PostgreSQL read-only' }, async (run) => {
      await set('default_transaction_read_only', 'on')
      return outlast(run, { heal: () => reset('default_transaction_read_only'), refusal: /read-only/ })
    }),
  30 * MINUTE_MS,
)

test(
  'row 26: a PostgreSQL that takes no more connections is written to later',
  () =>
    playCase(stage(), { row: 26, name: 'PostgreSQL full' }, async (run) => {
      const limit = (connections: number) => stage().db.rows(`alter role sluice_d1 connection limit ${connections}`)
      await limit(0)
      await stage().db.rows(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_d1'`)
      return outlast(run, { heal: () => limit(-1), refusal: /too many connections/ })
    }),
  30 * MINUTE_MS,
)

test(
  'row 26: a status table that somebody locked is written to once it is free',
  () =>
    playCase(stage(), { row: 26, name: 'status table locked' }, (run) =>
      stage().db.session(10 * MINUTE_MS, async (session) => {
        await session.script('begin; lock table data_product_status in access exclusive mode')
        return outlast(run, { heal: () => session.script('commit'), refusal: /time-?out/ })
      }),
    ),
  30 * MINUTE_MS,
)

test(
  'row 26: a write that a deadlock ended is made again',
  () =>
    playCase(stage(), { row: 26, name: 'deadlock' }, async ({ note }) => {
      const walks = take(1)
      const before = await countDeadlocks()
      // Whoever waits that long looks for a deadlock: the worker must, before its statement's time is over.
      await set('deadlock_timeout', '3s')
      try {
        await stage().db.session(10 * MINUTE_MS, async (session) => {
          await session.script(`set deadlock_timeout = '10min'; begin; lock table ${WRITTEN_SECOND} in exclusive mode`)
          await feed(stage(), walks)
          await until('a write waits for us', 2 * MINUTE_MS, isWaitedFor)
          await session.script('lock table data_product_status in access exclusive mode; commit')
        })
        note('the lock was had, so the other gave way')
        await until('a deadlock was ended', MINUTE_MS, async () => (await countDeadlocks()) > before)
      } finally {
        await reset('deadlock_timeout')
      }
      return { walks }
    }),
  30 * MINUTE_MS,
)

/** By the transaction that writes data_product_status first. */
const WRITTEN_SECOND = 'data_product_dependencies_events_status'

const isWaitedFor = async (): Promise<boolean> =>
  (await stage().db.one(`select from pg_locks where relation = '${WRITTEN_SECOND}'::regclass and not granted`)) !==
  undefined

async function countDeadlocks(): Promise<number> {
  const row = await stage().db.one<{ deadlocks: number }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return row?.deadlocks ?? 0
}

/** For all sessions, also those that there are. */
async function set(setting: string, value: string): Promise<void> {
  await stage().db.rows(`alter system set ${setting} = '${value}'`)
  await stage().db.rows('select pg_reload_conf()')
}

async function reset(setting: string): Promise<void> {
  await stage().db.rows(`alter system reset ${setting}`)
  await stage().db.rows('select pg_reload_conf()')
}

interface Standing {
  heal(): Promise<unknown>
  /** What the tries to write are told. */
  refusal: RegExp
  meanwhile?: () => Promise<void>
}

/** While nothing can be written: a walk refreshes to its end, its writes are tried again; then `heal`. */
async function outlast({ note }: CaseRun, { heal, refusal, meanwhile }: Standing): Promise<Played> {
  const [walk] = take(1) as [Walk]
  const seen = await watchLedger(stage())
  try {
    // With events that only the bridge can write down.
    const allowed = await provoke.strays(stage(), walk)
    await until('the walk published to its end', 3 * MINUTE_MS, async () => isPublished(await seen(), walk))
    note('published to its end')
    let says: string | undefined
    await until('its status is tried again', 2 * MINUTE_MS, async () => {
      const waiting = await waitingOf(stage(), leftOf(walk), 'recordCycle')
      says = waiting?.says
      return (waiting?.attempt ?? 0) > 1 && says !== undefined
    })
    expect(says).toMatch(refusal)
    await meanwhile?.()
    return { walks: [walk], allowed, quietWithinMs: 5 * MINUTE_MS }
  } finally {
    await heal()
    note('healed')
  }
}

const isPublished = (rows: SandboxRow[], walk: Walk): boolean => {
  const published = new Set(publishedIds(rows).map(({ id }) => id))
  return cyclesOf(walk).every(({ cycle }) => published.has(`${cycle}/r1`))
}
