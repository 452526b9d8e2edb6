// In: an event of somebody else's shape. Out: the upstream cycles outside the mesh that it means, as arrivals; or why none.
// Never: an event of an account that the mapping does not name; an event lost that an external's source and type name.
import { type ForeignEvent, mapExternal } from '../model/calendar/external.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { ExternalDefinition } from '../model/definition.ts'
import type { Arrival } from '../model/refresh-event.ts'

export type External =
  | { kind: 'arrivals'; arrivals: Arrival[] }
  | { kind: 'unmatched'; reason: string }
  | { kind: 'wrong-account'; reason: string }
  | { kind: 'not-external' }

export function toExternal({ catalog, timetable }: RoutingIndex, event: ForeignEvent): External {
  const { externals, domain } = catalog
  const allowed = externals.map((external) => ({ ...external, mappings: mappingsOf(external, event, domain.account) }))
  const mapped = mapExternal(timetable.calendars, allowed, event)
  if (mapped.kind === 'mapped') return { kind: 'arrivals', arrivals: mapped.arrivals }
  if (mapped.kind === 'unmatched') return mapped
  const isOfOthers = mapExternal(timetable.calendars, externals, event).kind !== 'not-external'
  if (!isOfOthers) return { kind: 'not-external' }
  return {
    kind: 'wrong-account',
    reason: `account ${event.account} may not send "${event.detailType}" of ${event.source}`,
  }
}

const mappingsOf = ({ mappings }: ExternalDefinition, { account }: ForeignEvent, own: string) =>
  mappings.filter((mapping) => (mapping.account ?? own) === account)
