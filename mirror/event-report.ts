// In: the id of an event. Out: all that the ledgers know of it: what each domain received, what it did there to each
// cycle, and what came of the same upstream cycle besides. Never: an event of a domain that the login may not see.
import { type Postgres, toStorableText } from '../clients/postgres.ts'
import { type CycleId, type CycleKey, type Domain, parseCycleId, type ProductId } from '../model/ids.ts'
import type { BuiltFrom } from '../model/refresh-event.ts'
import type { CycleState } from '../model/states.ts'
import { IS_INPUT } from './conditions.ts'
import { type DeliveryRow, LEDGER, type LedgerRow, listReceivers } from './events.ts'
import { isWithdrawn } from './withdrawn.ts'

/** As one domain received it. */
export interface Receipt extends LedgerRow {
  location: string | null
  correlationId: string | null
  /** Null: the event said nothing. */
  builtFrom: BuiltFrom[] | null
  builtWithout: ProductId[] | null
  /** The domain has the word of the producer that it does not count any more. */
  isTakenBack: boolean
  deliveries: JudgedDelivery[]
}

export interface JudgedDelivery extends Omit<DeliveryRow, 'domain' | 'eventId'> {
  /** The run of the cycle that judged it; null: the bridge did, because no open cycle took it. */
  runNumber: number | null
  /** Of the cycle now; null: the mirror has no such cycle. */
  state: CycleState | null
  /** The event that stands now where this one was for; null: none. */
  takenEventId: string | null
  /** The cycle waits, or waited, for this upstream cycle. */
  isInput: boolean
}

/** Another event of the same upstream cycle. */
export interface Sibling {
  eventId: string
  revision: number
  /** By whichever domain saw it first. */
  firstSeenAt: string
}

/** One for each domain that received it, by name; none: no ledger that the login may read has it. */
export async function readReceipts(db: Postgres, eventId: string, domain?: Domain): Promise<Receipt[]> {
  const id = toStorableText(eventId)
  const domains = domain ? [domain] : await listReceivers(db)
  const [rows, deliveries] = await Promise.all([listReceived(db, id, domains), listJudged(db, id, domains)])
  return rows.map((row) => ({
    ...row,
    deliveries: deliveries.filter((one) => one.domain === row.domain).map(withoutDomain),
  }))
}

type OfDomain = JudgedDelivery & { domain: Domain }

const withoutDomain = ({ domain: _, ...delivery }: OfDomain): JudgedDelivery => delivery

const listReceived = (db: Postgres, eventId: string, domains: Domain[]): Promise<Omit<Receipt, 'deliveries'>[]> =>
  db.rows(
    `select ${LEDGER}, location, correlation_id as "correlationId", built_from as "builtFrom",
       built_without as "builtWithout", ${isWithdrawn({ domain: 'event_ledger.domain', product: 'event_ledger.product', key: 'event_ledger.cycle_key', revision: 'event_ledger.revision' })} as "isTakenBack"
     from event_ledger where event_id = $1 and domain = any ($2)
     order by domain`,
    [eventId, domains],
  )

const listJudged = (db: Postgres, eventId: string, domains: Domain[]): Promise<OfDomain[]> =>
  db.rows(
    `select delivery.domain, delivery.cycle, delivery.upstream_product as upstream, delivery.upstream_key as "upstreamKey",
       delivery.revision, delivery.outcome, delivery.note, delivery.seen, delivery.at,
       delivery.run_number as "runNumber", status.state, dependency.event_id as "takenEventId",
       dependency.cycle is not null as "isInput"
     from event_delivery as delivery
     left join data_product_status as status using (cycle)
     left join data_product_dependencies_events_status as dependency
       on ${IS_INPUT} and (dependency.cycle, dependency.upstream_product, dependency.upstream_key)
         = (delivery.cycle, delivery.upstream_product, delivery.upstream_key)
     where delivery.event_id = $1 and delivery.domain = any ($2)
     order by delivery.cycle, delivery.upstream_product`,
    [eventId, domains],
  )

/** What the publisher says of it; only the last revision of a cycle has its instant and its place. */
export interface Publication {
  cycle: CycleId
  revision: number
  lastRevision: number
  publishedAt: string | null
  location: string | null
  builtFrom: BuiltFrom[] | null
  builtWithout: ProductId[] | null
  isTakenBack: boolean
}

/** Undefined when the mirror has no such cycle, or it has not published that far. */
export const readPublication = (db: Postgres, cycle: CycleId, revision: number): Promise<Publication | undefined> =>
  db.one(
    `select cycle, $2::integer as revision, published_revision as "lastRevision",
       case when published_revision = $2 then published_at end as "publishedAt",
       case when published_revision = $2 then location end as location,
       case when published_revision = $2 then built_from end as "builtFrom",
       case when published_revision = $2 then built_without end as "builtWithout",
       coalesce(withdrawn_revision >= $2, false) as "isTakenBack"
     from data_product_status where cycle = $1 and published_revision >= $2`,
    [cycle, revision],
  )

const MOST = 20

/** The publications of one upstream cycle that any of these ledgers has, by revision; at most 20, the highest. */
export async function listSiblings(db: Postgres, product: ProductId, key: CycleKey): Promise<Sibling[]> {
  return db.rows<Sibling>(
    `select * from (
       select event_id as "eventId", revision, min(first_seen_at) as "firstSeenAt"
       from event_ledger
       where domain = any ($1) and product = $2 and cycle_key = $3 and revision is not null and outcome <> 'refused'
       group by event_id, revision order by revision desc, event_id limit ${MOST}) as sibling
     order by revision, "eventId"`,
    [await listReceivers(db), product, key],
  )
}

/** Ids to compare a mistyped one with: those last written, and those of the cycle that it seems to mean. */
export async function listKnownIds(db: Postgres, cycle: CycleId | undefined, domain?: Domain): Promise<string[]> {
  const of = cycle && parseCycleId(cycle)
  const rows = await db.rows<{ id: string }>(
    `select distinct id from (
       (select event_id as id from event_ledger where $2::text is null or domain = $2 order by position desc limit 1000)
       union all
       (select event_id from event_ledger where domain = any ($1) and product = $3 and cycle_key = $4 limit 100)) as known
     order by id`,
    [domain ? [domain] : await listReceivers(db), domain, of?.product, of?.key],
  )
  return rows.map(({ id }) => id)
}
