// The words of flags and of failure classes against docs/states.md, and what a person reads of them.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Arrival } from '../refresh-event.ts'
import { arrivalOf, cycleOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { LIMITS } from './attempt.ts'
import type { Cycle } from './cycle.ts'
import { applyFact } from './facts.ts'
import { FAILURE_CLASSES, FAILURE_WORDS } from './failure-class.ts'
import { type CycleFlag, flagMark, flagsOf, flagWords } from './flags.ts'

const PAGE = readFileSync(new URL('../../docs/states.md', import.meta.url), 'utf8')
const wordsUnder = (heading: string): string[] => {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, word = '']) => word)
}
const FLAGS: CycleFlag[] = [
  ...LIMITS.map((limit) => `waits-for-${limit}` as const),
  ...(['held-up', 'outdated', 'mixed-inputs', 'partial', 'withdrawn-input', 'taken-back', 'retrying', 'late'] as const),
]

test('the page has a row for each flag and each class of failure', () => {
  expect(wordsUnder('Beside the state: flags').toSorted()).toEqual(FLAGS.toSorted())
  expect(wordsUnder('Whose failure the end of a Glue run was').toSorted()).toEqual(FAILURE_CLASSES.toSorted())
})

test('each has words of its own; a flag of a newer version is said as it is', () => {
  expect(new Set(FLAGS.map(flagWords)).size).toBe(FLAGS.length)
  expect(new Set(Object.values(FAILURE_WORDS)).size).toBe(FAILURE_CLASSES.length)
  expect([flagWords('at-risk'), flagMark('at-risk')]).toEqual(['at-risk', 'at-risk'])
})

test('a cycle that gets on, or of a version that knew no hold-ups, has none', () => {
  expect(flagsOf(cycleOf())).toEqual([])
  const { heldUp: _, ...older } = cycleOf()
  expect(flagsOf(older as Cycle)).toEqual([])
})

describe('of the data', () => {
  const begun = (...arrivals: Arrival[]): Cycle =>
    applyFact(
      arrivals.reduce((cycle, arrival) => applyArrival(cycle, arrival, NOON_MS), cycleOf()),
      { kind: 'begun' },
      NOON_MS,
    )
  const on = (revision: number) => [{ product: toProduct('raw/a'), cycle: KEY, revision }]

  test('says that a corrected input has not been used, unless the definition ignores it', () => {
    const cycle = applyArrival(
      begun(arrivalOf('d1/ds1'), arrivalOf('raw/rd2')),
      arrivalOf('d1/ds1', { revision: 2 }),
      1,
    )
    expect(flagsOf(cycle)).toEqual(['outdated'])
    const { input } = cycle
    const dependsOn = [{ product: toProduct('d1/ds1'), onRevision: 'ignore' as const }]
    expect(flagsOf({ ...cycle, input: { ...input, definition: { ...input.definition, dependsOn } } })).toEqual([])
  })

  test('says that both sides of a diamond were built from different revisions, and no more once they agree', () => {
    const left = arrivalOf('d1/ds1', { builtFrom: on(2) })
    expect(flagsOf(begun(left, arrivalOf('raw/rd2', { builtFrom: on(1) })))).toEqual(['mixed-inputs'])
    expect(flagsOf(begun(left, arrivalOf('raw/rd2', { builtFrom: on(2) })))).toEqual([])
  })

  test('says that it was made without some inputs', () => {
    expect(flagsOf(begun(arrivalOf('d1/ds1')))).toEqual(['partial'])
  })
})
