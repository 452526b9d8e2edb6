// In: what is applied and what the files say. Out: what apply would do, per domain, product, external, calendar. Pure.
// Never: a new version of something that did not change; a product removed that nobody asked to remove.
import { toCadence } from '../model/calendar/cadence.ts'
import type { DefinitionVersion, DomainDefinition, ExternalDefinition, ProductDefinition } from '../model/definition.ts'
import { type Domain, domainOf, type ProductId } from '../model/ids.ts'
import type { Goer } from './calendar-effects.ts'
import type { CurrentMesh, ExternalVersion, Mesh } from './mesh.ts'
import { type CalendarChange, planCalendars } from './plan-calendars.ts'
import { type FieldChange, fieldsOfDomain, fieldsOfExternal, fieldsOfProduct } from './plan-words.ts'
import { isSame } from './stable-json.ts'

export type DomainChange =
  | { kind: 'created'; definition: DomainDefinition; version: number }
  | { kind: 'changed'; definition: DomainDefinition; version: number; before: DomainDefinition; fields: FieldChange[] }
  | { kind: 'unchanged'; definition: DomainDefinition; version: number }

export type ProductChange =
  | { kind: 'created'; definition: ProductDefinition; version: number; firstAppliedAt: null }
  | {
      kind: 'changed'
      definition: ProductDefinition
      version: number
      /** Null: cycles of another kind begin, of which nobody has opened any. */
      firstAppliedAt: string | null
      before: ProductDefinition
      fields: FieldChange[]
    }
  | { kind: 'unchanged'; definition: ProductDefinition; version: number }
  /** No new cycles; open ones end as they began. `version` is its last. */
  | { kind: 'removed'; definition: ProductDefinition; version: number }
  /** Applied, but in no file any more; stays until somebody prunes. */
  | { kind: 'kept'; definition: ProductDefinition; version: number }

export type ExternalChange =
  | ({ kind: 'created' | 'unchanged' } & ExternalVersion)
  | ({ kind: 'changed'; before: ExternalDefinition; fields: FieldChange[] } & ExternalVersion)
  /** As of a product. */
  | ({ kind: 'removed' | 'kept' } & ExternalVersion)

export interface Plan {
  domains: DomainChange[]
  products: ProductChange[]
  externals: ExternalChange[]
  calendars: CalendarChange[]
}

export interface PlanOptions {
  prune?: boolean
  /** Names of the calendars that the files define; absent: those of the mesh that are not shipped. */
  definedCalendars?: readonly string[]
}

/** Only domains of the files are touched, others stay as they are; calendars belong to the whole mesh. */
export function planApply(current: CurrentMesh, mesh: Mesh, options: PlanOptions = {}): Plan {
  const { prune = false } = options
  const domains = new Set(mesh.domains.map(({ domain }) => domain))
  const applied = new Map(current.products.map((version) => [version.definition.product, version]))
  const products = mesh.products.map((definition) =>
    planProduct(definition, applied.get(definition.product), current.lastVersions[definition.product] ?? 0),
  )
  const gone = goneFrom(current.products, mesh.products, domains).map(
    ({ definition, version }): ProductChange => ({ kind: prune ? 'removed' : 'kept', definition, version }),
  )
  const externals = mesh.externals.map((definition) => planExternal(definition, current))
  const goneExternals = goneFrom(current.externals, mesh.externals, domains).map(
    ({ definition, version }): ExternalChange => ({ kind: prune ? 'removed' : 'kept', definition, version }),
  )
  const plan = {
    domains: mesh.domains.map((definition) => planDomain(definition, current)),
    products: sortByProduct([...products, ...gone]),
    externals: sortByProduct([...externals, ...goneExternals]),
  }
  const fromFiles = mesh.calendars.flatMap(({ definition, from }) => (from === 'files' ? [definition.calendar] : []))
  const defined = options.definedCalendars ?? fromFiles
  const { calendars } = mesh
  return {
    ...plan,
    calendars: planCalendars({ ...{ current, calendars, defined, prune }, ...goersAfter(plan, current) }),
  }
}

/** Applied in these domains, and in no file any more. */
const goneFrom = <Version extends { definition: { product: ProductId } }>(
  applied: Version[],
  given: { product: ProductId }[],
  domains: ReadonlySet<Domain>,
): Version[] => {
  const names = new Set(given.map(({ product }) => product))
  return applied.filter(({ definition: { product } }) => domains.has(domainOf(product)) && !names.has(product))
}

const sortByProduct = <Change extends { definition: { product: ProductId } }>(changes: Change[]): Change[] =>
  changes.sort((a, b) => (a.definition.product < b.definition.product ? -1 : 1))

/** What will be applied after the plan, of other folders too. */
function goersAfter(
  { domains, products, externals }: Omit<Plan, 'calendars'>,
  current: CurrentMesh,
): { goers: Goer[]; named: string[] } {
  const changes = [...products, ...externals]
  const planned = new Set(changes.map(({ definition }) => definition.product))
  const others = [...current.products, ...current.externals].filter(
    ({ definition }) => !planned.has(definition.product),
  )
  const staying = [...changes.filter(({ kind }) => kind !== 'removed'), ...others]
  const [given, before] = [domains, current.domains].map((list) => list.map(({ definition }) => definition))
  const names = new Set(given?.map(({ domain }) => domain))
  return {
    goers: sortByProduct(staying).map(({ definition }) => definition),
    named: [...(given ?? []), ...(before ?? []).filter(({ domain }) => !names.has(domain))].map(
      ({ calendar }) => calendar,
    ),
  }
}

const isChange = ({ kind }: { kind: string }): boolean => kind !== 'unchanged' && kind !== 'kept'

/** False when apply would leave everything as it is. */
export const hasChanges = ({ domains, products, externals, calendars }: Plan): boolean =>
  [...domains, ...products, ...externals, ...calendars].some(isChange)

function planDomain(definition: DomainDefinition, current: CurrentMesh): DomainChange {
  const before = current.domains.find(({ definition: { domain } }) => domain === definition.domain)
  if (!before) return { kind: 'created', definition, version: 1 }
  const { version } = before
  if (isSame(before.definition, definition)) return { kind: 'unchanged', definition, version }
  const fields = fieldsOfDomain(before.definition, definition)
  return { kind: 'changed', definition, version: version + 1, before: before.definition, fields }
}

function planProduct(
  definition: ProductDefinition,
  applied: DefinitionVersion | undefined,
  lastVersion: number,
): ProductChange {
  const version = lastVersion + 1
  if (!applied) return { kind: 'created', definition, version, firstAppliedAt: null }
  const { definition: before } = applied
  if (isSame(before, definition)) return { kind: 'unchanged', definition, version: applied.version }
  const isOfSameKind = toCadence(before.every).period === toCadence(definition.every).period
  const firstAppliedAt = isOfSameKind ? applied.firstAppliedAt : null
  return { kind: 'changed', definition, version, firstAppliedAt, before, fields: fieldsOfProduct(before, definition) }
}

function planExternal(definition: ExternalDefinition, current: CurrentMesh): ExternalChange {
  const applied = current.externals.find((version) => version.definition.product === definition.product)
  const version = (current.lastVersions[definition.product] ?? 0) + 1
  if (!applied) return { kind: 'created', definition, version }
  const { definition: before } = applied
  if (isSame(before, definition)) return { kind: 'unchanged', definition, version: applied.version }
  return { kind: 'changed', definition, version, before, fields: fieldsOfExternal(before, definition) }
}
