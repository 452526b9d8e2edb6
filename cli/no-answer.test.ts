import { expect, test } from 'vitest'
import { noAnswerWords, toNoWord } from './no-answer.ts'

const AWAY = new Error('deadline exceeded')

test('a cycle that was asked for something may still take it', () => {
  expect(noAnswerWords(AWAY)).toMatch(/^It gave no answer: deadline exceeded\. It may still take it; .* sluice doctor$/)
})

test('one that was only asked how it stands, as by a dry run, takes nothing', () => {
  const { message } = toNoWord('d1/ds3/2026-11-20', AWAY)
  expect(message).toMatch(
    /^d1\/ds3\/2026-11-20 gave no answer when asked how it stands: deadline exceeded\. Nothing was asked of it\./,
  )
  expect(message).not.toContain('take it')
})
