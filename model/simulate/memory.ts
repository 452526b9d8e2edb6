// What was published and what was skipped so far, as mirror and ledger remember it for the cycles that open later
// (mirror/recall.ts). Out: the newest of each cycle. Never: a skip beside a publication of the same cycle.
import type { Blocker, ExpectedCycle } from '../cycle/cycle.ts'
import type { Arrival } from '../refresh-event.ts'
import { createByCycle } from './by-cycle.ts'

export interface Recalled {
  arrivals: Arrival[]
  skipped: Blocker[]
}

export interface Memory {
  publish(arrival: Arrival): void
  report(notice: Blocker): void
  recall(expected: ExpectedCycle[]): Recalled
}

export function createMemory(): Memory {
  const published = createByCycle<Arrival>()
  const skipped = createByCycle<Blocker>()
  return {
    publish(arrival) {
      const known = published.get(arrival.product, arrival.key)
      if (!known || isNewer(arrival, known)) published.set(arrival.product, arrival.key, arrival)
    },
    report(notice) {
      if (notice.state === 'SKIPPED') skipped.set(notice.product, notice.key, notice)
    },
    recall(expected) {
      const arrivals: Arrival[] = []
      const notices: Blocker[] = []
      for (const { product, key } of expected) {
        const arrival = published.get(product, key)
        const notice = arrival ? undefined : skipped.get(product, key)
        if (arrival) arrivals.push(arrival)
        if (notice) notices.push(notice)
      }
      return { arrivals, skipped: notices }
    },
  }
}

const isNewer = (one: Arrival, other: Arrival): boolean =>
  one.revision > other.revision || (one.revision === other.revision && one.eventId < other.eventId)
