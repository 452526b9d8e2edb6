// In: dice. Out: a small mesh: two domains, products that wait for each other (diamonds among them), some of them private,
// raw products from outside, the dates that fall due, and changes of definitions to come.
// Never: an edge backwards, or to another domain's private product; a product that nobody feeds.
import { upstreamsIn } from '../../model/dependencies.ts'
import { buildIndex, type DomainCatalog, type RoutingIndex } from '../../model/calendar/routing.ts'
import {
  type DefinitionVersion,
  type DependencyDefinition,
  ON_REVISION,
  type ProductDefinition,
} from '../../model/definition.ts'
import { type CycleKey, type Domain, domainOf, nameOf, type ProductId } from '../../model/ids.ts'
import { CALENDARS } from '../../model/samples.test-data.ts'
import type { Held } from '../../model/cycle/cycle.ts'
import type { Random } from './random.ts'

export interface Mesh {
  domains: Domain[]
  keys: CycleKey[]
  /** Products of the outside: nobody here runs them. */
  raw: ProductId[]
  /** Of all products that run here, the versions that apply now. */
  current(): DefinitionVersion[]
  /** These, and the ones before them. */
  everApplied(): DefinitionVersion[]
  /** A change that somebody may apply now, of this product or of any. */
  change(random: Random, nowMs: number, product?: ProductId): DefinitionVersion
  apply(version: DefinitionVersion): void
  /** The products that are held, as the catalog objects have them from now on. */
  putHolds(holds: Record<string, Held>, nowMs: number): void
  /** Since when each was held there, until when; null: it is. */
  readonly heldSpells: HeldSpell[]
  /** Rises with each change of the catalog objects. */
  revision(): number
  indexOf(domain: Domain): RoutingIndex
}

export interface HeldSpell {
  product: string
  fromMs: number
  untilMs: number | null
}

export const ACCOUNTS: Record<string, string> = { raw: '111111111111', d1: '222222222222', d2: '333333333333' }
export const CENTRAL_ACCOUNT = '999999999999'
export const CENTRAL_BUS = 'central'
const OWNER = { team: 'data', email: 'data@example.com' }
const FIRST_APPLIED = '2026-11-18T00:00:00Z'

export function createMesh(random: Random): Mesh {
  const domains = ['d1', 'd2'] as Domain[]
  const raw = ['raw/a', 'raw/b', 'raw/c'].slice(0, random.between(1, 3)) as ProductId[]
  const current: DefinitionVersion[] = []
  for (let count = random.between(3, 8), at = 1; at <= count; at += 1) {
    const product = `${random.pick(domains)}/p${at}` as ProductId
    current.push(toFirstVersion(createDefinition(random, product, upstreamsFor(product, raw, current))))
  }
  const keys = ['2026-11-18', '2026-11-19', '2026-11-20'].slice(0, random.between(2, 3)) as CycleKey[]
  return toMesh({ domains, raw, keys }, current)
}

/** With the first version of each of its products, in an order in which none comes before what it waits for. */
export function toMesh(
  { domains, raw, keys }: Pick<Mesh, 'domains' | 'raw' | 'keys'>,
  first: DefinitionVersion[],
): Mesh {
  let current = first
  const earlier: DefinitionVersion[] = []
  const indexes = new Map<Domain, RoutingIndex>()
  let holds: Record<string, Held> = {}
  let revision = 1
  const heldSpells: HeldSpell[] = []
  const toObject = (domain: Domain): DomainCatalog => ({
    ...toCatalog(domain, raw, current, earlier),
    ...{ revision, holds: Object.fromEntries(Object.entries(holds).filter(([one]) => one.startsWith(`${domain}/`))) },
  })
  return {
    ...{ domains, raw, keys },
    current: () => current,
    everApplied: () => [...earlier, ...current],
    change(dice, nowMs, product) {
      const named = current.filter(({ definition }) => definition.product === product)
      const before = dice.pick(named.length > 0 ? named : current)
      const known = upstreamsFor(before.definition.product, raw, current.slice(0, current.indexOf(before)))
      const appliedAt = new Date(nowMs).toISOString()
      return { ...before, version: before.version + 1, appliedAt, definition: vary(dice, before.definition, known) }
    },
    apply(version) {
      const isIt = ({ definition }: DefinitionVersion): boolean => definition.product === version.definition.product
      earlier.push(...current.filter(isIt))
      current = current.map((one) => (isIt(one) ? version : one))
      indexes.clear()
      revision += 1
    },
    putHolds(next, nowMs) {
      for (const spell of heldSpells) if (spell.untilMs === null && !next[spell.product]) spell.untilMs = nowMs
      for (const product of Object.keys(next))
        if (!holds[product]) heldSpells.push({ product, fromMs: nowMs, untilMs: null })
      holds = next
      indexes.clear()
      revision += 1
    },
    heldSpells,
    revision: () => revision,
    indexOf(domain) {
      const index = indexes.get(domain) ?? buildIndex(toObject(domain))
      indexes.set(domain, index)
      return index
    },
  }
}

/** What a product may wait for: raw ones, and those before it that it may see. */
const upstreamsFor = (product: ProductId, raw: ProductId[], before: DefinitionVersion[]): ProductId[] => [
  ...raw,
  ...before.filter((version) => isSeenBy(domainOf(product), version)).map(({ definition }) => definition.product),
]

const isSeenBy = (domain: Domain, { definition }: DefinitionVersion): boolean =>
  definition.visibility === 'mesh' || domainOf(definition.product) === domain

function createDefinition(random: Random, product: ProductId, known: ProductId[]): ProductDefinition {
  // Newer ones are likelier upstreams, so that chains grow; now and then a product waits for nothing.
  const wanted = random.chance(0.12) ? 0 : random.between(1, Math.min(4, known.length))
  const dependsOn = new Set<ProductId>()
  while (dependsOn.size < wanted) dependsOn.add(known[Math.floor(known.length * Math.sqrt(random.next()))] as ProductId)
  const cutoff = random.chance(0.15) && wanted > 0
  return {
    ...{ product, description: '', owner: OWNER, calendar: 'weekdays', timezone: 'UTC' },
    ...{ visibility: random.chance(0.2) ? 'domain' : 'mesh', every: 'business-day', availableBy: null },
    notBefore: random.chance(0.15) ? { time: '09:00', days: 0, unit: 'day' } : null,
    cutoff: cutoff
      ? { at: { time: '16:00', days: 0, unit: 'day' }, then: random.pick(['error', 'skip', 'run-without'] as const) }
      : null,
    dependsOn: toRules(random, product, [...dependsOn]),
    run: {
      ...{ glue: random.chance(0.3) ? toSharedJob(product) : product.replace('/', '-'), arguments: {} },
      ...{ timeoutMinutes: 60, attempts: random.between(1, 3), retryAfterMs: random.pick([1_000, 60_000]) },
    },
    publish: { location: `s3://example-${domainOf(product)}/${nameOf(product)}/` },
  }
}

/** Mostly all of them; now and then one of several, one that is optional, or its own cycle before. */
function toRules(random: Random, product: ProductId, upstreams: ProductId[]): DependencyDefinition[] {
  const plain: DependencyDefinition[] = upstreams.map((upstream) => ({
    product: upstream,
    ...(random.chance(0.4) ? { onRevision: random.pick(ON_REVISION) } : {}),
  }))
  const [first, ...others] = plain
  const own: DependencyDefinition[] = random.chance(0.1) ? [{ product, match: { kind: 'self-previous' } }] : []
  if (!first || !random.chance(0.25)) return [...plain, ...own]
  if (others.length > 0 && random.chance(0.5)) return [{ atLeast: random.between(1, others.length), of: plain }, ...own]
  const optionalAfter = { time: random.pick(['01:00', '13:00']), days: 0, unit: 'day' as const }
  return [{ ...first, optionalAfter }, ...others, ...own]
}

const toSharedJob = (product: ProductId): string => `${domainOf(product)}-shared`

/** Another job, and an input more or less where that is possible. */
function vary(random: Random, definition: ProductDefinition, known: ProductId[]): ProductDefinition {
  const { product, dependsOn } = definition
  const more = known.filter((one) => !upstreamsIn(dependsOn).some((edge) => edge.product === one))
  const added = random.chance(0.5) && more.length > 0 ? [{ product: random.pick(more) }] : []
  const kept = added.length === 0 && dependsOn.length > 1 ? dependsOn.slice(1) : dependsOn
  const glue = `${product.replace('/', '-')}-${random.between(2, 9)}`
  return { ...definition, dependsOn: [...kept, ...added], run: { ...definition.run, glue } }
}

export const toFirstVersion = (definition: ProductDefinition): DefinitionVersion => ({
  ...{ version: 1, appliedAt: FIRST_APPLIED, firstAppliedAt: FIRST_APPLIED, definition },
})

function toCatalog(
  domain: Domain,
  raw: ProductId[],
  current: DefinitionVersion[],
  earlier: DefinitionVersion[],
): DomainCatalog {
  const isOwn = ({ definition }: DefinitionVersion): boolean => domainOf(definition.product) === domain
  return {
    revision: 1,
    domain: {
      ...{ domain, account: ACCOUNTS[domain] ?? '', owner: OWNER, calendar: 'weekdays', timezone: 'UTC' },
      location: null,
    },
    products: current.filter(isOwn),
    earlier: earlier.filter(isOwn),
    accounts: ACCOUNTS,
    known: [
      ...raw,
      ...current.filter((version) => isSeenBy(domain, version)).map(({ definition }) => definition.product),
    ],
    ...{ calendars: CALENDARS, schedules: {}, externals: [] },
  }
}
