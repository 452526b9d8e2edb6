// What stands between a cycle and its start, across domains. In: cycles that are waited for, now or as of an instant. Out: how each
// stands, what it waits for in turn, down to the last; what is known of their products. Never: a statement for each cycle; of
// another domain's product more than a consumer may know (migrations/0014_explain.sql).
import type { Postgres } from '../clients/postgres.ts'
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import type { CutoffAction } from '../model/definition.ts'
import type { CycleKey, Domain, ProductId } from '../model/ids.ts'
import type { ProductFacts, WaitingEdge } from '../model/explain/standing.ts'
import { heldOf, isInputOf, isUnbegun } from './conditions.ts'

export interface Awaited {
  product: ProductId
  key: CycleKey
}

/** Beside those asked for. Of more nobody reads: the nearest come first, and the others are said not to be followed. */
export const MOST_CYCLES = 2_000

/**
 * Each row is an edge: a cycle that `consumer` waits for (null: one that was asked for), and how it stands; the asked ones first.
 * `at` null: now. Each cycle is looked up once, whoever waits for it; what other domains may know of it comes by the mesh's own
 * views and functions, and only where the login does not see the row itself.
 */
export const listWaits = (db: Postgres, awaited: Awaited[], at: string | null): Promise<WaitingEdge[]> =>
  db.rows<WaitingEdge>(
    `with recursive asked as (select * from unnest($1::text[], $2::text[]) with ordinality as asked (product, key, place)),
     cycle (product, key, domain) as (
       select product, key, split_part(product, '/', 1) from asked
       union
       select input.product, input.key, input.domain from cycle cross join lateral (${INPUTS}) as input where cycle.product is not null),
     nearest as materialized (select * from cycle limit $4),
     edge as (
       select null::text as consumer, product, key, split_part(product, '/', 1) as domain, null::integer as position, null::jsonb as said,
         place from asked
       union all
       select cycle.product || '/' || cycle.key, input.*, null from nearest as cycle cross join lateral (${INPUTS}) as input
       where cycle.product is not null),
     standing as (
       select nearest.product, nearest.key, coalesce(own.state, seen.state) as state,
         case when own.state is null then seen.step else own.step end as step, coalesce(own.since, seen.since) as since,
         own.reason, own.held, coalesce(own.is_held, seen.is_held, false) as "isHeld", coalesce(own.held_as, seen.held_as) as "heldAs",
         coalesce(own.last_attempt, seen.last_attempt) as "lastAttempt",
         coalesce(own.run_ended_as, seen.run_ended_as) as "runEndedAs", coalesce(own.not_before, seen.not_before) as "notBefore",
         own.retry_at as "retryAt", coalesce(own.revision, seen.revision) as revision, own.condition, own.waiting_for, own.flags
       from nearest
       left join lateral (${OWN_NOW} union all ${OWN_THEN}) as own on true
       left join lateral (${SEEN_NOW} union all ${SEEN_THEN}) as seen on true)
     select edge.consumer, edge.product, edge.key, edge.domain, edge.position, edge.said ->> 'reason' as "saidReason",
       (edge.said ->> 'withdraws')::integer as withdraws, standing.product is null and edge.product is not null as "isBeyond",
       state, step, since, reason, held, coalesce("isHeld", false) as "isHeld", "heldAs", coalesce("lastAttempt", 0) as "lastAttempt",
       "runEndedAs", "notBefore", "retryAt", coalesce(revision, 0) as revision, condition,
       coalesce(waiting_for, '{}') as "waitingFor", coalesce(flags, '{}') as flags
     from edge left join standing on (standing.product, standing.key) = (edge.product, edge.key)
     order by place, edge.consumer, edge.position nulls last, edge.product, edge.key`,
    [awaited.map(({ product }) => product), awaited.map(({ key }) => key), at, awaited.length + MOST_CYCLES],
  )

/** The last move before that time. */
const moveOf = (cycle: string): string => `select moved.to_state, moved.step, moved.at, moved.reason
  from data_product_status_history as moved where moved.cycle = ${cycle} and moved.at <= $3
  order by moved.run_number desc, moved.version desc limit 1`

/** Of `cycle`: what it waits for, now, then, or as another domain's login may know it. */
const INPUTS = `select dependency.upstream_product as product, dependency.upstream_key as key,
    split_part(dependency.upstream_product, '/', 1) as domain, dependency.position, nullif(dependency.blocker, 'null') as said
  from data_product_status as status join data_product_dependencies_events_status as dependency on dependency.cycle = status.cycle
  where $3::timestamptz is null and status.product = cycle.product and status.cycle_key = cycle.key and ${isUnbegun('status')}
    and ${isInputOf('status')} and dependency.state = 'WAITING' and dependency.upstream_product = any (status.waiting_for)
  union all
  select began.upstream_product, began.upstream_key, split_part(began.upstream_product, '/', 1),
    -- Where the condition counts it is what it is now: the history does not say.
    present.position, null
  from data_product_dependencies_events_status_history as began
  left join data_product_dependencies_events_status as present using (cycle, upstream_product, upstream_key)
  where began.cycle = cycle.product || '/' || cycle.key and began.event_id = '' and began.at <= $3
    and not exists (select from data_product_dependencies_events_status_history as came
      where (came.cycle, came.upstream_product, came.upstream_key) = (began.cycle, began.upstream_product, began.upstream_key)
        and came.state = 'ARRIVED' and came.at <= $3)
    and exists (select from (${moveOf('began.cycle')}) as last_move
      where last_move.to_state = 'WAITING' or last_move.to_state = 'ERROR' and last_move.step = 'wait')
  union all
  select upstream_product, upstream_key, upstream_domain, null, null from mesh_wait
  where $3::timestamptz is null and cycle.domain <> sluice_domain() and product = cycle.product and cycle_key = cycle.key
  union all
  select upstream_product, upstream_key, upstream_domain, null, null
  from mesh_wait_at(case when cycle.domain <> sluice_domain() then cycle.product end, cycle.key, $3)`

const OWN_NOW = `select status.state, status.step, status.state_since as since, status.reason, ${heldOf('status')} as held,
    status.held is not null as is_held, status.held ->> 'of' as held_as, status.last_attempt, status.run_ended_as, status.not_before,
    status.retry_at, status.revision, status.condition, status.waiting_for, status.flags
  from data_product_status as status
  where $3::timestamptz is null and status.product = nearest.product and status.cycle_key = nearest.key`

const OWN_THEN = `select last_move.to_state, last_move.step, last_move.at, last_move.reason, null, false, null, null, null, status.not_before,
    null, case when status.published_at <= $3 then status.revision else 0 end, status.condition, null, null
  from data_product_status as status, lateral (${moveOf('status.cycle')}) as last_move
  where $3::timestamptz is not null and status.product = nearest.product and status.cycle_key = nearest.key`

const SEEN_NOW = `select state, step, state_since as since, is_held, held_as, last_attempt, run_ended_as, not_before, revision
  from mesh_cycle
  where $3::timestamptz is null and nearest.domain <> sluice_domain() and product = nearest.product and cycle_key = nearest.key`

const SEEN_THEN = `select state, step, state_since, false, null, null, null, not_before, revision
  from mesh_cycle_at(case when nearest.domain <> sluice_domain() then nearest.product end, nearest.key, $3)`

/** So many of the last cycles make what is usual. */
const LAST_CYCLES = 20

/**
 * Whose each product is, when it refreshes, and when it usually has: the middle one of its last cycles before that time, in seconds of
 * wall time from midnight of the date it is about (of an hour: from its beginning). Not of backfills: they come when somebody asks.
 */
export const listProductFacts = (db: Postgres, products: ProductId[], before: string): Promise<ProductFacts[]> =>
  db.rows<ProductFacts>(
    `select asked.product, coalesce(version.owner_team, domain.owner_team) as team,
       coalesce(version.owner_email, domain.owner_email) as email, version.product is null as "isOwnerOfDomain",
       coalesce(version.definition -> 'notify' ->> 'error', version.definition -> 'notify' ->> 'late') as channel,
       version.product is not null as "isProduct", external.external is not null as "isExternal",
       case when version.product is not null or external.external is not null then known.definition end as schedule,
       usual.seconds, usual.cycles
     from unnest($1::text[]) as asked (product)
     left join data_product as version on version.product = asked.product and version.superseded_at is null
     left join data_external as external on external.external = asked.product and external.superseded_at is null
     left join data_domain as domain on domain.domain = split_part(asked.product, '/', 1) and domain.superseded_at is null,
     lateral (select coalesce(version.definition, external.definition) as definition) as known,
     lateral (
       select percentile_disc(0.5) within group (order by extract(epoch from taken))::float8 as seconds, count(taken)::integer as cycles
       from (${LAST_ARRIVALS}) as recent) as usual`,
    [products, before, LAST_CYCLES],
  )

const LAST_ARRIVALS = `(select case when length(cycle_key) = 14 then first_completed_at - (left(cycle_key, 13) || ':00Z')::timestamptz
      else first_completed_at at time zone (known.definition ->> 'timezone')
        - coalesce(business_date, case when cycle_key ~ '^\\d{4}-\\d\\d-\\d\\d$' then cycle_key::date end)::timestamp end as taken
    from data_product_status where product = asked.product and opened_by <> 'backfill' and first_completed_at < $2
    order by cycle_key desc limit $3)
  union all
  (select case when length(cycle_key) = 14 then min(first_seen_at) - (left(cycle_key, 13) || ':00Z')::timestamptz
      else min(first_seen_at) at time zone (known.definition ->> 'timezone') - cycle_key::date::timestamp end
    from event_ledger where external.external is not null and domain = external.domain and product = asked.product and revision > 0
      and outcome <> 'refused' and first_seen_at < $2 and length(cycle_key) in (10, 14) and cycle_key !~ 'W'
    group by cycle_key order by cycle_key desc limit $3)`

/** The calendars of these names, as they are now. */
export async function listCalendars(db: Postgres, calendars: string[]): Promise<CalendarDefinition[]> {
  const rows = await db.rows<{ definition: CalendarDefinition }>(
    `select definition from data_calendar where calendar = any ($1) and superseded_at is null`,
    [calendars],
  )
  return rows.map(({ definition }) => definition)
}

/** For "did you mean". */
export async function listDomains(db: Postgres): Promise<Domain[]> {
  const rows = await db.rows<{ domain: Domain }>(
    `select domain from data_domain where superseded_at is null order by domain`,
  )
  return rows.map(({ domain }) => domain)
}

/** What a version of a definition says of the end of the wait; undefined where it says nothing, or is not known. */
export async function readCutoffThen(
  db: Postgres,
  product: ProductId,
  version: number,
): Promise<CutoffAction | undefined> {
  const row = await db.one<{ then: CutoffAction | null }>(
    `select cutoff_then as "then" from data_product_schedule where product = $1 and version = $2`,
    [product, version],
  )
  return row?.then ?? undefined
}
