// Cycles that have all they need and wait all the same. In: a waiting cycle's row and inputs as the mirror has them, an
// instant. Out: whether its condition held then. Pure; the live cycle alone knows why it does not start.
import type { CycleId } from '../ids.ts'
import { type Condition, conditionOf, judgeCondition } from './condition.ts'
import type { DependencyStatus } from './cycle.ts'

export interface WaitingCycle {
  cycle: CycleId
  condition: Condition | null
  /** Those that the condition counts, in its order. */
  inputs: DependencyStatus[]
}

export function heldAt({ condition, inputs }: WaitingCycle, atMs: number): boolean {
  const asked = condition ?? conditionOf({ expected: inputs })
  return judgeCondition(asked, inputs, atMs).holds
}
