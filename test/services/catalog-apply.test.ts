// Apply on a real PostgreSQL: rows, versions, audit; what is refused, removed, and done at the same time.

import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { applyMesh, readCurrentMesh } from '../../catalog/apply-mesh.ts'
import { loadDomainCatalog } from '../../catalog/load.ts'
import type { Mesh } from '../../catalog/mesh.ts'
import { type PlanOptions, planApply } from '../../catalog/plan.ts'
import { toPlanLines } from '../../catalog/plan-words.ts'
import { readMesh } from '../../catalog/read-mesh.ts'
import { domainText, externalOf, type Files, meshOf, productText } from '../../catalog/samples.test-data.ts'
import { shippedCalendars } from '../../catalog/shipped-calendars.ts'
import { definitionHash } from '../../catalog/stable-json.ts'
import { writePlan } from '../../catalog/write-plan.ts'
import { openPostgres } from '../../clients/postgres.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { upstreamsIn } from '../../model/dependencies.ts'
import type { DomainCatalog } from '../../model/calendar/routing.ts'
import type { ExternalDefinition } from '../../model/definition.ts'
import { type Domain, domainOf } from '../../model/ids.ts'
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
run: { glue: d1-ds1, arguments: { --book: eq, --day: "\${business_date}" }, timeout: 2h, attempts: 3, retryAfter: 30s, retry: { timeout: { attempts: 1 } } }
`,
  'ds2.yaml': productText('d1/ds2', 'dependsOn: [d1/ds1, raw/rd1]\npublish: false\n', 'business-day'),
}
/** The rule of a dependency of which the file says nothing but the name. */
const SAME = {
  ...{ match: 'same', if_none: null, optional_after: null, part: null },
  ...{ on_revision: null, accept_partial: true },
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
    expect(await space.db.rows('select * from data_product_dependencies order by product, position')).toEqual([
      { product: 'd1/ds1', version: 1, upstream: 'raw/rd1', position: 1, ...SAME },
      { product: 'd1/ds2', version: 1, upstream: 'd1/ds1', position: 1, ...SAME },
      { product: 'd1/ds2', version: 1, upstream: 'raw/rd1', position: 2, ...SAME },
    ])
    expect(await space.db.one(`select * from data_product_schedule where product = 'd1/ds1'`)).toEqual({
      ...{ product: 'd1/ds1', version: 1, every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' },
      ...{ not_before: '17:00', available_by: '06:00 +1bd', cutoff_at: '02:00 +1d', cutoff_then: 'run-without' },
      ...{ on_non_business_day: null, catch_up: null },
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
        retry: { timeout: { attempts: 1 } },
      },
    })
    expect(
      await space.db.rows('select product, version, name, value from data_pipeline_parameters order by name'),
    ).toEqual([
      { product: 'd1/ds1', version: 1, name: '--book', value: 'eq' },
      { product: 'd1/ds1', version: 1, name: '--day', value: '${business_date}' },
    ])
  })

  test('of the example: calendars and schedules are in rows and objects, and the second changes nothing', async () => {
    const mesh = await readMesh(fileURLToPath(new URL('../../examples/mesh', import.meta.url)))
    const order = { ...{ db: space.db, s3: space.s3, bucket: space.bucket, mesh, actor: 'ann' } }
    expect(await applyMesh(order)).toMatchObject({ kind: 'applied', catalogVersion: 1 })
    const { products, calendars } = await readCurrentMesh(space.db)
    expect(await count('data_product_schedule')).toBe(products.length)
    for (const { definition } of calendars) expect(definition).toEqual(shippedCalendars.find(definition.calendar))
    const d1 = await catalogOf('d1')
    const own = products.filter(({ definition }) => domainOf(definition.product) === 'd1')
    expect(d1.products).toEqual(own)
    for (const { definition } of own) {
      expect(d1.calendars.map(({ calendar }) => calendar)).toContain(definition.calendar)
      for (const { product } of upstreamsIn(definition.dependsOn)) expect(d1.schedules).toHaveProperty([product])
    }
    expect(await applyMesh(order)).toMatchObject({ kind: 'applied', catalogVersion: null, uploaded: [] })
  })

  test('reads back as the mesh of the files', async () => {
    await space.applied(FILES)
    const { domains, products, externals, calendars, lastVersions } = await readCurrentMesh(space.db)
    const mesh = meshOf(FILES)
    expect(domains.map(({ definition }) => definition)).toEqual(mesh.domains)
    expect(products.map(({ definition }) => definition)).toEqual(mesh.products)
    expect(externals).toEqual([])
    expect(calendars).toEqual(mesh.calendars.map((calendar) => ({ version: 1, ...calendar })))
    expect(lastVersions).toEqual({ 'd1/ds1': 1, 'd1/ds2': 1, 'raw/rd1': 1, weekdays: 1 })
    for (const { appliedAt, firstAppliedAt } of products) expect(firstAppliedAt).toBe(appliedAt)
  })
})

describe('the audit', () => {
  const NOTHING = { domains: [], products: [], externals: [], calendars: [] }
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
      ...{ before: NOTHING, after: mesh },
    })
    expect(second).toEqual({
      ...{ catalog_version: 2, actor: 'bob', reason: 'rd1 is not needed', git_sha: null },
      before: { ...NOTHING, products: ds2In(mesh) },
      after: { ...NOTHING, products: ds2In(changed) },
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
    for (const table of ['catalog_version', 'data_domain', 'data_product', 'data_calendar', 'domain_catalog']) {
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

describe('a calendar', () => {
  /** In the past, where nobody would wait for a cycle that is not there any more. */
  const closing = (...dates: string[]): Files => ({
    'bank.yaml': `calendar: bank\nextends: weekdays\nremove:\n${dates
      .map((date) => `  - { date: ${date}, why: Mourning }\n`)
      .join('')}`,
  })
  /** `d1` goes by it because of its upstream only; `zoo` does not. */
  const MESH: Files = {
    ...FILES,
    'raw.yaml': domainText('raw', ['calendar: weekdays', 'calendar: bank']).replace('222222222222', '111111111111'),
    'zoo.yaml': domainText('zoo', ['222222222222', '333333333333']),
    'tick.yaml': productText('zoo/tick'),
  }
  const calendars = () =>
    space.db.rows<object>(
      `select calendar, version, source, superseded_at is null as current from data_calendar order by calendar, version`,
    )
  const revisions = async () =>
    Promise.all(['d1', 'raw', 'zoo'].map(async (domain) => (await catalogOf(domain)).revision))

  test('is applied with what goes by it, and lies in the objects of those who need it', async () => {
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    expect(await calendars()).toEqual([
      { calendar: 'bank', version: 1, source: 'files', current: true },
      { calendar: 'weekdays', version: 1, source: 'shipped', current: true },
    ])
    const d1 = await catalogOf('d1')
    expect(d1.calendars.map(({ calendar, closed }) => [calendar, closed])).toEqual([
      ['bank', { '2019-12-09': 'Mourning' }],
      ['weekdays', {}],
    ])
    expect(d1.schedules['raw/rd1']).toMatchObject({ every: 'business-day', calendar: 'bank' })
    expect((await catalogOf('zoo')).calendars.map(({ calendar }) => calendar)).toEqual(['weekdays'])
  })

  test('that is edited is version 2: no product changes, and each domain that goes by it hears of it', async () => {
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    const before = await versions()
    const { plan, catalogVersion, uploaded } = await space.applied({ ...MESH, ...closing('2019-12-09', '2019-12-10') })
    expect(toPlanLines(plan)).toEqual([
      '~ calendar bank version 2',
      '    2019-12-10 vanishes: Mourning',
      '    raw/rd1: loses 2019-12-10',
      '  8 unchanged',
    ])
    expect([catalogVersion, uploaded]).toEqual([2, ['domains/d1.json', 'domains/raw.json']])
    expect(await calendars()).toEqual([
      { calendar: 'bank', version: 1, source: 'files', current: false },
      { calendar: 'bank', version: 2, source: 'files', current: true },
      { calendar: 'weekdays', version: 1, source: 'shipped', current: true },
    ])
    expect(await versions()).toEqual(before)
    expect(await revisions()).toEqual([2, 2, 1])
    expect(Object.keys((await catalogOf('d1')).calendars[0]?.closed ?? {})).toEqual(['2019-12-09', '2019-12-10'])
    const again = await space.applied({ ...MESH, ...closing('2019-12-09', '2019-12-10') })
    expect(again).toMatchObject({ catalogVersion: null, uploaded: [] })
  })

  test('of another folder stays as it is applied; pruned, it is kept as long as something goes by it', async () => {
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    const { 'raw.yaml': _raw, 'rd1.yaml': _rd1, ...others } = MESH
    for (const prune of [false, true]) {
      const { plan, catalogVersion } = await space.applied(others, { prune })
      expect(toPlanLines(plan).filter((line) => line.startsWith('!'))).toEqual([
        '! calendar bank: in none of these files, stays as applied; --prune gives it up once nothing goes by it',
      ])
      expect(catalogVersion).toBeNull()
    }
    expect((await catalogOf('raw')).calendars).toMatchObject([{ calendar: 'bank' }])
  })

  test('that nothing goes by any more is pruned, and comes back as its next version', async () => {
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    await space.applied({ ...FILES, 'zoo.yaml': MESH['zoo.yaml'] ?? '' })
    expect(await calendars()).toContainEqual({ calendar: 'bank', version: 1, source: 'files', current: true })
    await space.applied({ ...FILES, 'zoo.yaml': MESH['zoo.yaml'] ?? '' }, { prune: true })
    expect(await calendars()).toContainEqual({ calendar: 'bank', version: 1, source: 'files', current: false })
    // The version of raw/rd1 that open cycles carry still goes by it.
    expect((await catalogOf('raw')).calendars.map(({ calendar }) => calendar)).toEqual(['bank', 'weekdays'])
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    expect(await calendars()).toContainEqual({ calendar: 'bank', version: 2, source: 'files', current: true })
  })

  test('that builds on one of another folder follows it, and keeps its file to do so', async () => {
    const desk = { 'desk.yaml': 'calendar: desk\nextends: bank\nremove: [2019-12-16]\n' }
    const zoo = {
      'zoo.yaml': domainText('zoo', ['calendar: weekdays', 'calendar: desk']),
      'tick.yaml': MESH['tick.yaml'] ?? '',
    }
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    await space.applied({ ...zoo, ...desk })
    expect(await space.applied({ ...zoo, ...desk })).toMatchObject({ catalogVersion: null })
    const { plan } = await space.applied(closing('2019-12-10'))
    expect(toPlanLines(plan).slice(0, -1)).toEqual([
      ...[
        '~ calendar bank version 2',
        '    2019-12-09 appears: Monday (was Mourning)',
        '    2019-12-10 vanishes: Mourning',
      ],
      ...['    raw/rd1: loses 2019-12-10; gains 2019-12-09'],
      ...[
        '~ calendar desk version 2',
        '    2019-12-09 appears: Monday (was Mourning)',
        '    2019-12-10 vanishes: Mourning',
      ],
    ])
    const [, applied] = (await readCurrentMesh(space.db)).calendars
    expect([applied?.file?.extends, Object.keys(applied?.definition ?? {})]).toEqual([
      'bank',
      expect.not.arrayContaining(['file']),
    ])
    const { calendars: seen } = await catalogOf('zoo')
    expect(seen.map(({ calendar, closed }) => [calendar, Object.keys(closed)])).toEqual([
      ['desk', ['2019-12-10', '2019-12-16']],
      ['weekdays', []],
    ])
  })

  test('is told in the audit, before and after', async () => {
    await space.applied({ ...MESH, ...closing('2019-12-09') })
    await space.applied({ ...MESH, ...closing('2019-12-10') })
    const row = await space.db.one<{ before: Mesh; after: Mesh }>(
      'select before, after from catalog_version where catalog_version = 2',
    )
    const closedIn = ({ calendars }: Mesh) => calendars.map(({ from, definition }) => [from, definition.closed])
    expect(row && [closedIn(row.before), closedIn(row.after)]).toEqual([
      [['files', { '2019-12-09': 'Mourning' }]],
      [['files', { '2019-12-10': 'Mourning' }]],
    ])
  })
})

describe('a dependency with a rule', () => {
  const RULES: Files = {
    ...FILES,
    'ds2.yaml': `product: d1/ds2
every: business-day
dependsOn:
  - raw/rd1
  - { product: raw/rd1, cycle: previous-business-day, ifNone: previous, optionalAfter: "20:00", onRevision: rerun, acceptPartial: false }
  - { anyOf: [d1/ds1, { product: raw/rd1, cycle: { businessDaysBefore: 3 } }] }
run: { glue: job }
`,
    'month.yaml': `product: d1/month
every: month
onNonBusinessDay: previous
catchUp: latest
dependsOn: [{ product: d1/ds1, cycle: every-of-period }]
run: { glue: job }
`,
  }

  test('is a row with the rule in the words of the file; the same upstream may stand twice', async () => {
    await space.applied(RULES)
    expect(
      await space.db.rows(
        `select upstream, position, match, if_none, optional_after, part, on_revision, accept_partial
         from data_product_dependencies
         where product in ('d1/ds2', 'd1/month') order by product, position`,
      ),
    ).toEqual([
      { ...SAME, upstream: 'raw/rd1', position: 1 },
      {
        ...{ upstream: 'raw/rd1', position: 2, match: 'previous-business-day', if_none: 'previous' },
        ...{ optional_after: '20:00', part: null, on_revision: 'rerun', accept_partial: false },
      },
      { ...SAME, upstream: 'd1/ds1', position: 3, part: '3: at least 1 of' },
      { ...SAME, upstream: 'raw/rd1', position: 4, part: '3: at least 1 of', match: 'businessDaysBefore: 3' },
      { ...SAME, upstream: 'd1/ds1', position: 1, match: 'every-of-period' },
    ])
    expect(await space.db.one(`select * from data_product_schedule where product = 'd1/month'`)).toMatchObject({
      ...{ every: 'month', on_non_business_day: 'previous', catch_up: 'latest' },
    })
  })

  test('is in the object that roles read; the same again changes nothing', async () => {
    await space.applied(RULES)
    const { products } = await catalogOf('d1')
    expect(products.map(({ definition }) => definition)).toEqual(
      meshOf(RULES).products.filter(({ product }) => product.startsWith('d1/')),
    )
    expect(await space.applied(RULES)).toMatchObject({ catalogVersion: null, uploaded: [] })
  })
})

describe('an external', () => {
  const vendor = externalOf('d1/vendor', { onNonBusinessDay: 'skip', every: 'day' })
  const write = async (externals: ExternalDefinition[], options: PlanOptions = {}) => {
    const plan = planApply(await readCurrentMesh(space.db), { ...meshOf(FILES), externals }, options)
    return space.db.transaction((db) => writePlan(db, plan, { actor: 'ann' }))
  }
  const rows = () =>
    space.db.rows<object>(
      `select external, version, domain, description, superseded_at is null as current, catalog_version
       from data_external order by version`,
    )

  test('is a row with its versions, reads back, and goes when it is pruned', async () => {
    await space.applied(FILES)
    await write([vendor])
    expect((await readCurrentMesh(space.db)).externals).toEqual([{ version: 1, definition: vendor }])
    await write([{ ...vendor, description: 'x' }])
    const row = { external: 'd1/vendor', domain: 'd1' }
    expect(await rows()).toEqual([
      { ...row, version: 1, description: 'Vendor closes', current: false, catalog_version: 2 },
      { ...row, version: 2, description: 'x', current: true, catalog_version: 3 },
    ])
    await write([], { prune: true })
    expect((await readCurrentMesh(space.db)).externals).toEqual([])
    await write([vendor])
    expect((await readCurrentMesh(space.db)).externals).toEqual([{ version: 3, definition: vendor }])
  })

  test('is in the object of its domain alone, with its calendar', async () => {
    await space.applied(FILES)
    await write([vendor])
    await space.applied(FILES)
    expect(await catalogOf('d1')).toMatchObject({
      externals: [vendor],
      known: ['d1/ds1', 'd1/ds2', 'raw/rd1', 'd1/vendor'],
    })
    expect(await catalogOf('raw')).toMatchObject({ externals: [], known: ['raw/rd1'] })
  })

  test('is told in the audit', async () => {
    await space.applied(FILES)
    await write([vendor])
    await write([], { prune: true })
    const audit = await space.db.rows<{ before: Mesh; after: Mesh }>(
      'select before, after from catalog_version order by catalog_version',
    )
    expect(audit.slice(1).map(({ before, after }) => [before.externals, after.externals])).toEqual([
      [[], [vendor]],
      [[vendor], []],
    ])
  })

  test('is its own domain’s business, calendars are everybody’s', async () => {
    await space.applied(FILES)
    await write([vendor])
    const seen = async (domain: string) => {
      const role = await ensureDomainRole(space.db, domain as Domain, `password of ${domain}`)
      const db = openPostgres(
        Object.assign(new URL(space.url), { username: role, password: `password of ${domain}` }).href,
      )
      try {
        const calendars = await db.rows<{ name: string }>('select calendar as name from data_calendar')
        const externals = await db.rows<{ name: string }>('select external as name from data_external')
        return [...calendars, ...externals].map(({ name }) => name)
      } finally {
        await db.end()
      }
    }
    expect(await seen('d1')).toEqual(['weekdays', 'd1/vendor'])
    expect(await seen('raw')).toEqual(['weekdays'])
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
