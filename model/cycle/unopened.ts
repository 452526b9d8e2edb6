// Cycles that fell due before their product was first applied: nobody opens them by itself, so they may never come.
// In: what a cycle waits for, and who opened it. Out: the notice that says so, since when it counts, which it concerns.
// Never: "never opened" for good: what somebody opens meanwhile takes it back.
import { domainOf, toCycleId } from '../ids.ts'
import { type Blocker, type Cycle, type DependencyStatus, type ExpectedCycle, isUnbegun } from './cycle.ts'

/** In the place of a notice, of a cycle that nobody had opened by then. */
export const toUnopened = ({ product, key }: Pick<ExpectedCycle, 'product' | 'key'>, at: string): Blocker => ({
  ...{ eventId: `${toCycleId(product, key)}/never-opened`, product, key, state: 'SKIPPED', step: null },
  ...{ reason: 'first applied later, and nobody had opened it', occurredAt: at, isUnopened: true },
})

/**
 * One event may open a cycle and its upstream at the same moment, and what another domain has opened just now only its own
 * rows tell: then it counts only some time after the cycle opened.
 */
const UNSURE_MS = 600_000

/** With the time from which it counts; any other notice as it is. */
export function withGrace({ input, openedAtMs }: Cycle, blocker: Blocker): Blocker {
  const isUnsure = input.openedBy === 'arrival' || domainOf(blocker.product) !== domainOf(input.product)
  if (!blocker.isUnopened || !isUnsure) return blocker
  const cutoffMs = input.cutoffMs !== null && input.cutoffMs > openedAtMs ? input.cutoffMs : Infinity
  return { ...blocker, countsFromMs: Math.min(openedAtMs + UNSURE_MS, cutoffMs) }
}

/** The inputs that nobody had opened when it asked. */
export const unopenedOf = (cycle: Cycle): DependencyStatus[] =>
  isUnbegun(cycle) ? cycle.dependencies.filter(({ state, blocker }) => state === 'WAITING' && blocker?.isUnopened) : []

/** As if all of them had been opened since. */
export const withoutUnopened = <One extends Pick<Cycle, 'dependencies'>>(cycle: One): One => ({
  ...cycle,
  dependencies: cycle.dependencies.map((one) => (one.blocker?.isUnopened ? { ...one, blocker: null } : one)),
})
