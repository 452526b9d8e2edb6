// What the reconciler reads of the mirror and corrects in it. In: a domain, a bound. Out: rows to compare, and the mark
// that no run is behind one.
// Never: a row stepped back or marked that was written meanwhile; a read without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { Stand } from '../model/cycle/compare-row.ts'
import type { ComparedRow, SeenRow } from '../model/cycle/plan-comparison.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { hasRun, isOpen } from './conditions.ts'
import { toInstantOrNull } from './instants.ts'
import type { RunEnd } from './status.ts'

interface SeenColumns extends Omit<SeenRow, 'updatedAtMs'> {
  updatedAt: string
}

interface StandColumns extends Omit<ComparedRow, 'stateSinceMs' | 'updatedAtMs'> {
  stateSince: string
  updatedAt: string
}

const SEEN = `cycle, state, updated_at as "updatedAt",
  state = 'WAITING' and waiting_for = '{}' and (not_before is null or not_before < now()) as "isSatisfied",
  run_ended_as is not null as "hasEnded"`

const STAND = `${SEEN}, run_number as "runNumber", version, step, state_since as "stateSince",
  last_attempt as "lastAttempt", revision, waiting_for as "waitingFor",
  coalesce((select jsonb_agg(jsonb_build_object('product', upstream_product, 'key', upstream_key, 'state', input.state,
      'eventId', event_id, 'revision', input.revision))
    from data_product_dependencies_events_status as input where input.cycle = data_product_status.cycle), '[]') as inputs,
  (select count(*)::integer from data_product_status_history as move
    where (move.cycle, move.run_number) = (data_product_status.cycle, data_product_status.run_number)) as moves`

/** Rows in an open state whose run is not known to have ended, longest unwritten first. */
export async function listUncompared(db: Postgres, domain: Domain, limit: number): Promise<SeenRow[]> {
  const rows = await db.rows<SeenColumns>(
    `select ${SEEN} from data_product_status
     where domain = $1 and ${hasRun()}
     order by updated_at limit $2`,
    [domain, limit],
  )
  return rows.map(withUpdatedAtMs)
}

/** Whatever their state: a run may be open behind a row that says that it is completed. */
export async function listSeen(db: Postgres, domain: Domain, cycles: CycleId[]): Promise<SeenRow[]> {
  const rows = await db.rows<SeenColumns>(
    `select ${SEEN} from data_product_status where domain = $1 and cycle = any ($2)`,
    [domain, cycles],
  )
  return rows.map(withUpdatedAtMs)
}

/** With what their inputs say. */
export async function listStands(db: Postgres, domain: Domain, cycles: CycleId[]): Promise<ComparedRow[]> {
  const rows = await db.rows<StandColumns>(
    `select ${STAND} from data_product_status where domain = $1 and cycle = any ($2)`,
    [domain, cycles],
  )
  return rows.map(({ stateSince, ...row }) => ({ ...withUpdatedAtMs(row), stateSinceMs: Date.parse(stateSince) }))
}

const withUpdatedAtMs = <Row extends { updatedAt: string }>({ updatedAt, ...row }: Row) => ({
  ...row,
  updatedAtMs: Date.parse(updatedAt),
})

/**
 * Lets a run write again whose row is astray: its versions begin below those of the row, which tells of what a reset undid
 * or somebody altered.
 * False when the row is not any more what was read.
 */
export const stepBack = (db: Postgres, cycle: CycleId, { from, to }: { from: Stand; to: Stand }): Promise<boolean> =>
  db.transaction(async (transaction) => {
    const isDone = await transaction.changed(
      `update data_product_status set run_number = $2, version = $3 - 1
       where cycle = $1 and (run_number, version) = ($4, $5)`,
      [cycle, to.runNumber, to.version, from.runNumber, from.version],
    )
    if (isDone)
      await transaction.changed(
        `update data_product_dependencies_events_status set run_number = $2, version = $3 - 1
         where cycle = $1 and (run_number, version) >= ($2, $3)`,
        [cycle, to.runNumber, to.version],
      )
    return isDone
  })

/** No run is behind this row; false when it is not any more what was read, is settled, or says so already. */
export const markRunEnded = (
  db: Postgres,
  cycle: CycleId,
  { row, as, atMs }: { row: Stand; as: RunEnd; atMs: number | null },
): Promise<boolean> =>
  db.changed(
    `update data_product_status set run_ended_as = $4, run_ended_at = $5
     where cycle = $1 and (run_number, version) = ($2, $3) and ${isOpen()}
       and run_ended_as is distinct from $4`,
    [cycle, row.runNumber, row.version, as, toInstantOrNull(atMs)],
  )

/** A run is behind it again, by a reset of the one that had ended. */
export const clearRunEnded = (db: Postgres, cycle: CycleId): Promise<boolean> =>
  db.changed(
    `update data_product_status set run_ended_as = null, run_ended_at = null
     where cycle = $1 and run_ended_as is not null`,
    [cycle],
  )

export interface Counted {
  count: number
  names: string[]
}

/** Cycles that are open by their row and whose run was ended from outside: only a person brings them back. */
export async function countWithoutRun(db: Postgres, domain: Domain, named: number): Promise<Counted> {
  const rows = await db.rows<{ cycle: string; count: number }>(
    `select cycle, (count(*) over ())::integer as count from data_product_status
     where domain = $1 and ${isOpen()}
       and run_ended_as in ('terminated', 'timed-out', 'forgotten')
     order by cycle limit $2`,
    [domain, named],
  )
  return { count: rows[0]?.count ?? 0, names: rows.map(({ cycle }) => cycle) }
}
