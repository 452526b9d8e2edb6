// In: an event of somebody else's shape. Out: the upstream cycles outside the mesh that it means, as arrivals; or why none.
// Never: an event of an account that the mapping does not name; an event lost that an external's source and type name.
import type { ExternalDefinition } from '../definition.ts'
import type { Arrival } from '../refresh-event.ts'
import type { Calendars } from './calendars.ts'
import { type ForeignEvent, mapExternal } from './external.ts'

/** What a domain declares. */
export interface Declared {
  /** The domain's own, which may send what names no other. */
  account: string
  externals: readonly ExternalDefinition[]
  calendars: Calendars
}

export type External =
  | { kind: 'arrivals'; arrivals: Arrival[] }
  | { kind: 'unmatched'; reason: string }
  | { kind: 'wrong-account'; reason: string }
  | { kind: 'not-external' }

export function toExternal({ account, externals, calendars }: Declared, event: ForeignEvent): External {
  const allowed = externals.map((external) => ({ ...external, mappings: mappingsOf(external, event, account) }))
  const mapped = mapExternal(calendars, allowed, event)
  if (mapped.kind === 'mapped') return { kind: 'arrivals', arrivals: mapped.arrivals }
  if (mapped.kind === 'unmatched') return mapped
  const isOfOthers = mapExternal(calendars, externals, event).kind !== 'not-external'
  if (!isOfOthers) return { kind: 'not-external' }
  return {
    kind: 'wrong-account',
    reason: `account ${event.account} may not send "${event.detailType}" of ${event.source}`,
  }
}

const mappingsOf = ({ mappings }: ExternalDefinition, { account }: ForeignEvent, own: string) =>
  mappings.filter((mapping) => (mapping.account ?? own) === account)
