// In: the upstream cycles that a cycle waits for, or a whole domain. Out: what was published of them already, the
// newest revision each. Never: a private publication of another domain; an event that was refused.
import type { Postgres } from '../clients/postgres.ts'
import type { ExpectedCycle } from '../model/cycle/cycle.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'

/**
 * From the upstreams' own rows, and from the domain's ledger, which also knows what comes from outside the mesh.
 * Goes after a table `expected (product, cycle_key)`; $1 is the domain that may know.
 */
const PUBLICATION = `publication as (
    select product, cycle_key, published_event_id as event_id, published_revision as revision, location,
      correlation_id, occurred_at
    from data_product_status join expected using (product, cycle_key)
    where published_revision > 0 and (domain = $1 or visibility = 'mesh')
    union all
    select product, cycle_key, event_id, revision, location, correlation_id, occurred_at
    from event_ledger join expected using (product, cycle_key)
    where domain = $1 and outcome <> 'refused' and revision > 0 and correlation_id is not null
      and occurred_at is not null
      and not exists (select from event_delivery as delivery where delivery.domain = $1
        and delivery.event_id = event_ledger.event_id and delivery.outcome = 'withdrawn')
  ),
  newest as (
    select distinct on (product, cycle_key) * from publication
    order by product, cycle_key, revision desc, event_id
  )`

const ARRIVAL = `event_id as "eventId", product, cycle_key as key, revision, location,
  correlation_id as "correlationId", occurred_at as "occurredAt"`

export const recallArrivals = (db: Postgres, domain: Domain, expected: ExpectedCycle[]): Promise<Arrival[]> =>
  db.rows<Arrival>(
    `with expected as (select * from unnest($2::text[], $3::text[]) as expected (product, cycle_key)), ${PUBLICATION}
     select ${ARRIVAL} from newest order by product, cycle_key`,
    [domain, expected.map(({ product }) => product), expected.map(({ key }) => key)],
  )

export interface MissedArrivals {
  cycle: CycleId
  arrivals: Arrival[]
}

/** The domain's cycles that wait for what is published, as the mirror has it: some may know better by now. */
export async function listMissedArrivals(db: Postgres, domain: Domain): Promise<MissedArrivals[]> {
  const rows = await listMissedRows(db, domain)
  const byCycle = Map.groupBy(rows, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, missed]) => ({ cycle, arrivals: missed.map(({ cycle: _, ...arrival }) => arrival) }))
}

const listMissedRows = (db: Postgres, domain: Domain): Promise<(Arrival & { cycle: CycleId })[]> =>
  db.rows(
    `with waiting as (
       select cycle, dependency.upstream_product as product, dependency.upstream_key as cycle_key
       from data_product_status as status join data_product_dependencies_events_status as dependency using (cycle)
       where status.domain = $1 and (status.state = 'WAITING' or status.state = 'ERROR' and status.step = 'wait')
         and dependency.state = 'WAITING'
     ),
     expected as (select distinct product, cycle_key from waiting), ${PUBLICATION}
     select cycle, ${ARRIVAL} from newest join waiting using (product, cycle_key) order by cycle, product, cycle_key`,
    [domain],
  )
