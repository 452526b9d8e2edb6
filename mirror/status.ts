// In: what a screen or a command asks. Out: cycles as they were last reported. Instants are ISO text.
// Never: the truth about a running cycle (ask its workflow); a list without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { Condition } from '../model/cycle/condition.ts'
import type { Attempt } from '../model/cycle/attempt.ts'
import type { Blocker, HeldAs, DependencyStatus, OpenedBy } from '../model/cycle/cycle.ts'
import { isOfStep } from '../model/cycle/flags.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import { isOpenedAfterItsTime } from '../model/lateness/promised.ts'
import type { BuiltFrom } from '../model/refresh-event.ts'
import { type CycleState, type DependencyState, isSettled, type Step } from '../model/states.ts'
import type { AuditedAction } from './actions.ts'
import { heldOf, IS_INPUT, IS_OPENED_AFTER_ITS_TIME } from './conditions.ts'
import { type DeliveryRow, listDeliveriesTo } from './events.ts'
import { IS_INPUT_WITHDRAWN, IS_OUTDATED, listOutdated, type OutdatedInput } from './outdated.ts'

export interface CycleFilter {
  domain?: Domain
  product?: string
  products?: ProductId[]
  keys?: string[]
  states?: CycleState[]
  /** Only those that are, or were, late at this instant. */
  lateAt?: string
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
  /** By whom it is held back; null: by nobody; absent in evidence of earlier versions. */
  held?: HeldRow | null
  /** What shows beside the state, as the workflow last said it; absent in evidence of earlier versions. */
  flags?: string[]
  /** A correction came after the run had closed; absent in evidence of earlier versions. */
  isOutdated?: boolean
  /** An input was taken back by its producer, whenever that was; absent in evidence of earlier versions. */
  isInputWithdrawn?: boolean
  /** Of its last publication; absent in evidence of earlier versions. */
  publishedRevision?: number | null
  /** Its last publication was taken back, and no higher one has followed; absent in evidence of earlier versions. */
  isTakenBack?: boolean
  /** That no run is behind an open state, once the reconciler has seen it; absent in evidence of earlier versions. */
  runEndedAs?: RunEnd | null
  /** When that run was closed, if Temporal still knows. */
  runEndedAt?: string | null
  runNumber: number
  version: number
  updatedAt: string
}

export interface HeldRow {
  actor: string
  reason: string
  sinceMs: number
  of: HeldAs
}

/** How a run ended, by Temporal's words; `forgotten`: it no longer knows the run. */
export const RUN_ENDS = ['completed', 'failed', 'cancelled', 'terminated', 'timed-out', 'forgotten'] as const
export type RunEnd = (typeof RUN_ENDS)[number]

/** By the name of Temporal's status; undefined for a run that is open, or went on as another. */
export const toRunEnd = (status: string): RunEnd | undefined =>
  RUN_ENDS.find((end) => end === status.toLowerCase().replace('_', '-'))

/** As `isLate` says it of a row. */
const isLateAt = (instant: string): string =>
  `(state not in ('SKIPPED', 'CANCELLED') and opened_by <> 'backfill' and not (${IS_OPENED_AFTER_ITS_TIME}) and coalesce(first_completed_at, ${instant}) > available_by)`

/** Newest key first. */
export const listCycles = (db: Postgres, filter: CycleFilter): Promise<CycleRow[]> =>
  db.rows<CycleRow>(
    `select ${CYCLE} from data_product_status
     where ($1::text is null or domain = $1) and ($2::text is null or product = $2)
       and ($3::text[] is null or cycle_key = any ($3)) and ($4::text[] is null or state = any ($4))
       and ($5::text is null or cycle_key >= $5) and ($6::text is null or cycle_key <= $6)
       and ($7::text[] is null or product = any ($7)) and ($8::timestamptz is null or ${isLateAt('$8')})
     order by cycle_key desc, product
     limit $9`,
    [
      ...[filter.domain, filter.product, filter.keys, filter.states, filter.fromKey, filter.toKey],
      ...[filter.products, filter.lateAt, filter.limit],
    ],
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
  /** What the refresh taken was built from; null where the inputs are not compared; absent in evidence of earlier versions. */
  builtFrom?: BuiltFrom[] | null
  /** Who lets the cycle go without it; absent in evidence of earlier versions. */
  waivedBy?: DependencyStatus['waivedBy'] | null
}

export interface ActionRow {
  requestId: string
  action: AuditedAction
  actor: string
  actorVerified: boolean
  reason: string
  outcome: 'accepted' | 'refused'
  refusedBecause: string | null
  /** Versions of the definition, of an upgrade; else null. */
  fromVersion: number | null
  toVersion: number | null
  /** What was asked beyond the action. */
  asked: Record<string, unknown> | null
  at: string
}

export interface CycleReport {
  row: CycleRow
  transitions: TransitionRow[]
  dependencies: DependencyRow[]
  deliveries: DeliveryRow[]
  actions: ActionRow[]
  /** Corrections that came after its run had closed. */
  outdated: OutdatedInput[]
}

/** Everything the mirror knows of one cycle; undefined when it knows none of this id. */
export async function readCycle(db: Postgres, cycle: CycleId): Promise<CycleReport | undefined> {
  const [row, transitions, dependencies, deliveries, actions, outdated] = await Promise.all([
    readCycleRow(db, cycle),
    listTransitions(db, cycle),
    listDependencies(db, cycle),
    listDeliveriesTo(db, cycle),
    listActions(db, cycle),
    listOutdated(db, cycle),
  ])
  return row && { row, transitions, dependencies, deliveries, actions, outdated }
}

export const readCycleRow = (db: Postgres, cycle: CycleId): Promise<CycleRow | undefined> =>
  db.one<CycleRow>(`select ${CYCLE} from data_product_status where cycle = $1`, [cycle])

export const listTransitions = (db: Postgres, cycle: CycleId): Promise<TransitionRow[]> =>
  db.rows<TransitionRow>(
    `select ${TRANSITION} from data_product_status_history where cycle = $1 order by run_number, version`,
    [cycle],
  )

export const listDependencies = (db: Postgres, cycle: CycleId): Promise<DependencyRow[]> =>
  db.rows<DependencyRow>(
    `select ${DEPENDENCY}
     from data_product_dependencies_events_status as dependency where cycle = $1 and ${IS_INPUT}
     order by position nulls last, upstream_product, upstream_key`,
    [cycle],
  )

/** The columns of a move, named as in the type. */
export const TRANSITION = `run_number as "runNumber", version, from_state as "from", to_state as "to", step, reason, at`

/** The columns of an input, named as in the type. */
export const DEPENDENCY = `upstream_product as product, upstream_key as key, state, event_id as "eventId", revision, location,
  correlation_id as "correlationId", occurred_at as "occurredAt", arrived_at as "arrivedAt", blocker, why, position,
  built_from as "builtFrom", waived_by as "waivedBy"`

export const listActions = (db: Postgres, cycle: CycleId): Promise<ActionRow[]> =>
  db.rows<ActionRow>(
    `select request_id as "requestId", action, actor, actor_verified as "actorVerified", reason, outcome,
       refused_because as "refusedBecause", from_version as "fromVersion", to_version as "toVersion", asked, at
     from operator_action where cycle = $1 order by at, request_id`,
    [cycle],
  )

type Expected = Pick<CycleRow, 'state' | 'availableBy' | 'firstCompletedAt' | 'openedBy' | 'openedAt'>

/** Expected by an instant that has passed before it first completed; a rerun makes nothing late. */
export function isLate(row: Expected, nowMs: number): boolean {
  if (row.availableBy === null) return false
  if (row.openedBy === 'backfill' || row.state === 'SKIPPED' || row.state === 'CANCELLED') return false
  const availableByMs = Date.parse(row.availableBy)
  if (isOpenedAfterItsTime(row.openedBy, Date.parse(row.openedAt), availableByMs)) return false
  return (row.firstCompletedAt === null ? nowMs : Date.parse(row.firstCompletedAt)) > availableByMs
}

/** All that shows beside the state: what the workflow said, and what follows from the time. */
export const flagsAt = (row: CycleRow, nowMs: number): string[] => [
  ...(row.held && !isSettled(row.state) && !row.flags?.includes('held') ? ['held'] : []),
  // With the run its step is gone.
  ...(row.flags ?? []).filter((flag) => !row.runEndedAs || !isOfStep(flag)),
  ...(row.isOutdated && row.lastAttempt > 0 && !row.flags?.includes('outdated') ? ['outdated'] : []),
  ...(row.isInputWithdrawn && row.lastAttempt > 0 && !row.flags?.includes('withdrawn-input')
    ? ['withdrawn-input']
    : []),
  ...(row.isTakenBack ? ['taken-back'] : []),
  ...(row.retryAt ? ['retrying'] : []),
  ...(isLate(row, nowMs) ? ['late'] : []),
]

const CYCLE = `cycle, domain, product, cycle_key as key, visibility, definition_version as "definitionVersion",
  opened_by as "openedBy", opened_at as "openedAt", state, step, reason, state_since as "stateSince",
  not_before as "notBefore", cutoff_at as "cutoffAt", available_by as "availableBy", retry_at as "retryAt",
  waiting_for as "waitingFor", attempts, last_attempt as "lastAttempt", glue_run_id as "glueRunId", revision,
  first_completed_at as "firstCompletedAt", published_event_id as "publishedEventId", published_at as "publishedAt",
  location, correlation_id as "correlationId", business_date::text as "businessDate", condition, ${heldOf()} as held, flags, ${IS_OUTDATED} as "isOutdated", ${IS_INPUT_WITHDRAWN} as "isInputWithdrawn",
  published_revision as "publishedRevision", coalesce(withdrawn_revision >= published_revision, false) as "isTakenBack",
  run_ended_as as "runEndedAs", run_ended_at as "runEndedAt", run_number as "runNumber", version, updated_at as "updatedAt"`
