// What has become of the inputs of a cycle since it ran, as the bridge wrote it down: a closed cycle's own flags tell of the
// time when it was open. Out: conditions in SQL on a row of data_product_status; the corrections that a cycle has not used.
// Never: a correction that was taken back itself, or of an input for which the definition says `onRevision: ignore`.
import type { Postgres } from '../clients/postgres.ts'
import type { CycleId, ProductId } from '../model/ids.ts'
import { ignoresCorrections, isInputOf } from './conditions.ts'
import { IS_HELD_WITHDRAWN, isWithdrawn } from './withdrawn.ts'

/** From deliveries to a cycle, of which `dependency` is what it took. */
const correctionsTo = (status: string): string =>
  `from event_delivery as delivery
   join data_product_dependencies_events_status as dependency using (cycle, upstream_product, upstream_key)
   where delivery.cycle = ${status}.cycle and delivery.domain = ${status}.domain and ${isInputOf(status)}
     and delivery.outcome = 'correction' and delivery.revision > dependency.revision
     and not ${isWithdrawn({ domain: 'delivery.domain', product: 'delivery.upstream_product', key: 'delivery.upstream_key', revision: 'delivery.revision' })}
     and not coalesce(${ignoresCorrections(status, 'dependency')}, false)`

/** Looked up for each row by its index: of an `exists`, PostgreSQL may make a hash of all deliveries. */
export const IS_OUTDATED = `coalesce((select true ${correctionsTo('data_product_status')} limit 1), false)`

export const IS_INPUT_WITHDRAWN = `coalesce((select true from data_product_dependencies_events_status as dependency
    where dependency.cycle = data_product_status.cycle and dependency.state = 'ARRIVED' and ${isInputOf('data_product_status')}
      and ${IS_HELD_WITHDRAWN}
    limit 1), false)`

export interface OutdatedInput {
  product: ProductId
  key: string
  /** The highest correction that is there. */
  newer: number
  used: number
}

export const listOutdated = (db: Postgres, cycle: CycleId): Promise<OutdatedInput[]> =>
  db.rows<OutdatedInput>(
    `select upstream_product as product, upstream_key as key, corrected.newer, corrected.used
     from data_product_status as status, lateral (
       select upstream_product, upstream_key, max(delivery.revision) as newer, dependency.revision as used
       ${correctionsTo('status')}
       group by upstream_product, upstream_key, dependency.revision) as corrected
     where status.cycle = $1 order by product, key`,
    [cycle],
  )
