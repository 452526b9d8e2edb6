// Which of the missing inputs a cycle cannot start without, and of which any would do. In: its condition, places of what is missing.
// Out: those needed. Never: a word about what time alone would change.
import { type Condition, judgeCondition } from '../cycle/condition.ts'
import { type DependencyStatus, toWaiting } from '../cycle/cycle.ts'
import type { CycleKey, ProductId } from '../ids.ts'

/** Those without which the condition would not hold if all the others came; what is not missing is taken for there. */
export function neededOf(condition: Condition, missing: number[]): Set<number> {
  // Before any time has come.
  const isNeeded = (one: number): boolean => !judgeCondition(condition, lacking(condition, [one]), -Infinity).holds
  return new Set(missing.filter(isNeeded))
}

/** Those of what has not arrived that would help: a group that has enough waits for none of its others. */
export const missingIn = (condition: Condition, waiting: number[], nowMs: number): Set<number> =>
  new Set(judgeCondition(condition, lacking(condition, waiting), nowMs).missing)

function lacking(condition: Condition, places: number[]): DependencyStatus[] {
  const size = Math.max(-1, ...places, ...placesIn(condition)) + 1
  return Array.from({ length: size }, (_, at) => (places.includes(at) ? LACKING : THERE))
}

const LACKING = toWaiting({ product: '' as ProductId, key: '' as CycleKey })
const THERE: DependencyStatus = { ...LACKING, state: 'ARRIVED' }

function placesIn(condition: Condition): number[] {
  switch (condition.kind) {
    case 'cycle':
      return [condition.at]
    case 'newest':
    case 'first-not-skipped':
      return condition.of
    case 'optional':
      return placesIn(condition.of)
    case 'none':
      return []
    case 'at-least':
      return condition.of.flatMap(placesIn)
  }
}
