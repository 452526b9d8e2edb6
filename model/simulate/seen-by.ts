// Which domains hear of a product's events, as buses and their rules would carry them. In: the catalogs. Out: indexes.
// Never: a private product's event in another domain.
import { buildIndex, type DomainCatalog, type RoutingIndex } from '../calendar/routing.ts'
import { domainOf, type ProductId } from '../ids.ts'

export interface Hearers {
  indexes: RoutingIndex[]
  /** The domains that hear of it and wait for it. */
  of(product: ProductId): RoutingIndex[]
  isVisible(product: ProductId, index: RoutingIndex): boolean
}

export function toHearers(catalogs: DomainCatalog[]): Hearers {
  const indexes = catalogs.map(buildIndex)
  const ownOnly = new Set<ProductId>(
    catalogs.flatMap(({ products, externals }) => [
      ...products.flatMap(({ definition }) => (definition.visibility === 'domain' ? definition.product : [])),
      ...externals.map(({ product }) => product),
    ]),
  )
  const isVisible = (product: ProductId, { catalog }: RoutingIndex): boolean =>
    !ownOnly.has(product) || domainOf(product) === catalog.domain.domain
  const known = new Map<ProductId, RoutingIndex[]>()
  const find = (product: ProductId): RoutingIndex[] =>
    indexes.filter((index) => index.consumers.has(product) && isVisible(product, index))
  return {
    indexes,
    isVisible,
    of(product) {
      const found = known.get(product) ?? find(product)
      known.set(product, found)
      return found
    },
  }
}
