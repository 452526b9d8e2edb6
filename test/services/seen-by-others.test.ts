// What the login of a domain may know of cycles of another one: how those of products of the whole mesh stand, whatever it asks.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readCycleRow } from '../../mirror/status.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { arrivalOf, definitionOf, inputOf, NOON_MS, publishedOf } from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

let lent: LentDatabase
let d1: Postgres
let d2: Postgres
beforeAll(async () => {
  lent = await lendDatabase()
  ;[d1, d2] = [await loginOf('d1'), await loginOf('d2')]
  await record('d1/open', ['d1/secret', 'raw/rd1'])
  await record('d1/secret', ['raw/rd1'], { visibility: 'domain' })
})
afterAll(async () => {
  await Promise.all([d1.end(), d2.end()])
  await lent.drop()
})

async function loginOf(domain: string): Promise<Postgres> {
  const password = 'a password of the test'
  const username = await ensureDomainRole(lent.db, domain as Domain, password)
  return openPostgres(Object.assign(new URL(lent.url), { username, password }).href)
}

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

test('that a cycle is held is known of what is published, and by whom and why to its own domain alone', async () => {
  // What is over is kept from nothing: it runs again.
  const command = { actor: 'ann', reason: 'again', requestId: 'r' }
  const done = publishedOf(openRun(inputOf(definitionOf('d1/done')), NOON_MS))
  const published = applyFact(done, { kind: 'rerun', command }, NOON_MS)
  const held = { actor: 'ann', reason: 'a private word', sinceMs: NOON_MS, of: 'cycle' } as const
  await recordCycle(d1, toRecord({ ...published, held }, 0))
  const readHeld = async (db: Postgres) => (await readCycleRow(db, published.id))?.held
  expect([await readHeld(lent.db), await readHeld(d1), await readHeld(d2)]).toEqual([held, held, null])
  const [row] = await d2.rows<{ held: object; all: string }>(
    `select held, status::text as all from data_product_status as status where cycle = $1`,
    [published.id],
  )
  expect(row?.held).toEqual({ of: 'cycle', sinceMs: NOON_MS })
  expect(row?.all).not.toContain('a private word')
  expect(await d2.rows('select from cycle_hold')).toEqual([])
  await expect(d2.rows(`insert into cycle_hold values ($1, 'd1', 'bob', 'mine')`, [published.id])).rejects.toThrow(
    /row-level security/,
  )
  // The next flush says that the hold has ended.
  await recordCycle(d1, toRecord({ ...published, version: published.version + 1 }, 0))
  expect(await readHeld(d1)).toBeNull()
})

const PEEK = `create function pg_temp.peek(name text) returns boolean language plpgsql stable cost 0.000001 as $$
  begin
    if starts_with(name, 'd1/secret') then raise exception 'saw %', name; end if;
    return true;
  end $$`

// Of a view without a barrier, PostgreSQL asks the cheapest condition first, before what is private is left out.
describe('a condition of the asker is not shown', () => {
  beforeAll(async () => {
    // That it used d1/secret, too, is not for d2 to know.
    await recordUse('d1/reader', ['d2/used', 'd1/secret'])
    // One that is counted and not named.
    await recordUse('d1/secret-reader', ['d2/used'], { visibility: 'domain' })
  })

  const recordUse = (product: string, dependsOn: string[], change = {}) => {
    const waiting = openRun(inputOf(definitionOf(product, dependsOn, change)), NOON_MS)
    const begun = dependsOn.reduce((cycle, one) => applyArrival(cycle, arrivalOf(one), NOON_MS), waiting)
    return recordCycle(lent.db, toRecord(publishedOf(begun), 0))
  }

  test.each([
    ['mesh_cycle', 'product'],
    ['mesh_wait', 'product'],
    ['mesh_reader', 'upstream_product'],
    ['hidden_reader', 'upstream_product'],
  ])('what %s leaves out', async (view, column) => {
    const found = await d2.session(60_000, async (session) => {
      await session.script(PEEK)
      return session.rows(`select ${column} from ${view} where pg_temp.peek(${column})`)
    })
    expect(found).not.toEqual([])
  })
})
