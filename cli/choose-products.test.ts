import { expect, test } from 'vitest'
import type { KnownProduct } from '../mirror/products.ts'
import { domainOf } from '../model/ids.ts'
import { toProduct } from '../model/samples.test-data.ts'
import { chooseProducts, type ProductChoice } from './choose-products.ts'

const known = (name: string, team: string): KnownProduct => {
  const product = toProduct(name)
  return { product, domain: domainOf(product), version: 1, owner: { team, email: `${team}@example.com` } }
}
const KNOWN = [
  known('d1/ds1', 'wealth'),
  known('d1/ds2', 'risk'),
  known('raw/rd1', 'wealth'),
  known('raw/ds-x', 'risk'),
]
const namesOf = (choice: ProductChoice) => chooseProducts(KNOWN, choice)?.map(({ product }) => product)

test.each<[ProductChoice, string[] | undefined]>([
  [{}, undefined],
  [{ domain: 'd1' }, undefined],
  [{ owner: 'Wealth' }, ['d1/ds1', 'raw/rd1']],
  [{ owner: 'risk@example.com', domain: 'd1' }, ['d1/ds2']],
  [{ product: 'd1/*' }, ['d1/ds1', 'd1/ds2']],
  [{ product: 'ds*' }, ['d1/ds1', 'd1/ds2', 'raw/ds-x']],
  [{ product: '*/?d1' }, ['raw/rd1']],
  [{ product: 'd1/ds1' }, ['d1/ds1']],
])('%o chooses %o', (choice, names) => {
  expect(namesOf(choice)).toEqual(names)
})

test.each<[ProductChoice, RegExp]>([
  [{ domain: 'd2' }, /^No domain "d2" has a product; did you mean "d1"\?$/],
  [{ domain: 'treasury' }, /^No domain "treasury" has a product; known: d1, raw\.$/],
  [{ owner: 'welth' }, /owns no product here, .*; did you mean "wealth"\?$/],
  [{ product: 'd1/ds11' }, /^No product is like "d1\/ds11"; did you mean "d1\/ds1"\?$/],
  [{ product: 'd1/d.1' }, /^No product is like "d1\/d\.1"; did you mean "d1\/ds1"\?$/],
  [{ product: 'raw/*', domain: 'd1' }, /^No product is like "raw\/\*"; known: d1\/ds1, d1\/ds2\.$/],
])('%o is refused with what there is instead', (choice, sentence) => {
  expect(() => chooseProducts(KNOWN, choice)).toThrow(sentence)
})

test('where nothing was applied yet a domain is taken as it is, and a product is refused with the next step', () => {
  expect(chooseProducts([], { domain: 'd1' })).toBeUndefined()
  expect(() => chooseProducts([], { product: 'd1/ds1' })).toThrow('none is known yet: sluice apply <folder>')
})
