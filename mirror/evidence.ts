// All rows of some domains, whole tables of them: what `verify` holds against the histories.
// Never: for a screen (a list there has a limit).
import type { Postgres } from '../clients/postgres.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { IS_INPUT } from './conditions.ts'
import { DELIVERY, type DeliveryRow, LEDGER, type LedgerRow } from './events.ts'
import { DEPENDENCY, type DependencyRow, TRANSITION, type TransitionRow } from './status.ts'

export const listAllTransitions = (db: Postgres, domains: Domain[]) =>
  db.rows<TransitionRow & { cycle: CycleId }>(
    `select cycle, ${TRANSITION}
     from data_product_status_history where domain = any ($1) order by cycle, run_number, version`,
    [domains],
  )

export const listAllDependencies = (db: Postgres, domains: Domain[]) =>
  db.rows<DependencyRow & { cycle: CycleId }>(
    `select cycle, ${DEPENDENCY}
     from data_product_dependencies_events_status as dependency where domain = any ($1) and ${IS_INPUT}
     order by cycle, upstream_product, upstream_key`,
    [domains],
  )

export const listAllEvents = (db: Postgres, domains: Domain[]): Promise<LedgerRow[]> =>
  db.rows<LedgerRow>(`select ${LEDGER} from event_ledger where domain = any ($1) order by position`, [domains])

export const listAllDeliveries = (db: Postgres, domains: Domain[]): Promise<DeliveryRow[]> =>
  db.rows<DeliveryRow>(
    `select ${DELIVERY} from event_delivery where domain = any ($1) order by domain, event_id, cycle, upstream_product`,
    [domains],
  )
