import { expect, test } from 'vitest'
import type { DependencyDefinition, ProductDefinition } from '../model/definition.ts'
import { parseDomainCatalog } from '../model/domain-catalog.schema.ts'
import { calendarOf, definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { toCatalogDocuments } from './domain-catalog.ts'
import type { CalendarVersion } from './mesh.ts'
import { domainText, externalOf, meshOf } from './samples.test-data.ts'
import { definitionHash, isSame, toStableJson } from './stable-json.ts'

const { domains } = meshOf({ a: domainText('d1'), b: domainText('raw'), c: domainText('zoo') })
const calendars = ['weekdays', 'equities', 'bonds', 'unused'].map(
  (name): CalendarVersion => ({ version: 1, from: 'files', definition: calendarOf(name) }),
)
const current = {
  externals: [
    { version: 1, definition: externalOf('d1/vendor', { calendar: 'bonds' }) },
    { version: 1, definition: externalOf('raw/vendor') },
  ],
  calendars,
  domains: domains.map((definition) => ({ version: 1, definition })),
  products: [
    definitionOf('d1/ds1', ['raw/open'], { visibility: 'domain' }),
    definitionOf('d1/ds3', ['d1/ds1']),
    definitionOf('raw/open'),
    definitionOf('raw/secret', [], { visibility: 'domain' }),
  ].map((definition) => versionOf(definition, 3)),
}
const documentOf = (domain: string, superseded: ReturnType<typeof versionOf>[] = []) => {
  const document = toCatalogDocuments(current, superseded).find((document) => document.domain.domain === domain)
  if (!document) throw new Error(`No document of ${domain}.`)
  return document
}
const namesOf = (versions: ReturnType<typeof versionOf>[]) =>
  versions.map(({ definition, version }) => `${definition.product} ${version}`)

test('a domain has its own products, and knows of the others what they show the mesh', () => {
  const { products, known, accounts } = documentOf('d1')
  expect(namesOf(products)).toEqual(['d1/ds1 3', 'd1/ds3 3'])
  expect(known).toEqual(['d1/ds1', 'd1/ds3', 'raw/open', 'd1/vendor'])
  expect(Object.keys(accounts)).toEqual(['d1', 'raw'])
  expect(JSON.stringify(documentOf('d1'))).not.toContain('secret')
  expect(documentOf('raw').known).toEqual(['d1/ds3', 'raw/open', 'raw/secret', 'raw/vendor'])
})

test('earlier versions are kept as far as they route otherwise, each way of routing once', () => {
  const superseded = [
    versionOf(definitionOf('d1/ds3', ['d1/ds1'], { description: 'other words' }), 2),
    versionOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/open']), 2),
    versionOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/open'], { description: 'other words' }), 1),
    versionOf(definitionOf('d1/gone', ['raw/open']), 5),
    versionOf(definitionOf('raw/gone', ['d1/ds3']), 1),
  ]
  expect(namesOf(documentOf('d1', superseded).earlier)).toEqual(['d1/ds3 2', 'd1/gone 5'])
})

const [plain] = definitionOf('d1/x', ['raw/open']).dependsOn
const dependsOn: DependencyDefinition[] =
  plain && 'product' in plain
    ? [
        plain,
        { ...plain, match: { kind: 'business-days-before', n: 1 }, ifNone: 'previous', onRevision: 'rerun' },
        { ...plain, acceptPartial: false },
        { ...plain, match: { kind: 'latest-within', days: 7 }, optionalAfter: { time: '20:00', days: 0, unit: 'day' } },
        {
          atLeast: 1,
          of: [
            { ...plain, match: { kind: 'last-of-period' } },
            {
              atLeast: 2,
              of: [plain, { ...plain, match: { kind: 'self-previous' } }],
              optionalAfter: { unit: 'minute', minutes: 20 },
            },
          ],
        },
      ]
    : []
const documentWith = (change: Partial<ProductDefinition>, domain = 'd1') => {
  const products = [...current.products, versionOf(definitionOf('d1/new', [], change))]
  const document = toCatalogDocuments({ ...current, products }, []).find((one) => one.domain.domain === domain)
  if (!document) throw new Error(`No document of ${domain}.`)
  return document
}

test('schedules and calendars are those of its upstreams, in groups too, and of its externals', () => {
  const seen = documentWith({ calendar: 'equities', dependsOn: [...dependsOn, { product: toProduct('d1/vendor') }] })
  expect(seen.schedules).toEqual({
    'd1/ds1': { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York', firstDate: '2026-10-31' },
    'raw/open': { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York', firstDate: '2026-10-31' },
    'd1/vendor': { every: 'business-day', calendar: 'bonds', timezone: 'America/New_York' },
  })
  expect(seen.calendars.map(({ calendar }) => calendar)).toEqual(['weekdays', 'equities', 'bonds'])
  expect(seen.externals).toEqual([externalOf('d1/vendor', { calendar: 'bonds' })])
  expect(documentWith({}, 'zoo')).toMatchObject({ calendars: [], schedules: {}, externals: [] })
})

test('a schedule of another domain’s private product is not told, nor that of an earlier, public version', () => {
  const raw = versionOf(definitionOf('raw/secret'), 2)
  const waiting = versionOf(definitionOf('d1/ds3', ['raw/secret']), 2)
  const document = documentOf('d1', [waiting, raw])
  expect(namesOf(document.earlier)).toEqual(['d1/ds3 2'])
  expect(Object.keys(document.schedules)).toEqual(['d1/ds1', 'raw/open'])
})

test('an upstream that is removed is told as it last was, as long as an earlier version waits for it', () => {
  const gone = versionOf(definitionOf('raw/gone', [], { calendar: 'bonds' }), 2)
  const older = versionOf(definitionOf('raw/gone', [], { calendar: 'equities' }), 1)
  const document = documentOf('d1', [versionOf(definitionOf('d1/ds3', ['raw/gone']), 2), gone, older])
  expect(document.schedules['raw/gone']).toMatchObject({ calendar: 'bonds' })
})

test.each<[string, Partial<ProductDefinition>]>([
  ['a rule', { dependsOn }],
  ['what becomes of a holiday', { onNonBusinessDay: 'skip' }],
  ['the zone', { timezone: 'UTC' }],
])('an earlier version that differs in %s is kept', (_what, change) => {
  const [ds3] = current.products.filter(({ definition }) => definition.product === 'd1/ds3')
  if (!ds3) throw new Error('There is d1/ds3.')
  const earlier = versionOf({ ...ds3.definition, ...change }, 2)
  expect(namesOf(documentOf('d1', [earlier]).earlier)).toEqual(['d1/ds3 2'])
})

test('every kind of rule, group and time is read back as it was written', () => {
  const catalog = {
    revision: 4,
    ...documentWith({ dependsOn, every: 'hour', onNonBusinessDay: 'skip', catchUp: 'none', settleMs: 60_000 }),
  }
  expect(catalog.products.at(-1)?.definition.dependsOn).toEqual(dependsOn)
  expect(parseDomainCatalog(toStableJson(catalog))).toEqual({ kind: 'valid', catalog })
})

test.each<[string, object]>([
  ['products.2.definition.every', { every: 'fortnight' }],
  ['products.2.definition.dependsOn.0', { dependsOn: [{ product: 'raw/open', match: { kind: 'moon' } }] }],
  ['products.2.definition.notBefore', { notBefore: { unit: 'moon' } }],
  ['products.2.definition.onNonBusinessDay', { onNonBusinessDay: 'moon' }],
  ['products.2.definition.catchUp', { catchUp: 'moon' }],
])('%s of a newer Sluice is refused by its place', (place, change) => {
  const parsed = parseDomainCatalog(
    toStableJson({ revision: 4, ...documentWith(change as Partial<ProductDefinition>) }),
  )
  expect(parsed.kind === 'invalid' && parsed.faults.join('\n')).toContain(place)
})

test('the object of an older Sluice, without calendars, is refused: apply writes it anew', () => {
  const { calendars: _calendars, schedules: _schedules, externals: _externals, ...old } = documentOf('d1')
  const parsed = parseDomainCatalog(toStableJson({ revision: 4, ...old }))
  expect(parsed.kind === 'invalid' && parsed.faults.map((fault) => fault.split(':')[0])).toEqual([
    'calendars',
    'schedules',
    'externals',
  ])
})

test('the document is read back as it was written', () => {
  const catalog = { revision: 4, ...documentOf('d1', [versionOf(definitionOf('d1/gone', ['raw/open']), 5)]) }
  expect(parseDomainCatalog(toStableJson(catalog))).toEqual({ kind: 'valid', catalog })
})

test.each(['', '{', 'null', '{"revision":1}'])('%j is no catalog, and the faults say where', (text) => {
  const parsed = parseDomainCatalog(text)
  expect(parsed.kind).toBe('invalid')
  if (parsed.kind === 'invalid') expect(parsed.faults.length).toBeGreaterThan(0)
})

test('one text and one hash for one value, whatever the order of keys', () => {
  const definition = definitionOf('d1/ds3', ['d1/ds1'])
  const turned = Object.fromEntries(Object.entries(definition).reverse()) as typeof definition
  expect(toStableJson(turned)).toBe(toStableJson(definition))
  expect(isSame(turned, definition)).toBe(true)
  expect(definitionHash(turned)).toBe(definitionHash(definition))
  expect(definitionHash({ ...definition, every: 'day' })).not.toBe(definitionHash(definition))
  expect(isSame([1, 2], [2, 1])).toBe(false)
})
