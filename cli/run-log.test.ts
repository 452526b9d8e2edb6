import { expect, test } from 'vitest'
import type { Attempt } from '../model/cycle/attempt.ts'
import { type RunLog, toLines, toRunLog } from './run-log.ts'

const CYCLE = 'd1/ds2/2026-11-20'
const run: RunLog = {
  ...{ attempt: 1, runId: 'jr_1', state: 'SUCCEEDED', error: null, link: 'https://console/jr_1', log: null },
  ...{ startedAt: '2026-11-20T12:00:00.000Z', completedAt: '2026-11-20T12:01:00.000Z' },
}

test('of an attempt without a Glue run that is said, and no address without a stream', () => {
  const unstarted = { ...run, runId: null, link: null, state: 'not started', startedAt: null, completedAt: null }
  expect(toLines(CYCLE, 'd1-ds2', unstarted)).toEqual([
    'attempt 1: d1-ds2 has no Glue run yet',
    '  Why: sluice explain d1/ds2/2026-11-20. What mends it, where AWS refuses: sluice doctor',
  ])
})

test('an attempt that ended without a Glue run was not started, and the row says why; before its end it has none yet', () => {
  const attempt: Attempt = {
    ...{ number: 2, begunAtMs: 0, runId: null, runStartedAtMs: null, adopted: false, end: null, endedAtMs: 5 },
  }
  const firstLine = (of: Attempt, lastAttempt: number) =>
    toLines(CYCLE, 'd1-ds2', {
      ...{ ...toRunLog(of, { lastAttempt, reason: 'no such job' }, undefined), link: null, log: null },
    })[0]
  expect(firstLine(attempt, 2)).toBe('attempt 2: d1-ds2 was not started: no such job')
  expect(firstLine(attempt, 3), 'the reason is of the third').toBe('attempt 2: d1-ds2 was not started')
  expect(firstLine({ ...attempt, endedAtMs: null }, 2)).toBe('attempt 2: d1-ds2 has no Glue run yet')
})

test('of a run on AWS the place of its log is named', () => {
  expect(toLines(CYCLE, 'd1-ds2', run)).toEqual([
    'attempt 1: d1-ds2 jr_1 SUCCEEDED',
    '  2026-11-20T12:00:00.000Z to 2026-11-20T12:01:00.000Z',
    '  log: https://console/jr_1',
    '  or: aws logs tail /aws-glue/jobs/error --log-stream-names jr_1',
  ])
})

test('of a run on a local stack the log itself is shown', () => {
  expect(toLines(CYCLE, 'd1-ds2', { ...run, log: 'one\ntwo\n' }).slice(2)).toEqual(['  | one', '  | two'])
  expect(toLines(CYCLE, 'd1-ds2', { ...run, log: '' }).at(-1)).toContain('It printed nothing here')
})
