// What a cycle finds when it opens. In: the upstream cycles that it waits for. Out: what was published of them already, the
// newest revision each, and what was skipped. Never: a private publication of another domain; an event that was refused.
import type { Postgres } from '../clients/postgres.ts'
import type { Blocker, ExpectedCycle } from '../model/cycle/cycle.ts'
import { toUnopened } from '../model/cycle/unopened.ts'
import { type Domain, toCycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
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
export const PUBLICATION = `publication as (
    select product, cycle_key, published_event_id as event_id, published_revision as revision, location,
      correlation_id, occurred_at, built_from, built_without, cascade
    from data_product_status join expected using (product, cycle_key)
    where published_revision > 0 and (domain = $1 or visibility = 'mesh')
      and not ${withdrawnOf('data_product_status', 'published_revision')}
    union all
    select product, cycle_key, event_id, revision, location, correlation_id, occurred_at, built_from, built_without, null
    from event_ledger join expected using (product, cycle_key)
    where domain = $1 and outcome <> 'refused' and revision > 0 and correlation_id is not null
      and occurred_at is not null
      and not ${withdrawnOf('event_ledger', 'revision')}
  ),
  newest as (
    select distinct on (product, cycle_key) * from publication
    order by product, cycle_key, revision desc, event_id
  )`

export const ARRIVAL = `event_id as "eventId", product, cycle_key as key, revision, location,
  correlation_id as "correlationId", occurred_at as "occurredAt", built_from as "builtFrom",
  built_without as "builtWithout", cascade`

export type ArrivalRow = Omit<Arrival, 'builtFrom' | 'builtWithout' | 'cascade'> & {
  builtFrom: Arrival['builtFrom'] | null
  builtWithout: Arrival['builtWithout'] | null
  cascade?: Arrival['cascade'] | null
}

export const toArrival = ({ builtFrom, builtWithout, cascade, ...arrival }: ArrivalRow): Arrival => ({
  ...arrival,
  ...(builtFrom && { builtFrom }),
  ...(builtWithout && { builtWithout }),
  ...(cascade && { cascade }),
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
export const SKIPPED = `notice as (
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

export const BLOCKER = `event_id as "eventId", product, cycle_key as key, said ->> 'state' as state, said ->> 'step' as step,
  coalesce(said ->> 'reason', '') as reason, occurred_at as "occurredAt", (said ->> 'withdraws')::integer as withdraws`

export type BlockerRow = Omit<Blocker, 'withdraws'> & { withdraws: number | null }

export const toBlocker = ({ withdraws, ...blocker }: BlockerRow): Blocker => ({
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
