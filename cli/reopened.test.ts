import { expect, test } from 'vitest'
import type { Attempt } from '../model/cycle/attempt.ts'
import type { DependencyStatus, PastRuns } from '../model/cycle/cycle.ts'
import type { CycleId } from '../model/ids.ts'
import { arrivalOf, definitionOf, inputOf, KEY, NOON_MS, toProduct } from '../model/samples.test-data.ts'
import { toNext } from '../model/cycle/next-run.ts'
import { toSentence } from './reopened.ts'

const command = { actor: 'ann', reason: 'wrong rows', requestId: 'request-1' }
const CYCLE = `d1/ds3/${KEY}` as CycleId
const input = (product: string, isThere: boolean): DependencyStatus => ({
  ...{ product: toProduct(product), key: KEY, blocker: null },
  ...(isThere
    ? { state: 'ARRIVED', arrival: arrivalOf(product), arrivedAtMs: NOON_MS }
    : { state: 'WAITING', arrival: null, arrivedAtMs: null }),
})
const running: Attempt = {
  ...{ number: 1, begunAtMs: NOON_MS, runId: 'jr_1', runStartedAtMs: NOON_MS, adopted: false },
  ...{ end: null, endedAtMs: null },
}

const told = (where: Pick<PastRuns, 'state' | 'step' | 'lastAttempt' | 'attempt'>, isThere: boolean): string => {
  const dependencies = [input('d1/ds1', true), input('raw/rd2', isThere)]
  const past = { runNumber: 1, revision: 0, dependencies, ...where, command }
  return toSentence(CYCLE, toNext(inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2']), { past }), command, NOON_MS))
}

test.each<[string, Parameters<typeof told>, string]>([
  [
    'terminated while it waited',
    [{ state: 'WAITING', step: null, lastAttempt: 0, attempt: null }, false],
    'is open again and waits for raw/rd2.',
  ],
  [
    'given up in ERROR(wait)',
    [{ state: 'ERROR', step: 'wait', lastAttempt: 0, attempt: null }, false],
    'is open again and waits for raw/rd2.',
  ],
  [
    'given up though all has arrived since',
    [{ state: 'ERROR', step: 'wait', lastAttempt: 0, attempt: null }, true],
    'is open again and has all it waits for: attempt 1 starts by itself.',
  ],
  [
    'terminated while Glue worked',
    [{ state: 'PROCESSING', step: null, lastAttempt: 1, attempt: running }, true],
    'runs again: attempt 1.',
  ],
  ['completed', [{ state: 'COMPLETED', step: null, lastAttempt: 1, attempt: null }, true], 'runs again: attempt 2.'],
])('of a cycle that was %s', (_, [where, isThere], sentence) => {
  expect(told(where, isThere)).toBe(`${CYCLE} ${sentence}`)
})
