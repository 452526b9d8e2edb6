import { expect, test } from 'vitest'
import type { ActionRow, CycleReport, CycleRow } from '../mirror/status.ts'
import { endOf } from '../model/samples.test-data.ts'
import { historyLines, toStory } from './explain-report.ts'

const AT = '2026-11-20T13:00:00.000Z'
const attempt = (number: number, change: Partial<CycleRow['attempts'][number]> = {}): CycleRow['attempts'][number] => ({
  ...{ number, begunAtMs: 0, runId: `jr_${number}`, runStartedAtMs: null, adopted: false },
  ...{ end: endOf('SUCCEEDED'), endedAtMs: 1 },
  ...change,
})
const attemptsOf = (row: Partial<CycleRow>): string[] =>
  historyLines({ row, transitions: [], deliveries: [], actions: [] } as unknown as CycleReport).slice(0, -1)
const action = (change: Partial<ActionRow>): ActionRow => ({
  ...{ requestId: 'q', action: 'withdraw', actor: 'ann', actorVerified: false, reason: 'the wrong file', at: AT },
  ...{ outcome: 'accepted', refusedBecause: null, fromVersion: null, toVersion: null, asked: null },
  ...change,
})

test('an attempt that published nothing says so, and, while its data is what consumers find, of which revision it is', () => {
  const silent = attempt(2, { isUnpublished: true })
  const standing = { state: 'COMPLETED', lastAttempt: 2, revision: 1 } as const
  const SAID = 'attempt 2 jr_2: SUCCEEDED, found by event; published nothing (--no-publish)'
  expect(attemptsOf({ ...standing, attempts: [attempt(1), silent] })).toEqual([
    'attempt 1 jr_1: SUCCEEDED, found by event',
    `${SAID}: consumers know it as revision 1, which it has overwritten`,
  ])
  expect(attemptsOf({ ...standing, revision: 0, attempts: [silent] })).toEqual([SAID])
  expect(attemptsOf({ ...standing, lastAttempt: 3, attempts: [silent, attempt(3)] })[0]).toBe(SAID)
})

test('what was asked is told with the action: which revision was taken back, what a rerun was not to do', () => {
  const actions = [
    action({ asked: { revision: 2 } }),
    action({ action: 'rerun', asked: { publish: false }, fromVersion: 1, toVersion: 2 }),
    action({ action: 'skip', outcome: 'refused', refusedBecause: 'It is running now.' }),
  ]
  expect(toStory([], [], actions).map(({ said }) => said)).toEqual([
    'withdraw (revision: 2) by ann, "the wrong file": accepted',
    'rerun (publish: no) from version 1 to 2 by ann, "the wrong file": accepted',
    'skip by ann, "the wrong file": refused, It is running now.',
  ])
})
