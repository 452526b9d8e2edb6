import { expect, test } from 'vitest'
import { withFullStop } from './full-stop.ts'

test.each([
  ['It is held', 'It is held.'],
  ['It is held.', 'It is held.'],
  ['Did you mean "x"? ', 'Did you mean "x"?'],
  ['end it: sluice cancel d1/ds3/2026-11-20 --reason "…"', 'end it: sluice cancel d1/ds3/2026-11-20 --reason "…".'],
])('"%s" ends as "%s"', (text, sentence) => {
  expect(withFullStop(text)).toBe(sentence)
})
