import { expect, test } from 'vitest'
import type { CycleId } from '../ids.ts'
import { arrivalOf, cycleOf, HOUR_MS, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import type { Condition } from './condition.ts'
import { heldAt } from './unstarted.ts'

const half = applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS)
const all = applyArrival(half, arrivalOf('raw/rd2'), NOON_MS)
const waiting = (inputs: typeof half.dependencies, condition: Condition | null = null) => ({
  ...{ cycle: 'd1/ds3/2026-11-20' as CycleId, condition, inputs },
})

test('all inputs, unless the row says less; time may be enough', () => {
  expect(heldAt(waiting(half.dependencies), NOON_MS)).toBe(false)
  expect(heldAt(waiting(all.dependencies), NOON_MS)).toBe(true)
  const late: Condition = {
    ...{ kind: 'at-least' as const, n: 2 },
    of: [
      { kind: 'cycle', at: 0 },
      { kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: { kind: 'cycle', at: 1 } },
    ],
  }
  expect(heldAt(waiting(half.dependencies, late), NOON_MS)).toBe(false)
  expect(heldAt(waiting(half.dependencies, late), NOON_MS + HOUR_MS)).toBe(true)
})
