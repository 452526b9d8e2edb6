// What a definition says of its upstreams, groups opened. In: a definition's dependencies. Out: single upstreams, and what
// holds for one of them. Pure.
import {
  type DependencyDefinition,
  type GroupDefinition,
  ON_REVISION,
  type OnRevision,
  type UpstreamDefinition,
} from './definition.ts'
import { domainOf, type ProductId } from './ids.ts'
import type { Arrival } from './refresh-event.ts'

export const isGroup = (dependency: DependencyDefinition): dependency is GroupDefinition => 'atLeast' in dependency

/** Every single upstream of a condition, groups opened. */
export function upstreamsIn(dependsOn: readonly DependencyDefinition[]): readonly UpstreamDefinition[] {
  // Most have no groups, and each event asks.
  if (!dependsOn.some(isGroup)) return dependsOn as readonly UpstreamDefinition[]
  return dependsOn.flatMap((dependency) => (isGroup(dependency) ? upstreamsIn(dependency.of) : [dependency]))
}

interface Depending {
  dependsOn: readonly DependencyDefinition[]
}

const edgesTo = ({ dependsOn }: Depending, upstream: ProductId): UpstreamDefinition[] =>
  upstreamsIn(dependsOn).filter(({ product }) => product === upstream)

/** What becomes of a correction of this upstream: the strongest word where several dependencies name it; else `flag`. */
export function onRevisionOf(definition: Depending, upstream: ProductId): OnRevision {
  const said = edgesTo(definition, upstream).map(({ onRevision }) => onRevision ?? 'flag')
  return ON_REVISION.findLast((word) => said.includes(word)) ?? 'flag'
}

/** Who uses the product, directly or one through the other, nearest first; only those that count, and what they lead to. */
export function downstreamOf(
  definitions: readonly (Depending & { product: ProductId })[],
  product: ProductId,
  counts: (product: ProductId) => boolean,
): ProductId[] {
  const found: ProductId[] = []
  let last: ProductId[] = [product]
  while (last.length > 0) {
    const before = last
    last = definitions
      .filter((one) => one.product !== product && !found.includes(one.product) && counts(one.product))
      .filter(({ dependsOn }) => upstreamsIn(dependsOn).some((edge) => before.includes(edge.product)))
      .map((one) => one.product)
    found.push(...last)
  }
  return found
}

/**
 * Whether the product runs again by itself for this correction: its definition says so, or the rerun behind it asked for it, which
 * counts within the domain only: what another domain asks for is its owner's to decide.
 */
export function runsAgainFor(
  definition: Depending & { product: ProductId },
  { product, cascade }: Pick<Arrival, 'product' | 'cascade'>,
): boolean {
  if (onRevisionOf(definition, product) === 'rerun') return true
  if (!cascade || domainOf(product) !== domainOf(definition.product)) return false
  return cascade === 'all' || cascade.includes(definition.product)
}

/** Whether a refresh that was made without some of its own inputs will do. */
export const acceptsPartial = (definition: Depending, upstream: ProductId): boolean =>
  edgesTo(definition, upstream).every(({ acceptPartial }) => acceptPartial !== false)

/** Whether it was made without some of its own inputs, and a whole one is wanted. */
export const refusesPartial = (
  definition: Depending,
  { product, builtWithout = [] }: Pick<Arrival, 'product' | 'builtWithout'>,
): boolean => builtWithout.length > 0 && !acceptsPartial(definition, product)
