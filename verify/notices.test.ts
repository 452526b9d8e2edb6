import { expect, test } from 'vitest'
import { type CycleInput, openRun } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import { toRecord } from '../model/cycle/record.ts'
import { definitionOf, endOf, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import type { CycleEvidence } from './evidence.ts'
import { cycleEvidenceOf } from './evidence.test-data.ts'
import { checkNotices } from './notices.ts'

/** It failed, and told its consumers of it, and nobody else. */
function failedOf(change: Partial<CycleInput>): CycleEvidence {
  const input = inputOf(definitionOf('d1/ds1'), change)
  const facts = [
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_1', adopted: false },
    { kind: 'run-ended', end: endOf('FAILED') },
  ] as const
  const cycle = facts.reduce((before, fact) => applyFact(before, fact, NOON_MS), openRun(input, NOON_MS))
  const evidence = cycleEvidenceOf(input, [])
  const notice = { id: `${cycle.id}/not-refreshed-1.${cycle.version}`, state: 'ERROR' }
  const asked = { kind: 'asked', atMs: NOON_MS } as const
  evidence.runs[0]?.steps.push(
    { ...asked, at: 1, activity: 'recordCycle', activityId: 'record', input: toRecord(cycle, 0, NOON_MS) },
    { ...asked, at: 2, activity: 'publishNotRefreshed', activityId: 'tell', input: notice },
  )
  return evidence
}

const saidOf = (change: Partial<CycleInput>): string[] =>
  checkNotices(failedOf(change), undefined).flatMap((one) => ('says' in one ? [one.says] : []))

test('an ERROR of which the owner was not told is a violation, but of a backfill, which pages nobody', () => {
  const openedBy = ['scheduler', 'backfill'] as const
  expect(openedBy.map((one) => saidOf({ openedBy: one }))).toEqual([
    ['d1/ds1/2026-11-20 told its owner of its ERROR 0 times instead of 1'],
    [],
  ])
})
