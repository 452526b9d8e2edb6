// A refresh event by hand: what `events send`, `events withdraw` and the demo put on a bus. In: which publication. Out: an entry
// of PutEvents.
import { domainOf, nameOf, type CycleParts, toCycleId, toEventId, toWithdrawalId } from '../model/ids.ts'
import { NOT_REFRESHED, REFRESHED, SCHEMA_VERSION, toEventSource } from '../model/refresh-event.ts'

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

export interface HandWithdrawal extends CycleParts {
  revision: number
  reason: string
  /** ISO instant. */
  occurredAt: string
}

/** The notice that a publication does not count any more. */
export function toWithdrawalEntry(bus: string, { product, key, revision, reason, occurredAt }: HandWithdrawal) {
  const metadata = {
    id: toWithdrawalId(toCycleId(product, key), revision),
    schemaVersion: SCHEMA_VERSION,
    ...{ occurredAt, publishedAt: occurredAt },
  }
  const data = {
    ...{ domain: domainOf(product), product: nameOf(product), cycle: key },
    ...{ state: 'CANCELLED', step: null, reason, withdraws: revision },
  }
  return {
    EventBusName: bus,
    Source: toEventSource(domainOf(product)),
    DetailType: NOT_REFRESHED,
    Detail: JSON.stringify({ metadata, data }),
  }
}
