// Which products there are and whose they are, and where the newest of their cycles stand. In: nothing, or products.
// Out: rows. Never: what a product's definition says (catalog/ has that); a private product of another domain.
import type { Postgres } from '../clients/postgres.ts'
import type { Owner } from '../model/definition.ts'
import type { Domain, ProductId } from '../model/ids.ts'

export interface KnownProduct {
  product: ProductId
  domain: Domain
  /** Null: it was removed. */
  version: number | null
  owner: Owner
}

/** All that ever were, by their present or last version. */
export async function listProducts(db: Postgres): Promise<KnownProduct[]> {
  const rows = await db.rows<Omit<KnownProduct, 'owner'> & Owner>(
    `select distinct on (product) product, domain, case when superseded_at is null then version end as version,
       owner_team as team, owner_email as email
     from data_product as one order by product, one.version desc`,
  )
  return rows.map(({ team, email, ...rest }) => ({ ...rest, owner: { team, email } }))
}

export interface NewestFilter {
  domains: Domain[]
  /** Absent: all of the domains. */
  products?: ProductId[]
  /** A date: none after it. */
  to: string
}

/** The date of the newest cycle of a day or an hour; undefined when there is none. By domain, as the index has them. */
export async function readNewestDate(
  db: Postgres,
  { domains, products, to }: NewestFilter,
): Promise<string | undefined> {
  const row = await db.one<{ date: string | null }>(
    `select max(left(newest.cycle_key, 10)) as date from unnest($1::text[]) as wanted (domain) cross join lateral (
       select cycle_key from data_product_status
       where domain = wanted.domain and ($2::text[] is null or product = any ($2))
         and cycle_key ~ '^\\d{4}-\\d\\d-\\d\\d' and left(cycle_key, 10) <= $3
       order by cycle_key desc limit 1) as newest`,
    [domains, products, to],
  )
  return row?.date ?? undefined
}
