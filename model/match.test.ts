import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concernedKeys, expectedCycles } from './match.ts'
import { aKey, aProduct, definitionOf, KEY, toKey, toProduct } from './samples.test-data.ts'

test('a cycle expects the cycle of its own key of each upstream, in the order of the definition', () => {
  expect(expectedCycles(definitionOf('d1/ds3', ['raw/rd2', 'd1/ds1']), KEY)).toEqual([
    { product: 'raw/rd2', key: KEY },
    { product: 'd1/ds1', key: KEY },
  ])
})

test('a cycle of a product without upstreams expects nothing', () => {
  expect(expectedCycles(definitionOf('raw/rd1'), KEY)).toEqual([])
})

test('an upstream cycle concerns nobody who does not depend on its product', () => {
  const definition = definitionOf('d1/ds3', ['d1/ds1'])
  expect(concernedKeys(definition, toProduct('d1/ds2'), KEY)).toEqual([])
  expect(concernedKeys(definition, toProduct('d1/ds3'), KEY)).toEqual([])
})

test('an upstream that is named twice concerns a cycle once', () => {
  const twice = definitionOf('d1/ds3', ['d1/ds1', 'd1/ds1'])
  expect(concernedKeys(twice, toProduct('d1/ds1'), toKey('2026-11-19'))).toEqual(['2026-11-19'])
})

test('law: the two directions are inverse, whatever the upstreams and the key', () => {
  fc.assert(
    fc.property(aProduct, fc.uniqueArray(aProduct, { maxLength: 6 }), aKey, (product, upstreams, key) => {
      const definition = definitionOf(product, upstreams)
      for (const expected of expectedCycles(definition, key)) {
        expect(concernedKeys(definition, expected.product, expected.key)).toContain(key)
      }
      for (const upstream of upstreams) {
        const concerned = concernedKeys(definition, upstream, key)
        expect(concerned.length).toBeGreaterThan(0)
        for (const own of concerned) {
          expect(expectedCycles(definition, own)).toContainEqual({ product: upstream, key })
        }
      }
    }),
  )
})
