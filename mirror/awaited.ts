// In: an upstream cycle. Out: whether anybody waits for its refresh, and how far it has published itself.
// Never: a definition or a cycle that the login may not see.
import type { Postgres } from '../clients/postgres.ts'
import { type CycleParts, toCycleId } from '../model/ids.ts'
import { isInputOf, isUnbegun } from './conditions.ts'

export interface Awaited {
  /** By a definition that applies, or by an open cycle of an older one. */
  isAwaited: boolean
  /** Of its own cycle; 0: none yet. */
  publishedRevision: number
}

export async function readAwaited(db: Postgres, { product, key }: CycleParts): Promise<Awaited> {
  const row = await db.one<Awaited>(
    `select exists (
         select from data_product_dependencies as edge
         join data_product as consumer using (product, version)
         where edge.upstream = $1 and consumer.superseded_at is null)
       or exists (
         select from data_product_dependencies_events_status as dependency
         join data_product_status as status using (cycle)
         where upstream_product = $1 and upstream_key = $2 and dependency.state = 'WAITING'
           and ${isUnbegun('status')} and ${isInputOf('status')}) as "isAwaited",
       coalesce((select published_revision from data_product_status where cycle = $3), 0) as "publishedRevision"`,
    [product, key, toCycleId(product, key)],
  )
  return row ?? { isAwaited: false, publishedRevision: 0 }
}
