// On which bus an event by hand goes. In: what the product's domain has, the cycle. Out: the domain's own bus or the
// central one, and what to tell who sends it. Never: the event of an external where nobody hears it.
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { CycleParts } from '../model/ids.ts'
import { isExternal, toExternalSentence, whyNoDefinition } from './no-definition.ts'

export function chooseBus(
  applied: Pick<DomainCatalog, 'products' | 'externals'>,
  parts: CycleParts,
): { isOwnBus: boolean; note: string | null } {
  const found = applied.products.find(({ definition }) => definition.product === parts.product)
  if (found) return { isOwnBus: found.definition.visibility === 'domain', note: null }
  // Only its own domain waits for it, and a domain need not hear itself on the central bus.
  if (isExternal(applied, parts.product)) {
    return { isOwnBus: true, note: `${toExternalSentence(parts.product)} This event says it in their place.` }
  }
  return { isOwnBus: false, note: `${whyNoDefinition(applied, parts)} It is sent all the same.` }
}
