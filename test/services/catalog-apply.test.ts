// Apply on a real PostgreSQL: rows, versions, audit; what is refused, removed, and done at the same time.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readCurrentMesh } from '../../catalog/apply-mesh.ts'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { domainText, type Files, meshOf, productText } from '../../catalog/samples.test-data.ts'
import { definitionHash } from '../../catalog/stable-json.ts'
import type { DomainCatalog } from '../../model/calendar/routing.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'

const FILES: Files = {
  'd1.yaml': domainText('d1'),
  'raw.yaml': domainText('raw', ['222222222222', '111111111111']),
  'rd1.yaml': productText('raw/rd1', 'visibility: mesh\n', 'business-day'),
  'ds1.yaml': `product: d1/ds1
description: Log returns
every: business-day
dependsOn: [raw/rd1]
notBefore: "17:00"
availableBy: "06:00 +1bd"
cutoff: { at: "02:00 +1d", then: run-without }
run: { glue: d1-ds1, arguments: { --book: eq, --day: "\${business_date}" }, timeout: 2h, attempts: 3, retryAfter: 30s }
`,
  'ds2.yaml': productText('d1/ds2', 'dependsOn: [d1/ds1, raw/rd1]\npublish: false\n', 'business-day'),
}
const CHANGED: Files = { ...FILES, 'ds2.yaml': productText('d1/ds2', 'dependsOn: [d1/ds1]\n', 'business-day') }
const { 'ds2.yaml': _, ...WITHOUT_DS2 } = FILES

let sandbox: Sandbox
let space: CatalogSpace
let names = 0
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())
beforeEach(async () => {
  names += 1
  space = await openCatalogSpace(sandbox, `apply-${names}`)
})
afterEach(() => space.end())

const count = async (table: string): Promise<number> =>
  (await space.db.one<{ n: number }>(`select count(*)::int as n from ${table}`))?.n ?? -1
const versions = () =>
  space.db.rows<{ product: string; version: number; current: boolean }>(
    'select product, version, superseded_at is null as current from data_product order by product, version',
  )
const catalogOf = async (domain: string): Promise<DomainCatalog> => {
  const loaded = await loadDomainCatalog(space.s3, space.bucket, domain)
  if (loaded.kind !== 'loaded') throw new Error('Loaded without an etag, it is there.')
  return loaded.catalog
}
const namesIn = (list: DomainCatalog['products']): string[] =>
  list.map(({ definition, version }) => `${definition.product} ${version}`)

describe('the first apply', () => {
  test('writes every configuration table, as the definitions say', async () => {
    const result = await space.applied(FILES)
    expect(result.catalogVersion).toBe(1)
    expect(
      await space.db.rows(
        'select domain, version, account, owner_team, owner_email, calendar, timezone, location, superseded_at, catalog_version from data_domain order by domain',
      ),
    ).toEqual(
      [
        ['d1', '222222222222'],
        ['raw', '111111111111'],
      ].map(([domain, account]) => ({
        ...{ domain, version: 1, account, owner_team: 'wealth-data', owner_email: 'wealth-data@example.com' },
        ...{ calendar: 'weekdays', timezone: 'America/New_York', location: `s3://example-${domain}-products/` },
        ...{ superseded_at: null, catalog_version: 1 },
      })),
    )
    const [ds1, ds2] = meshOf(FILES).products
    if (!ds1 || !ds2) throw new Error('Two products of d1 come first.')
    expect(
      await space.db.rows(
        `select product, version, domain, description, visibility, publish_location, definition, definition_hash, catalog_version from data_product where domain = 'd1' order by product`,
      ),
    ).toEqual([
      {
        ...{ product: 'd1/ds1', version: 1, domain: 'd1', description: 'Log returns', visibility: 'domain' },
        ...{ publish_location: 's3://example-d1-products/ds1/', definition: ds1 },
        ...{ definition_hash: definitionHash(ds1), catalog_version: 1 },
      },
      {
        ...{ product: 'd1/ds2', version: 1, domain: 'd1', description: '', visibility: 'domain' },
        ...{ publish_location: null, definition: ds2, definition_hash: definitionHash(ds2), catalog_version: 1 },
      },
    ])
    expect(
      await space.db.rows(
        'select product, upstream, position from data_product_dependencies order by product, position',
      ),
    ).toEqual([
      { product: 'd1/ds1', upstream: 'raw/rd1', position: 1 },
      { product: 'd1/ds2', upstream: 'd1/ds1', position: 1 },
      { product: 'd1/ds2', upstream: 'raw/rd1', position: 2 },
    ])
    expect(await space.db.one(`select * from data_product_schedule where product = 'd1/ds1'`)).toEqual({
      ...{ product: 'd1/ds1', version: 1, every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' },
      ...{ not_before: '17:00', available_by: '06:00 +1bd', cutoff_at: '02:00 +1d', cutoff_then: 'run-without' },
    })
    expect(await space.db.one(`select * from data_product_schedule where product = 'raw/rd1'`)).toMatchObject({
      ...{ not_before: null, available_by: null, cutoff_at: null, cutoff_then: null },
    })
    expect(await space.db.one(`select * from data_pipeline_config where product = 'd1/ds1'`)).toEqual({
      ...{
        product: 'd1/ds1',
        version: 1,
        glue_job: 'd1-ds1',
        timeout_minutes: 120,
        attempts: 3,
        retry_after_ms: 30_000,
      },
    })
    expect(
      await space.db.rows('select product, version, name, value from data_pipeline_parameters order by name'),
    ).toEqual([
      { product: 'd1/ds1', version: 1, name: '--book', value: 'eq' },
      { product: 'd1/ds1', version: 1, name: '--day', value: '${business_date}' },
    ])
  })

  test('reads back as the mesh of the files', async () => {
    await space.applied(FILES)
    const { domains, products, lastVersions } = await readCurrentMesh(space.db)
    const mesh = meshOf(FILES)
    expect(domains.map(({ definition }) => definition)).toEqual(mesh.domains)
    expect(products.map(({ definition }) => definition)).toEqual(mesh.products)
    expect(lastVersions).toEqual({ 'd1/ds1': 1, 'd1/ds2': 1, 'raw/rd1': 1 })
    for (const { appliedAt, firstAppliedAt } of products) expect(firstAppliedAt).toBe(appliedAt)
  })
})

describe('the audit', () => {
  const audit = () =>
    space.db.rows<{ before: object; after: object }>(
      'select catalog_version, actor, reason, git_sha, before, after from catalog_version order by catalog_version',
    )

  test('says who, why, from which commit, what was before and what is after', async () => {
    await space.applied(FILES, { reason: 'first', gitSha: 'abc123' })
    await space.applied(CHANGED, { actor: 'bob', reason: 'rd1 is not needed' })
    const [first, second] = await audit()
    const [mesh, changed] = [meshOf(FILES), meshOf(CHANGED)]
    const ds2In = ({ products }: typeof mesh) => products.filter(({ product }) => product === 'd1/ds2')
    expect(first).toEqual({
      ...{ catalog_version: 1, actor: 'ann', reason: 'first', git_sha: 'abc123' },
      ...{ before: { domains: [], products: [] }, after: mesh },
    })
    expect(second).toEqual({
      ...{ catalog_version: 2, actor: 'bob', reason: 'rd1 is not needed', git_sha: null },
      before: { domains: [], products: ds2In(mesh) },
      after: { domains: [], products: ds2In(changed) },
    })
  })

  test('the same mesh again changes nothing and leaves no row', async () => {
    await space.applied(FILES)
    const before = [await space.objects(), await versions(), await space.db.rows('select * from domain_catalog')]
    const again = await space.applied(FILES)
    expect(again).toMatchObject({ catalogVersion: null, uploaded: [] })
    expect([await space.objects(), await versions(), await space.db.rows('select * from domain_catalog')]).toEqual(
      before,
    )
    expect(await count('catalog_version')).toBe(1)
  })
})

describe('a changed product', () => {
  test('becomes version 2; the other products and the other domain keep theirs', async () => {
    await space.applied(FILES)
    const { uploaded } = await space.applied(CHANGED)
    expect(await versions()).toEqual([
      { product: 'd1/ds1', version: 1, current: true },
      { product: 'd1/ds2', version: 1, current: false },
      { product: 'd1/ds2', version: 2, current: true },
      { product: 'raw/rd1', version: 1, current: true },
    ])
    expect(uploaded).toEqual(['products/d1/ds2/v2.json', 'domains/d1.json'])
    expect([(await catalogOf('d1')).revision, (await catalogOf('raw')).revision]).toEqual([2, 1])
  })

  test('keeps its first day, and only the second version is new', async () => {
    await space.applied(FILES)
    await space.applied(CHANGED)
    const [one, two] = await space.db.rows<{ first: string; applied: string; superseded: string | null }>(
      `select first_applied_at as first, applied_at as applied, superseded_at as superseded
       from data_product where product = 'd1/ds2' order by version`,
    )
    expect(two?.first).toBe(one?.first)
    expect(one?.superseded).toBe(two?.applied)
  })

  test('is still served in its earlier version, as long as an open cycle may carry that', async () => {
    await space.applied(FILES)
    await space.applied(CHANGED)
    const catalog = await catalogOf('d1')
    expect([namesIn(catalog.products), namesIn(catalog.earlier)]).toEqual([['d1/ds1 1', 'd1/ds2 2'], ['d1/ds2 1']])

    await space.db.rows(
      `update data_product set superseded_at = now() - interval '22 days' where superseded_at is not null`,
    )
    expect(await space.applied(CHANGED)).toMatchObject({ catalogVersion: null, uploaded: ['domains/d1.json'] })
    expect(await catalogOf('d1')).toMatchObject({ revision: 3, earlier: [] })
  })

  test('whose change does not touch routing needs no earlier version beside it', async () => {
    await space.applied(FILES)
    await space.applied({ ...FILES, 'ds2.yaml': `${FILES['ds2.yaml']}description: other words\n` })
    const catalog = await catalogOf('d1')
    expect([namesIn(catalog.products), namesIn(catalog.earlier)]).toEqual([['d1/ds1 1', 'd1/ds2 2'], []])
  })
})

describe('a product without a file', () => {
  test('stays, until it is pruned; then it opens nothing more and its history stays', async () => {
    await space.applied(FILES)
    expect((await space.applied(WITHOUT_DS2)).catalogVersion).toBeNull()
    expect(namesIn((await catalogOf('d1')).products)).toEqual(['d1/ds1 1', 'd1/ds2 1'])

    expect((await space.applied(WITHOUT_DS2, { prune: true })).catalogVersion).toBe(2)
    const catalog = await catalogOf('d1')
    expect([namesIn(catalog.products), namesIn(catalog.earlier)]).toEqual([['d1/ds1 1'], ['d1/ds2 1']])
    expect(catalog.known).toEqual(['d1/ds1', 'raw/rd1'])
    expect(await versions()).toContainEqual({ product: 'd1/ds2', version: 1, current: false })
    expect(Object.keys(await space.objects())).toContain('products/d1/ds2/v1.json')
  })

  test('that comes back goes on counting and begins anew', async () => {
    await space.applied(FILES)
    await space.applied(WITHOUT_DS2, { prune: true })
    await space.applied(FILES)
    expect((await versions()).filter(({ product }) => product === 'd1/ds2')).toEqual([
      { product: 'd1/ds2', version: 1, current: false },
      { product: 'd1/ds2', version: 2, current: true },
    ])
    const current = await space.db.one(
      `select first_applied_at = applied_at as anew from data_product where product = 'd1/ds2' and version = 2`,
    )
    expect(current).toEqual({ anew: true })
  })

  test('of a domain that is not in the folder is never touched', async () => {
    await space.applied(FILES)
    const { 'raw.yaml': _raw, 'rd1.yaml': _rd1, ...onlyD1 } = FILES
    await space.applied(onlyD1, { prune: true })
    expect(await versions()).toContainEqual({ product: 'raw/rd1', version: 1, current: true })
  })
})

describe('refused', () => {
  test('files with problems: nothing is written anywhere', async () => {
    const wrong = { ...FILES, 'ds2.yaml': productText('d1/ds2', 'dependsOn: [d1/ds9]\n') }
    const result = await space.apply(wrong)
    expect(result).toMatchObject({ kind: 'refused', problems: [{ file: 'ds2.yaml', line: 4, column: 13 }] })
    for (const table of ['catalog_version', 'data_domain', 'data_product', 'domain_catalog']) {
      expect(await count(table)).toBe(0)
    }
    expect(await space.objects()).toEqual({})
  })

  test('files that would leave an applied product of another folder without its upstream', async () => {
    await space.applied(FILES)
    const onlyRaw = { 'raw.yaml': FILES['raw.yaml'] ?? '', 'rd1.yaml': productText('raw/rd1', '', 'business-day') }
    expect((await space.apply(onlyRaw)).kind).toBe('refused')
    expect(await count('catalog_version')).toBe(1)
  })
})

describe('two at once', () => {
  test('come one after the other, and the bucket ends with what the rows say', async () => {
    await space.applied(FILES)
    const other = { ...FILES, 'ds2.yaml': productText('d1/ds2', 'dependsOn: [raw/rd1]\n', 'business-day') }
    const both = await Promise.all([space.applied(CHANGED), space.applied(other)])
    expect(new Set(both.map(({ catalogVersion }) => catalogVersion))).toEqual(new Set([2, 3]))

    const audit = await space.db.rows<{ before: object; after: object }>(
      'select * from catalog_version order by catalog_version',
    )
    expect(audit[2]?.before).toEqual(audit[1]?.after)
    const ds2 = (await catalogOf('d1')).products.find(({ definition }) => definition.product === 'd1/ds2')
    const row = await space.db.one(
      `select version, definition from data_product where product = 'd1/ds2' and superseded_at is null`,
    )
    expect(row).toEqual({ version: 3, definition: ds2?.definition })
    expect(ds2?.version).toBe(3)
  })

  test('the first of a new mesh: one creates, the other finds it done', async () => {
    const both = await Promise.all([space.applied(FILES), space.applied(FILES)])
    expect(new Set(both.map(({ catalogVersion }) => catalogVersion))).toEqual(new Set([1, null]))
    expect(await count('data_product')).toBe(3)
  })

  test('one that waits has written nothing yet', async () => {
    // The first holds the catalog for as long as the bucket does not answer.
    sandbox.faults.add({ service: 's3', operation: 'ListObjectsV2', action: { kind: 'hang' } })
    const slow = space.openS3()
    const first = space.apply(FILES, { s3: slow }).catch((error: Error) => error)
    await expect.poll(() => count('catalog_version'), { timeout: 30_000 }).toBe(1)
    const second = space.apply(CHANGED)
    await expect.poll(waitingForLock, { timeout: 30_000 }).toEqual({ holding: 1, waiting: 1 })
    expect(await count('catalog_version')).toBe(1)

    slow.destroy()
    expect(await first).toBeInstanceOf(Error)
    expect(await second).toMatchObject({ kind: 'applied', catalogVersion: 2 })
  })

  const waitingForLock = () =>
    space.db.one(
      `select (count(*) filter (where granted))::int as holding, (count(*) filter (where not granted))::int as waiting
       from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    )
})
