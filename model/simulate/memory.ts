// What was published and what was skipped so far, as mirror and ledger remember it for the cycles that open later
// (mirror/recall.ts). Out: the newest of each cycle. Never: a skip beside a publication of the same cycle.
import type { Blocker, ExpectedCycle } from '../cycle/cycle.ts'
import type { CycleKey, ProductId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'

export interface Memory {
  publish(arrival: Arrival): void
  report(notice: Blocker): void
  recall(expected: ExpectedCycle[]): { arrivals: Arrival[]; skipped: Blocker[] }
}

export function createMemory(): Memory {
  const published = new Map<ProductId, Map<CycleKey, Arrival>>()
  const skipped = new Map<ProductId, Map<CycleKey, Blocker>>()
  return {
    publish(arrival) {
      const known = published.get(arrival.product)?.get(arrival.key)
      if (!known || isNewer(arrival, known)) keep(published, arrival)
    },
    report(notice) {
      if (notice.state === 'SKIPPED') keep(skipped, notice)
    },
    recall(expected) {
      const arrivals: Arrival[] = []
      const notices: Blocker[] = []
      for (const { product, key } of expected) {
        const arrival = published.get(product)?.get(key)
        const notice = skipped.get(product)?.get(key)
        if (arrival) arrivals.push(arrival)
        else if (notice) notices.push(notice)
      }
      return { arrivals, skipped: notices }
    },
  }
}

function keep<Item extends ExpectedCycle>(items: Map<ProductId, Map<CycleKey, Item>>, item: Item): void {
  const ofProduct = items.get(item.product) ?? new Map<CycleKey, Item>()
  items.set(item.product, ofProduct.set(item.key, item))
}

const isNewer = (one: Arrival, other: Arrival): boolean =>
  one.revision > other.revision || (one.revision === other.revision && one.eventId < other.eventId)
