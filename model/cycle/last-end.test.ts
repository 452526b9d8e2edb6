import { expect, test } from 'vitest'
import { NOON_MS } from '../samples.test-data.ts'
import { laterEnd, type Past, type RunResult } from './last-end.ts'

const result = (change: Partial<RunResult> = {}): RunResult => ({
  ...{ runNumber: 2, state: 'COMPLETED', step: null, reason: null, lastAttempt: 2, revision: 2 },
  ...{ dependencies: [], succeeded: null, ...change },
})
const row = (change: Partial<Past> = {}): Past => ({
  ...{ runNumber: 2, state: 'COMPLETED', step: null, reason: null, lastAttempt: 2, revision: 2 },
  ...{ dependencies: [], attempt: null, stateSinceMs: NOON_MS, ...change },
})

test.each([
  { what: 'an earlier run', change: { runNumber: 1, revision: 1, lastAttempt: 1 }, revision: 2 },
  { what: 'an earlier revision of the same run', change: { revision: 1, lastAttempt: 1 }, revision: 2 },
  { what: 'a later revision', change: { revision: 3, lastAttempt: 3 }, revision: 3 },
  { what: 'a later run', change: { runNumber: 3, revision: 1 }, revision: 1 },
])('where the row tells of $what, the later of the two is the past', ({ change, revision }) => {
  expect(laterEnd(result(), row(change))).toMatchObject({ revision })
})

test('where one of them knows nothing, it is what the other says', () => {
  expect(laterEnd(undefined, undefined)).toBeUndefined()
  expect(laterEnd(undefined, row())).toEqual(row())
  expect(laterEnd(result(), undefined)).toMatchObject({ runNumber: 2, revision: 2, attempt: null })
})

test('where both tell of the same end, the row adds what a result does not hold', () => {
  const [stopped, same] = [row({ state: 'ERROR', step: 'run', isLeftToPerson: true }), { state: 'ERROR', step: 'run' }]
  expect(laterEnd(result(same as Partial<RunResult>), stopped)).toEqual(stopped)
  const failed = row({ state: 'ERROR', step: 'run' })
  expect(laterEnd(result(same as Partial<RunResult>), failed)).toEqual(failed)
})

test('a failure of which there is no row is left to a person: nobody knows whether one stopped it', () => {
  const failed = result({ state: 'ERROR', step: 'run', revision: 1 })
  expect(laterEnd(failed, row({ runNumber: 1, revision: 1 }))).toMatchObject({ state: 'ERROR', isLeftToPerson: true })
  expect(laterEnd(result(), row({ runNumber: 1, revision: 1 }))).not.toHaveProperty('isLeftToPerson')
})
