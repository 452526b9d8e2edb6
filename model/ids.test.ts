import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CycleKey,
  domainOf,
  nameOf,
  type ProductId,
  parseCycleId,
  parseCycleKey,
  parseEventId,
  parseProductId,
  toCycleId,
  toEventId,
} from './ids.ts'

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
const key = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10) as CycleKey)
const product = fc.tuple(name, name).map(([domain, product]) => `${domain}/${product}` as ProductId)

test('a cycle id is read back as it was built', () => {
  fc.assert(
    fc.property(product, key, (product, key) => {
      expect(parseCycleId(toCycleId(product, key))).toEqual({ product, key })
      expect(`${domainOf(product)}/${nameOf(product)}`).toBe(product)
    }),
  )
})

test('an event id is read back as it was built', () => {
  fc.assert(
    fc.property(product, key, fc.integer({ min: 1, max: 999_999 }), (product, key, revision) => {
      const cycle = toCycleId(product, key)
      expect(parseEventId(toEventId(cycle, revision))).toEqual({ cycle, revision })
    }),
  )
})

test.each(['d1', 'd1/', '/ds1', 'd1/ds1/x', 'D1/ds1', 'd1/ds 1', 'd1/-ds', 'd1/ds1\u0000'])(
  '%j is no product',
  (text) => {
    expect(parseProductId(text)).toBeUndefined()
  },
)

test.each([
  '2026-02-29',
  '2026-13-01',
  '2026-00-10',
  '2026-04-31',
  '26-04-01',
  '2026-4-1',
  '1899-12-31',
  '2200-01-01',
  '',
])('%j is no cycle key', (text) => {
  expect(parseCycleKey(text)).toBeUndefined()
})

test('a leap day is a cycle key', () => {
  expect(parseCycleKey('2024-02-29')).toBe('2024-02-29')
})
