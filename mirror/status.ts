// In: what a screen or a command asks. Out: cycles as they were last reported. Instants are ISO text.
// Never: the truth about a running cycle (ask its workflow); a list without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { Condition } from '../model/cycle/condition.ts'
import type { Attempt, Blocker, OpenedBy } from '../model/cycle/cycle.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import type { CycleState, DependencyState, Step } from '../model/states.ts'
import { type DeliveryRow, listDeliveriesTo } from './events.ts'

export interface CycleFilter {
  domain?: Domain
  product?: string
  keys?: string[]
  state?: CycleState
  /** Both included. */
  fromKey?: string
  toKey?: string
  limit: number
}

export interface CycleRow {
  cycle: CycleId
  domain: Domain
  product: ProductId
  key: string
  visibility: 'domain' | 'mesh'
  definitionVersion: number
  openedBy: OpenedBy
  openedAt: string
  state: CycleState
  step: Step | null
  reason: string | null
  stateSince: string
  notBefore: string | null
  cutoffAt: string | null
  availableBy: string | null
  retryAt: string | null
  waitingFor: string[]
  attempts: Attempt[]
  lastAttempt: number
  glueRunId: string | null
  revision: number
  firstCompletedAt: string | null
  publishedEventId: string | null
  publishedAt: string | null
  location: string | null
  correlationId: string | null
  /** The date it is about. */
  businessDate: string | null
  /** What it needed of its inputs; null: all. */
  condition: Condition | null
  runNumber: number
  version: number
  updatedAt: string
}

/** Newest key first. */
export const listCycles = (db: Postgres, filter: CycleFilter): Promise<CycleRow[]> =>
  db.rows<CycleRow>(
    `select ${CYCLE} from data_product_status
     where ($1::text is null or domain = $1) and ($2::text is null or product = $2)
       and ($3::text[] is null or cycle_key = any ($3)) and ($4::text is null or state = $4)
       and ($5::text is null or cycle_key >= $5) and ($6::text is null or cycle_key <= $6)
     order by cycle_key desc, product
     limit $7`,
    [filter.domain, filter.product, filter.keys, filter.state, filter.fromKey, filter.toKey, filter.limit],
  )

export interface TransitionRow {
  runNumber: number
  version: number
  from: CycleState | null
  to: CycleState
  step: Step | null
  reason: string | null
  at: string
}

export interface DependencyRow {
  product: ProductId
  key: string
  state: DependencyState
  eventId: string | null
  revision: number | null
  location: string | null
  correlationId: string | null
  occurredAt: string | null
  arrivedAt: string | null
  blocker: Blocker | null
  /** By which rule it is an input; null: it has the cycle's own key. */
  why: string | null
  /** Where the condition counts it; null: nowhere. */
  position: number | null
}

export interface ActionRow {
  requestId: string
  action: 'rerun'
  actor: string
  actorVerified: boolean
  reason: string
  outcome: 'accepted' | 'refused'
  refusedBecause: string | null
  at: string
}

export interface CycleReport {
  row: CycleRow
  transitions: TransitionRow[]
  dependencies: DependencyRow[]
  deliveries: DeliveryRow[]
  actions: ActionRow[]
}

/** Everything the mirror knows of one cycle; undefined when it knows none of this id. */
export async function readCycle(db: Postgres, cycle: CycleId): Promise<CycleReport | undefined> {
  const [row, transitions, dependencies, deliveries, actions] = await Promise.all([
    readCycleRow(db, cycle),
    listTransitions(db, cycle),
    listDependencies(db, cycle),
    listDeliveriesTo(db, cycle),
    listActions(db, cycle),
  ])
  return row && { row, transitions, dependencies, deliveries, actions }
}

export const readCycleRow = (db: Postgres, cycle: CycleId): Promise<CycleRow | undefined> =>
  db.one<CycleRow>(`select ${CYCLE} from data_product_status where cycle = $1`, [cycle])

export const listTransitions = (db: Postgres, cycle: CycleId): Promise<TransitionRow[]> =>
  db.rows<TransitionRow>(
    `select run_number as "runNumber", version, from_state as "from", to_state as "to", step, reason, at
     from data_product_status_history where cycle = $1 order by run_number, version`,
    [cycle],
  )

export const listDependencies = (db: Postgres, cycle: CycleId): Promise<DependencyRow[]> =>
  db.rows<DependencyRow>(
    `select upstream_product as product, upstream_key as key, state, event_id as "eventId", revision, location,
       correlation_id as "correlationId", occurred_at as "occurredAt", arrived_at as "arrivedAt", blocker, why, position
     from data_product_dependencies_events_status where cycle = $1 order by position nulls last, upstream_product, upstream_key`,
    [cycle],
  )

export const listActions = (db: Postgres, cycle: CycleId): Promise<ActionRow[]> =>
  db.rows<ActionRow>(
    `select request_id as "requestId", action, actor, actor_verified as "actorVerified", reason, outcome,
       refused_because as "refusedBecause", at
     from operator_action where cycle = $1 order by at, request_id`,
    [cycle],
  )

/** Expected by an instant that has passed before it first completed; a rerun makes nothing late. */
export function isLate(row: Pick<CycleRow, 'state' | 'availableBy' | 'firstCompletedAt'>, nowMs: number): boolean {
  if (row.availableBy === null || row.state === 'SKIPPED' || row.state === 'CANCELLED') return false
  return (row.firstCompletedAt === null ? nowMs : Date.parse(row.firstCompletedAt)) > Date.parse(row.availableBy)
}

const CYCLE = `cycle, domain, product, cycle_key as key, visibility, definition_version as "definitionVersion",
  opened_by as "openedBy", opened_at as "openedAt", state, step, reason, state_since as "stateSince",
  not_before as "notBefore", cutoff_at as "cutoffAt", available_by as "availableBy", retry_at as "retryAt",
  waiting_for as "waitingFor", attempts, last_attempt as "lastAttempt", glue_run_id as "glueRunId", revision,
  first_completed_at as "firstCompletedAt", published_event_id as "publishedEventId", published_at as "publishedAt",
  location, correlation_id as "correlationId", business_date::text as "businessDate", condition, run_number as "runNumber", version, updated_at as "updatedAt"`
