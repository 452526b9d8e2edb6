// What is said of the end of a wait.
import { expect, test } from 'vitest'
import { timeLines } from './explain-times.ts'

const NONE = { notBefore: null, cutoffAt: null, cutoffThen: undefined, availableBy: null }

test('a wait without an end is said to be one; of a cycle that has begun nothing is', () => {
  expect(timeLines(NONE, true)).toEqual([
    'no cutoff: it waits for as long as it takes',
    'nothing says by when it is expected',
  ])
  expect(timeLines(NONE, false)).toEqual([])
})

test.each([
  ['error', 'error: it is in ERROR (wait), and starts all the same should the rest arrive'],
  ['skip', 'skip: it is skipped'],
  ['run-without', 'run-without: it runs without what is still missing'],
] as const)('what becomes of it at its cutoff: %s', (cutoffThen, words) => {
  expect(timeLines({ notBefore: 'T0', cutoffAt: 'T1', cutoffThen, availableBy: 'T2' }, true)).toEqual([
    'starts not before T0',
    `waits until T1, then: ${words}`,
    'expected by T2',
  ])
})

test('what then, where no definition is known', () => {
  expect(timeLines({ ...NONE, cutoffAt: 'T1' }, false)).toEqual(['waits until T1'])
})
