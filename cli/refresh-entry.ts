// A refresh event by hand: what `events send` and the demo put on a bus. In: which publication. Out: an entry of PutEvents.
import { domainOf, nameOf, type CycleParts, toCycleId, toEventId } from '../model/ids.ts'
import { REFRESHED, SCHEMA_VERSION, toEventSource } from '../model/refresh-event.ts'

export interface HandPublication extends CycleParts {
  revision: number
  location: string | null
  /** ISO instant. */
  occurredAt: string
}

/** Only the compulsory fields; the id is the one that the product itself would give it. */
export function toRefreshEntry(bus: string, { product, key, revision, location, occurredAt }: HandPublication) {
  const metadata = {
    id: toEventId(toCycleId(product, key), revision),
    schemaVersion: SCHEMA_VERSION,
    ...{ occurredAt, publishedAt: occurredAt },
  }
  const data = {
    ...{ domain: domainOf(product), product: nameOf(product), cycle: key, revision },
    ...(location ? { dataset: { location } } : {}),
  }
  return {
    EventBusName: bus,
    Source: toEventSource(domainOf(product)),
    DetailType: REFRESHED,
    Detail: JSON.stringify({ metadata, data }),
  }
}
