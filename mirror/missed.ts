// What passed the domain's cycles by, as the mirror has it: news that a bus lost, or that came while nobody knew who waits.
// In: a domain. Out: cycles with the arrivals, corrections, skips and withdrawals that they have not heard of. Some may know
// better by now. Never: what a cycle has an outcome of already.
import type { Postgres } from '../clients/postgres.ts'
import type { Blocker, ExpectedCycle } from '../model/cycle/cycle.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ignoresCorrections, isInputOf, isUnbegun } from './conditions.ts'
import { toInstant } from './instants.ts'
import {
  ARRIVAL,
  type ArrivalRow,
  BLOCKER,
  type BlockerRow,
  PUBLICATION,
  SKIPPED,
  toArrival,
  toBlocker,
} from './recall.ts'
import { IS_HELD_WITHDRAWN } from './withdrawn.ts'

const inputsIn = (state: 'WAITING' | 'ARRIVED'): string =>
  `select cycle, dependency.upstream_product as product, dependency.upstream_key as cycle_key,
     coalesce(dependency.revision, 0) as used
   from data_product_status as status join data_product_dependencies_events_status as dependency using (cycle)
   where status.domain = $1 and dependency.state = '${state}' and ${isInputOf('status')}`

/** Inputs that the domain's cycles still wait for; or that have come, of cycles that have not begun. */
const WAITING = `${inputsIn('WAITING')} and ${isUnbegun('status')}`
const HELD = `${inputsIn('ARRIVED')} and ${isUnbegun('status')}`

/** Each would start on what does not count. */
const TAKEN_BACK = `${HELD} and ${IS_HELD_WITHDRAWN}`

/** Inputs of cycles that have begun, of which their definition wants to know corrections. */
const READ = `${inputsIn('ARRIVED')} and status.updated_at >= $2
   and (status.state in ('PROCESSING', 'COMPLETED') or status.state = 'ERROR' and status.step in ('start', 'run'))
   and not coalesce(${ignoresCorrections('status', 'dependency')}, true)`

export interface MissedArrivals {
  cycle: CycleId
  arrivals: Arrival[]
}

export interface MissedSkips {
  cycle: CycleId
  blockers: Blocker[]
}

/** The domain's open cycles that wait for this upstream cycle, as the mirror has it. */
export async function listWaiting(
  db: Postgres,
  domain: Domain,
  { product, key }: Pick<ExpectedCycle, 'product' | 'key'>,
): Promise<CycleId[]> {
  const rows = await db.rows<{ cycle: CycleId }>(
    `with open as (${WAITING}) select cycle from open where product = $2 and cycle_key = $3 order by cycle`,
    [domain, product, key],
  )
  return rows.map(({ cycle }) => cycle)
}

/** Cycles that do not know that an upstream skipped what they wait for, or took it back. */
export async function listMissedSkips(db: Postgres, domain: Domain): Promise<MissedSkips[]> {
  const rows = await db.rows<BlockerRow & { cycle: CycleId }>(
    `with unaware as (${WAITING} and (dependency.blocker is null
       or dependency.blocker ->> 'state' <> 'SKIPPED' and not dependency.blocker ? 'withdraws')
       union all ${TAKEN_BACK}),
     expected as (select distinct product, cycle_key from unaware), ${PUBLICATION}, ${SKIPPED}
     select cycle, ${BLOCKER} from skipped join unaware using (product, cycle_key) order by cycle, product, cycle_key`,
    [domain],
  )
  const byCycle = Map.groupBy(rows, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, skips]) => ({
    cycle,
    blockers: skips.map(({ cycle: _, ...row }) => toBlocker(row)),
  }))
}

/** Of cycles that wait: what was published; and, of what they hold, the revision after it. */
export async function listMissedArrivals(db: Postgres, domain: Domain): Promise<MissedArrivals[]> {
  const rows = await db.rows<MissedRow>(
    `with waiting as (${WAITING} union all ${HELD}),
     expected as (select distinct product, cycle_key from waiting), ${PUBLICATION}
     select cycle, ${ARRIVAL} from newest join waiting using (product, cycle_key)
     where newest.revision > used and not exists (select from event_delivery as delivery where delivery.domain = $1
       and delivery.event_id = newest.event_id and delivery.cycle = waiting.cycle
       and (used > 0 or delivery.outcome = 'partial'))
     order by cycle, product, cycle_key`,
    [domain],
  )
  return toMissed(rows)
}

/** Of cycles that ran, and were written since then: the newest revision of what they read. */
export async function listMissedCorrections(db: Postgres, domain: Domain, sinceMs: number): Promise<MissedArrivals[]> {
  const rows = await db.rows<MissedRow>(
    `with taken as (${READ}),
     expected as (select distinct product, cycle_key from taken), ${PUBLICATION}
     select cycle, ${ARRIVAL} from newest join taken using (product, cycle_key)
     where newest.revision > used and not exists (select from event_delivery as delivery where delivery.domain = $1
       and delivery.event_id = newest.event_id and delivery.cycle = taken.cycle)
     order by cycle, product, key`,
    [domain, toInstant(sinceMs)],
  )
  return toMissed(rows)
}

type MissedRow = ArrivalRow & { cycle: CycleId }

function toMissed(rows: MissedRow[]): MissedArrivals[] {
  const byCycle = Map.groupBy(rows, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, missed]) => ({
    cycle,
    arrivals: missed.map(({ cycle: _, ...row }) => toArrival(row)),
  }))
}
