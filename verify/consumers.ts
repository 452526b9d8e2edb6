// In: evidence. Out: which cycles of a domain wait for an upstream cycle, and which events must have reached them. Pure.
// Never: asks for what a bridge could not know: a definition just applied, a revision that another overtook.
import { upstreamsIn } from '../model/calendar/match.ts'
import { type CycleId, domainOf, parseCycleId } from '../model/ids.ts'
import type { Evidence } from './evidence.ts'
import { awaitedBy, broughtTo } from './fold.ts'
import type { QueuedEvent } from './sandbox-rows.ts'

export interface Consumers {
  /** Cycles of the domain that were opened to wait for it. */
  waitingFor(domain: string, upstream: CycleId): CycleId[]
  /** Whether a refresh event leaves a ledger row. */
  mustHave(event: QueuedEvent): boolean
  /** Whether the domain's bridge knew long enough that somebody waits for the product. */
  surelyRoutes(event: Pick<QueuedEvent, 'domain' | 'cycle' | 'atMs'>): boolean
  /** Whether this cycle must have judged the event. */
  mustHear(cycle: CycleId, event: { domain: string; eventId: string; atMs: number | null }): boolean
}

/** A bridge looks at the catalog each minute. */
export const INDEX_LAG_MS = 120_000

export function consumersOf({ sandbox, cycles, definitions }: Evidence): Consumers {
  const edges = cycles.flatMap(({ cycle, runs }) => {
    const awaited = runs.slice(-1).flatMap(awaitedBy)
    return awaited.map(({ product, key }) => ({ on: `${domainOf(cycle)} ${product}/${key}`, cycle }))
  })
  const waiting = Map.groupBy(edges, ({ on }) => on)
  const arrivals = cycles.flatMap(({ cycle, runs }) =>
    runs.flatMap(broughtTo).map(({ arrival }) => ({ cycle, arrival })),
  )
  const brought = new Set(arrivals.map(({ cycle, arrival }) => `${cycle} ${arrival.eventId}`))
  const byRevision = arrivals.toSorted((a, b) => a.arrival.revision - b.arrival.revision)
  const newest = new Map(
    byRevision.map(({ cycle, arrival }) => [`${domainOf(cycle)} ${arrival.product}/${arrival.key}`, arrival.eventId]),
  )
  const edgesOn = (product: string, since: (appliedAtMs: number) => boolean) =>
    definitions.filter(
      ({ definition, appliedAt }) =>
        since(Date.parse(appliedAt)) && upstreamsIn(definition.dependsOn).some((edge) => edge.product === product),
    )
  const knewAt = (product: string, atMs: number) => edgesOn(product, (sinceMs) => sinceMs + INDEX_LAG_MS <= atMs)
  const isIn = (domain: string) => (version: Evidence['definitions'][number]) =>
    domainOf(version.definition.product) === domain
  const surelyRoutes: Consumers['surelyRoutes'] = ({ domain, cycle, atMs }) =>
    knewAt(productOf(cycle), atMs).some(isIn(domain))
  return {
    waitingFor: (domain, upstream) => (waiting.get(`${domain} ${upstream}`) ?? []).map(({ cycle }) => cycle),
    surelyRoutes,
    mustHave(event) {
      const { domain, cycle, eventId, atMs } = event
      if (surelyRoutes(event)) return true
      const consumers = waiting.get(`${domain} ${cycle}`) ?? []
      if (consumers.some((one) => brought.has(`${one.cycle} ${eventId}`))) return true
      const isNew = edgesOn(productOf(cycle), (sinceMs) => sinceMs + INDEX_LAG_MS > atMs).some(isIn(domain))
      return consumers.length > 0 && !isNew
    },
    mustHear(cycle, { domain, eventId, atMs }) {
      if (brought.has(`${cycle} ${eventId}`)) return true
      const upstream = eventId.slice(0, eventId.lastIndexOf('/'))
      const product = productOf(upstream as CycleId)
      const own = productOf(cycle)
      if (atMs !== null && knewAt(product, atMs).some(({ definition }) => definition.product === own)) return true
      // The bus may have dropped it; a closed cycle of a version that is superseded is not asked any more; and before a
      // version applied, nobody asked for its upstreams.
      const present = definitions.find(({ definition }) => definition.product === own)
      const isPassedBy = present && !upstreamsIn(present.definition.dependsOn).some((edge) => edge.product === product)
      const isBefore = present && atMs !== null && Date.parse(present.appliedAt) + INDEX_LAG_MS > atMs
      if (isPassedBy || isBefore || (sandbox !== undefined && atMs === null)) return false
      // A revision that another overtook before the cycle was open may never have reached it.
      return newest.get(`${domain} ${upstream}`) === eventId
    },
  }
}

const productOf = (cycle: CycleId): string => parseCycleId(cycle)?.product ?? ''
