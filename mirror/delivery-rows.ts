// In: a flush of a cycle. Out: the events it took as ledger rows and deliveries.
// Never: a second outcome for the same (event, cycle, dependency); a body kept of an event that a cycle has taken.
import { type Queries, toJsonParameter } from '../clients/postgres.ts'
import type { Delivery } from '../model/cycle/cycle.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import { toInstant } from './instants.ts'

/** What the bridge wrote of an event that nobody took at first gives way: it is routed now. */
export const upsertRoutedEvents = (db: Queries, record: CycleRecord): Promise<boolean> =>
  db.changed(
    `insert into event_ledger as old (domain, event_id, outcome, product, cycle_key, revision, location,
       correlation_id, occurred_at, first_seen_at, seen, built_from, built_without)
     select $1, event_id, 'routed', product, cycle_key, revision, location, correlation_id, occurred_at, at, seen,
       nullif(built_from, 'null'), built_without
     from jsonb_to_recordset($2) as event (event_id text, product text, cycle_key text, revision integer,
       location text, correlation_id text, occurred_at timestamptz, at timestamptz, seen integer, built_from jsonb,
       built_without text[])
     on conflict (domain, event_id) do update set outcome = 'routed', reason = null, body = null,
       product = excluded.product, cycle_key = excluded.cycle_key, revision = excluded.revision,
       location = coalesce(old.location, excluded.location),
       correlation_id = coalesce(old.correlation_id, excluded.correlation_id),
       occurred_at = coalesce(old.occurred_at, excluded.occurred_at),
       built_from = coalesce(old.built_from, excluded.built_from),
       built_without = coalesce(old.built_without, excluded.built_without),
       first_seen_at = least(old.first_seen_at, excluded.first_seen_at), seen = greatest(old.seen, excluded.seen)`,
    [record.domain, toJsonParameter(sorted(record.deliveries).map((delivery) => toLedgerRow(delivery, record)))],
  )

/** Null, so false, when the bridge judged: its rows have no run number. */
const IS_FIRST = `(old.outcome = 'early' or excluded.run_number < old.run_number)`

/** A run judges anew what it had no use for before its definition was upgraded; whichever of its flushes comes first. */
const UNUSED = `array['late', 'partial']`
const IS_ANEW = `(old.run_number = excluded.run_number and array_position(${UNUSED}, old.outcome)
  < coalesce(array_position(${UNUSED}, excluded.outcome), 3))`
/** And what was taken back before it was used says so. */
const GIVES_WAY = `(${IS_FIRST} or ${IS_ANEW} or excluded.outcome = 'withdrawn')`

/** The first run that judged an event keeps its word; `early` was the bridge's, for a cycle not yet open. */
export const upsertDeliveries = (db: Queries, { cycle, domain, runNumber, deliveries }: CycleRecord) =>
  db.changed(
    `insert into event_delivery as old (domain, cycle, run_number, event_id, upstream_product, upstream_key, revision,
       outcome, note, seen, at)
     select $1, $2, $3, event_id, upstream_product, upstream_key, revision, outcome, note, seen, at
     from jsonb_to_recordset($4) as delivery (event_id text, upstream_product text, upstream_key text, revision integer,
       outcome text, note text, seen integer, at timestamptz)
     on conflict (domain, event_id, cycle, upstream_product) do update set
       outcome = case when ${GIVES_WAY} then excluded.outcome else old.outcome end,
       note = case when ${GIVES_WAY} then excluded.note else old.note end,
       at = case when ${GIVES_WAY} then excluded.at else old.at end,
       run_number = case when ${IS_FIRST} then excluded.run_number else old.run_number end,
       seen = greatest(old.seen, excluded.seen)`,
    [
      ...[domain, cycle, runNumber],
      toJsonParameter(
        sorted(deliveries).map(({ eventId, upstream, upstreamKey, revision, outcome, note, seen, atMs }) => ({
          ...{ event_id: eventId, upstream_product: upstream, upstream_key: upstreamKey, revision },
          ...{ outcome, note, seen, at: toInstant(atMs) },
        })),
      ),
    ],
  )

/** Cycles share ledger rows: locking them in one order, two flushes cannot wait for each other. */
const sorted = (deliveries: Delivery[]): Delivery[] =>
  deliveries.toSorted((left, right) => (left.eventId < right.eventId ? -1 : 1))

function toLedgerRow(delivery: Delivery, { snapshot }: CycleRecord): object {
  // A correction that the next attempt takes is known whole too: a later run of the cycle recalls it from here.
  const known = snapshot.dependencies.flatMap(({ arrival, newer }) => [arrival, newer])
  const arrival = known.find((arrival) => arrival?.eventId === delivery.eventId) ?? delivery.arrival
  const { eventId, upstream, upstreamKey, revision, atMs, seen } = delivery
  return {
    ...{ event_id: eventId, product: upstream, cycle_key: upstreamKey, revision },
    ...{ location: arrival?.location, correlation_id: arrival?.correlationId, occurred_at: arrival?.occurredAt },
    ...{ built_from: arrival?.builtFrom, built_without: arrival?.builtWithout, at: toInstant(atMs), seen },
  }
}
