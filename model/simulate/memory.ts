// What was published and what was skipped so far, as mirror and ledger remember it for the cycles that open later
// (mirror/recall.ts). Out: the newest of each cycle. Never: a skip beside a publication of the same cycle.
import type { Blocker, ExpectedCycle } from '../cycle/cycle.ts'
import { type CycleId, toCycleId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'

export interface Memory {
  publish(arrival: Arrival): void
  report(notice: Blocker): void
  recall(expected: ExpectedCycle[]): { arrivals: Arrival[]; skipped: Blocker[] }
}

export function createMemory(): Memory {
  const published = new Map<CycleId, Arrival>()
  const skipped = new Map<CycleId, Blocker>()
  return {
    publish(arrival) {
      const cycle = toCycleId(arrival.product, arrival.key)
      const known = published.get(cycle)
      if (!known || isNewer(arrival, known)) published.set(cycle, arrival)
    },
    report(notice) {
      if (notice.state === 'SKIPPED') skipped.set(toCycleId(notice.product, notice.key), notice)
    },
    recall(expected) {
      const cycles = expected.map(({ product, key }) => toCycleId(product, key))
      return {
        arrivals: cycles.flatMap((cycle) => published.get(cycle) ?? []),
        skipped: cycles.flatMap((cycle) => (published.has(cycle) ? [] : (skipped.get(cycle) ?? []))),
      }
    },
  }
}

const isNewer = (one: Arrival, other: Arrival): boolean =>
  one.revision > other.revision || (one.revision === other.revision && one.eventId < other.eventId)
