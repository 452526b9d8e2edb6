// In: the current definitions and those superseded lately. Out: what each domain's roles may know of the mesh. Pure.
// Never: another domain's private product; an older version that would route as the current one does.
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { DefinitionVersion, DomainDefinition } from '../model/definition.ts'
import { type Domain, domainOf } from '../model/ids.ts'
import type { CurrentMesh } from './mesh.ts'
import { toStableJson } from './stable-json.ts'

/** All of the catalog object but its revision, which is given by the rows. */
export type CatalogDocument = Omit<DomainCatalog, 'revision'>

/** One document for each domain; `superseded` newest first. */
export function toCatalogDocuments(
  current: Pick<CurrentMesh, 'domains' | 'products'>,
  superseded: DefinitionVersion[],
): CatalogDocument[] {
  const definitions = current.domains.map(({ definition }) => definition)
  const accounts = new Map(definitions.map(({ domain, account }) => [domain, account]))
  return definitions.map((domain) => toCatalogDocument(domain, current.products, superseded, accounts))
}

function toCatalogDocument(
  domain: DomainDefinition,
  all: DefinitionVersion[],
  superseded: DefinitionVersion[],
  accounts: ReadonlyMap<Domain, string>,
): CatalogDocument {
  const isOwn = ({ definition }: DefinitionVersion): boolean => domainOf(definition.product) === domain.domain
  const products = all.filter(isOwn)
  const earlier = distinctRouting(products, superseded.filter(isOwn))
  const seen = all.filter((version) => isOwn(version) || version.definition.visibility === 'mesh')
  const known = seen.map(({ definition }) => definition.product)
  const upstreams = [...products, ...earlier].flatMap(({ definition }) => definition.dependsOn)
  const owners = new Set([domain.domain, ...[...known, ...upstreams.map(({ product }) => product)].map(domainOf)])
  return {
    domain,
    products,
    earlier,
    accounts: Object.fromEntries([...accounts].filter(([name]) => owners.has(name))),
    known,
  }
}

/** Of the superseded versions those that route otherwise than the current one and than each other. */
function distinctRouting(products: DefinitionVersion[], superseded: DefinitionVersion[]): DefinitionVersion[] {
  const taken = new Set(products.map(routingOf))
  return superseded.filter((version) => {
    const routing = routingOf(version)
    const isNew = !taken.has(routing)
    taken.add(routing)
    return isNew
  })
}

const routingOf = ({ definition: { product, dependsOn, every, calendar, run } }: DefinitionVersion): string =>
  toStableJson([product, dependsOn, every, calendar, run.glue])
