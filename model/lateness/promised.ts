// Whether anybody counts on a cycle at the time by which it is expected. Pure; mirror/conditions.ts says the same in SQL.
import type { OpenedBy } from '../cycle/cycle.ts'

/** Who opens a cycle so after its time knows that it comes too late. The scheduler opens so only after an outage, which counts. */
export const BY_HAND: readonly OpenedBy[] = ['person', 'backfill', 'rerun']

export const isOpenedAfterItsTime = (openedBy: OpenedBy, openedAtMs: number, availableByMs: number): boolean =>
  BY_HAND.includes(openedBy) && openedAtMs > availableByMs
