import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { toFrame } from './watch-screen.ts'

const [CLEAR, HOME] = ['\u001b[2J', '\u001b[H']

test('only the first frame clears the screen: the others are painted over it, each line to its end', () => {
  const [first, next] = [true, false].map((isFirst) => toFrame('a\nb', 'looked', { rows: 24, isFirst }))
  expect(first?.startsWith(CLEAR + HOME)).toBe(true)
  expect(next).not.toContain(CLEAR)
  expect(next?.startsWith(HOME)).toBe(true)
  expect(next?.match(/\u001b\[K/g)).toHaveLength(3)
  expect(next?.includes('\u001b[J')).toBe(true)
})

test('a line that is too long is cut by the terminal, and wrapping is back afterwards', () => {
  const frame = toFrame('a', 'looked', { rows: 24, isFirst: false })
  expect(frame.indexOf('\u001b[?7l')).toBeLessThan(frame.indexOf('a'))
  expect(frame.endsWith('\u001b[?7h')).toBe(true)
})

test('what is longer than the window is cut, and how much is said', () => {
  const frame = toFrame(['1', '2', '3', '4', '5', '6'].join('\n'), 'looked', { rows: 6, isFirst: false })
  expect(stripVTControlCharacters(frame).split('\n')).toEqual(['1', '2', '3', '… and 3 lines more', 'looked'])
})
