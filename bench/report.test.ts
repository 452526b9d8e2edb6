// The report says what the samples say: a missed goal is called missed, a trial is called a trial.
import { expect, test } from 'vitest'
import { type KeptRun, toReport, toText } from './report.ts'

const facts: KeptRun['facts'] = {
  ...{
    at: '2026-11-25T10:00:00Z',
    commit: 'abc1234',
    machine: '2 cores',
    temporal: 'server 1.32.1',
    postgres: '17.10',
  },
  ...{ node: '24.21.0', seed: 7, isQuick: false, load: '0.1' },
}
const finding: KeptRun['finding'] = {
  ...{ scenario: 'S1', title: 'arrival to start', notes: ['one note'] },
  series: [{ name: 'ours', unit: 'ms', samples: [10, 20, 30] }],
  figures: [{ name: 'memory', value: 12.3456, unit: 'MB' }],
  goals: [
    { what: 'p50 ours / floor', found: 1.501, limit: 1.5, kind: 'at most' },
    { what: 'share of the ceiling', found: 0.8, limit: 0.7, kind: 'at least' },
  ],
}

test('a goal that only rounding would meet is missed', () => {
  const report = toReport([{ facts, finding }])
  expect(report).toContain('| S1 | p50 ours / floor | 1.5 | ≤ 1.5 | **missed** |')
  expect(report).toContain('| S1 | share of the ceiling | 0.8 | ≥ 0.7 | met |')
})

test('series are summed up with their n, notes and facts stand beside them', () => {
  const report = toReport([{ facts, finding }])
  expect(report).toContain('| ours | 3 | 20 | 30 | 30 | 30 | ms |')
  expect(report).toContain('| memory | 12.3 | MB |')
  expect(report).toContain('- one note')
  expect(report).toContain('commit abc1234')
  expect(report).not.toContain('no result')
})

test('a quick run calls itself no result, and a figure that is missing is not met', () => {
  const unknown = { ...finding, goals: [{ what: 'x', found: Number.NaN, limit: 1, kind: 'at most' as const }] }
  const report = toReport([{ facts: { ...facts, isQuick: true }, finding: unknown }])
  expect(report).toContain('**A quick trial, no result.**')
  expect(report).toContain('| S1 | x | – | ≤ 1 | not measured |')
})

test('numbers keep three digits that count', () => {
  expect([1234, 0.012345, 99.96, Number.NaN].map(toText)).toEqual(['1234', '0.0123', '100', '–'])
})
