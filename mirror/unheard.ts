// Upstreams of which neither the mirror nor the domain's ledger knows a publication. In: a domain and its upstreams. Out: since when the domain waits for
// each: what came before left no row, and nothing can recall it. Never: an upstream that ever published from here.
import type { Postgres } from '../clients/postgres.ts'
import type { Domain, ProductId } from '../model/ids.ts'

export interface Unheard {
  product: ProductId
  awaitedSince: string
}

/** Without a break: of each consumer by the first of the versions in a row that name it. */
export const listUnheard = (db: Postgres, domain: Domain, products: ProductId[]): Promise<Unheard[]> =>
  db.rows<Unheard>(
    `with awaiting as (
       select edge.upstream, version.product, version.version, version.applied_at, version.superseded_at
       from data_product_dependencies as edge join data_product as version using (product, version)
       where version.domain = $1 and edge.upstream = any ($2)),
     consumer as (
       select upstream, product, max(applied_at) as since from awaiting as first
       where exists (select from awaiting as present
           where (present.upstream, present.product) = (first.upstream, first.product) and present.superseded_at is null)
         and not exists (select from awaiting as before
           where (before.upstream, before.product, before.version) = (first.upstream, first.product, first.version - 1))
       group by upstream, product)
     select upstream as product, min(since) as "awaitedSince" from consumer
     where not exists (select from data_product_status as status
       where status.product = consumer.upstream and status.published_revision > 0)
       and not exists (select from event_ledger as heard where heard.domain = $1 and heard.product = consumer.upstream
         and heard.revision > 0 and heard.outcome <> 'refused')
     group by upstream order by upstream`,
    [domain, products],
  )
