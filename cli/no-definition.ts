// In: a product of which no definition is applied, and what its domain has. Out: what it is instead, in one sentence or
// two, with the next step. Never: "no definition" of what is declared as an external.
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { type CycleParts, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'

type Applied = Pick<DomainCatalog, 'products' | 'externals'>

export const isExternal = ({ externals }: Pick<Applied, 'externals'>, product: ProductId): boolean =>
  externals.some((external) => external.product === product)

/** `otherwise` ends the sentence of a name that resembles none. */
export function whyNoDefinition(applied: Applied, parts: CycleParts, otherwise = '.'): string {
  const { product } = parts
  if (isExternal(applied, product)) return `${toExternalSentence(product)} ${toNextSteps(parts)}`
  const names = [...applied.products.map(({ definition }) => definition), ...applied.externals].map(
    (known) => known.product,
  )
  return `No definition of ${product} is applied${didYouMean(product, names) || otherwise}`
}

export const toExternalSentence = (product: ProductId): string =>
  `${product} is declared external in domain ${domainOf(product)}: events of others say that it is there, and it has no cycles of its own.`

const toNextSteps = ({ product, key }: CycleParts): string =>
  [
    `What has come: sluice events tail --domain ${domainOf(product)}`,
    `what its mappings make of an event: sluice external test <definitions> --event <file>`,
    `to say yourself that it is there: sluice events send ${toCycleId(product, key)}`,
  ].join('; ')
