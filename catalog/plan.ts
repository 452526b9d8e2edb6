// In: what is applied and what the files say. Out: what apply would do, per domain and product. Pure.
// Never: a new version of something that did not change; a product removed that nobody asked to remove.
import type { DefinitionVersion, DomainDefinition, ProductDefinition } from '../model/definition.ts'
import { domainOf } from '../model/ids.ts'
import type { CurrentMesh, Mesh } from './mesh.ts'
import { type FieldChange, fieldsOfDomain, fieldsOfProduct } from './plan-words.ts'
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
      firstAppliedAt: string
      before: ProductDefinition
      fields: FieldChange[]
    }
  | { kind: 'unchanged'; definition: ProductDefinition; version: number }
  /** No new cycles; open ones end as they began. `version` is its last. */
  | { kind: 'removed'; definition: ProductDefinition; version: number }
  /** Applied, but in no file any more; stays until somebody prunes. */
  | { kind: 'kept'; definition: ProductDefinition; version: number }

export interface Plan {
  domains: DomainChange[]
  products: ProductChange[]
}

/** Only domains of the files are touched, others stay as they are. */
export function planApply(current: CurrentMesh, mesh: Mesh, options: { prune?: boolean } = {}): Plan {
  const applied = new Map(current.products.map((version) => [version.definition.product, version]))
  const given = new Set(mesh.products.map(({ product }) => product))
  const domains = new Set(mesh.domains.map(({ domain }) => domain))
  const gone = current.products
    .filter(({ definition: { product } }) => domains.has(domainOf(product)) && !given.has(product))
    .map(
      ({ definition, version }): ProductChange => ({ kind: options.prune ? 'removed' : 'kept', definition, version }),
    )
  const products = mesh.products.map((definition) =>
    planProduct(definition, applied.get(definition.product), current.lastVersions[definition.product] ?? 0),
  )
  return {
    domains: mesh.domains.map((definition) => planDomain(definition, current)),
    products: [...products, ...gone].sort((a, b) => (a.definition.product < b.definition.product ? -1 : 1)),
  }
}

const isChange = ({ kind }: DomainChange | ProductChange): boolean => kind !== 'unchanged' && kind !== 'kept'

/** False when apply would leave everything as it is. */
export const hasChanges = (plan: Plan): boolean => [...plan.domains, ...plan.products].some(isChange)

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
  const { definition: before, firstAppliedAt } = applied
  if (isSame(before, definition)) return { kind: 'unchanged', definition, version: applied.version }
  return { kind: 'changed', definition, version, firstAppliedAt, before, fields: fieldsOfProduct(before, definition) }
}
