import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arrivalOf, KEY, toProduct } from '../samples.test-data.ts'
import { mixedIn, mixedWords, toCompared } from './mixed.ts'

const from = (product: string, revision: number) => ({ product: toProduct(product), cycle: KEY, revision })

describe('inputs built from different revisions', () => {
  test('are told with the refresh that they have in common, and in which input which revision is', () => {
    const left = arrivalOf('d1/left', { builtFrom: [from('raw/a', 2), from('raw/b', 1)] })
    const right = arrivalOf('d1/right', { builtFrom: [from('raw/a', 1), from('raw/b', 1)] })
    const found = mixedIn([left, right])
    expect(found.map(mixedWords)).toEqual([`raw/a/${KEY}: revision 1 in d1/right, 2 in d1/left`])
  })

  test('may be the input itself and what another was built from', () => {
    const own = arrivalOf('raw/a', { revision: 2 })
    const found = mixedIn([own, arrivalOf('d1/left', { builtFrom: [from('raw/a', 1)] })])
    expect(found.map(mixedWords)).toEqual([`raw/a/${KEY}: revision 1 in d1/left, 2 itself`])
  })

  test('are none where nothing is said, or another cycle of the same product is meant', () => {
    expect(mixedIn([arrivalOf('raw/a'), arrivalOf('raw/b')])).toEqual([])
    const before = { ...from('raw/a', 1), cycle: '2026-11-19' as typeof KEY }
    expect(
      mixedIn([arrivalOf('d1/l', { builtFrom: [from('raw/a', 2)] }), arrivalOf('d1/r', { builtFrom: [before] })]),
    ).toEqual([])
  })

  test('do not depend on the order of the inputs', () => {
    const anInput = fc
      .record({
        name: fc.constantFrom('l', 'm', 'r'),
        a: fc.integer({ min: 1, max: 2 }),
        b: fc.integer({ min: 1, max: 2 }),
      })
      .map(({ name, a, b }) => arrivalOf(`d1/${name}`, { builtFrom: [from('raw/a', a), from('raw/b', b)] }))
    fc.assert(
      fc.property(fc.uniqueArray(anInput, { selector: ({ product }) => product }), (inputs) => {
        const names = (list: typeof inputs) =>
          mixedIn(list)
            .map(({ product }) => product)
            .sort()
        expect(names(inputs.toReversed())).toEqual(names(inputs))
      }),
    )
  })
})

test('what is too much to be compared is left out of what the cycle keeps', () => {
  const many = Array.from({ length: 21 }, (_, at) => from(`raw/r${at}`, 1))
  expect(toCompared(arrivalOf('d1/a', { builtFrom: many }), 2)).toEqual(arrivalOf('d1/a'))
  expect(toCompared(arrivalOf('d1/a', { builtFrom: many.slice(1) }), 20).builtFrom).toHaveLength(20)
  expect(toCompared(arrivalOf('d1/a', { builtFrom: many.slice(1) }), 21).builtFrom).toBeUndefined()
})
