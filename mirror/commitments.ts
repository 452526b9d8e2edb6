// When cycles are expected, and whether they came. In: a span of time, products. Out: rows, by the instant they are expected.
// Never: what a definition promises of cycles that are not open (the catalogs say that); a list without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { OpenedBy } from '../model/cycle/cycle.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import type { CycleState, Step } from '../model/states.ts'
import { heldOf } from './conditions.ts'
import type { HeldRow } from './status.ts'

export interface CommitmentFilter {
  /** ISO instants, the second excluded. */
  from: string
  to: string
  domain?: Domain
  products?: ProductId[]
  limit: number
}

export interface CommittedRow {
  cycle: CycleId
  product: ProductId
  key: string
  availableBy: string
  state: CycleState
  step: Step | null
  /** Null also where it is held and this login may not know by whom. */
  held: HeldRow | null
  isHeld: boolean
  openedBy: OpenedBy
  openedAt: string
  firstCompletedAt: string | null
}

/** The cycles that are, or were, expected then. */
export const listCommitted = (db: Postgres, filter: CommitmentFilter): Promise<CommittedRow[]> =>
  db.rows<CommittedRow>(
    `select cycle, product, cycle_key as key, available_by as "availableBy", state, step, ${heldOf()} as held,
       held is not null as "isHeld", opened_by as "openedBy", opened_at as "openedAt", first_completed_at as "firstCompletedAt"
     from data_product_status
     where available_by >= $1 and available_by < $2 and ($3::text is null or domain = $3)
       and ($4::text[] is null or product = any ($4))
     order by available_by, product, cycle_key limit $5`,
    [filter.from, filter.to, filter.domain, filter.products, filter.limit],
  )

/** Those of the cycles that have a row. */
export async function listRecorded(db: Postgres, cycles: CycleId[]): Promise<Set<CycleId>> {
  const rows = await db.rows<{ cycle: CycleId }>('select cycle from data_product_status where cycle = any ($1)', [
    cycles,
  ])
  return new Set(rows.map(({ cycle }) => cycle))
}
