// In: the definitions of one domain and a refresh event's product and key. Out: the cycles it concerns.
// Pure and from memory: no database stands on this path. Never: chooses by anything but definitions and calendars.
import type { Held } from '../cycle/cycle.ts'
import type { DefinitionVersion, DomainDefinition, ExternalDefinition } from '../definition.ts'
import { upstreamsIn } from '../dependencies.ts'
import { type CycleId, type CycleKey, type Domain, domainOf, type ProductId, toCycleId } from '../ids.ts'
import { type CalendarDefinition, toCalendars } from './calendars.ts'
import { dueMsOn, type ProductSchedule, placeCycle, type Timetable } from './cycles.ts'
import { DAY_MS, toConsumer } from './due.ts'
import type { Edge } from './leaf.ts'
import { type Consumer, concernedBy, edgesOf } from './match.ts'

/** What one domain's roles know of the mesh; the object that `apply` writes for the domain. */
export interface DomainCatalog {
  /** Rises with each apply that changed anything for this domain. */
  revision: number
  domain: DomainDefinition
  products: DefinitionVersion[]
  /** Superseded versions that an open cycle may still carry: they deliver, but open nothing. */
  earlier: DefinitionVersion[]
  /** Account of each domain that owns a product this domain may see. */
  accounts: Record<string, string>
  /** Every product this domain may see, its own included. */
  known: ProductId[]
  /** The calendars that the products and their upstreams go by. */
  calendars: CalendarDefinition[]
  /** When the upstreams of the products refresh, those of other domains too. */
  schedules: Record<string, ProductSchedule>
  /** Upstreams outside the mesh that this domain declares. */
  externals: ExternalDefinition[]
  /** The own products that are held, by name; absent in what older versions wrote: none. */
  holds?: Record<string, Held>
}

export interface RoutingIndex {
  catalog: DomainCatalog
  timetable: Timetable
  current: ReadonlyMap<ProductId, DefinitionVersion>
  consumers: ReadonlyMap<ProductId, ConsumerVersion[]>
  known: ReadonlySet<ProductId>
  jobs: ReadonlySet<string>
}

interface ConsumerVersion {
  version: DefinitionVersion
  consumer: Consumer
  /** Its dependencies on the upstream. */
  edges: readonly Edge[]
  isCurrent: boolean
}

export interface Route {
  cycle: CycleId
  key: CycleKey
  version: DefinitionVersion
  isCurrent: boolean
  /** The cycle looks back on the event: it may reach it, not open it. */
  isLookBack: boolean
  dueAtMs: number
  /** By which the cycle is opened. */
  timetable: Timetable
}

export type Routing =
  | { kind: 'routed'; routes: Route[] }
  | { kind: 'irrelevant' }
  | { kind: 'unknown' }
  | { kind: 'unmatched'; reason: string }

/** The index for one catalog; built once per catalog revision. */
export function buildIndex(catalog: DomainCatalog): RoutingIndex {
  const consumers = new Map<ProductId, ConsumerVersion[]>()
  const timetable = toTimetable(catalog)
  const add = (version: DefinitionVersion, isCurrent: boolean): void => {
    const consumer = toConsumer(version)
    for (const product of new Set(upstreamsIn(version.definition.dependsOn).map((upstream) => upstream.product))) {
      const entry = { version, consumer, edges: edgesOf(timetable, consumer, product), isCurrent }
      consumers.set(product, [...(consumers.get(product) ?? []), entry])
    }
  }
  for (const version of catalog.products) add(version, true)
  for (const version of catalog.earlier) add(version, false)
  return {
    catalog,
    timetable,
    current: new Map(catalog.products.map((version) => [version.definition.product, version])),
    consumers,
    known: new Set(catalog.known),
    jobs: new Set([...catalog.products, ...catalog.earlier].map(({ definition }) => definition.run.glue)),
  }
}

export function toTimetable({
  calendars,
  schedules,
  holds = {},
}: Pick<DomainCatalog, 'calendars' | 'schedules' | 'holds'>): Timetable {
  const known = new Map(Object.entries(schedules))
  const held = new Map(Object.entries(holds))
  return {
    calendars: toCalendars(calendars),
    scheduleOf: (product) => known.get(product),
    heldBy: (product) => held.get(product),
  }
}

/** Who waits for this upstream cycle. `unknown` is worth one reload of the index before it is believed. */
export function route(index: RoutingIndex, upstream: ProductId, upstreamKey: CycleKey): Routing {
  const consumers = index.consumers.get(upstream)
  if (!consumers) return { kind: index.known.has(upstream) ? 'irrelevant' : 'unknown' }
  const routes: Route[] = []
  for (const consumer of consumers) {
    routes.push(...routesTo(index.timetable, consumer, upstreamKey))
  }
  if (routes.length > 0) return { kind: 'routed', routes: currentFirst(routes) }
  return { kind: 'unmatched', reason: whyUnmatched(index.timetable, consumers, upstreamKey) }
}

/** The account whose events of this product are believed; undefined when no such domain is known. */
export const ownerAccount = (index: RoutingIndex, product: ProductId | Domain): string | undefined =>
  index.catalog.accounts[product.includes('/') ? domainOf(product as ProductId) : product]

/** How long after its due time an event may still open a cycle, and how long before. */
export interface OpeningWindow {
  acceptForMs: number
  horizonMs: number
}

export const OPENING_WINDOW: OpeningWindow = { acceptForMs: 21 * DAY_MS, horizonMs: DAY_MS }

/**
 * `look-back-later`: nobody can have opened it yet; it will find what it needs when it opens. `taken-back`: its producer's word
 * was faster than the event.
 */
export type OpeningDecision =
  | 'open'
  | 'too-early'
  | 'too-old'
  | 'not-current'
  | 'look-back'
  | 'look-back-later'
  | 'taken-back'

/** Whether this delivery may open the cycle, or may only reach it when it is open already. */
export function decideOpening(
  route: Route,
  window: OpeningWindow,
  nowMs: number,
  isTakenBack = false,
): OpeningDecision {
  if (!route.isCurrent) return 'not-current'
  if (route.isLookBack) return route.dueAtMs > nowMs + window.horizonMs ? 'look-back-later' : 'look-back'
  if (route.dueAtMs < nowMs - window.acceptForMs) return 'too-old'
  if (isTakenBack) return 'taken-back'
  return route.dueAtMs > nowMs + window.horizonMs ? 'too-early' : 'open'
}

function routesTo(
  timetable: Timetable,
  { version, consumer, edges, isCurrent }: ConsumerVersion,
  upstreamKey: CycleKey,
): Route[] {
  return concernedBy(edges, upstreamKey).map(({ key, dueDate, isLookBack }) => ({
    cycle: toCycleId(consumer.product, key),
    key,
    version,
    isCurrent,
    isLookBack,
    dueAtMs: dueMsOn(consumer, key, dueDate),
    timetable,
  }))
}

/** One delivery per cycle: by the current version where it has one. */
function currentFirst(routes: Route[]): Route[] {
  if (routes.every(({ isCurrent }) => isCurrent)) return routes
  const byCycle = new Map<CycleId, Route>()
  for (const route of routes) if (route.isCurrent || !byCycle.has(route.cycle)) byCycle.set(route.cycle, route)
  return [...byCycle.values()]
}

function whyUnmatched({ calendars }: Timetable, consumers: ConsumerVersion[], key: CycleKey): string {
  const reasons = consumers.map(({ consumer }) => {
    const placed = placeCycle(calendars, consumer, key)
    const why = placed.kind === 'none' ? placed.reason : 'none of its cycles looks at it'
    return `${consumer.product} has no cycle for ${key}: ${why}`
  })
  return [...new Set(reasons)].join('; ')
}
