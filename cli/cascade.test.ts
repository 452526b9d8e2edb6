import { expect, test } from 'vitest'
import { definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { reachOf } from './cascade.ts'

/** d1/a <- d1/b <- d1/c, and d1/a <- d1/d; d1/x uses none of them. */
const catalog = {
  products: [
    versionOf(definitionOf('d1/a', ['raw/rd1'])),
    versionOf(definitionOf('d1/b', ['d1/a'])),
    versionOf(definitionOf('d1/c', ['d1/b'])),
    versionOf(definitionOf('d1/d', ['d1/a'])),
    versionOf(definitionOf('d1/x', ['raw/rd1'])),
  ],
}
const of = (...names: string[]) => reachOf(catalog, toProduct('d1/a'), names.map(toProduct))

test('all are the consumers of the domain, and theirs', () => {
  expect(reachOf(catalog, toProduct('d1/a'), 'all')).toEqual({ reached: ['d1/b', 'd1/d', 'd1/c'] })
  expect(reachOf(catalog, toProduct('d1/c'), 'all')).toEqual({ reached: [] })
})

test('names reach whom they name, one through the other', () => {
  expect(of('d1/b')).toEqual({ reached: ['d1/b'] })
  expect(of('d1/c', 'd1/b')).toEqual({ reached: ['d1/b', 'd1/c'] })
})

test.each([
  ['d1/bb', /No definition of d1\/bb is applied.*did you mean/],
  ['d1/c', /d1\/c does not use d1\/a itself: name what stands between them too/],
  ['d1/x', /d1\/x does not use d1\/a. Who does: d1\/b, d1\/d, d1\/c/],
  ['d2/z', /d2\/z is of another domain, where a cascade is only a request/],
])('%s makes no sense', (name, why) => {
  expect(of(name)).toEqual({ refused: expect.stringMatching(why) })
})
