// What to tell who sends an event by hand before it goes. In: the publication, what its domain has, who waits for it.
// Out: sentences, none mostly. Never: keeps the event back; a warning of an external, whose event only a person gives.
import type { Awaited } from '../mirror/awaited.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { type CycleParts, domainOf, toCycleId, toEventId } from '../model/ids.ts'

export interface HandEvent extends CycleParts {
  revision: number
}

/** `awaited` is null where nobody could be asked. */
export function sendWarnings(
  applied: Pick<DomainCatalog, 'products'>,
  event: HandEvent,
  awaited: Awaited | null,
): string[] {
  const found = applied.products.find(({ definition }) => definition.product === event.product)
  const isPublisher = found !== undefined && found.definition.publish !== null
  return [
    ...(isPublisher ? [toSameId(event, awaited?.publishedRevision ?? 0)] : []),
    ...(awaited?.isAwaited === false ? [toNobody(event)] : []),
  ]
}

function toSameId({ product, key, revision }: HandEvent, publishedRevision: number): string {
  const id = toEventId(toCycleId(product, key), revision)
  return revision <= publishedRevision
    ? `${product} has published ${id} itself: whoever took that takes this one for a duplicate.`
    : `${product} has a definition, so its own cycle may publish ${id} too: that id then stands for two publications, and whoever took this one takes the other for a duplicate.`
}

const toNobody = ({ product, key }: HandEvent): string =>
  `Nobody waits for ${product}/${key}, as far as ${domainOf(product)} may see: no definition applied names it, so it can only be unmatched.`
