import { expect, test } from 'vitest'
import { parseTallies, type TallyLine, toSentence, toTable } from './tally.ts'

const line = (facts: Partial<TallyLine>): TallyLine => ({
  ...{ row: 18, name: 'Temporal down', seed: 7, violations: 0, recoveriesMs: [] },
  ...facts,
})

test('runs of one fault are one row: how many, all violations, the middle and the longest recovery', () => {
  const runs = [4_000, 2_000, 9_000].map((ms) => line({ recoveriesMs: [ms], violations: 1 }))
  expect(toTable([...runs, line({ row: 6, name: 'doubled' })])).toEqual([
    'row  fault          component  runs  violations  recovery p50 s  max s',
    '  6  doubled        SQS           1           0               -      -',
    ' 18  Temporal down  Temporal      3           3             4.0    9.0',
  ])
})

test('what was written is read again, and said as a sentence', () => {
  const written = line({ recoveriesMs: [1_240] })
  expect(parseTallies(`${JSON.stringify(written)}\n`)).toEqual([written])
  expect(toSentence(written)).toBe('row 18, Temporal down, seed 7: 0 violations, recovered within 1.2 s')
})
