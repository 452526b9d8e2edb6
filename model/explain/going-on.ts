// When time alone lets a cycle go on without what it misses: an input that is optional, one that nobody had opened. In: its condition,
// its inputs, the time. Out: the instants to come. Pure. Never: what its cutoff does; what would have to come.
import { type Condition, judgeCondition } from '../cycle/condition.ts'
import type { DependencyStatus } from '../cycle/cycle.ts'
import { type CycleId, toCycleId } from '../ids.ts'

export interface GoingOn {
  /** ISO instant. */
  at: string
  /** What it then does without, or is skipped for. */
  cycles: CycleId[]
  then: 'without' | 'skip'
}

interface Gathered {
  condition: Condition
  /** As the condition counts them. */
  dependencies: DependencyStatus[]
}

/** Soonest first; as if nothing more came. */
export function listGoingOn({ condition, dependencies }: Gathered, nowMs: number): GoingOn[] {
  const found: GoingOn[] = []
  let judged = judgeCondition(condition, dependencies, nowMs)
  // Each time is later than the one before.
  while (judged.untilMs !== null && judged.skip === null) {
    const atMs = judged.untilMs
    const next = judgeCondition(condition, dependencies, atMs)
    const then = next.skip === null ? 'without' : 'skip'
    const isGone = (place: number): boolean =>
      then === 'skip' ? dependencies[place]?.blocker?.countsFromMs === atMs : !next.missing.includes(place)
    const gone = judged.missing.filter(isGone).flatMap((place) => dependencies[place] ?? [])
    const cycles = gone.map(({ product, key }) => toCycleId(product, key))
    if (cycles.length > 0) found.push({ at: new Date(atMs).toISOString(), cycles, then })
    judged = next
  }
  return found
}
