// In: the current definitions and those superseded lately. Out: what each domain's roles may know of the mesh. Pure.
// Never: another domain's private product; an older version that would route as the current one does.
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import type { ProductSchedule } from '../model/calendar/cycles.ts'
import { firstDateOf } from '../model/calendar/due.ts'
import { upstreamsIn } from '../model/dependencies.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { DefinitionVersion, DomainDefinition, ExternalDefinition, Schedule } from '../model/definition.ts'
import { type Domain, domainOf, type ProductId } from '../model/ids.ts'
import type { ProductHold } from './holds.ts'
import type { CurrentMesh } from './mesh.ts'
import { toStableJson } from './stable-json.ts'

/** All of the catalog object but its revision, which is given by the rows. */
export type CatalogDocument = Omit<DomainCatalog, 'revision'>

/** Of calendars those that were removed too: earlier versions may go by them. */
type Applied = Pick<CurrentMesh, 'domains' | 'products' | 'externals' | 'calendars'> & { holds?: ProductHold[] }

interface Known {
  products: DefinitionVersion[]
  /** Newest first. */
  superseded: DefinitionVersion[]
  externals: ExternalDefinition[]
  calendars: CalendarDefinition[]
  accounts: ReadonlyMap<Domain, string>
  holds: ProductHold[]
}

/** One document for each domain; `superseded` newest first. */
export function toCatalogDocuments(current: Applied, superseded: DefinitionVersion[]): CatalogDocument[] {
  const domains = current.domains.map(({ definition }) => definition)
  const known: Known = {
    ...{ products: current.products, superseded },
    externals: current.externals.map(({ definition }) => definition),
    calendars: current.calendars.map(({ definition }) => definition),
    accounts: new Map(domains.map(({ domain, account }) => [domain, account])),
    holds: current.holds ?? [],
  }
  return domains.map((domain) => toCatalogDocument(domain, known))
}

function toCatalogDocument(domain: DomainDefinition, all: Known): CatalogDocument {
  const isOwn = ({ definition }: DefinitionVersion): boolean => domainOf(definition.product) === domain.domain
  const isSeen = (version: DefinitionVersion): boolean => isOwn(version) || version.definition.visibility === 'mesh'
  const products = all.products.filter(isOwn)
  const earlier = distinctRouting(products, all.superseded.filter(isOwn))
  const externals = all.externals.filter(({ product }) => domainOf(product) === domain.domain)
  const known = [...all.products.filter(isSeen).map(({ definition }) => definition), ...externals].map(
    ({ product }) => product,
  )
  const holds = all.holds.filter(({ product }) => domainOf(product) === domain.domain)
  const edges = upstreamsIn([...products, ...earlier].flatMap(({ definition }) => definition.dependsOn))
  const upstreams = new Set(edges.map(({ product }) => product))
  const owners = new Set([domain.domain, ...[...known, ...upstreams].map(domainOf)])
  const schedules = toSchedules(lastOfEach(all).filter(isSeen), externals).filter(({ product }) =>
    upstreams.has(product),
  )
  const goers: { calendar: string }[] = [
    ...[...products, ...earlier].map(({ definition }) => definition),
    ...[...schedules.map(({ schedule }) => schedule), ...externals],
  ]
  return {
    ...{ domain, products, earlier },
    accounts: Object.fromEntries([...all.accounts].filter(([name]) => owners.has(name))),
    known,
    calendars: all.calendars.filter(({ calendar }) => goers.some((goer) => goer.calendar === calendar)),
    schedules: Object.fromEntries(schedules.map(({ product, schedule }) => [product, schedule])),
    externals,
    ...(holds.length > 0 && { holds: Object.fromEntries(holds.map(({ product, ...held }) => [product, held])) }),
  }
}

/** The current version of a product; of one that was removed the last, as an earlier version may wait for it. */
const lastOfEach = ({ superseded, products }: Known): DefinitionVersion[] => {
  const inOrder = [...superseded.toReversed(), ...products]
  return [...new Map(inOrder.map((version) => [version.definition.product, version])).values()]
}

const toSchedules = (
  versions: DefinitionVersion[],
  externals: ExternalDefinition[],
): { product: ProductId; schedule: ProductSchedule }[] => [
  ...versions.map((version) => ({
    product: version.definition.product,
    schedule: { ...toSchedule(version.definition), firstDate: firstDateOf(version) },
  })),
  ...externals.map((external) => ({ product: external.product, schedule: toSchedule(external) })),
]

const toSchedule = ({ every, calendar, timezone, onNonBusinessDay }: Schedule): Schedule => ({
  ...{ every, calendar, timezone },
  ...(onNonBusinessDay ? { onNonBusinessDay } : {}),
})

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

const routingOf = ({ definition }: DefinitionVersion): string => {
  const { product, dependsOn, every, calendar, timezone, onNonBusinessDay, run } = definition
  return toStableJson([product, dependsOn, every, calendar, timezone, onNonBusinessDay ?? null, run.glue])
}
