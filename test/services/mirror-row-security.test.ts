// Domains kept apart by row security: what one sees of another, and that it writes nothing there.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordAction } from '../../mirror/actions.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { listEvents } from '../../mirror/events.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { recall, recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readHighestRevision } from '../../mirror/withdrawn.ts'
import { listCycles, readCycle } from '../../mirror/status.ts'
import type { CycleRecord } from '../../model/cycle/record.ts'
import type { CycleId, Domain, ProductId } from '../../model/ids.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'
import { KEY, T0, tell, untaken } from './told-cycle.ts'

let lent: LentDatabase
let db: Postgres
useDatabase((given) => ({ db } = lent = given))

describe('row security', () => {
  const domainDb = async (domain: Domain): Promise<Postgres> => {
    const password = `password of ${domain}`
    const role = await ensureDomainRole(db, domain, password)
    await ensureDomainRole(db, domain, password)
    return openPostgres(Object.assign(new URL(lent.url), { username: role, password }).href)
  }
  let d1: Postgres
  let d2: Postgres
  const publish = (product: string): CycleRecord =>
    tell(product, [], ['advance', 'advance', 'advance', 'advance', 'flush']).records[0] as CycleRecord

  beforeAll(async () => {
    d1 = await domainDb('secure-1' as Domain)
    d2 = await domainDb('secure-2' as Domain)
    await defineProduct('secure-1/public', 'mesh')
    await defineProduct('secure-1/private', 'domain')
    await recordCycle(d1, publish('secure-1/public'))
    await recordCycle(d1, publish('secure-1/private'))
    await recordUntaken(d1, 'secure-1' as Domain, [untaken('raw/x/2026-11-20/r1', 'm1')])
    await recordAction(d1, actionOn('secure-1/public/2026-11-20'))
  })
  afterAll(() => Promise.all([d1.end(), d2.end()]))

  test('a domain sees its own rows, and of the others what they published to the mesh', async () => {
    const products = async (of: Postgres) => (await listCycles(of, { limit: 10 })).map(({ product }) => product)
    expect(await products(d1)).toEqual(['secure-1/private', 'secure-1/public'])
    expect(await products(d2)).toEqual(['secure-1/public'])
    const expected = ['secure-1/public', 'secure-1/private'].map((product) => ({
      product: product as ProductId,
      key: KEY,
    }))
    const visible = [{ product: 'secure-1/public' }]
    expect(await recallArrivals(d2, 'secure-2' as Domain, expected)).toMatchObject(visible)
    // Also for whom row security does not bind.
    expect(await recallArrivals(db, 'secure-2' as Domain, expected)).toMatchObject(visible)
  })

  test('what another domain has opened and not published is known as opened, and no more of it', async () => {
    const firsts = ['later', 'opened-public', 'private'].map((name) => ({
      ...{ product: `secure-1/${name}` as ProductId, key: KEY, isBeforeFirst: true as const },
    }))
    const unopened = async (of: Postgres, domain: string) =>
      (await recall(of, domain as Domain, firsts)).skipped.map(({ product, isUnopened }) => isUnopened && product)
    expect(await unopened(d2, 'secure-2')).toEqual(['secure-1/later', 'secure-1/opened-public', 'secure-1/private'])
    const { records } = tell('secure-1/opened-public', ['raw/x'], ['flush'])
    for (const record of records) await recordCycle(d1, record)
    expect(await unopened(d2, 'secure-2')).toEqual(['secure-1/later', 'secure-1/private'])
    expect(await unopened(d1, 'secure-1')).toEqual(['secure-1/later'])
    expect((await listCycles(d2, { limit: 10 })).map(({ product }) => product)).toEqual(['secure-1/public'])
  })

  test('that another domain skipped a cycle is known where its product is for the mesh', async () => {
    const names = ['skipped-public', 'skipped-private']
    for (const name of names) {
      const [record] = tell(`secure-1/${name}`, ['raw/x'], ['flush']).records as [CycleRecord]
      const skipped = { state: 'SKIPPED' as const, reason: 'no data that day' }
      await recordCycle(d1, { ...record, snapshot: { ...record.snapshot, ...skipped } })
    }
    const expected = names.map((name) => ({ product: `secure-1/${name}` as ProductId, key: KEY }))
    const known = async (of: Postgres, domain: string) =>
      (await recall(of, domain as Domain, expected)).skipped.map(({ product, reason }) => [product, reason])
    const seen = ['secure-1/skipped-public', 'no data that day']
    expect(await known(d2, 'secure-2')).toEqual([seen])
    expect(await known(d1, 'secure-1')).toEqual([['secure-1/skipped-private', 'no data that day'], seen])
  })

  test('the ledger, the history and the audit of another domain are not to be seen', async () => {
    const cycle = 'secure-1/public/2026-11-20' as CycleId
    expect(await listEvents(d1, { limit: 10 })).toHaveLength(1)
    expect(await listEvents(d2, { limit: 10 })).toEqual([])
    expect(await readCycle(d2, cycle)).toMatchObject({ transitions: [], dependencies: [], deliveries: [], actions: [] })
    expect(await d2.rows('select product from data_product')).toEqual([{ product: 'secure-1/public' }])
  })

  test('how far a product from outside has refreshed is known to its own domain by what others heard', async () => {
    const about = { product: 'secure-1/outside' as ProductId, key: KEY }
    const known = (of: Postgres, domain: string) => readHighestRevision(of, domain as Domain, about)
    expect(await known(d1, 'secure-1')).toBe(0)
    await recordUntaken(d2, 'secure-2' as Domain, [
      { ...untaken('secure-1/outside/2026-11-20/r3', 'm3'), ...about, revision: 3 },
      { ...untaken('secure-1/outside/2026-11-20/r9', 'm9'), ...about, revision: 9, outcome: 'refused' },
    ])
    expect(await known(d1, 'secure-1')).toBe(3)
    expect(await known(d2, 'secure-2')).toBe(3)
    expect(
      await readHighestRevision(d1, 'secure-1' as Domain, { ...about, product: 'secure-1/public' as ProductId }),
    ).toBe(1)
  })

  test('nobody writes rows of another domain, nor takes its ids', async () => {
    const foreign = publish('secure-1/other')
    await expect(recordCycle(d2, foreign)).rejects.toThrow(/row-level security/)
    await expect(recordCycle(d2, { ...foreign, domain: 'secure-2' as Domain })).rejects.toThrow(
      /data_product_status_id/,
    )
    expect(await d2.changed(`update data_product_status set reason = 'mine'`)).toBe(false)
  })

  test.each([
    'delete from event_ledger',
    'delete from data_product_status',
    'update data_product_status_history set reason = null',
    'truncate operator_action',
    `update data_product set visibility = 'mesh'`,
    'select before from catalog_version',
    'alter table data_product_status disable row level security',
  ])('a domain may not: %s', async (sql) => {
    await expect(d1.rows(sql)).rejects.toThrow(/permission denied|must be owner/)
  })

  test('an action is recorded once', async () => {
    expect(await recordAction(d1, actionOn('secure-1/public/2026-11-20'))).toBe(false)
    const report = await readCycle(d1, 'secure-1/public/2026-11-20' as CycleId)
    expect(report?.actions).toMatchObject([{ actorVerified: true, outcome: 'refused', refusedBecause: 'It runs.' }])
  })

  test('an action on another cycle is another action, though it bears the same request id', async () => {
    expect(await recordAction(d1, actionOn('secure-1/private/2026-11-20'))).toBe(true)
    const report = await readCycle(d1, 'secure-1/private/2026-11-20' as CycleId)
    expect(report?.actions).toMatchObject([{ requestId: 'request-1', outcome: 'refused' }])
  })

  test('a password that nobody could send is refused before anything is made', async () => {
    await expect(ensureDomainRole(db, 'secure-3' as Domain, 'short')).rejects.toThrow(/8 or more/)
    await expect(ensureDomainRole(db, 'x'.repeat(57) as Domain, 'long enough')).rejects.toThrow(/Shorten it/)
  })
})

const actionOn = (cycle: string) => ({
  ...{ cycle: cycle as CycleId, action: 'rerun' as const, actor: 'ann', actorVerified: true, reason: 'wrong figures' },
  ...{ requestId: 'request-1', refused: 'It runs.', atMs: T0 },
})

/** The least that row security asks of the catalog. */
async function defineProduct(product: string, visibility: string): Promise<void> {
  await db.rows(
    `with applied as (insert into catalog_version (actor, before, after) values ('ann', '{}', '{}') returning *)
     insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
       definition_hash, applied_at, first_applied_at, catalog_version)
     select $1, 1, split_part($1, '/', 1), '', '', '', $2, '{}', '', now(), now(), catalog_version from applied`,
    [product, visibility],
  )
}
