// Names that a shell may complete. In: what kind, how they begin. Out: the nearest at hand. Never: more than a screen of them.
import type { Postgres } from '../clients/postgres.ts'

export const NAME_QUERIES = {
  /** Newest first. */
  cycle: `select cycle as name, state as said from data_product_status where starts_with(cycle, $1)
    order by cycle_key desc, product limit $2`,
  product: `select product as name, description as said from data_product
    where superseded_at is null and starts_with(product, $1) order by product limit $2`,
  domain: `select domain as name, owner_team as said from data_domain
    where superseded_at is null and starts_with(domain, $1) order by domain limit $2`,
  owner: `select distinct owner_team as name, owner_email as said from data_product
    where superseded_at is null and starts_with(owner_team, $1) order by name limit $2`,
  event: `select event_id as name, min(outcome) as said from event_ledger where starts_with(event_id, $1)
    group by event_id order by max(first_seen_at) desc limit $2`,
  /** No notices: those are not taken back. */
  refresh: `select event_id as name, min(outcome) as said from event_ledger
    where starts_with(event_id, $1) and event_id ~ '/r[0-9]+$'
    group by event_id order by max(first_seen_at) desc limit $2`,
  /** Products first: whoever means a cycle types on. */
  'cycle-or-product': `select name, said from (
      select product as name, description as said, null as key from data_product
      where superseded_at is null and starts_with(product, $1)
      union all select cycle, state, cycle_key from data_product_status where starts_with(cycle, $1)) as one
    order by key desc nulls first, name limit $2`,
  held: `select name, said from (
      select product as name, reason as said, null as key from product_hold where starts_with(product, $1)
      union all select cycle, state, cycle_key from data_product_status where held is not null and starts_with(cycle, $1)) as one
    order by key desc nulls first, name limit $2`,
  actor: `select distinct actor as name, '' as said from operator_action where starts_with(actor, $1) order by name limit $2`,
} as const

export interface NameRow {
  name: string
  said: string
}

export const listNames = (
  db: Postgres,
  kind: keyof typeof NAME_QUERIES,
  { prefix, limit }: { prefix: string; limit: number },
): Promise<NameRow[]> => db.rows<NameRow>(NAME_QUERIES[kind], [prefix, limit])
