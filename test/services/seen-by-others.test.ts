// What the login of a domain may know of cycles of another one: how those of products of the whole mesh stand, whatever it asks.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { definitionOf, inputOf, NOON_MS } from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

let lent: LentDatabase
let d2: Postgres
beforeAll(async () => {
  lent = await lendDatabase()
  const password = 'a password of d2'
  const username = await ensureDomainRole(lent.db, 'd2' as Domain, password)
  d2 = openPostgres(Object.assign(new URL(lent.url), { username, password }).href)
  await record('d1/open', ['d1/secret', 'raw/rd1'])
  await record('d1/secret', ['raw/rd1'], { visibility: 'domain' })
})
afterAll(async () => {
  await d2.end()
  await lent.drop()
})

const record = (product: string, dependsOn: string[], change = {}) =>
  recordCycle(lent.db, toRecord(openRun(inputOf(definitionOf(product, dependsOn, change)), NOON_MS), 0))

test('how a cycle stands that is not published is known of products of the whole mesh alone', async () => {
  const standing = 'select product, state, is_held as "isHeld" from mesh_cycle'
  expect(await d2.rows(standing)).toEqual([{ product: 'd1/open', state: 'WAITING', isHeld: false }])
  expect(await d2.rows('select from data_product_status')).toEqual([])
})

test('of what it waits for, a product that is not known to be of the whole mesh is no more than its domain', async () => {
  const waits = await d2.rows('select product, upstream_product as up, upstream_domain as of from mesh_wait order by 3')
  expect(waits).toEqual([
    { product: 'd1/open', up: null, of: 'd1' },
    { product: 'd1/open', up: null, of: 'raw' },
  ])
})

const PEEK = `create function pg_temp.peek(product text) returns boolean language plpgsql cost 0.000001 as $$
  begin
    if product = 'd1/secret' then raise exception 'saw %', product; end if;
    return true;
  end $$`

// Of a view without a barrier, PostgreSQL asks the cheapest condition first, before what is private is left out.
test.each(['mesh_cycle', 'mesh_wait'])('a condition of the asker is not shown what %s leaves out', async (view) => {
  const found = await d2.session(60_000, async (session) => {
    await session.script(PEEK)
    return session.rows(`select product from ${view} where pg_temp.peek(product)`)
  })
  expect(found).not.toEqual([])
})
