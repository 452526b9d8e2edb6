// Whom a cascade names. In: the definitions of the domain, the product that runs again, the names. Out: whom it reaches; or why a name
// makes no sense. Never: a name that would be passed over in silence.
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { downstreamOf } from '../model/dependencies.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Cascade } from '../model/refresh-event.ts'

/** The products of the domain that run again; null with the reason. */
export function reachOf(
  { products }: Pick<DomainCatalog, 'products'>,
  product: ProductId,
  cascade: Cascade,
): { reached: ProductId[] } | { refused: string } {
  const definitions = products.map(({ definition }) => definition)
  const all = downstreamOf(definitions, product, () => true)
  if (cascade === 'all') return { reached: all }
  const reached = downstreamOf(definitions, product, (one) => cascade.includes(one))
  const lost = cascade.find((name) => !reached.includes(name))
  return lost === undefined
    ? { reached }
    : { refused: whyNot({ lost, product, all, names: definitions.map((one) => one.product) }) }
}

interface Lost {
  lost: ProductId
  product: ProductId
  /** Whoever uses it, however far. */
  all: ProductId[]
  names: ProductId[]
}

function whyNot({ lost, product, all, names }: Lost): string {
  if (domainOf(lost) !== domainOf(product))
    return `${lost} is of another domain, where a cascade is only a request: its own onRevision decides. Leave it out.`
  if (!names.includes(lost)) return `No definition of ${lost} is applied${didYouMean(lost, all) || '.'}`
  if (all.includes(lost))
    return `${lost} does not use ${product} itself: name what stands between them too, or take --cascade all (${all.join(', ')}).`
  return all.length > 0
    ? `${lost} does not use ${product}. Who does: ${all.join(', ')}.`
    : `${lost} does not use ${product}, nor does any product of its domain.`
}
