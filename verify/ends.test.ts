// I5 of a cycle that a correction brought back, and that settled without another attempt: its Glue run is that of a run before.
import { expect, test } from 'vitest'
import { type Cycle, type CycleInput, openRun } from '../model/cycle/cycle.ts'
import { applyArrival } from '../model/cycle/arrivals.ts'
import { applyFact, type Fact } from '../model/cycle/facts.ts'
import { toRecord } from '../model/cycle/record.ts'
import { arrivalOf, definitionOf, endOf, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import { checkEnds } from './ends.ts'
import { cycleEvidenceOf, evidenceOf } from './evidence.test-data.ts'
import type { RunEvidence } from './evidence.ts'

const input = inputOf(definitionOf('d1/ds3', ['raw/a']))
const FACTS: Fact[] = [
  { kind: 'begun' },
  { kind: 'run-started', runId: 'jr_1', adopted: false },
  { kind: 'run-ended', end: endOf('SUCCEEDED', 'jr_1') },
  { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 },
]
const arrived = applyArrival(openRun(input, NOON_MS), arrivalOf('raw/a'), NOON_MS)
const first = FACTS.reduce<Cycle>((cycle, fact) => applyFact(cycle, fact, NOON_MS), arrived)

function runOf(cycle: Cycle, given: CycleInput, status: string): RunEvidence {
  const [run] = cycleEvidenceOf(given, []).runs as [RunEvidence]
  const at = { at: 1, atMs: NOON_MS }
  const end = { activity: 'awaitGlueJob', activityId: 'glue-1', askedAt: 0, result: endOf('SUCCEEDED', 'jr_1') }
  const told = cycle.attempts.length > 0 ? [{ ...at, kind: 'answered' as const, ...end }] : []
  const record = { activity: 'recordCycle', activityId: 'record', input: toRecord(cycle, 0, NOON_MS) }
  return { ...run, status, steps: [...told, { ...at, kind: 'asked', ...record }] }
}

const { runNumber, state, step, lastAttempt, revision, dependencies } = first
const past = { runNumber, state, step, lastAttempt, revision, dependencies, attempt: null, command: null }
const back: CycleInput = { ...input, past }
const declined = runOf(openRun(back, NOON_MS), back, 'CANCELLED')

const judge = (runs: RunEvidence[]): string[] =>
  checkEnds(evidenceOf({ cycles: [{ cycle: first.id, runs }] })).violations.map(({ says }) => says)

test('it is the one that an earlier run tells of', () => {
  expect(judge([runOf(first, input, 'COMPLETED'), declined])).toEqual([])
})

test('nothing is said where no run that Temporal still has tells of it', () => {
  expect(judge([declined])).toEqual([])
})

test('a cycle that completed without any is told', () => {
  const invented = { ...first, attempts: [] }
  expect(judge([runOf(invented, input, 'COMPLETED')])).toEqual([expect.stringContaining('is not there')])
})
