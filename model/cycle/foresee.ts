// In: what a cycle is opened with, and what was published and skipped of its inputs. Out: whether it would go on. Pure.
import type { ProductId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import { applyRecall } from './arrivals.ts'
import { type Blocker, type CycleInput, type ExpectedCycle, isSameCycle, openRun } from './cycle.ts'
import { missingOf } from './inputs.ts'
import { decideNext } from './decide.ts'

/** What a recall answers, for any number of cycles. */
export interface Found {
  arrivals: Arrival[]
  skipped: Blocker[]
}

export interface Foreseen {
  /** It begins, or ends without data, by itself. */
  goesOn: boolean
  /** Else the upstreams that it would wait for; none when it is held. */
  missing: ProductId[]
}

/** What would become of it, were it opened now. */
export function foresee(input: CycleInput, found: Found, nowMs: number): Foreseen {
  const isExpected = (one: ExpectedCycle): boolean => input.expected.some((expected) => isSameCycle(expected, one))
  const own = { arrivals: found.arrivals.filter(isExpected), skipped: found.skipped.filter(isExpected) }
  const cycle = applyRecall(openRun(input, nowMs), own, nowMs)
  const next = decideNext(cycle, nowMs)
  const goesOn = next.kind !== 'wait' || next.untilMs !== null
  return { goesOn, missing: goesOn ? [] : missingOf(cycle, nowMs) }
}
