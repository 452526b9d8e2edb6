// What is said of the end of a wait.
import { expect, test } from 'vitest'
import type { CycleId } from '../model/ids.ts'
import { timeLines } from './explain-times.ts'

const NONE = { notBefore: null, cutoffAt: null, cutoffThen: undefined, availableBy: null, goesOn: [] }

test('a wait without an end is said to be one; of a cycle that has begun nothing is', () => {
  expect(timeLines(NONE, true)).toEqual([
    'no cutoff: it waits for as long as it takes',
    'nothing says by when it is expected',
  ])
  expect(timeLines(NONE, false)).toEqual([])
})

test('what it goes on without by itself is said, whether or not its wait ends', () => {
  const goesOn = [
    { at: 'T0', cycles: ['raw/a/K', 'raw/b/K'] as CycleId[], then: 'without' as const },
    { at: 'T1', cycles: ['raw/c/K'] as CycleId[], then: 'skip' as const },
  ]
  const [first, second] = [
    'from T0 on it goes on without raw/a/K, raw/b/K',
    'at T1 it is skipped, unless raw/c/K has come',
  ]
  const none = 'nothing says by when it is expected'
  expect(timeLines({ ...NONE, goesOn }, true)).toEqual([`no cutoff, but ${first}`, second, none])
  expect(timeLines({ ...NONE, goesOn, cutoffAt: 'T2' }, true)).toEqual(['waits until T2', first, second, none])
  expect(timeLines({ ...NONE, goesOn, cutoffAt: 'T1' }, true)).toEqual(['waits until T1', first, none])
  expect(timeLines({ ...NONE, goesOn }, false)).toEqual([])
})

test.each([
  ['error', 'error: it is in ERROR (wait), and starts all the same should the rest arrive'],
  ['skip', 'skip: it is skipped'],
  ['run-without', 'run-without: it runs without what is still missing'],
] as const)('what becomes of it at its cutoff: %s', (cutoffThen, words) => {
  expect(timeLines({ ...NONE, notBefore: 'T0', cutoffAt: 'T1', cutoffThen, availableBy: 'T2' }, true)).toEqual([
    'starts not before T0',
    `waits until T1, then: ${words}`,
    'expected by T2',
  ])
})

test('what then, where no definition is known', () => {
  expect(timeLines({ ...NONE, cutoffAt: 'T1' }, false)).toEqual(['waits until T1'])
})
