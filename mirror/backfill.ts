// In: a product's cycle keys. Out: how those cycles stand, for a backfill; what it would write over if it made them anew.
// Never: a key that is not asked for; the truth about a running cycle, which may be a moment ahead.
import type { Postgres } from '../clients/postgres.ts'
import type { SeenCycle } from '../model/backfill.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'
import type { Step } from '../model/states.ts'
import { hasRun, heldOf, isUnbegun } from './conditions.ts'
import { READERS } from './readers.ts'

/** Of those that have a row. */
export const listSeen = (db: Postgres, product: ProductId, keys: CycleKey[]): Promise<SeenCycle[]> =>
  db.rows<SeenCycle>(
    `select cycle_key as key, state,
       state = 'WAITING' and (waiting_for <> '{}' or held is not null) as "isWaiting",
       state in ('WAITING', 'PROCESSING') and run_ended_as is not null as "isWithoutRun",
       floor(extract(epoch from case when state in ('WAITING', 'PROCESSING') then coalesce(run_ended_at, state_since) else state_since end) * 1000)::float8 as "sinceMs",
       run_number as "runNumber", version
     from data_product_status where product = $1 and cycle_key = any ($2) order by cycle_key`,
    [product, keys],
  )

/** What a rerun of a cycle writes over, and who has used it. */
export interface Overwritten {
  key: CycleKey
  step: Step | null
  revision: number
  location: string | null
  /** By whom it is held by itself. */
  heldBy: string | null
  /** Its run is open, as far as is known. */
  hasRun: boolean
  /** Cycles of consumers that have run on it. */
  usedBy: number
  /** Cycles of other domains, which this login may not see, that have used it or wait for it. */
  hidden: number
}

/** One question for all of them. */
export const listOverwritten = (db: Postgres, product: ProductId, keys: CycleKey[]): Promise<Overwritten[]> =>
  db.rows<Overwritten>(
    `select cycle_key as key, step, revision, location, (${heldOf('status')}) ->> 'actor' as "heldBy", ${hasRun('status')} as "hasRun",
       (select count(distinct consumer.cycle)::integer from ${READERS} as dependency
        join data_product_status as consumer using (cycle)
        where dependency.upstream_product = status.product and dependency.upstream_key = status.cycle_key
          and dependency.state = 'ARRIVED' and not ${isUnbegun('consumer')}) as "usedBy",
       (select coalesce(sum(cycles), 0)::integer from hidden_reader
        where upstream_product = status.product and upstream_key = status.cycle_key) as hidden
     from data_product_status as status where product = $1 and cycle_key = any ($2)`,
    [product, keys],
  )
