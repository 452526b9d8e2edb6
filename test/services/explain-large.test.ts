// A mesh of 1,000 products over 20 dates: what is asked to explain one cycle of it does not grow with it,
// nor does what a day asks; whoever asks.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainBlockers } from '../../cli/explain-blockers.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { MOST_CYCLES } from '../../mirror/blockers.ts'
import { readBlockerTrees } from '../../mirror/blocker-trees.ts'
import { listCommitted } from '../../mirror/commitments.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import type { BlockerNode } from '../../model/explain/blocker-tree.ts'
import type { CycleId, Domain } from '../../model/ids.ts'
import { KEY, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

const PRODUCTS = 1_000
const DATES = 20
/** Products in ten layers of a hundred; each waits for three of the layer before. */
const LAYER = 100

/** Of the first layer, and of one domain alone. */
const PRIVATE = ['d0/p1', 'd0/p2']

let lent: LentDatabase
let d9: Postgres
beforeAll(async () => {
  lent = await lendDatabase()
  await fill(lent.db)
  const password = 'a password of d9'
  const username = await ensureDomainRole(lent.db, 'd9' as Domain, password)
  d9 = openPostgres(Object.assign(new URL(lent.url), { username, password }).href)
})
afterAll(async () => {
  await d9.end()
  await lent.drop()
})

async function fill(db: Postgres): Promise<void> {
  await db.changed(`insert into catalog_version (actor, before, after) values ('ann', '{}', '{}')`)
  await db.changed(
    `insert into data_domain (domain, version, account, owner_team, owner_email, calendar, timezone, applied_at, catalog_version)
     select 'd' || at, 1, '222222222222', 't', 'e', 'weekdays', 'UTC', now(), 1 from generate_series(0, 9) as at`,
  )
  await db.changed(
    `insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
       definition_hash, applied_at, first_applied_at, catalog_version)
     select 'd' || at / $2 || '/p' || at, 1, 'd' || at / $2, '', 't', 'e',
       case when 'd' || at / $2 || '/p' || at = any ($3) then 'domain' else 'mesh' end,
       '{"every": "day", "calendar": "weekdays", "timezone": "UTC"}', 'h', now(), now(), 1
     from generate_series(0, $1::integer - 1) as at`,
    [PRODUCTS, LAYER, PRIVATE],
  )
  // All have completed on the days before; on the last one all wait but the first, which is in ERROR.
  await db.changed(
    `insert into data_product_status (cycle, domain, product, cycle_key, visibility, definition_version, opened_by, opened_at,
       state, step, state_since, revision, first_completed_at, run_number, version, business_date, waiting_for, attempts,
       available_by)
     select product || '/' || date, domain, product, date::text, case when product = any ($5) then 'domain' else 'mesh' end, 1, 'scheduler', date, state,
       case when state = 'ERROR' then 'run' end, date, (state = 'COMPLETED')::integer, case when state = 'COMPLETED' then date + interval '18 hours' end, 1, 1, date,
       case when state = 'WAITING' then array(select distinct 'd' || at / $3 - 1 || '/p' || (at / $3 - 1) * $3 + (at * 7 + up * 31) % $3
         from generate_series(0, 2) as up) else '{}' end, '[]', date + interval '22 hours'
     from (select at, 'd' || at / $3 as domain, 'd' || at / $3 || '/p' || at as product, $2::date - days as date,
         case when days > 0 then 'COMPLETED' when at < $3 then 'ERROR' else 'WAITING' end as state
       from generate_series(0, $1::integer - 1) as at, generate_series(0, $4::integer - 1) as days) as cycles`,
    [PRODUCTS, KEY, LAYER, DATES, PRIVATE],
  )
  await db.changed(
    `insert into data_product_dependencies_events_status (cycle, domain, upstream_product, upstream_key, state, run_number, version, position)
     select distinct on (cycle, upstream) cycle, domain, upstream, cycle_key, 'WAITING', 1, 1, null::integer
     from data_product_status, unnest(waiting_for) as upstream`,
  )
  await db.rows('analyze')
}

const parts = { product: toProduct(`d9/p${PRODUCTS - 1}`), key: toKey(KEY) }
const NOW_MS = Date.parse(`${KEY}T20:00:00Z`)

/** How long it takes is printed: the figures of docs and reports come from here. */
async function explainedBy(login: Postgres, name: string) {
  const { db, statements } = counting(login)
  const asking = { parts, nowMs: NOW_MS, isPast: false }
  await explainBlockers(login, asking)
  const begunAt = performance.now()
  const found = await explainBlockers(db, asking)
  const tookMs = performance.now() - begunAt
  if (!found) throw new Error('nothing was found')
  process.stdout.write(
    `explain by ${name}: ${tookMs.toFixed(0)} ms of ${PRODUCTS} products and ${DATES} dates, ${found.facts.size} of them in the tree\n`,
  )
  return { statements, found }
}

/** Remembers each statement. */
function counting(login: Postgres): { db: Postgres; statements: string[] } {
  const statements: string[] = []
  const rows: Postgres['rows'] = (sql, params) => {
    statements.push(sql)
    return login.rows(sql, params)
  }
  return { db: { ...login, rows }, statements }
}

test.each([
  ['the owner', () => lent.db],
  ['the login of a domain', () => d9],
] as const)(
  'three statements, whatever the number of products, and the root in the first layer, for %s',
  async (name, login) => {
    const { statements, found } = await explainedBy(login(), name)
    expect(statements).toHaveLength(3)
    expect(found.roots.decides).toMatchObject({ kind: 'failed', domain: 'd0' })
    expect(found.roots.way).toHaveLength(8)
    expect(found.roots.all.length).toBeGreaterThan(50)
  },
)

test('both see the same tree, but for what is private', async () => {
  const [all, own] = [await explainedBy(lent.db, 'the owner'), await explainedBy(d9, 'the login of a domain')]
  const [whole, seen] = [all, own].map(({ found }) => JSON.stringify(outlineOf(found.top)))
  expect(seen).toBe(whole)
  expect(whole).toContain('hidden')
  expect(JSON.stringify(own.found.top)).not.toContain('d0/p1/')
})

interface Outline {
  cycle: string
  is: string
  waitsFor: Outline[]
}

/** Who stands where, with private ones as another domain knows them: only these have no place of their own. */
function outlineOf({ cycle, product, domain, key, kind, state, revision, isRepeated, waitsFor }: BlockerNode): Outline {
  if (product === null || PRIVATE.includes(product)) return { cycle: `${domain}/?/${key}`, is: 'hidden', waitsFor: [] }
  const below = waitsFor.map(outlineOf).toSorted((one, other) => one.cycle.localeCompare(other.cycle))
  return { cycle: cycle ?? '', is: `${kind} ${state} r${revision} ${isRepeated}`, waitsFor: below }
}

test('of more than can be followed nothing is said that was not asked', async () => {
  await lent.db.changed(
    `insert into data_product_status (cycle, domain, product, cycle_key, visibility, definition_version, opened_by, opened_at,
       state, state_since, revision, run_number, version, waiting_for, attempts)
     select 'd9/wide/' || $1, 'd9', 'd9/wide', $1, 'mesh', 1, 'scheduler', now(), 'WAITING', now(), 0, 1, 1,
       array_agg(product), '[]' from (select distinct product from data_product_status) as every`,
    [KEY],
  )
  await lent.db.changed(
    `insert into data_product_dependencies_events_status (cycle, domain, upstream_product, upstream_key, state, run_number, version)
     select 'd9/wide/' || $1, 'd9', product, cycle_key, 'WAITING', 1, 1 from data_product_status where product <> 'd9/wide'
     order by cycle_key desc, product limit $2`,
    [KEY, MOST_CYCLES + 100],
  )
  const wide = { product: toProduct('d9/wide'), key: toKey(KEY) }
  const { db, statements } = counting(lent.db)
  const { trees } = await readBlockerTrees(db, [wide], NOW_MS)
  const waitsFor = trees.get(`d9/wide/${KEY}` as CycleId)?.waitsFor ?? []
  const kinds = Map.groupBy(waitsFor, ({ kind, state }) => `${kind} ${state}`)
  expect(statements).toHaveLength(3)
  expect(waitsFor).toHaveLength(MOST_CYCLES + 100)
  expect(kinds.get('not-followed null')).toHaveLength(100)
  expect([...kinds.keys()].filter((one) => one.startsWith('not-open'))).toEqual([])
})

test('the list of a day is read by an index that has the closed cycles too', async () => {
  const { db, statements } = counting(lent.db)
  const day = { from: `${KEY}T00:00:00Z`, to: `${KEY}T23:59:59Z`, limit: 5_000 }
  expect(await listCommitted(db, day)).toHaveLength(PRODUCTS)
  const plan = await lent.db.rows<{ 'QUERY PLAN': string }>(`explain (analyze) ${statements[0]}`, [
    day.from,
    day.to,
    null,
    null,
    day.limit,
  ])
  const text = plan.map((line) => line['QUERY PLAN']).join('\n')
  expect(text).toContain('data_product_status_expected')
})
