import { describe, expect, test } from 'vitest'
import type { ExternalDefinition, ExternalMapping, ProductDefinition } from '../model/definition.ts'
import { definitionOf, versionOf } from '../model/samples.test-data.ts'
import { type CurrentMesh, type Mesh, NOTHING_APPLIED } from './mesh.ts'
import { hasChanges, type Plan, planApply } from './plan.ts'
import { durationWords, fieldsOfDomain, fieldsOfExternal, fieldsOfProduct, toPlanLines } from './plan-words.ts'
import { domainText, externalOf, type Files, meshOf, productText } from './samples.test-data.ts'
import { toStableJson } from './stable-json.ts'

const FILES: Files = {
  'domain.yaml': domainText(),
  'a.yaml': productText('d1/a'),
  'b.yaml': productText('d1/b', 'dependsOn: [d1/a]\n'),
}
/** Of its calendars only the names matter here; plan-calendars.test.ts is about them. */
const meshWith = (files: Files): Mesh => ({ ...meshOf(files), calendars: [] })
const mesh = meshWith(FILES)

/** What is applied once the mesh is: everything at version 1, or as said. */
const appliedOf = (
  { domains, products, externals, calendars }: Mesh,
  lastVersions: Record<string, number> = {},
): CurrentMesh => {
  const names = [
    ...[...products, ...externals].map(({ product }) => product),
    ...calendars.map(({ definition }) => definition.calendar),
  ]
  const versions: Record<string, number> = { ...Object.fromEntries(names.map((name) => [name, 1])), ...lastVersions }
  return {
    domains: domains.map((definition) => ({ version: 1, definition })),
    products: products.map((definition) => versionOf(definition, versions[definition.product])),
    externals: externals.map((definition) => ({ version: versions[definition.product] ?? 1, definition })),
    calendars: calendars.map((one) => ({ version: versions[one.definition.calendar] ?? 1, ...one })),
    lastVersions: versions,
  }
}
const kindsOf = ({ domains, products }: Plan) => [
  ...domains.map(({ kind, definition, version }) => `${kind} ${definition.domain} ${version}`),
  ...products.map(({ kind, definition, version }) => `${kind} ${definition.product} ${version}`),
]

describe('what apply would do', () => {
  test('on nothing everything is created, as version 1', () => {
    const plan = planApply(NOTHING_APPLIED, mesh)
    expect(kindsOf(plan)).toEqual(['created d1 1', 'created d1/a 1', 'created d1/b 1'])
    expect(toPlanLines(plan)).toEqual(['+ domain d1 version 1: new', '+ d1/a version 1: new', '+ d1/b version 1: new'])
  })

  test('the same again is nothing, and says so in a number', () => {
    const plan = planApply(appliedOf(mesh), meshWith(FILES))
    expect(hasChanges(plan)).toBe(false)
    expect(toPlanLines(plan)).toEqual(['  3 unchanged'])
  })

  test('another order of keys, or a default written out, is no change', () => {
    const same = {
      ...FILES,
      'a.yaml': 'product: d1/a\nrun: { attempts: 1, glue: job }\nvisibility: domain\nevery: day\n',
    }
    expect(hasChanges(planApply(appliedOf(mesh), meshWith(same)))).toBe(false)
  })

  test('a change is the next version of that product alone, field by field', () => {
    const changed = { ...FILES, 'a.yaml': `${productText('d1/a')}notBefore: "17:00"\ndescription: closes\n` }
    const plan = planApply(appliedOf(mesh, { 'd1/a': 4 }), meshWith(changed))
    expect(toPlanLines(plan)).toEqual([
      '~ d1/a version 5',
      '    description: "" -> "closes"',
      '    notBefore: none -> 17:00',
      '  2 unchanged',
    ])
    expect(plan.products[0]).toMatchObject({
      kind: 'changed',
      before: mesh.products[0],
      firstAppliedAt: '2026-11-01T00:00:00Z',
    })
  })

  test.each([
    ['month', null],
    ['business-day', '2026-11-01T00:00:00Z'],
  ])('cycles of another kind begin when they are applied: every day becomes every %s', (every, firstAppliedAt) => {
    const changed = { ...FILES, 'a.yaml': productText('d1/a', '', every) }
    const others = Object.fromEntries(Object.entries(changed).filter(([name]) => name !== 'b.yaml'))
    expect(planApply(appliedOf(mesh), meshWith(others)).products[0]).toMatchObject({ kind: 'changed', firstAppliedAt })
  })

  test('a default of the domain that changes makes a version of each product that takes it', () => {
    const zone: [string, string] = ['America/New_York', 'Europe/London']
    const own = `${productText('d1/b', 'dependsOn: [d1/a]\n')}timezone: America/New_York\n`
    const plan = planApply(
      appliedOf(mesh),
      meshWith({ ...FILES, 'domain.yaml': domainText('d1', zone), 'b.yaml': own }),
    )
    expect(toPlanLines(plan)).toEqual([
      '~ domain d1 version 2',
      '    timezone: America/New_York -> Europe/London',
      '~ d1/a version 2',
      '    timezone: America/New_York -> Europe/London',
      '  1 unchanged',
    ])
  })

  test('a product without a file stays, and goes only when that is asked for', () => {
    const { 'b.yaml': _, ...rest } = FILES
    const kept = planApply(appliedOf(mesh, { 'd1/b': 3 }), meshWith(rest))
    expect(hasChanges(kept)).toBe(false)
    expect(toPlanLines(kept)).toEqual([
      '! d1/b: in no file any more, stays as it is; to remove it apply with --prune',
      '  2 unchanged',
    ])
    const pruned = planApply(appliedOf(mesh, { 'd1/b': 3 }), meshWith(rest), { prune: true })
    expect(hasChanges(pruned)).toBe(true)
    expect(toPlanLines(pruned)).toEqual(['- d1/b: removed after version 3, opens no more cycles', '  2 unchanged'])
  })

  test('a product that comes back goes on counting, and begins anew', () => {
    const { products, ...rest } = appliedOf(mesh, { 'd1/b': 3 })
    const withoutB = { ...rest, products: products.filter(({ definition }) => definition.product !== 'd1/b') }
    expect(planApply(withoutB, mesh).products[1]).toMatchObject({ kind: 'created', version: 4, firstAppliedAt: null })
  })

  test('what is applied of other domains is not touched', () => {
    const current = appliedOf({ ...mesh, products: [...mesh.products, definitionOf('other/x')] })
    expect(kindsOf(planApply(current, mesh, { prune: true }))).toEqual([
      'unchanged d1 1',
      'unchanged d1/a 1',
      'unchanged d1/b 1',
    ])
  })
})

describe('an external', () => {
  const withExternal: Mesh = { ...mesh, externals: [externalOf('d1/vendor')] }

  test('is created, changed as the next version, and goes only when that is asked for', () => {
    expect(toPlanLines(planApply(appliedOf(mesh), withExternal))).toEqual([
      '+ external d1/vendor version 1: new',
      '  3 unchanged',
    ])
    const current = appliedOf(withExternal, { 'd1/vendor': 2 })
    expect(hasChanges(planApply(current, withExternal))).toBe(false)
    const changed = { ...mesh, externals: [externalOf('d1/vendor', { timezone: 'UTC' })] }
    expect(toPlanLines(planApply(current, changed))).toEqual([
      '~ external d1/vendor version 3',
      '    timezone: America/New_York -> UTC',
      '  3 unchanged',
    ])
    expect(toPlanLines(planApply(current, mesh))).toEqual([
      '! external d1/vendor: in no file any more, stays as it is; to remove it apply with --prune',
      '  3 unchanged',
    ])
    const pruned = planApply(current, mesh, { prune: true })
    expect(hasChanges(pruned)).toBe(true)
    expect(toPlanLines(pruned)).toContain(
      '- external d1/vendor: removed after version 2, its events are not heard any more',
    )
  })

  test('of another domain is not touched', () => {
    const current = appliedOf({ ...mesh, externals: [externalOf('other/vendor')] })
    expect(planApply(current, mesh, { prune: true }).externals).toEqual([])
  })
})

test('what an older Sluice applied, without the keys it did not know, is unchanged', () => {
  const old = JSON.parse(JSON.stringify(appliedOf(mesh))) as CurrentMesh
  expect(Object.keys(old.products[0]?.definition ?? {})).not.toContain('onNonBusinessDay')
  expect(hasChanges(planApply(old, mesh))).toBe(false)
})

describe('the words of a change', () => {
  const before = definitionOf('d1/ds3', ['d1/ds1'])
  const { run } = before
  const at = { time: '02:00', days: 1, unit: 'day' } as const
  const mapping: ExternalMapping = {
    ...{ source: 'vendor.feed', detailType: 'File Ready', where: { 'detail.feed': 'closes' }, cycle: '{detail.date}' },
  }
  const external = externalOf('d1/vendor', { mappings: [mapping] })
  /** One change of every field there is; the type makes a new field fail here. */
  const PRODUCT: { [Key in Exclude<keyof ProductDefinition, 'product' | 'run'>]: [ProductDefinition[Key], string] } = {
    description: ['x', 'description: "Drawdown of the index on heavy-volume days" -> "x"'],
    owner: [
      { team: 'risk', email: 'risk@example.com' },
      'owner: wealth-data <wealth-data@example.com> -> risk <risk@example.com>',
    ],
    visibility: ['domain', 'visibility: mesh -> domain'],
    calendar: ['us-banking', 'calendar: weekdays -> us-banking'],
    timezone: ['UTC', 'timezone: America/New_York -> UTC'],
    every: ['day', 'every: business-day -> day'],
    onNonBusinessDay: ['previous', 'onNonBusinessDay: none -> previous'],
    catchUp: ['latest', 'catchUp: not said -> latest'],
    notBefore: [{ time: '17:00', days: 0, unit: 'day' }, 'notBefore: none -> 17:00'],
    availableBy: [{ time: '06:00', days: 1, unit: 'business-day' }, 'availableBy: none -> 06:00 +1bd'],
    cutoff: [{ at, then: 'error' }, 'cutoff: none -> 02:00 +1d, then error'],
    dependsOn: [[], 'dependsOn: d1/ds1 -> none'],
    settleMs: [600_000, 'settle: none -> 10m'],
    publish: [null, 'publish: s3://example-d1-products/ds3/ -> false'],
  }
  const RUN: { [Key in keyof ProductDefinition['run']]-?: [ProductDefinition['run'][Key], string] } = {
    glue: ['other', 'run.glue: d1-ds3 -> other'],
    arguments: [{ '--b': '1', '--a': '2' }, 'run.arguments: none -> {"--a":"2","--b":"1"}'],
    timeoutMinutes: [90, 'run.timeout: 1h -> 90m'],
    attempts: [3, 'run.attempts: 1 -> 3'],
    retryAfterMs: [90_000, 'run.retryAfter: 5m -> 90s'],
    retry: [
      { infrastructure: { attempts: 5, afterMs: 60_000, atMostMs: 1_800_000 }, timeout: { attempts: 1 } },
      'run.retry: none -> infrastructure: { attempts: 5, after: 1m, atMost: 30m }, timeout: { attempts: 1 }',
    ],
  }
  const EXTERNAL: { [Key in Exclude<keyof ExternalDefinition, 'product'>]: [ExternalDefinition[Key], string] } = {
    description: ['x', 'description: "Vendor closes" -> "x"'],
    calendar: ['us-banking', 'calendar: weekdays -> us-banking'],
    timezone: ['UTC', 'timezone: America/New_York -> UTC'],
    every: ['day', 'every: business-day -> day'],
    onNonBusinessDay: ['skip', 'onNonBusinessDay: none -> skip'],
    mappings: [
      [{ ...mapping, revision: 'detail.version' }],
      `from: ${toStableJson(mapping)} -> {"cycle":"{detail.date}","detailType":"File Ready","revision":"detail.version","source":"vendor.feed","where":{"detail.feed":"closes"}}`,
    ],
  }
  const wordsOf = (after: ProductDefinition): string[] =>
    fieldsOfProduct(before, after).map(({ field, from, to }) => `${field}: ${from} -> ${to}`)

  test.each(Object.entries(PRODUCT))('%s', (field, [value, words]) => {
    expect(wordsOf({ ...before, [field]: value })).toEqual([words])
  })
  test.each(Object.entries(RUN))('run.%s', (field, [value, words]) => {
    expect(wordsOf({ ...before, run: { ...run, [field]: value } })).toEqual([words])
  })

  test.each(Object.entries(EXTERNAL))('external %s', (field, [value, words]) => {
    const [change, ...others] = fieldsOfExternal(external, { ...external, [field]: value })
    expect(`${change?.field}: ${change?.from} -> ${change?.to}`).toBe(words)
    expect(others).toEqual([])
  })

  test('of a dependency: its rule, its group, until when it is waited for', () => {
    const [upstream] = definitionOf('d1/x', ['raw/a']).dependsOn
    if (!upstream || 'of' in upstream) throw new Error('One upstream.')
    const { product } = upstream
    const dependsOn: ProductDefinition['dependsOn'] = [
      { product, match: { kind: 'business-days-before', n: 3 }, ifNone: 'previous' },
      { atLeast: 1, of: [upstream, { product, match: { kind: 'latest-within', days: 7 } }] },
      { product, optionalAfter: { unit: 'minute', minutes: 20 } },
    ]
    expect(wordsOf({ ...before, dependsOn })).toEqual([
      'dependsOn: d1/ds1 -> { product: raw/a, cycle: { businessDaysBefore: 3 }, ifNone: previous }, ' +
        '{ anyOf: [raw/a, { product: raw/a, latestWithin: 7d }] }, { product: raw/a, optionalAfter: "+20m" }',
    ])
  })

  test('of an hour: minutes after its beginning', () => {
    expect(wordsOf({ ...before, notBefore: { unit: 'minute', minutes: 120 } })).toEqual(['notBefore: none -> +2h'])
  })

  test('of a domain', () => {
    const [domain] = mesh.domains
    if (!domain) throw new Error('The mesh has no domain.')
    const changed = {
      ...domain,
      account: '333333333333',
      owner: { team: 'risk', email: 'risk@example.com' },
      calendar: 'us-banking',
      timezone: 'UTC',
      location: null,
    }
    expect(fieldsOfDomain(domain, changed).map(({ field, to }) => [field, to])).toEqual([
      ['account', '333333333333'],
      ['owner', 'risk <risk@example.com>'],
      ['calendar', 'us-banking'],
      ['timezone', 'UTC'],
      ['location', 'none'],
    ])
    expect(Object.keys(changed).sort()).toEqual(
      ['domain', ...fieldsOfDomain(domain, changed).map(({ field }) => field)].sort(),
    )
  })

  test('nothing that is the same is said', () => {
    expect(wordsOf(structuredClone(before))).toEqual([])
  })

  test.each([
    [1_000, '1s'],
    [90_000, '90s'],
    [300_000, '5m'],
    [5_400_000, '90m'],
    [7_200_000, '2h'],
    [86_400_000, '1d'],
    [90_000_000, '25h'],
  ])('%i ms is %s, as a file would write it', (ms, words) => {
    expect(durationWords(ms)).toBe(words)
  })
})
