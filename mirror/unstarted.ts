// What the reconciler looks for in the mirror beside rows that are wrong. In: a domain, an instant. Out: cycles that may
// have all they need and wait; how the ends of Glue runs were noticed. Never: a read without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { Condition } from '../model/cycle/condition.ts'
import type { WaitingCycle } from '../model/cycle/unstarted.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { hasRun, IS_INPUT, isUnbegun } from './conditions.ts'
import { toInstant } from './instants.ts'
import { toDependency } from './past.ts'
import { DEPENDENCY, type DependencyRow } from './status.ts'

/** Those that wait since before `sinceMs`, their time having come, for nothing that they name, or by rules that time may fulfil. */
export async function listWaitingSince(
  db: Postgres,
  domain: Domain,
  { sinceMs, limit }: { sinceMs: number; limit: number },
): Promise<WaitingCycle[]> {
  const rows = await db.rows<{ cycle: CycleId; condition: Condition | null }>(
    `select cycle, condition from data_product_status
     where domain = $1 and ${isUnbegun()} and ${hasRun()}
       and updated_at < $2 and (not_before is null or not_before < $2)
       and (waiting_for = '{}' or condition is not null)
     order by updated_at limit $3`,
    [domain, toInstant(sinceMs), limit],
  )
  const inputs = await listInputs(
    db,
    rows.map(({ cycle }) => cycle),
  )
  const byCycle = Map.groupBy(inputs, ({ cycle }) => cycle)
  return rows.map((row) => ({ ...row, inputs: (byCycle.get(row.cycle) ?? []).map(toDependency) }))
}

/** Where the condition counts them. */
const listInputs = (db: Postgres, cycles: CycleId[]): Promise<(DependencyRow & { cycle: CycleId })[]> =>
  db.rows(
    `select cycle, ${DEPENDENCY}
     from data_product_dependencies_events_status as dependency
     where cycle = any ($1) and position is not null and ${IS_INPUT}
     order by cycle, position`,
    [cycles],
  )

/** How many Glue runs ended since then, and how many of these ends no event told: Glue had to be asked. */
export async function countGlueEnds(
  db: Postgres,
  domain: Domain,
  { sinceMs, limit }: { sinceMs: number; limit: number },
): Promise<{ count: number; byCheck: number }> {
  const found = await db.one<{ count: number; byCheck: number }>(
    `with moved as (select distinct cycle from (
       select cycle from data_product_status_history where domain = $1 and at >= $2 order by at desc limit $4) as moves)
     select count(*)::integer as count,
       (count(*) filter (where attempt #>> '{end,noticedBy}' = 'check'))::integer as "byCheck"
     from data_product_status join moved using (cycle), jsonb_array_elements(attempts) as attempt
     where attempt -> 'endedAtMs' <> 'null' and (attempt ->> 'endedAtMs')::numeric >= $3`,
    [domain, toInstant(sinceMs), sinceMs, limit],
  )
  return found ?? { count: 0, byCheck: 0 }
}
