import { expect, test } from 'vitest'
import { parseDomainCatalog } from '../model/domain-catalog.schema.ts'
import { definitionOf, versionOf } from '../model/samples.test-data.ts'
import { toCatalogDocuments } from './domain-catalog.ts'
import { definitionHash, isSame, toStableJson } from './stable-json.ts'
import { domainText, meshOf } from './samples.test-data.ts'

const { domains } = meshOf({ a: domainText('d1'), b: domainText('raw'), c: domainText('zoo') })
const current = {
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
  expect(known).toEqual(['d1/ds1', 'd1/ds3', 'raw/open'])
  expect(Object.keys(accounts)).toEqual(['d1', 'raw'])
  expect(JSON.stringify(documentOf('d1'))).not.toContain('secret')
  expect(documentOf('raw').known).toEqual(['d1/ds3', 'raw/open', 'raw/secret'])
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
