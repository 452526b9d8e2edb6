// In: evidence. Out: which cycles of a domain wait for an upstream cycle, and which events must have reached them. Pure.
// Never: asks for what a bridge could not know: a definition just applied, a revision that another overtook.
import { upstreamsIn } from '../model/dependencies.ts'
import type { ProductDefinition, UpstreamDefinition } from '../model/definition.ts'
import { type CycleId, domainOf, parseCycleId } from '../model/ids.ts'
import type { CycleEvidence, Evidence } from './evidence.ts'
import { answeredOf, awaitedBy, broughtTo, recordsOf } from './fold.ts'
import type { QueuedEvent } from './sandbox-rows.ts'

export interface Consumers {
  /** Cycles of the domain that were opened to wait for it. */
  waitingFor(domain: string, upstream: CycleId): CycleId[]
  /** Whether a refresh event leaves a ledger row. */
  mustHave(event: QueuedEvent): boolean
  /** Whether the domain's bridge knew long enough that somebody waits for the product. */
  surelyRoutes(event: Pick<QueuedEvent, 'domain' | 'cycle' | 'atMs'>): boolean
  /** Whether this cycle must have judged the event. */
  mustHear(cycle: CycleId, event: KeptEvent): boolean
}

/** An event that has its row in the ledger. */
export interface KeptEvent {
  domain: string
  eventId: string
  upstream: CycleId
  revision: number
  /** When a queue first had it; null where only a history tells of it. */
  atMs: number | null
  /** When it came, or was sent again, last. */
  cameMs: number
  /** Since when a recall finds it: a refusal hid it until it was sent again. */
  keptAtMs: number
  /** No cycle took it. */
  isUnmatched: boolean
}

/** A bridge looks at the catalog each minute. */
export const INDEX_LAG_MS = 120_000

export function consumersOf({ sandbox, cycles, definitions }: Evidence): Consumers {
  const edges = cycles.flatMap(({ cycle, runs }) => {
    const awaited = runs.slice(-1).flatMap(awaitedBy)
    return awaited.map(({ product, key }) => ({ on: `${domainOf(cycle)} ${product}/${key}`, cycle }))
  })
  const waiting = Map.groupBy(edges, ({ on }) => on)
  const known = new Map(cycles.map((one) => [one.cycle, one]))
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
      // Whose product waits for it no more: when the version came that did is not known.
      const present = consumers.filter((one) => {
        const known = definitions.find(({ definition }) => definition.product === productOf(one.cycle))
        return !known || edgesTo(known.definition, productOf(cycle)).length > 0
      })
      return present.length > 0 && !isNew
    },
    mustHear(cycle, event) {
      const { domain, eventId, upstream, atMs } = event
      if (brought.has(`${cycle} ${eventId}`)) return true
      const one = known.get(cycle)
      const product = productOf(upstream)
      const own = productOf(cycle)
      if (one && isUnknown(one)) return false
      if (one && isLeftToRecall(one, event)) return hasRecalledSince(one, event.keptAtMs) && !hasNewer(one, event)
      const present = definitions.find(({ definition }) => definition.product === own)
      // A closed cycle of a version that is superseded is not asked any more.
      if (event.isUnmatched || (one && present && isOfOtherRule(one, present.definition, product))) return false
      if (atMs !== null && knewAt(product, atMs).some(({ definition }) => definition.product === own)) return true
      // The bus may have dropped it; and before a version applied, nobody asked for its upstreams.
      const isPassedBy = present && edgesTo(present.definition, product).length === 0
      const isBefore = present && atMs !== null && Date.parse(present.appliedAt) + INDEX_LAG_MS > atMs
      if (isPassedBy || isBefore || (sandbox !== undefined && atMs === null)) return false
      // A revision that another overtook before the cycle was open may never have reached it.
      return newest.get(`${domain} ${upstream}`) === eventId
    },
  }
}

const edgesTo = ({ dependsOn }: ProductDefinition, product: string) =>
  upstreamsIn(dependsOn).filter((edge) => edge.product === product)

/**
 * It came before the cycle was open and may not open it: kept for the cycles that look back, or for whoever comes to wait.
 * Such a cycle finds the newest revision of it, if it opens at all.
 */
function isLeftToRecall({ runs }: CycleEvidence, { upstream, cameMs, isUnmatched }: KeptEvent): boolean {
  const [first] = runs
  if (!first || first.startedAtMs <= cameMs) return false
  return isUnmatched || edgesTo(first.input.definition, productOf(upstream)).every(looksBack)
}

const looksBack = ({ match, ifNone }: UpstreamDefinition): boolean =>
  match?.kind === 'latest-within' || match?.kind === 'covering' || ifNone === 'previous'

/** So late that whoever kept it had surely written it down. */
const hasRecalledSince = ({ runs }: CycleEvidence, keptAtMs: number): boolean =>
  runs.some((run) => answeredOf(run, 'recallArrivals').some(({ atMs }) => atMs > keptAtMs + INDEX_LAG_MS))

const hasNewer = ({ runs }: CycleEvidence, { upstream, revision }: KeptEvent): boolean =>
  runs
    .flatMap(broughtTo)
    .some(({ arrival }) => `${arrival.product}/${arrival.key}` === upstream && arrival.revision >= revision)

/** Ended from outside before it wrote anything: no bridge can have known what it waited for. */
const isUnknown = ({ runs }: CycleEvidence): boolean =>
  runs.every((run) => run.status !== 'RUNNING' && recordsOf(run).length === 0)

/** Closed, and opened by another rule for this upstream than the present one, which may lead elsewhere. */
function isOfOtherRule({ runs }: CycleEvidence, present: ProductDefinition, product: string): boolean {
  const last = runs.at(-1)
  if (!last || last.status === 'RUNNING') return false
  return JSON.stringify(edgesTo(last.input.definition, product)) !== JSON.stringify(edgesTo(present, product))
}

const productOf = (cycle: CycleId): string => parseCycleId(cycle)?.product ?? ''
