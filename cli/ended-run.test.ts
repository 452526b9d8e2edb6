import { expect, test } from 'vitest'
import { type CycleRow, RUN_ENDS } from '../mirror/status.ts'
import type { CycleId } from '../model/ids.ts'
import { hasNoRun, toEndedWords, withEnd } from './ended-run.ts'

const cycle = 'd1/ds3/2026-11-20' as CycleId

test('how and when the run ended is said, and what brings the cycle back', () => {
  expect(toEndedWords({ cycle, runEndedAs: 'terminated', runEndedAt: '2026-11-20T12:00:00.000Z' })).toBe(
    'its run was terminated at 2026-11-20T12:00:00.000Z: nothing goes on by itself. To bring it back: sluice rerun d1/ds3/2026-11-20 --reason "…"',
  )
  expect(toEndedWords({ cycle, runEndedAs: 'forgotten', runEndedAt: null })).toMatch(
    /^Temporal does not know its run any more: /,
  )
})

test('of a run that is open, or that an earlier version told of, nothing is said', () => {
  expect(toEndedWords({ cycle })).toBeNull()
  expect(toEndedWords({ cycle, runEndedAs: null, runEndedAt: null })).toBeNull()
})

test('only what was ended from outside stands still without a reason of its own', () => {
  expect(RUN_ENDS.filter((runEndedAs) => hasNoRun({ runEndedAs }))).toEqual(['terminated', 'timed-out', 'forgotten'])
})

test('what Temporal knows now is said before the reconciler has looked, of open states only', () => {
  const row = (change: Partial<CycleRow>) => ({ cycle, state: 'WAITING', ...change }) as CycleRow
  const endOf = (of: CycleRow, as: string) => withEnd(of, { kind: 'closed', as }).runEndedAs
  expect(endOf(row({}), 'TERMINATED')).toBe('terminated')
  expect(endOf(row({}), 'TIMED_OUT')).toBe('timed-out')
  expect(endOf(row({ state: 'COMPLETED' }), 'COMPLETED')).toBeUndefined()
  expect(endOf(row({ runEndedAs: 'failed' }), 'TERMINATED')).toBe('failed')
  expect(withEnd(row({}), { kind: 'silent' })).toEqual(row({}))
})
