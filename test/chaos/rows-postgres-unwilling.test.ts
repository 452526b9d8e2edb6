// Row 26: PostgreSQL is there and unwilling: it only reads, is full, keeps a table locked, ends a write by a deadlock.
import { test } from 'vitest'
import { playCase } from './cases.ts'
import { useKeptPostgres } from './kept-servers.ts'
import { outlast } from './outlast.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { feed, until } from './walks.ts'

const postgres = useKeptPostgres()
const rows = useRowStage(4, {}, () => postgres.open())
const { stage, take } = rows

test(
  'row 26: a PostgreSQL that only reads is written to later',
  () =>
    playCase(stage(), { row: 26, name: 'PostgreSQL read-only' }, async (run) => {
      await set('default_transaction_read_only', 'on')
      return outlast(rows, run, { heal: () => reset('default_transaction_read_only'), refusal: /read-only/ })
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
      return outlast(rows, run, { heal: () => limit(-1), refusal: /too many connections/ })
    }),
  30 * MINUTE_MS,
)

test(
  'row 26: a status table that somebody locked is written to once it is free',
  () =>
    playCase(stage(), { row: 26, name: 'status table locked' }, (run) =>
      stage().db.session(10 * MINUTE_MS, async (session) => {
        await session.script('begin; lock table data_product_status in access exclusive mode')
        return outlast(rows, run, { heal: () => session.script('commit'), refusal: /time-?out/ })
      }),
    ),
  30 * MINUTE_MS,
)

test(
  'row 26: a write that a deadlock ended is made again',
  () =>
    playCase(stage(), { row: 26, name: 'deadlock' }, async ({ healed }) => {
      const walks = take(1)
      const before = await countDeadlocks()
      // Whoever waits that long looks for a deadlock: the worker must, before its statement's time is over.
      await set('deadlock_timeout', '3s')
      try {
        await stage().db.session(3 * MINUTE_MS, async (session) => {
          await session.script(`set deadlock_timeout = '10min'; begin; lock table ${WRITTEN_SECOND} in exclusive mode`)
          await Promise.all([session.script(`${LOCK_ONCE_WAITED_FOR}; commit`), feed(stage(), walks)])
        })
        healed('the lock was had, so the other gave way')
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

/** In the server: whoever waits for us looks for a deadlock once only. */
const LOCK_ONCE_WAITED_FOR = `do $$ begin
  while not exists (select from pg_locks where relation = '${WRITTEN_SECOND}'::regclass and not granted) loop
    perform pg_sleep(0.05);
  end loop;
  lock table data_product_status in access exclusive mode;
end $$`

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
