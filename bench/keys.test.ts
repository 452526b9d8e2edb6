// Cycles to measure with: enough of them, each once, none too old to be opened by an event.
import { expect, test } from 'vitest'
import { keysUntil, MOST_KEYS, spread } from './keys.ts'

const NOW_MS = Date.parse('2026-11-25T12:00:00Z')

test('keys go back day by day from today', () => {
  expect(keysUntil(NOW_MS, 3)).toEqual(['2026-11-25', '2026-11-24', '2026-11-23'])
  expect(() => keysUntil(NOW_MS, MOST_KEYS + 1)).toThrow('at most 19')
})

test.each([1, 5, 19, 20, 1_000])('%i cycles are as many, each once', (count) => {
  const cycles = spread('p', count, NOW_MS)
  expect(cycles).toHaveLength(count)
  expect(new Set(cycles.map(({ name, key }) => `${name}/${key}`)).size).toBe(count)
})
