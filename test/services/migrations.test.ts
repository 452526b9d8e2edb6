// The runner on a real server, and what the migrations make: schema.sql, the words of the model, insert-only history.
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres } from '../../clients/postgres.ts'
import { migrate } from '../../mirror/migrate.ts'
import { schemaDump } from '../../mirror/schema-dump.ts'
import { EVERY_WORDS, parseEvery } from '../../model/calendar/cadence.ts'
import { OPENERS } from '../../model/cycle/cycle.ts'
import { CATCH_UPS, IF_NONE, SHIFTS } from '../../model/definition.ts'
import { CYCLE_STATES, DELIVERY_OUTCOMES, DEPENDENCY_STATES, LEDGER_OUTCOMES, STEPS } from '../../model/states.ts'
import { type LentDatabase, lendDatabase, useDatabase } from './postgres.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))
const NAMES = readdirSync(MIGRATIONS).filter((name) => /^\d/.test(name))

describe('the runner', () => {
  let lent: LentDatabase
  let folder: string
  beforeEach(async () => {
    lent = await lendDatabase('empty')
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-migrations-'))
    cpSync(MIGRATIONS, folder, { recursive: true })
  })
  afterEach(async () => {
    await lent.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('applies every file once', async () => {
    expect(await migrate(lent.db, folder)).toEqual(NAMES)
    expect(await migrate(lent.db, folder)).toEqual([])
  })

  test('of two at once, one applies and the other finds it done', async () => {
    const other = openPostgres(lent.url)
    const both = await Promise.all([migrate(lent.db, folder), migrate(other, folder)])
    await other.end()
    expect(both.flat()).toEqual(NAMES)
  })

  test('an edited file is refused by name', async () => {
    await migrate(lent.db, folder)
    writeFileSync(path.join(folder, '0002_status.sql'), 'select 1')
    await expect(migrate(lent.db, folder)).rejects.toThrow(/0002_status\.sql, which was edited in .*restore it/)
  })

  test('a missing file is refused by name', async () => {
    await migrate(lent.db, folder)
    rmSync(path.join(folder, NAMES.at(-1) ?? ''))
    await expect(migrate(lent.db, folder)).rejects.toThrow(`has applied ${NAMES.at(-1)}, which is missing`)
  })

  test('a gap in the numbers is refused before anything is applied', async () => {
    rmSync(path.join(folder, '0002_status.sql'))
    await expect(migrate(lent.db, folder)).rejects.toThrow(/0003_domain_roles\.sql should have number 2/)
    expect(await lent.db.rows(`select from pg_tables where schemaname = 'public'`)).toEqual([])
  })

  test('a file that fails leaves nothing of itself, and the next run goes on there', async () => {
    const last = path.join(folder, `${String(NAMES.length + 1).padStart(4, '0')}_more.sql`)
    writeFileSync(last, 'create table half (id int); select * from nowhere')
    await expect(migrate(lent.db, folder)).rejects.toThrow(/_more\.sql: relation "nowhere" does not exist/)
    expect(await lent.db.one(`select from pg_tables where tablename = 'half'`)).toBeUndefined()
    writeFileSync(last, 'create table half (id int)')
    expect(await migrate(lent.db, folder)).toEqual([path.basename(last)])
  })
})

test('what an older Sluice wrote stays, and says the rule it always had', async () => {
  const lent = await lendDatabase('empty')
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-migrations-'))
  try {
    cpSync(MIGRATIONS, folder, { recursive: true })
    const older = NAMES.filter((name) => name > '0003')
    for (const name of older.slice(1)) rmSync(path.join(folder, name))
    await migrate(lent.db, folder)
    await lent.db.rows(`insert into catalog_version (actor, before, after) values ('ann', '{}', '{}')`)
    await lent.db.rows(
      `insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
         definition_hash, applied_at, first_applied_at, catalog_version)
       values ('d1/a', 1, 'd1', '', 't', 'e', 'mesh', '{}', '', now(), now(), 1)`,
    )
    await lent.db.rows(`insert into data_product_dependencies values ('d1/a', 1, 'raw/x', 1), ('d1/a', 1, 'raw/y', 2)`)
    await lent.db.rows(`insert into data_product_schedule values ('d1/a', 1, 'business-day', 'weekdays', 'UTC')`)
    cpSync(MIGRATIONS, folder, { recursive: true })
    expect(await migrate(lent.db, folder)).toEqual(older.slice(1))
    const how = { on_revision: null, accept_partial: true }
    const rule = { match: 'same', if_none: null, optional_after: null, part: null, ...how }
    expect(await lent.db.rows('select * from data_product_dependencies order by position')).toEqual([
      { product: 'd1/a', version: 1, upstream: 'raw/x', position: 1, ...rule },
      { product: 'd1/a', version: 1, upstream: 'raw/y', position: 2, ...rule },
    ])
    expect(await lent.db.one('select * from data_product_schedule')).toMatchObject({
      ...{ every: 'business-day', on_non_business_day: null },
    })
  } finally {
    await lent.drop()
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('what the migrations make', () => {
  let lent: LentDatabase
  useDatabase((given) => (lent = given))

  test('is what schema.sql says', async () => {
    await expect(await schemaDump(lent.db)).toMatchFileSnapshot('../../migrations/schema.sql')
  })

  test.each([
    ['data_product_status', 'state', CYCLE_STATES],
    ['data_product_status', 'step', STEPS],
    ['data_product_status', 'opened_by', OPENERS],
    ['data_product_status_history', 'from_state', CYCLE_STATES],
    ['data_product_status_history', 'to_state', CYCLE_STATES],
    ['data_product_status_history', 'step', STEPS],
    ['data_product_dependencies_events_status', 'state', DEPENDENCY_STATES],
    ['data_product_dependencies_events_status_history', 'state', DEPENDENCY_STATES],
    ['data_product_dependencies_events_status_history', 'outcome', DELIVERY_OUTCOMES],
    ['event_ledger', 'outcome', LEDGER_OUTCOMES],
    ['event_delivery', 'outcome', DELIVERY_OUTCOMES],
  ])('%s.%s takes the words of the model and no other', async (table, column, words) => {
    expect(await wordsTaken(table, column)).toEqual([...words])
  })

  const wordsTaken = async (table: string, column: string) => {
    const check = await lent.db.one<{ says: string }>(
      `select pg_get_constraintdef(oid) as says from pg_constraint
       where conrelid = $1::regclass and contype = 'c'
         and pg_get_constraintdef(oid) like 'CHECK ((' || $2 || ' = ANY (ARRAY[%'`,
      [table, column],
    )
    return [...(check?.says ?? '').matchAll(/'([^']*)'/g)].map(([, word]) => word)
  }

  test.each([
    ['data_product_dependencies', 'if_none', IF_NONE],
    ['data_product_schedule', 'on_non_business_day', SHIFTS],
    ['data_product_schedule', 'catch_up', CATCH_UPS],
    ['data_calendar', 'source', ['shipped', 'files']],
  ])('%s.%s takes the words of the definition and no other', async (table, column, words) => {
    expect(await wordsTaken(table, column)).toEqual([...words])
  })

  test.each(EVERY_WORDS.map((word) => parseEvery(word) ?? word))('a schedule may say every: %s', async (every) => {
    expect(await isTaken(every)).toBe(true)
  })

  test.each(['fortnight', 'month-end', 'nth-business-day(0)', 'nth-business-day(x)', 'day\nday'])(
    'a schedule may not say every: %j',
    async (every) => {
      expect(parseEvery(every)).not.toBe(every)
      expect(await isTaken(every)).toBe(false)
    },
  )

  /** The check alone, put to a table of its own. */
  const isTaken = async (every: string): Promise<boolean> => {
    const [check] = await lent.db.rows<{ says: string }>(
      `select pg_get_constraintdef(oid) as says from pg_constraint where conname = 'data_product_schedule_every'`,
    )
    const taking = await lent.db.session(60_000, async (session) => {
      await session.script(`create temporary table given (every text ${check?.says})`)
      return session.rows('insert into given values ($1)', [every]).then(
        () => true,
        (error: { constraint?: string }) => error.constraint ?? 'no constraint',
      )
    })
    return taking === true
  }

  test.each([
    ['data_product_status_history', 'domain'],
    ['data_product_dependencies_events_status_history', 'domain'],
    ['operator_action', 'domain'],
    ['catalog_version', 'reason'],
  ])('%s is insert-only, for its owner too', async (table, column) => {
    await expect(lent.db.rows(`update ${table} set ${column} = ${column}`)).rejects.toThrow(`${table} is insert-only`)
    await expect(lent.db.rows(`delete from ${table}`)).rejects.toThrow(`${table} is insert-only`)
    await expect(lent.db.rows(`truncate ${table} cascade`)).rejects.toThrow(`${table} is insert-only`)
  })

  test('an action without a reason is refused', async () => {
    await expect(
      lent.db.rows(
        `insert into operator_action (domain, request_id, cycle, action, actor, reason, outcome, at)
         values ('d1', 'r', 'd1/ds1/2026-11-20', 'rerun', 'ann', ' ', 'accepted', now())`,
      ),
    ).rejects.toThrow(/operator_action_reason/)
  })
})
