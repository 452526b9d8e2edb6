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
export function toRefreshEntry(bus: string, publication: HandPublication) {
  const { product, key, revision, location } = publication
  return toEntry(bus, publication, {
    id: toEventId(toCycleId(product, key), revision),
    type: REFRESHED,
    data: { revision, ...(location ? { dataset: { location } } : {}) },
  })
}

export interface HandWithdrawal extends CycleParts {
  revision: number
  reason: string
  /** ISO instant. */
  occurredAt: string
}

/** The notice that a publication does not count any more. */
export function toWithdrawalEntry(bus: string, withdrawal: HandWithdrawal) {
  const { product, key, revision, reason } = withdrawal
  return toEntry(bus, withdrawal, {
    id: toWithdrawalId(toCycleId(product, key), revision),
    type: NOT_REFRESHED,
    data: { state: 'CANCELLED', step: null, reason, withdraws: revision },
  })
}

interface Told {
  id: string
  type: string
  data: object
}

function toEntry(EventBusName: string, { product, key, occurredAt }: CycleParts & { occurredAt: string }, told: Told) {
  const metadata = { id: told.id, schemaVersion: SCHEMA_VERSION, occurredAt, publishedAt: occurredAt }
  const data = { domain: domainOf(product), product: nameOf(product), cycle: key, ...told.data }
  const Detail = JSON.stringify({ metadata, data })
  return { EventBusName, Source: toEventSource(domainOf(product)), DetailType: told.type, Detail }
}
