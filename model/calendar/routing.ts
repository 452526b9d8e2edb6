// In: the definitions of one domain and a refresh event's product and key. Out: the cycles it concerns.
// Pure and from memory: no database stands on this path. Never: chooses by anything but definitions and calendars.
import type { DefinitionVersion, DomainDefinition } from '../definition.ts'
import { type CycleId, type CycleKey, type Domain, domainOf, type ProductId, toCycleId } from '../ids.ts'
import { concernedKeys } from '../match.ts'
import { dueAtMs, isDue, whyNotDue } from './due.ts'

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
}

export interface RoutingIndex {
  catalog: DomainCatalog
  current: ReadonlyMap<ProductId, DefinitionVersion>
  consumers: ReadonlyMap<ProductId, Consumer[]>
  known: ReadonlySet<ProductId>
  jobs: ReadonlySet<string>
}

interface Consumer {
  version: DefinitionVersion
  isCurrent: boolean
}

export interface Route {
  cycle: CycleId
  key: CycleKey
  version: DefinitionVersion
  isCurrent: boolean
  dueAtMs: number
}

export type Routing =
  | { kind: 'routed'; routes: Route[] }
  | { kind: 'irrelevant' }
  | { kind: 'unknown' }
  | { kind: 'unmatched'; reason: string }

/** The index for one catalog; built once per catalog revision. */
export function buildIndex(catalog: DomainCatalog): RoutingIndex {
  const consumers = new Map<ProductId, Consumer[]>()
  const add = (version: DefinitionVersion, isCurrent: boolean): void => {
    for (const { product } of version.definition.dependsOn) {
      consumers.set(product, [...(consumers.get(product) ?? []), { version, isCurrent }])
    }
  }
  for (const version of catalog.products) add(version, true)
  for (const version of catalog.earlier) add(version, false)
  return {
    catalog,
    current: new Map(catalog.products.map((version) => [version.definition.product, version])),
    consumers,
    known: new Set(catalog.known),
    jobs: new Set([...catalog.products, ...catalog.earlier].map(({ definition }) => definition.run.glue)),
  }
}

/** Who waits for this upstream cycle. `unknown` is worth one reload of the index before it is believed. */
export function route(index: RoutingIndex, upstream: ProductId, upstreamKey: CycleKey): Routing {
  const consumers = index.consumers.get(upstream)
  if (!consumers) return { kind: index.known.has(upstream) ? 'irrelevant' : 'unknown' }
  const routes = consumers.flatMap((consumer) => routesTo(consumer, upstream, upstreamKey))
  if (routes.length > 0) return { kind: 'routed', routes: currentFirst(routes) }
  return { kind: 'unmatched', reason: whyUnmatched(consumers, upstream, upstreamKey) }
}

/** The account whose events of this product are believed; undefined when no such domain is known. */
export const ownerAccount = (index: RoutingIndex, product: ProductId | Domain): string | undefined =>
  index.catalog.accounts[product.includes('/') ? domainOf(product as ProductId) : product]

/** How long after its due time an event may still open a cycle, and how long before. */
export interface OpeningWindow {
  acceptForMs: number
  horizonMs: number
}

export const DAY_MS = 86_400_000
export const OPENING_WINDOW: OpeningWindow = { acceptForMs: 21 * DAY_MS, horizonMs: DAY_MS }

export type OpeningDecision = 'open' | 'too-early' | 'too-old' | 'not-current'

/** Whether this delivery may open the cycle, or may only reach it when it is open already. */
export function decideOpening(route: Route, window: OpeningWindow, nowMs: number): OpeningDecision {
  if (!route.isCurrent) return 'not-current'
  if (route.dueAtMs > nowMs + window.horizonMs) return 'too-early'
  return route.dueAtMs < nowMs - window.acceptForMs ? 'too-old' : 'open'
}

function routesTo(consumer: Consumer, upstream: ProductId, upstreamKey: CycleKey): Route[] {
  const { definition } = consumer.version
  return concernedKeys(definition, upstream, upstreamKey)
    .filter((key) => isDue(definition, key))
    .map((key) => ({
      cycle: toCycleId(definition.product, key),
      key,
      version: consumer.version,
      isCurrent: consumer.isCurrent,
      dueAtMs: dueAtMs(definition, key),
    }))
}

/** One delivery per cycle: by the current version where it has one. */
function currentFirst(routes: Route[]): Route[] {
  const byCycle = new Map<CycleId, Route>()
  for (const route of routes) if (route.isCurrent || !byCycle.has(route.cycle)) byCycle.set(route.cycle, route)
  return [...byCycle.values()]
}

function whyUnmatched(consumers: Consumer[], upstream: ProductId, upstreamKey: CycleKey): string {
  const reasons = consumers.flatMap(({ version: { definition } }) =>
    concernedKeys(definition, upstream, upstreamKey).map((key) => whyNotDue(definition, key)),
  )
  return [...new Set(reasons.filter((reason) => reason !== null))].join('; ')
}
