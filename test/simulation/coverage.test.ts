// The list of what must happen over the seeds: what is rare, and what nobody listed, is named.
import { expect, test } from 'vitest'
import { findUncovered, type Seen } from './coverage.ts'

const WORLDS = 1_000

test('an act that no world saw is named, with how often it must be', () => {
  const found = findUncovered(new Map(), WORLDS)
  expect(found.length).toBeGreaterThan(70)
  expect(found.find((line) => line.startsWith('"a cycle cancelled" '))).toMatch(
    /happened 0 times in 1000 worlds, not \d+/,
  )
})

test('an act that is on no list is named', () => {
  const seen: Seen = new Map([['a flood', 3]])
  expect(findUncovered(seen, WORLDS)).toContain('"a flood" happened and is on no list of coverage.ts')
})
