import { describe, expect, test } from 'vitest'
import { endOf, NOON_MS } from '../samples.test-data.ts'
import { CYCLE_STATES, type CycleState, isLegalMove, STEPS, type Step } from '../states.ts'
import type { Attempt } from './cycle.ts'
import { attemptToGoOnWith, type RunStatus, refuseRerun } from './rerun.ts'

const standing = (state: CycleState, step: Step | null, missing: string[] = []) => ({
  state,
  step,
  dependencies: [
    { product: 'd1/ds1', state: 'ARRIVED' },
    { product: 'd1/ds2', state: 'WAIVED' },
    ...missing.map((product) => ({ product, state: 'WAITING' })),
  ],
})

type Answer = string | null
const running = 'It is running now. Wait for the end of this attempt, then rerun it.'
const missed = 'It still misses raw/rd2 and starts by itself when they arrive.'
const skipped = 'It was skipped without its inputs, so there is nothing to run on.'
const cancelled = 'It was cancelled before raw/rd2 had arrived, so there is nothing to run on.'

test.each<[CycleState, Step | null, string[], Record<RunStatus, Answer>]>([
  ['WAITING', null, ['raw/rd2', 'x/y'], { open: 'It has not run yet: it waits for raw/rd2, x/y.', closed: null }],
  ['WAITING', null, [], { open: 'It has not run yet: it waits for its time.', closed: null }],
  ['PROCESSING', null, [], { open: running, closed: null }],
  ['COMPLETED', null, [], { open: null, closed: null }],
  ['COMPLETED', null, ['raw/rd2'], { open: null, closed: null }],
  ['ERROR', 'wait', ['raw/rd2'], { open: missed, closed: null }],
  ['ERROR', 'wait', [], { open: 'All it needs has arrived, so it starts by itself.', closed: null }],
  ['ERROR', 'start', [], { open: null, closed: null }],
  ['ERROR', 'run', [], { open: null, closed: null }],
  ['ERROR', 'publish', [], { open: null, closed: null }],
  ['SKIPPED', null, ['raw/rd2'], { open: skipped, closed: skipped }],
  ['CANCELLED', null, [], { open: null, closed: null }],
  ['CANCELLED', null, ['raw/rd2'], { open: cancelled, closed: cancelled }],
])('%s %s, missing %j: %o', (state, step, missing, answers) => {
  const cycle = standing(state, step, missing)
  expect({ open: refuseRerun(cycle, 'open'), closed: refuseRerun(cycle, 'closed') }).toEqual(answers)
})

test('what is not refused of an open run is a legal move', () => {
  for (const state of CYCLE_STATES) {
    for (const step of state === 'ERROR' ? STEPS : [null]) {
      if (refuseRerun(standing(state, step), 'open') === null) expect(isLegalMove(state, 'PROCESSING')).toBe(true)
    }
  }
})

describe('a closed cycle goes on with', () => {
  const attempt: Attempt = {
    ...{ number: 2, begunAtMs: NOON_MS, runId: 'jr_2', runStartedAtMs: NOON_MS, adopted: false },
    ...{ end: null, endedAtMs: null },
  }
  const ended = (state: 'SUCCEEDED' | 'FAILED'): Attempt => ({ ...attempt, end: endOf(state), endedAtMs: NOON_MS + 9 })
  const unstarted = { ...attempt, runId: null, runStartedAtMs: null }
  const refusedByGlue = { ...unstarted, endedAtMs: NOON_MS + 9 }

  test.each<[string, CycleState, Step | null, Attempt, number, boolean]>([
    ['a Glue run that may live', 'PROCESSING', null, attempt, NOON_MS, true],
    ['one of which nothing is known', 'PROCESSING', null, unstarted, NOON_MS, true],
    ['one that an earlier run had adopted', 'PROCESSING', null, attempt, NOON_MS + 99, true],
    ['a success that is not published', 'PROCESSING', null, ended('SUCCEEDED'), NOON_MS, true],
    ['no success of before this rerun', 'PROCESSING', null, ended('SUCCEEDED'), NOON_MS + 99, false],
    ['no failure', 'PROCESSING', null, ended('FAILED'), NOON_MS, false],
    ['no start that Glue refused', 'PROCESSING', null, refusedByGlue, NOON_MS + 99, false],
    ['the success of an ERROR(publish)', 'ERROR', 'publish', ended('SUCCEEDED'), NOON_MS + 9, true],
    ['no attempt of another ERROR', 'ERROR', 'run', ended('FAILED'), NOON_MS + 9, false],
    ['no attempt of a completed cycle', 'COMPLETED', null, ended('SUCCEEDED'), NOON_MS, false],
  ])('%s', (_, state, step, last, stateSinceMs, goesOn) => {
    const attempts = [{ ...ended('FAILED'), number: 1 }, last]
    const found = attemptToGoOnWith({ state, step, stateSinceMs, attempts, lastAttempt: 2 })
    expect(found).toEqual(goesOn ? last : null)
  })

  test('none when the last attempt is not known', () => {
    const where = { state: 'PROCESSING' as const, step: null, stateSinceMs: NOON_MS }
    expect(attemptToGoOnWith({ ...where, attempts: [attempt], lastAttempt: 3 })).toBeNull()
  })
})
