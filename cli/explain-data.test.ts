import { describe, expect, test } from 'vitest'
import type { CycleReport } from '../mirror/status.ts'
import { applyArrival } from '../model/cycle/arrivals.ts'
import { type Cycle, openRun } from '../model/cycle/cycle.ts'
import { applyFact, type Fact } from '../model/cycle/facts.ts'
import type { OnRevision } from '../model/definition.ts'
import type { Arrival } from '../model/refresh-event.ts'
import {
  arrivalOf,
  definitionOf,
  endOf,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../model/samples.test-data.ts'
import { dataLines, outdatedLines, readWords } from './explain-data.ts'

const DONE: Fact[] = [
  { kind: 'run-started', runId: 'jr_1', adopted: false },
  { kind: 'run-ended', end: endOf('SUCCEEDED') },
  { kind: 'published', eventId: 'r1', revision: 1 },
]

function cycleOf(onRevision: OnRevision, facts: Fact[], ...later: Arrival[]): Cycle {
  const dependsOn = ['d1/a', 'd1/b'].map((product) => ({ product: toProduct(product), onRevision }))
  const on = (revision: number) => [{ product: toProduct('raw/x'), cycle: KEY, revision }]
  const first = [arrivalOf('d1/a', { builtFrom: on(2) }), arrivalOf('d1/b', { builtFrom: on(1) })]
  const opened = openRun(inputOf(definitionOf('d1/c', [], { dependsOn })), NOON_MS)
  const begun = applyFact(first.reduce(arrive, opened), { kind: 'begun' }, NOON_MS)
  return later.reduce(
    arrive,
    facts.reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), begun),
  )
}
const arrive = (cycle: Cycle, arrival: Arrival): Cycle => applyArrival(cycle, arrival, NOON_MS)
const B2 = arrivalOf('d1/b', { revision: 2 })
const MIXED = `mixed     raw/x/${KEY}: revision 1 in d1/b, 2 in d1/a`
const CORRECTED = `corrected d1/b/${KEY}: revision 2 is there, revision 1 was used; `

describe('an open cycle', () => {
  test('says which sides of a diamond do not agree', () => {
    expect(dataLines(cycleOf('flag', DONE), NOON_MS)).toEqual([MIXED])
  })

  test.each([
    ['flag', DONE, 'onRevision: flag'],
    ['rerun', DONE, 'runs again at 2026-11-20T12:05:00.000Z'],
    ['rerun', DONE.slice(0, 1), 'runs again after this attempt'],
  ] as const)('says of a correction what follows: %s', (word, facts, then) => {
    expect(dataLines(cycleOf(word, [...facts], B2), NOON_MS)).toEqual([CORRECTED + then, MIXED])
  })
})

test('of a closed cycle the mirror says which correction it has not used, and how to use it', () => {
  const report = {
    row: { cycle: `d1/c/${KEY}`, lastAttempt: 1 },
    outdated: [{ product: 'd1/b', key: KEY, newer: 3, used: 1 }],
  } as unknown as CycleReport
  expect(outdatedLines(report)).toEqual([
    `corrected d1/b/${KEY}: revision 3 is there, revision 1 was used; to use it: sluice rerun d1/c/${KEY} --reason …`,
  ])
  // It has used nothing.
  expect(outdatedLines({ ...report, row: { ...report.row, lastAttempt: 0 } })).toEqual([])
})

test('what an attempt read is named, and many are counted', () => {
  const from = (at: number) => ({ product: toProduct(`raw/r${at}`), cycle: KEY, revision: at })
  expect(readWords({})).toBe('')
  expect(readWords({ inputs: [from(1), from(2)] })).toBe(', read raw/r1 r1, raw/r2 r2')
  expect(readWords({ inputs: Array.from({ length: 8 }, (_, at) => from(at)) })).toMatch(/raw\/r5 r5 and 2 more$/)
})

describe('a correction whose rerun asks consumers to run again', () => {
  const correctedBy = (product: string) => {
    const definition = definitionOf('d1/ds3', [product])
    const waiting = openRun(inputOf(definition), NOON_MS)
    const cycle = publishedOf(applyArrival(waiting, arrivalOf(product), NOON_MS))
    return applyArrival(cycle, arrivalOf(product, { revision: 2, cascade: 'all' }), NOON_MS)
  }
  const said = (product: string) => dataLines(correctedBy(product), NOON_MS).join()

  test('of the own domain is answered by itself; of another one it is only said', () => {
    expect(said('d1/ds1')).toContain('; runs again at 2026-11-20T12:05:00.000Z')
    expect(said('raw/rd1')).toContain('; onRevision: flag; raw asks its consumers to run again')
  })

  test('waits for the release of a cycle that is held', () => {
    const held = { actor: 'ann', reason: 'wait', sinceMs: NOON_MS, of: 'product' as const }
    expect(dataLines({ ...correctedBy('d1/ds1'), held }, NOON_MS).join()).toContain('runs again once it is released')
  })
})
