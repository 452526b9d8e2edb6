import { expect, test } from 'vitest'
import { type Cycle, type CycleInput, openRun, type RerunCommand } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import { toRecord } from '../model/cycle/record.ts'
import { definitionOf, endOf, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import type { CycleEvidence } from './evidence.ts'
import { cycleEvidenceOf } from './evidence.test-data.ts'
import { checkNotices } from './notices.ts'

const FAILS = [
  { kind: 'begun' },
  { kind: 'run-started', runId: 'jr_1', adopted: false },
  { kind: 'run-ended', end: endOf('FAILED') },
] as const

/** It failed, and told its consumers of it, and nobody else. */
function failedOf(change: Partial<CycleInput>): CycleEvidence {
  const input = inputOf(definitionOf('d1/ds1'), change)
  const cycle = FAILS.reduce<Cycle>((before, fact) => applyFact(before, fact, NOON_MS), openRun(input, NOON_MS))
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

/** It failed and told its owner, was rerun and failed again, and told him nothing. */
function failedAgainOf(command: Pick<RerunCommand, 'openedBy'>): CycleEvidence {
  const input = inputOf(definitionOf('d1/ds1'))
  const asked = { kind: 'asked', atMs: NOON_MS } as const
  const fail = (before: Cycle): Cycle => FAILS.reduce<Cycle>((one, fact) => applyFact(one, fact, NOON_MS), before)
  const toNotice = ({ id, version }: Cycle) => ({ id: `${id}/not-refreshed-1.${version}`, state: 'ERROR' })
  const first = fail(openRun(input, NOON_MS))
  const asker = { actor: 'ann', reason: 'a bug in the job', requestId: 'request-1' }
  const rerun = applyFact(first, { kind: 'rerun', command: { ...asker, ...command } }, NOON_MS)
  const second = fail(rerun)
  const evidence = cycleEvidenceOf(input, [])
  const [record, tell] = ['recordCycle', 'publishNotRefreshed'] as const
  evidence.runs[0]?.steps.push(
    { ...asked, at: 1, activity: record, activityId: 'record-1', input: toRecord(first, 0, NOON_MS) },
    { ...asked, at: 2, activity: 'notifyFailure', activityId: 'notify', input: toNotice(first) },
    { ...asked, at: 3, activity: tell, activityId: 'tell-1', input: toNotice(first) },
    { ...asked, at: 4, activity: record, activityId: 'record-2', input: toRecord(second, first.version, NOON_MS) },
    { ...asked, at: 5, activity: tell, activityId: 'tell-2', input: toNotice(second) },
  )
  return evidence
}

test('nor is it of one that a backfill has made its own meanwhile, from then on', () => {
  const said = [{}, { openedBy: 'backfill' as const }].map((command) =>
    checkNotices(failedAgainOf(command), undefined).flatMap((one) => ('says' in one ? [one.says] : [])),
  )
  expect(said).toEqual([['d1/ds1/2026-11-20 told its owner of its ERROR 0 times instead of 1'], []])
})
