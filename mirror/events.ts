// In: what a person asks of the ledger. Out: events with what each meant to whom; bodies to send again.
// Never: an event of a domain that the login may not see (row security); a list without a limit.
import type { Postgres } from '../clients/postgres.ts'
import { type CycleId, type Domain, parseCycleId } from '../model/ids.ts'
import type { DeliveryOutcome, LedgerOutcome } from '../model/states.ts'

export interface EventFilter {
  domain?: Domain
  outcomes?: LedgerOutcome[]
  /** Leaves out notices that no cycle waited for: nobody need wait for one. Those refused stay: their dead letters do too. */
  noIdleNotices?: boolean
  product?: string
  key?: string
  /** Events of this cycle, and those that came to it. */
  cycle?: CycleId
  /** What it was to a cycle; with `cycle`, to that cycle, or of that cycle to another. */
  delivery?: DeliveryOutcome
  /** ISO instants between which it was first seen, the second left out. */
  from?: string
  to?: string
  /** The position of the last row known, to go on from there. */
  after?: number
  limit: number
}

/** Instants are ISO text. */
export interface LedgerRow {
  position: number
  domain: Domain
  eventId: string
  outcome: LedgerOutcome
  reason: string | null
  source: string | null
  account: string | null
  product: string | null
  key: string | null
  revision: number | null
  occurredAt: string | null
  firstSeenAt: string
  seen: number
  hasBody: boolean
  redrivenAt: string | null
}

export interface DeliveryRow {
  domain: Domain
  eventId: string
  cycle: CycleId
  upstream: string
  upstreamKey: string
  revision: number | null
  outcome: DeliveryOutcome
  note: string | null
  seen: number
  at: string
}

export type LedgerEvent = LedgerRow & { deliveries: DeliveryRow[] }

/**
 * Newest first; with `after`, in the order of writing from there on. A position is taken before its row is committed, so
 * whoever follows may pass over a row whose writer was slower than the next one; the list without `after` has it.
 */
export async function listEvents(db: Postgres, filter: EventFilter): Promise<LedgerEvent[]> {
  const rows = await listLedgerRows(db, filter)
  const deliveries = await listDeliveriesOf(db, rows)
  const byEvent = Map.groupBy(deliveries, ({ domain, eventId }) => `${domain} ${eventId}`)
  return rows.map((row) => ({ ...row, deliveries: byEvent.get(`${row.domain} ${row.eventId}`) ?? [] }))
}

/** What no cycle took, newest first: candidates for redrive once definitions, policies or the event are right. */
export const listUntaken = (
  db: Postgres,
  filter: Omit<EventFilter, 'outcomes' | 'noIdleNotices'>,
): Promise<LedgerRow[]> => listLedgerRows(db, { ...filter, outcomes: ['unmatched', 'refused'], noIdleNotices: true })

export async function listLedgerRows(db: Postgres, filter: EventFilter): Promise<LedgerRow[]> {
  const of = filter.cycle && parseCycleId(filter.cycle)
  return db.rows<LedgerRow>(
    `select ${LEDGER}
     from event_ledger
     where ($1::text is null or domain = $1) and ($2::text[] is null or outcome = any ($2))
       and ($3::text is null or product = $3) and ($4::text is null or cycle_key = $4)
       and ($5::bigint is null or position > $5) and ($7::boolean is not true or outcome = 'refused'
         or event_id not like '%/not-refreshed-%')
       and ($8::text is null or (domain, event_id) in (
         select domain, event_id from event_delivery where cycle = $8
         union all select domain, event_id from event_ledger
         where domain = any ($14) and product = $9 and cycle_key = $10))
       and ($11::text is null or exists (
         select from event_delivery as delivery
         where (delivery.domain, delivery.event_id) = (event_ledger.domain, event_ledger.event_id)
           and delivery.outcome = $11
           and ($8::text is null or delivery.cycle = $8 or (event_ledger.product, event_ledger.cycle_key) = ($9, $10))))
       and ($12::timestamptz is null or first_seen_at >= $12) and ($13::timestamptz is null or first_seen_at < $13)
     order by case when $5 is not null then position end, first_seen_at desc, position desc
     limit $6`,
    [
      ...[filter.domain, filter.outcomes, filter.product, filter.key, filter.after, filter.limit, filter.noIdleNotices],
      ...[filter.cycle, of?.product, of?.key, filter.delivery, filter.from, filter.to],
      of ? await listReceivers(db) : [],
    ],
  )
}

/** Hops from domain to domain over the primary key, which leads with it; a ledger may have millions of rows. */
export async function listReceivers(db: Postgres): Promise<Domain[]> {
  const rows = await db.rows<{ domain: Domain }>(
    `with recursive receiver as (
       (select domain from event_ledger order by domain limit 1)
       union all
       select (select domain from event_ledger where domain > receiver.domain order by domain limit 1)
       from receiver where domain is not null)
     select domain from receiver where domain is not null`,
  )
  return rows.map(({ domain }) => domain)
}

/** The columns of a row of the ledger, named as in the type. */
export const LEDGER = `position, domain, event_id as "eventId", outcome, reason, source, account, product, cycle_key as key,
  revision, occurred_at as "occurredAt", first_seen_at as "firstSeenAt", seen, body is not null as "hasBody",
  redriven_at as "redrivenAt"`

/** Of these events in any of their domains: the index leads with the domain. */
export const listDeliveriesOf = (
  db: Postgres,
  events: Pick<LedgerRow, 'domain' | 'eventId'>[],
): Promise<DeliveryRow[]> =>
  db.rows<DeliveryRow>(
    `select ${DELIVERY} from event_delivery where domain = any ($1) and event_id = any ($2)
     order by cycle, upstream_product`,
    [[...new Set(events.map(({ domain }) => domain))], [...new Set(events.map(({ eventId }) => eventId))]],
  )

export const listDeliveriesTo = (db: Postgres, cycle: CycleId): Promise<DeliveryRow[]> =>
  db.rows<DeliveryRow>(`select ${DELIVERY} from event_delivery where cycle = $1 order by at, event_id`, [cycle])

/** The columns of a delivery, named as in the type. */
export const DELIVERY = `domain, event_id as "eventId", cycle, upstream_product as upstream, upstream_key as "upstreamKey", revision,
  outcome, note, seen, at`

export interface RedriveBody {
  eventId: string
  body: string
}

/** The messages to put on the domain's queue again, marked as redriven; of events with no body kept, none. */
export const takeForRedrive = (db: Postgres, domain: Domain, eventIds: string[]): Promise<RedriveBody[]> =>
  db.rows<RedriveBody>(
    `update event_ledger set redriven_at = now()
     where domain = $1 and event_id = any ($2) and body is not null
     returning event_id as "eventId", body`,
    [domain, eventIds],
  )
