// In: a product's cycle keys. Out: how those cycles stand, for a backfill.
// Never: a key that is not asked for; the truth about a running cycle, which may be a moment ahead.
import type { Postgres } from '../clients/postgres.ts'
import type { SeenCycle } from '../model/backfill.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'

/** Of those that have a row. */
export const listSeen = (db: Postgres, product: ProductId, keys: CycleKey[]): Promise<SeenCycle[]> =>
  db.rows<SeenCycle>(
    `select cycle_key as key, state,
       state = 'WAITING' and (waiting_for <> '{}' or held is not null) as "isWaiting",
       state in ('WAITING', 'PROCESSING') and run_ended_as is not null as "isWithoutRun"
     from data_product_status where product = $1 and cycle_key = any ($2) order by cycle_key`,
    [product, keys],
  )
