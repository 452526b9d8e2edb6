import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countSlips, didYouMean, nearest } from './nearest.ts'

test.each([
  ['evry', 'every'],
  ['everyy', 'every'],
  ['eveyr', 'every'],
  ['EVERY', 'every'],
  ['dependson', 'dependsOn'],
  ['availableby', 'availableBy'],
  ['businessday', 'business-day'],
])('%s: %s', (typed, meant) => {
  expect(nearest(typed, ['every', 'dependsOn', 'availableBy', 'business-day'])).toBe(meant)
})

test.each(['zzz', 'x', '', 'every'])('%j is near to nothing that would not mislead', (typed) => {
  expect(nearest(typed, ['every', 'dependsOn'])).toBeUndefined()
})

test('of two that are as near the first is taken, and the nearer one before the first', () => {
  expect(nearest('abcx', ['abcd', 'abce'])).toBe('abcd')
  expect(nearest('abcdex', ['abc', 'abcdef', 'abcde'])).toBe('abcdef')
  expect(nearest('abcdef', ['abcxyz', 'abcdeg'])).toBe('abcdeg')
})

test('as the end of a sentence', () => {
  expect(didYouMean('evry', ['every'])).toBe('; did you mean "every"?')
  expect(didYouMean('zzz', ['every'])).toBe('')
})

test('slips: a letter added, left out, changed, or two neighbours swapped', () => {
  const slips = [
    ['abc', 'abcd'],
    ['abc', 'ab'],
    ['abc', 'abx'],
    ['abc', 'acb'],
    ['abc', 'abc'],
    ['', 'abc'],
  ] as const
  expect(slips.map(([a, b]) => countSlips(a, b))).toEqual([1, 1, 1, 1, 0, 3])
})

test('law: slips count the same both ways, are none only between equals, and never exceed the longer word', () => {
  const aWord = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), maxLength: 10 })
  fc.assert(
    fc.property(aWord, aWord, (a, b) => {
      const slips = countSlips(a, b)
      expect(countSlips(b, a)).toBe(slips)
      expect(slips === 0).toBe(a === b)
      expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(slips).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
    }),
  )
})
