// In: the upstream cycles that a cycle waits for. Out: what was published of them already, the newest revision each.
// Never: a private publication of another domain; an event that was refused.
import type { Postgres } from '../clients/postgres.ts'
import type { ExpectedCycle } from '../model/cycle/cycle.ts'
import type { Domain } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'

/** From the upstreams' own rows, and from the domain's ledger, which also knows what comes from outside the mesh. */
export const recallArrivals = (db: Postgres, domain: Domain, expected: ExpectedCycle[]): Promise<Arrival[]> =>
  db.rows<Arrival>(
    `with expected as (select * from unnest($2::text[], $3::text[]) as expected (product, cycle_key)),
     publication as (
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
     )
     select distinct on (product, cycle_key) event_id as "eventId", product, cycle_key as key, revision, location,
       correlation_id as "correlationId", occurred_at as "occurredAt"
     from publication
     order by product, cycle_key, revision desc, event_id`,
    [domain, expected.map(({ product }) => product), expected.map(({ key }) => key)],
  )
