// In: dice. Out: a small mesh: two domains, products that wait for each other (diamonds among them), raw products from
// outside, and the dates that fall due. Never: an edge backwards; a product that nobody feeds.
import { buildIndex, type DomainCatalog, type RoutingIndex } from '../../model/calendar/routing.ts'
import type { DefinitionVersion, ProductDefinition } from '../../model/definition.ts'
import { type CycleKey, type Domain, domainOf, nameOf, type ProductId } from '../../model/ids.ts'
import type { Random } from './random.ts'

export interface Mesh {
  domains: Domain[]
  keys: CycleKey[]
  definitions: ProductDefinition[]
  /** Products of the outside: nobody here runs them. */
  raw: ProductId[]
  indexOf(domain: Domain): RoutingIndex
}

export const ACCOUNTS: Record<string, string> = { raw: '111111111111', d1: '222222222222', d2: '333333333333' }
export const CENTRAL_ACCOUNT = '999999999999'
const OWNER = { team: 'data', email: 'data@example.com' }

export function createMesh(random: Random): Mesh {
  const domains = ['d1', 'd2'] as Domain[]
  const raw = ['raw/a', 'raw/b', 'raw/c'].slice(0, random.between(1, 3)) as ProductId[]
  const definitions: ProductDefinition[] = []
  for (let count = random.between(3, 8), at = 1; at <= count; at += 1) {
    const known = [...raw, ...definitions.map(({ product }) => product)]
    definitions.push(createDefinition(random, `${random.pick(domains)}/p${at}` as ProductId, known))
  }
  const versions = definitions.map(toVersion)
  const indexes = new Map(domains.map((domain) => [domain, buildIndex(toCatalog(domain, versions, raw))]))
  return {
    ...{ domains, raw, definitions },
    keys: ['2026-11-18', '2026-11-19', '2026-11-20'].slice(0, random.between(2, 3)) as CycleKey[],
    indexOf: (domain) => indexes.get(domain) as RoutingIndex,
  }
}

function createDefinition(random: Random, product: ProductId, known: ProductId[]): ProductDefinition {
  // Newer ones are likelier upstreams, so that chains grow; now and then a product waits for nothing.
  const wanted = random.chance(0.12) ? 0 : random.between(1, Math.min(4, known.length))
  const dependsOn = new Set<ProductId>()
  while (dependsOn.size < wanted) dependsOn.add(known[Math.floor(known.length * Math.sqrt(random.next()))] as ProductId)
  const cutoff = random.chance(0.15) && wanted > 0
  return {
    ...{ product, description: '', owner: OWNER, visibility: 'mesh', calendar: 'weekdays', timezone: 'UTC' },
    ...{ every: 'business-day', availableBy: null },
    notBefore: random.chance(0.15) ? { time: '09:00', days: 0, unit: 'day' } : null,
    cutoff: cutoff
      ? { at: { time: '16:00', days: 0, unit: 'day' }, then: random.pick(['error', 'skip', 'run-without'] as const) }
      : null,
    dependsOn: [...dependsOn].map((upstream) => ({ product: upstream })),
    run: {
      ...{ glue: random.chance(0.3) ? `${domainOf(product)}-shared` : product.replace('/', '-'), arguments: {} },
      ...{ timeoutMinutes: 60, attempts: random.between(1, 3), retryAfterMs: random.pick([1_000, 60_000]) },
    },
    publish: { location: `s3://example-${domainOf(product)}/${nameOf(product)}/` },
  }
}

const toVersion = (definition: ProductDefinition): DefinitionVersion => ({
  ...{ version: 1, appliedAt: '2026-11-18T00:00:00Z', firstAppliedAt: '2026-11-18T00:00:00Z', definition },
})

const toCatalog = (domain: Domain, versions: DefinitionVersion[], raw: ProductId[]): DomainCatalog => ({
  revision: 1,
  domain: {
    ...{ domain, account: ACCOUNTS[domain] ?? '', owner: OWNER, calendar: 'weekdays', timezone: 'UTC', location: null },
  },
  products: versions.filter(({ definition }) => domainOf(definition.product) === domain),
  earlier: [],
  accounts: ACCOUNTS,
  known: [...raw, ...versions.map(({ definition }) => definition.product)],
})
