// All rows of some domains, whole tables of them: what `verify` holds against the histories.
// Never: for a screen (a list there has a limit).
import type { Postgres } from '../clients/postgres.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import type { DeliveryRow, LedgerRow } from './events.ts'
import type { DependencyRow, TransitionRow } from './status.ts'

export const listAllTransitions = (db: Postgres, domains: Domain[]) =>
  db.rows<TransitionRow & { cycle: CycleId }>(
    `select cycle, run_number as "runNumber", version, from_state as "from", to_state as "to", step, reason, at
     from data_product_status_history where domain = any ($1) order by cycle, run_number, version`,
    [domains],
  )

export const listAllDependencies = (db: Postgres, domains: Domain[]) =>
  db.rows<DependencyRow & { cycle: CycleId }>(
    `select cycle, upstream_product as product, upstream_key as key, state, event_id as "eventId", revision, location,
       correlation_id as "correlationId", occurred_at as "occurredAt", arrived_at as "arrivedAt", blocker, why, position
     from data_product_dependencies_events_status where domain = any ($1) order by cycle, upstream_product, upstream_key`,
    [domains],
  )

export const listAllEvents = (db: Postgres, domains: Domain[]): Promise<LedgerRow[]> =>
  db.rows<LedgerRow>(
    `select position, domain, event_id as "eventId", outcome, reason, source, account, product, cycle_key as key, revision,
       occurred_at as "occurredAt", first_seen_at as "firstSeenAt", seen, body is not null as "hasBody",
       redriven_at as "redrivenAt"
     from event_ledger where domain = any ($1) order by position`,
    [domains],
  )

export const listAllDeliveries = (db: Postgres, domains: Domain[]): Promise<DeliveryRow[]> =>
  db.rows<DeliveryRow>(
    `select domain, event_id as "eventId", cycle, upstream_product as upstream, upstream_key as "upstreamKey", revision,
       outcome, note, seen, at
     from event_delivery where domain = any ($1) order by domain, event_id, cycle, upstream_product`,
    [domains],
  )
