// In: the upstream cycles that a cycle waits for, or a whole domain. Out: what was published of them already, the
// newest revision each. Never: a private publication of another domain; an event that was refused.
import type { Postgres } from '../clients/postgres.ts'
import type { Blocker, ExpectedCycle } from '../model/cycle/cycle.ts'
import { toUnopened } from '../model/cycle/unopened.ts'
import { type CycleId, type Domain, toCycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { isInputOf, isUnbegun } from './conditions.ts'
import { toInstant } from './instants.ts'
import { isWithdrawn } from './withdrawn.ts'

const withdrawnOf = (table: string, revision: string): string =>
  isWithdrawn({
    ...{ domain: '$1', product: `${table}.product`, key: `${table}.cycle_key` },
    revision: `${table}.${revision}`,
  })

/**
 * From the upstreams' own rows, and from the domain's ledger, which also knows what comes from outside the mesh.
 * Goes after a table `expected (product, cycle_key)`; $1 is the domain that may know.
 */
const PUBLICATION = `publication as (
    select product, cycle_key, published_event_id as event_id, published_revision as revision, location,
      correlation_id, occurred_at, built_from, built_without
    from data_product_status join expected using (product, cycle_key)
    where published_revision > coalesce(withdrawn_revision, 0) and (domain = $1 or visibility = 'mesh')
      and not ${withdrawnOf('data_product_status', 'published_revision')}
    union all
    select product, cycle_key, event_id, revision, location, correlation_id, occurred_at, built_from, built_without
    from event_ledger join expected using (product, cycle_key)
    where domain = $1 and outcome <> 'refused' and revision > 0 and correlation_id is not null
      and occurred_at is not null
      and not ${withdrawnOf('event_ledger', 'revision')}
  ),
  newest as (
    select distinct on (product, cycle_key) * from publication
    order by product, cycle_key, revision desc, event_id
  )`

/** Inputs that the domain's cycles still wait for; rows of the last flush only: what a newer definition drops stays behind. */
const WAITING = `select cycle, dependency.upstream_product as product, dependency.upstream_key as cycle_key
  from data_product_status as status join data_product_dependencies_events_status as dependency using (cycle)
  where status.domain = $1 and ${isUnbegun('status')}
    and dependency.state = 'WAITING' and ${isInputOf('status')}`

const ARRIVAL = `event_id as "eventId", product, cycle_key as key, revision, location,
  correlation_id as "correlationId", occurred_at as "occurredAt", built_from as "builtFrom",
  built_without as "builtWithout"`

type ArrivalRow = Omit<Arrival, 'builtFrom' | 'builtWithout'> & {
  builtFrom: Arrival['builtFrom'] | null
  builtWithout: Arrival['builtWithout'] | null
}

const toArrival = ({ builtFrom, builtWithout, ...arrival }: ArrivalRow): Arrival => ({
  ...arrival,
  ...(builtFrom && { builtFrom }),
  ...(builtWithout && { builtWithout }),
})

export interface Recalled {
  arrivals: Arrival[]
  skipped: Blocker[]
}

/** What a cycle finds when it opens. */
export async function recall(db: Postgres, domain: Domain, expected: ExpectedCycle[]): Promise<Recalled> {
  const arrivals = await recallArrivals(db, domain, expected)
  const notices = await recallSkipped(db, domain, expected)
  const known = new Set([...arrivals, ...notices].map(({ product, key }) => toCycleId(product, key)))
  const firsts = expected.filter(
    ({ product, key, isBeforeFirst }) => isBeforeFirst && !known.has(toCycleId(product, key)),
  )
  return { arrivals, skipped: [...notices, ...(await recallUnopened(db, firsts))] }
}

export async function recallArrivals(db: Postgres, domain: Domain, expected: ExpectedCycle[]): Promise<Arrival[]> {
  const rows = await db.rows<ArrivalRow>(
    `with expected as (select * from unnest($2::text[], $3::text[]) as expected (product, cycle_key)), ${PUBLICATION}
     select ${ARRIVAL} from newest order by product, cycle_key`,
    [domain, expected.map(({ product }) => product), expected.map(({ key }) => key)],
  )
  return rows.map(toArrival)
}

/**
 * That upstreams skipped their cycle or took it back: by the notices that the domain's ledger kept, or, should the bus have lost
 * them, by the upstreams' own rows; the newest of each, and only while no publication is known. The message is parsed only in
 * rows that the bridge could parse.
 */
const SKIPPED = `notice as (
    select product, cycle_key, event_id, occurred_at, case when outcome <> 'refused' and event_id like '%/not-refreshed-%'
      then body::jsonb #> '{detail,data}' end as said
    from event_ledger join expected using (product, cycle_key) where domain = $1
    union all
    select product, cycle_key, cycle || '/skipped', state_since,
      jsonb_build_object('state', state, 'reason', coalesce(reason, ''))
    from data_product_status join expected using (product, cycle_key)
    where state = 'SKIPPED' and (domain = $1 or visibility = 'mesh')
    union all
    select product, cycle_key, cycle || '/not-refreshed-withdrawn.r' || withdrawn_revision, updated_at,
      jsonb_build_object('state', 'CANCELLED', 'reason', 'taken back by its producer', 'withdraws', withdrawn_revision)
    from data_product_status join expected using (product, cycle_key)
    where withdrawn_revision is not null and (domain = $1 or visibility = 'mesh')
  ),
  skipped as (
    select distinct on (product, cycle_key) * from notice where (said ->> 'state' = 'SKIPPED' or said ? 'withdraws')
      and not exists (select from newest where newest.product = notice.product and newest.cycle_key = notice.cycle_key)
    order by product, cycle_key, occurred_at desc, event_id
  )`

const BLOCKER = `event_id as "eventId", product, cycle_key as key, said ->> 'state' as state, said ->> 'step' as step,
  coalesce(said ->> 'reason', '') as reason, occurred_at as "occurredAt", (said ->> 'withdraws')::integer as withdraws`

type BlockerRow = Omit<Blocker, 'withdraws'> & { withdraws: number | null }

const toBlocker = ({ withdraws, ...blocker }: BlockerRow): Blocker => ({
  ...blocker,
  ...(withdraws !== null && { withdraws }),
})

async function recallSkipped(db: Postgres, domain: Domain, expected: ExpectedCycle[]): Promise<Blocker[]> {
  const rows = await db.rows<BlockerRow>(
    `with asked as (select * from unnest($2::text[], $3::text[]) as asked (product, cycle_key)),
     expected as (select product, cycle_key from asked), ${PUBLICATION}, ${SKIPPED}
     select ${BLOCKER} from skipped order by product, cycle_key`,
    [domain, expected.map(({ product }) => product), expected.map(({ key }) => key)],
  )
  return rows.map(toBlocker)
}

/** Those nobody has ever opened: what fell due before a product was first applied opens by hand or by a late event only. */
async function recallUnopened(db: Postgres, firsts: ExpectedCycle[]): Promise<Blocker[]> {
  if (firsts.length === 0) return []
  const rows = await db.rows<Pick<ExpectedCycle, 'product' | 'key'> & { at: string }>(
    `with firsts as (select * from unnest($1::text[], $2::text[]) as firsts (product, cycle_key))
     select product, cycle_key as key, now() as at from firsts
     where not exists (select from data_product_status as status
         where (status.product, status.cycle_key) = (firsts.product, firsts.cycle_key))
       and not exists (select from opened_cycles($1, $2) as opened
         where (opened.product, opened.cycle_key) = (firsts.product, firsts.cycle_key))
     order by product, cycle_key`,
    [firsts.map(({ product }) => product), firsts.map(({ key }) => key)],
  )
  return rows.map(({ at, ...one }) => toUnopened(one, at))
}

export interface MissedArrivals {
  cycle: CycleId
  arrivals: Arrival[]
}

export interface MissedSkips {
  cycle: CycleId
  blockers: Blocker[]
}

/** The domain's open cycles that wait for this upstream cycle, as the mirror has it. */
export async function listWaiting(
  db: Postgres,
  domain: Domain,
  { product, key }: Pick<ExpectedCycle, 'product' | 'key'>,
): Promise<CycleId[]> {
  const rows = await db.rows<{ cycle: CycleId }>(
    `with open as (${WAITING}) select cycle from open where product = $2 and cycle_key = $3 order by cycle`,
    [domain, product, key],
  )
  return rows.map(({ cycle }) => cycle)
}

/** Inputs that have come and were taken back, of cycles that have not begun: each would start on what does not count. */
const TAKEN_BACK = `select cycle, dependency.upstream_product as product, dependency.upstream_key as cycle_key
  from data_product_status as status join data_product_dependencies_events_status as dependency using (cycle)
  where status.domain = $1 and ${isUnbegun('status')} and dependency.state = 'ARRIVED' and ${isInputOf('status')}
    and ${isWithdrawn({ domain: '$1', product: 'dependency.upstream_product', key: 'dependency.upstream_key', revision: 'dependency.revision' })}`

/** Cycles that do not know that an upstream skipped what they wait for, or took it back. */
export async function listMissedSkips(db: Postgres, domain: Domain): Promise<MissedSkips[]> {
  const rows = await db.rows<BlockerRow & { cycle: CycleId }>(
    `with unaware as (${WAITING} and (dependency.blocker is null
       or dependency.blocker ->> 'state' <> 'SKIPPED' and not dependency.blocker ? 'withdraws')
       union all ${TAKEN_BACK}),
     expected as (select distinct product, cycle_key from unaware), ${PUBLICATION}, ${SKIPPED}
     select cycle, ${BLOCKER} from skipped join unaware using (product, cycle_key) order by cycle, product, cycle_key`,
    [domain],
  )
  const byCycle = Map.groupBy(rows, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, skips]) => ({
    cycle,
    blockers: skips.map(({ cycle: _, ...row }) => toBlocker(row)),
  }))
}

/**
 * Cycles that ran on what has been corrected since, that their definition says to run again, and that have not heard of it:
 * of those that were written since then.
 */
export async function listMissedCorrections(db: Postgres, domain: Domain, sinceMs: number): Promise<MissedArrivals[]> {
  const rows = await db.rows<MissedRow>(
    `with taken as (
       select cycle, dependency.upstream_product as product, dependency.upstream_key as cycle_key, dependency.revision as used
       from data_product_status as status join data_product_dependencies_events_status as dependency using (cycle)
       join data_product_dependencies as said on said.product = status.product
         and said.version = status.definition_version and said.upstream = dependency.upstream_product
       where status.domain = $1 and said.on_revision = 'rerun' and dependency.state = 'ARRIVED'
         and (status.state in ('PROCESSING', 'COMPLETED') or status.state = 'ERROR' and status.step in ('start', 'run'))
         and status.updated_at >= $2
         and ${isInputOf('status')}),
     expected as (select distinct product, cycle_key from taken), ${PUBLICATION}
     select distinct cycle, ${ARRIVAL} from newest join taken using (product, cycle_key)
     where revision > used and not exists (select from event_delivery as delivery where delivery.domain = $1
       and delivery.event_id = newest.event_id and delivery.cycle = taken.cycle)
     order by cycle, product, key`,
    [domain, toInstant(sinceMs)],
  )
  return toMissed(rows)
}

/** The domain's cycles that wait for what is published, as the mirror has it: some may know better by now. */
export async function listMissedArrivals(db: Postgres, domain: Domain): Promise<MissedArrivals[]> {
  const rows = await db.rows<MissedRow>(
    `with waiting as (${WAITING}),
     expected as (select distinct product, cycle_key from waiting), ${PUBLICATION}
     select cycle, ${ARRIVAL} from newest join waiting using (product, cycle_key)
     where not exists (select from event_delivery as delivery where delivery.domain = $1
       and delivery.event_id = newest.event_id and delivery.cycle = waiting.cycle and delivery.outcome = 'partial')
     order by cycle, product, cycle_key`,
    [domain],
  )
  return toMissed(rows)
}

type MissedRow = ArrivalRow & { cycle: CycleId }

function toMissed(rows: MissedRow[]): MissedArrivals[] {
  const byCycle = Map.groupBy(rows, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, missed]) => ({
    cycle,
    arrivals: missed.map(({ cycle: _, ...row }) => toArrival(row)),
  }))
}
