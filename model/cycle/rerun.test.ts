import { expect, test } from 'vitest'
import { CYCLE_STATES, type CycleState, isLegalMove, STEPS, type Step } from '../states.ts'
import { refuseRerun } from './rerun.ts'

const standing = (state: CycleState, step: Step | null, missing: string[] = []) => ({
  state,
  step,
  dependencies: [
    { product: 'd1/ds1', state: 'ARRIVED' },
    { product: 'd1/ds2', state: 'WAIVED' },
    ...missing.map((product) => ({ product, state: 'WAITING' })),
  ],
})

test.each<[CycleState, Step | null, string[], string | null]>([
  ['WAITING', null, ['raw/rd2', 'x/y'], 'It has not run yet: it waits for raw/rd2, x/y.'],
  ['WAITING', null, [], 'It has not run yet: it waits for its time.'],
  ['PROCESSING', null, [], 'It is running now. Wait for the end of this attempt, then rerun it.'],
  ['COMPLETED', null, [], null],
  ['COMPLETED', null, ['raw/rd2'], null],
  ['ERROR', 'wait', ['raw/rd2'], 'It still misses raw/rd2 and starts by itself when they arrive.'],
  ['ERROR', 'wait', [], 'All it needs has arrived, so it starts by itself.'],
  ['ERROR', 'start', [], null],
  ['ERROR', 'run', [], null],
  ['ERROR', 'publish', [], null],
  ['SKIPPED', null, ['raw/rd2'], 'It was skipped without its inputs, so there is nothing to run on.'],
  ['CANCELLED', null, [], null],
  ['CANCELLED', null, ['raw/rd2'], 'It was cancelled before raw/rd2 had arrived, so there is nothing to run on.'],
])('%s %s, missing %j: %s', (state, step, missing, answer) => {
  expect(refuseRerun(standing(state, step, missing))).toBe(answer)
})

test('what is not refused is a legal move', () => {
  for (const state of CYCLE_STATES) {
    for (const step of state === 'ERROR' ? STEPS : [null]) {
      if (refuseRerun(standing(state, step)) === null) expect(isLegalMove(state, 'PROCESSING')).toBe(true)
    }
  }
})
