// Whom an attempt was to ask to run again: the next one does, until one has published, or completed for somebody who wants nothing said.
import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { type Cycle, openRun } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'

const who = { actor: 'ann', reason: 'vendor corrected', requestId: 'request-1' }
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((found, fact) => applyFact(found, fact, NOON_MS), cycle)
const ready = (): Cycle =>
  ['d1/ds1', 'raw/rd2'].reduce(
    (cycle, product) => applyArrival(cycle, arrivalOf(product), NOON_MS),
    cycleOf({}, ['d1/ds1', 'raw/rd2']),
  )
const BEGUN: Fact = { kind: 'begun' }
const asks = (how: { cascade?: 'all'; publish?: false }, requestId: string): Fact => ({
  kind: 'commanded',
  command: { ...who, requestId, action: 'rerun', ...how },
})
const attempt = (runId: string, state: 'FAILED' | 'SUCCEEDED'): Fact[] => [
  BEGUN,
  { kind: 'run-started', runId, adopted: false },
  { kind: 'run-ended', end: endOf(state, runId) },
]

test('what a failed attempt was to ask of its consumers is asked by the next, in this run or the one that brings it back', () => {
  const cascading = after(
    ready(),
    ...[...attempt('jr_1', 'FAILED'), asks({ cascade: 'all' }, 'request-1')],
    ...[...attempt('jr_2', 'FAILED'), asks({}, 'request-2'), BEGUN],
  )
  expect(cascading.attempts.map(({ cascade }) => cascade)).toEqual([undefined, 'all', 'all'])
  const { runNumber, step, lastAttempt, revision, dependencies } = cascading
  const command = { ...who, requestId: 'request-3' }
  const past = {
    runNumber,
    state: 'ERROR',
    step: step ?? 'run',
    lastAttempt,
    revision,
    dependencies,
    attempt: null,
  } as const
  const back = openRun({ ...cascading.input, past: { ...past, command, cascade: 'all' } }, NOON_MS)
  expect(after(back, { kind: 'reopened', command }, BEGUN).attempts.at(-1)?.cascade).toBe('all')
})

test.each([
  ['before its attempt began', after(ready(), ...attempt('jr_1', 'FAILED'))],
  [
    'when only its publication was missing',
    after(ready(), ...attempt('jr_1', 'SUCCEEDED'), { kind: 'publish-failed', error: 'the bus is away' }),
  ],
])('what a rerun was to ask of consumers is asked by the next one too, when it is cancelled %s', (_, cycle) => {
  const gone = { kind: 'cancelled', reason: 'cancelled in Temporal' } as const
  const begun = after(cycle, asks({ cascade: 'all' }, 'request-1'), gone, asks({}, 'request-2'), BEGUN)
  expect(begun.attempts.at(-1)?.cascade).toBe('all')
  const published = after(begun, ...attempt('jr_2', 'SUCCEEDED').slice(1), {
    kind: 'published',
    eventId: 'd1/ds3/2026-11-20/r1',
    revision: 1,
  })
  expect(published.published?.cascade).toBe('all')
  expect(after(published, asks({}, 'request-3'), BEGUN).attempts.at(-1)?.cascade).toBeUndefined()
})

test('whom an attempt was to ask is forgotten once it has completed for somebody who wants nothing said', () => {
  const owing = after(
    ready(),
    ...[...attempt('jr_1', 'FAILED'), asks({ cascade: 'all' }, 'request-1')],
    ...[...attempt('jr_2', 'FAILED'), asks({ publish: false }, 'request-2')],
    ...attempt('jr_3', 'SUCCEEDED'),
  )
  expect(owing.attempts.at(-1)).toMatchObject({ cascade: 'all', isUnpublished: true })
  const again = after(owing, { kind: 'completed' }, asks({}, 'request-3'), BEGUN)
  expect(again.attempts.map(({ cascade }) => cascade)).toEqual([undefined, undefined, undefined, undefined])
})
