// In: a cycle with a row, who holds it. Out: its row says so, as a flush of the cycle would have it. Never: a cycle of its own.
import type { Postgres } from '../../clients/postgres.ts'
import { upsertHold } from '../../mirror/status-rows.ts'
import type { Held } from '../../model/cycle/cycle.ts'
import { type CycleId, domainOf } from '../../model/ids.ts'

export async function markHeld(db: Postgres, cycle: CycleId, held: Held): Promise<void> {
  const { of, sinceMs } = held
  await db.changed('update data_product_status set held = $2 where cycle = $1', [
    cycle,
    JSON.stringify({ of, sinceMs }),
  ])
  await upsertHold(db, cycle, { domain: domainOf(cycle), held })
}
