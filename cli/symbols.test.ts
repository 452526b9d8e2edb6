import { expect, test } from 'vitest'
import { ASCII, symbolsFor, UNICODE } from './symbols.ts'

test.each([
  ['en_US.UTF-8', {}, UNICODE],
  ['C.utf8', {}, UNICODE],
  ['C', {}, ASCII],
  [undefined, {}, ASCII],
  ['en_US.UTF-8', { LC_ALL: 'C' }, ASCII],
  ['C', { LC_CTYPE: 'UTF-8' }, UNICODE],
  ['en_US.UTF-8', { LC_ALL: '' }, UNICODE],
])('with LANG %s and %o the signs are what the terminal can show', (LANG, more, signs) => {
  expect(symbolsFor({ LANG, ...more }, 'linux')).toBe(signs)
})

test('Windows says nothing of its locale, and shows Unicode', () => {
  expect(symbolsFor({}, 'win32')).toBe(UNICODE)
})
