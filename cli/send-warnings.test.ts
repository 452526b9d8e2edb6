import { expect, test } from 'vitest'
import { externalOf } from '../catalog/samples.test-data.ts'
import { catalogOf, definitionOf, KEY, toProduct, versionOf } from '../model/samples.test-data.ts'
import { sendWarnings } from './send-warnings.ts'

const silent = versionOf(definitionOf('d1/silent', [], { publish: null }))
const applied = {
  ...catalogOf([versionOf(definitionOf('d1/ds3', ['d1/vendor'])), silent]),
  externals: [externalOf('d1/vendor')],
}
const said = (product: string, isAwaited: boolean | null, { revision = 1, publishedRevision = 0 } = {}): string[] => {
  const event = { product: toProduct(product), key: KEY, revision }
  return sendWarnings(applied, event, isAwaited === null ? null : { isAwaited, publishedRevision })
}

test.each<[string, string, boolean | null]>([
  ['an external that is waited for', 'd1/vendor', true],
  ['a product of the outside that is waited for', 'd1/elsewhere', true],
  ['one that never publishes', 'd1/silent', true],
  ['one of which nobody could be asked', 'd1/elsewhere', null],
])('of %s nothing is said', (_, product, isAwaited) => {
  expect(said(product, isAwaited)).toEqual([])
})

test('a product with a definition will publish the same id', () => {
  const twice =
    'd1/ds3 has a definition, so its own cycle may publish d1/ds3/2026-11-20/r2 too: that id then stands for two ' +
    'publications, and whoever took this one takes the other for a duplicate.'
  expect(said('d1/ds3', true, { revision: 2, publishedRevision: 1 })).toEqual([twice])
  expect(said('d1/ds3', null, { revision: 2 })).toEqual([twice])
})

test('one that it has published is a duplicate', () => {
  expect(said('d1/ds3', true, { revision: 2, publishedRevision: 2 })).toEqual([
    'd1/ds3 has published d1/ds3/2026-11-20/r2 itself: whoever took that takes this one for a duplicate.',
  ])
})

test('one that nobody waits for can only be unmatched', () => {
  expect(said('d1/vendor', false)).toEqual([
    'Nobody waits for d1/vendor/2026-11-20, as far as d1 may see: no definition applied names it, so it can only be unmatched.',
  ])
})
