// The same seed gives the same order; an order loses and invents nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createChance, shuffled } from './seeded.ts'

test('one seed, one order; another seed, another', () => {
  const items = Array.from({ length: 50 }, (_, at) => at)
  expect(shuffled(items, createChance(7))).toEqual(shuffled(items, createChance(7)))
  expect(shuffled(items, createChance(7))).not.toEqual(shuffled(items, createChance(8)))
})

test('an order holds each item once, and draws stay in [0, 1)', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.integer(), (items, seed) => {
      const inOrder = (list: number[]) => list.toSorted((a, b) => a - b)
      expect(inOrder(shuffled(items, createChance(seed)))).toEqual(inOrder(items))
      const draw = createChance(seed)()
      expect(draw >= 0 && draw < 1).toBe(true)
    }),
  )
})
