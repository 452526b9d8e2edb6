// Publications that their producers took back. In: names of columns; or a publication. Out: a condition in SQL; its row marked.
// Never: a notice that was refused; a mark that falls.
import type { Postgres, Queries } from '../clients/postgres.ts'
import type { CycleId, CycleParts, Domain } from '../model/ids.ts'

/**
 * Whether this revision was taken back, or a later one: the domain's ledger has the word of the producer, or the row of the
 * cycle that published it is marked, should the word be lost. Looked up for each row by its index: of an `exists`, PostgreSQL
 * may make a hash of the whole ledger.
 */
export const isWithdrawn = (of: { domain: string; product: string; key: string; revision: string }): string =>
  `((select true from event_ledger as notice
      where notice.domain = ${of.domain} and notice.product = ${of.product} and notice.cycle_key = ${of.key}
        and notice.outcome <> 'refused'
        and substring(notice.event_id from '/not-refreshed-withdrawn[.]r([0-9]{1,9})$')::integer >= ${of.revision}
      limit 1) is not null
    or coalesce((select source.withdrawn_revision >= ${of.revision} from data_product_status as source
      where source.product = ${of.product} and source.cycle_key = ${of.key}), false))`

/** Of `dependency`: what it holds was taken back. */
export const IS_HELD_WITHDRAWN = isWithdrawn({
  ...{ domain: 'dependency.domain', product: 'dependency.upstream_product', key: 'dependency.upstream_key' },
  revision: 'dependency.revision',
})

/** At the row of the cycle that published it; false when no cycle of Sluice did. */
export const markWithdrawn = (
  db: Postgres,
  { cycle, revision }: { cycle: CycleId; revision: number },
): Promise<boolean> =>
  db.changed(
    `update data_product_status set withdrawn_revision = greatest(withdrawn_revision, $2)
     where cycle = $1 and published_revision >= $2`,
    [cycle, revision],
  )

/** Held as long as the session is: of two who take the same back one comes after the other. */
export const lockWithdrawals = (session: Queries, cycle: CycleId): Promise<unknown> =>
  session.rows("select pg_advisory_lock(hashtext('withdraw'), hashtext($1))", [cycle])

/** How far a cycle has refreshed, as its own row, the domain's ledger and the other domains' know; 0: nobody has heard of any. */
export async function readHighestRevision(db: Postgres, domain: Domain, { product, key }: CycleParts): Promise<number> {
  const row = await db.one<{ revision: number }>(
    `select greatest(heard_revision($2, $3),
       (select published_revision from data_product_status where product = $2 and cycle_key = $3),
       (select max(revision) from event_ledger
        where domain = $1 and product = $2 and cycle_key = $3 and outcome <> 'refused'), 0) as revision`,
    [domain, product, key],
  )
  return row?.revision ?? 0
}
