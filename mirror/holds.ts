// Open cycles whose hold is not that of their product. In: the domain, the products that are held. Out: which should be held or
// released with theirs. Never: a hold of the cycle's own.
import type { Postgres } from '../clients/postgres.ts'
import type { Held } from '../model/cycle/cycle.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import { hasRun, heldOf } from './conditions.ts'

export interface HeldOtherwise {
  cycle: CycleId
  product: ProductId
  /** Null: not held, as its product is; else held with a product that is not. */
  held: Held | null
  runNumber: number
  version: number
}

const MOST = 1_000

export const listHeldOtherwise = (db: Postgres, domain: Domain, held: ProductId[]): Promise<HeldOtherwise[]> =>
  db.rows<HeldOtherwise>(
    `select cycle, product, ${heldOf()} as held, run_number as "runNumber", version from data_product_status
     where domain = $1 and (${hasRun()}
           and (held is null and product = any ($2) or held ->> 'of' = 'product' and not product = any ($2))
         -- It would run again for a correction, so its run is open.
         or state = 'COMPLETED' and held ->> 'of' = 'product' and not product = any ($2))
     order by cycle collate "C" limit ${MOST}`,
    [domain, held],
  )
