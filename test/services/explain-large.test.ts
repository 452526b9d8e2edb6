// A mesh of 1,000 products over 20 dates: what is asked to explain one cycle of it does not grow with it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainBlockers } from '../../cli/explain-blockers.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { KEY, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

const PRODUCTS = 1_000
const DATES = 20
/** Products in ten layers of a hundred; each waits for three of the layer before. */
const LAYER = 100

let lent: LentDatabase
beforeAll(async () => {
  lent = await lendDatabase()
  await fill(lent.db)
})
afterAll(() => lent.drop())

async function fill(db: Postgres): Promise<void> {
  await db.changed(`insert into catalog_version (actor, before, after) values ('ann', '{}', '{}')`)
  await db.changed(
    `insert into data_domain (domain, version, account, owner_team, owner_email, calendar, timezone, applied_at, catalog_version)
     select 'd' || at, 1, '222222222222', 't', 'e', 'weekdays', 'UTC', now(), 1 from generate_series(0, 9) as at`,
  )
  await db.changed(
    `insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
       definition_hash, applied_at, first_applied_at, catalog_version)
     select 'd' || at / $2 || '/p' || at, 1, 'd' || at / $2, '', 't', 'e', 'mesh',
       '{"every": "day", "calendar": "weekdays", "timezone": "UTC"}', 'h', now(), now(), 1
     from generate_series(0, $1::integer - 1) as at`,
    [PRODUCTS, LAYER],
  )
  // All have completed on the days before; on the last one all wait but the first, which is in ERROR.
  await db.changed(
    `insert into data_product_status (cycle, domain, product, cycle_key, visibility, definition_version, opened_by, opened_at,
       state, step, state_since, revision, first_completed_at, run_number, version, business_date, waiting_for, attempts)
     select product || '/' || date, domain, product, date::text, 'mesh', 1, 'scheduler', date, state,
       case when state = 'ERROR' then 'run' end, date, 1, case when state = 'COMPLETED' then date + interval '18 hours' end, 1, 1, date,
       case when state = 'WAITING' then array(select distinct 'd' || at / $3 - 1 || '/p' || (at / $3 - 1) * $3 + (at * 7 + up * 31) % $3
         from generate_series(0, 2) as up) else '{}' end, '[]'
     from (select at, 'd' || at / $3 as domain, 'd' || at / $3 || '/p' || at as product, $2::date - days as date,
         case when days > 0 then 'COMPLETED' when at < $3 then 'ERROR' else 'WAITING' end as state
       from generate_series(0, $1::integer - 1) as at, generate_series(0, $4::integer - 1) as days) as cycles`,
    [PRODUCTS, KEY, LAYER, DATES],
  )
  await db.changed(
    `insert into data_product_dependencies_events_status (cycle, domain, upstream_product, upstream_key, state, run_number, version, position)
     select distinct on (cycle, upstream) cycle, domain, upstream, cycle_key, 'WAITING', 1, 1, null::integer
     from data_product_status, unnest(waiting_for) as upstream`,
  )
  await db.rows('analyze')
}

test('three statements, whatever the number of products, and the root in the first layer', async () => {
  const statements: string[] = []
  const rows: Postgres['rows'] = (sql, params) => {
    statements.push(sql)
    return lent.db.rows(sql, params)
  }
  const parts = { product: toProduct(`d9/p${PRODUCTS - 1}`), key: toKey(KEY) }
  const asking = { parts, nowMs: Date.parse(`${KEY}T20:00:00Z`), isPast: false }
  await explainBlockers(lent.db, asking)
  const begunAt = performance.now()
  const found = await explainBlockers({ ...lent.db, rows }, asking)
  const tookMs = performance.now() - begunAt
  expect(statements).toHaveLength(3)
  expect(found?.roots.decides).toMatchObject({ kind: 'failed', domain: 'd0' })
  expect(found?.roots.way).toHaveLength(8)
  expect(found?.roots.all.length).toBeGreaterThan(50)
  process.stdout.write(
    `explain: ${tookMs.toFixed(0)} ms of ${PRODUCTS} products and ${DATES} dates, ${found?.facts.size} of them in the tree\n`,
  )
})
