import { expect, test } from 'vitest'
import { EVERY_WORDS, whyNoEvery } from './cadence.ts'

test.each([
  ['nth-business-day(24)', '; nth-business-day(n) counts from 1 to 23'],
  ['nth-business-day(0)', '; nth-business-day(n) counts from 1 to 23'],
  ['nth-business-day', '; nth-business-day(n) counts from 1 to 23'],
  ['businessday', '; did you mean "business-day"?'],
  ['often', `; known: ${EVERY_WORDS.join(', ')}`],
])('"%s" says not how often, and what would is said', (text, advice) => {
  expect(whyNoEvery(text)).toBe(`"${text}" says not how often${advice}`)
})

test('words that are read have no fault', () => {
  expect(EVERY_WORDS.flatMap((word) => whyNoEvery(word) ?? [])).toEqual([])
})
