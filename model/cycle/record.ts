// In: a cycle and the version last written. Out: one flush for the mirror: the snapshot, and what happened since.
import { type CycleId, type Domain, domainOf, type ProductId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import { type CycleState, isSettled, type Step } from '../states.ts'
import type { Condition } from './condition.ts'
import type { Attempt } from './attempt.ts'
import {
  type Cycle,
  type CycleInput,
  type Delivery,
  type DependencyStatus,
  type Held,
  isSameCycle,
  type OperatorAction,
  type Transition,
} from './cycle.ts'
import { decideNext } from './decide.ts'
import { flagsOf, type KeptFlag } from './flags.ts'
import { waitingFor } from './outgoing.ts'
import { decideCorrection } from './revisions.ts'

/** What one flush writes: the latest snapshot, and what happened since the last flush. */
export interface CycleRecord {
  cycle: CycleId
  domain: Domain
  runNumber: number
  version: number
  /** The version that this run had written before, whose rows are not here again; absent: none, or an older worker. */
  since?: number
  snapshot: CycleSnapshot
  transitions: Transition[]
  deliveries: Delivery[]
  actions: OperatorAction[]
}

/** What came of a flush. */
export interface Recorded {
  /** Something that an earlier flush of this run had written is gone, as after a failover that lost the last writes. */
  lacksEarlier: boolean
}

export interface CycleSnapshot {
  product: ProductId
  key: string
  visibility: 'domain' | 'mesh'
  definitionVersion: number
  openedBy: CycleInput['openedBy']
  openedAtMs: number
  state: CycleState
  step: Step | null
  reason: string | null
  stateSinceMs: number
  notBeforeMs: number | null
  cutoffMs: number | null
  availableByMs: number | null
  retryAtMs: number | null
  /** Absent in what older workers wrote. */
  businessDate?: string
  /** What is needed of the expected cycles, by their places; absent: all. */
  condition?: Condition
  dependencies: DependencyStatus[]
  /** Of each of them, where it stands among the expected; null: an earlier version of the definition asked for it. */
  places?: (number | null)[]
  /** Sorted names of the upstreams that would help and are missing; absent in what older workers wrote. */
  waitingFor?: string[]
  attempts: Attempt[]
  lastAttempt: number
  revision: number
  /** What shows beside the state; absent in what older workers wrote, and where nothing does. */
  flags?: KeptFlag[]
  /** Who keeps it from starting; absent in what older workers wrote, and where nobody does or nothing is left to start. */
  held?: Held
  /** What this run last published, as consumers take it when they recall what they missed; null until it has. */
  publication: Arrival | null
}

/**
 * Whether something waits that is worth a flush of its own: each costs an action. The first always is: a cycle that the
 * mirror does not know cannot be brought back. Then none while the cycle goes on at once; what happens while the
 * first run is being started goes with the answer (a rerun or a retry is told at once), and the end of a run that succeeded with its publication, unless an event or a
 * command waits beside it. A step that is held up says so, and is written.
 */
export function isFlushDue(cycle: Cycle, writtenVersion: number, nowMs: number): boolean {
  if (cycle.version <= writtenVersion) return false
  if (writtenVersion === 0) return true
  switch (decideNext(cycle, nowMs).kind) {
    case 'begin':
    case 'miss':
    case 'skip':
    case 'complete':
    case 'report':
    case 'rerun':
      return false
    case 'start':
      return cycle.heldUp !== null || cycle.lastAttempt > 1
    case 'publish':
      return cycle.heldUp !== null || hasRowsSince(cycle, writtenVersion)
    default:
      return true
  }
}

const hasRowsSince = ({ transitions, deliveries, actions }: Cycle, writtenVersion: number): boolean =>
  [...transitions, ...deliveries, ...actions].some(({ version }) => version > writtenVersion)

/** `nowMs`: what is still missing is judged by it; else by the time of the last move. */
export function toRecord(cycle: Cycle, writtenVersion: number, nowMs = cycle.stateSinceMs): CycleRecord {
  const isNew = (row: { version: number }): boolean => row.version > writtenVersion
  return {
    cycle: cycle.id,
    domain: domainOf(cycle.input.product),
    runNumber: cycle.runNumber,
    version: cycle.version,
    ...(writtenVersion > 0 ? { since: writtenVersion } : {}),
    snapshot: toSnapshot(cycle, nowMs),
    transitions: cycle.transitions.filter(isNew),
    deliveries: cycle.deliveries.filter(isNew),
    actions: cycle.actions.filter(isNew),
  }
}

/** A settled cycle is kept from nothing, unless it would run again by itself. */
const hasToStart = (cycle: Cycle, nowMs: number): boolean =>
  !isSettled(cycle.state) || decideCorrection(cycle, nowMs) !== null

function placeOf({ input: { expected } }: Cycle, dependency: DependencyStatus): number | null {
  const at = expected.findIndex((one) => isSameCycle(one, dependency))
  return at >= 0 ? at : null
}

function toSnapshot(cycle: Cycle, nowMs: number): CycleSnapshot {
  const { input } = cycle
  const flags = flagsOf(cycle)
  return {
    product: input.product,
    key: input.key,
    visibility: input.definition.visibility,
    definitionVersion: input.definitionVersion,
    openedBy: input.openedBy,
    openedAtMs: cycle.openedAtMs,
    state: cycle.state,
    step: cycle.step,
    reason: cycle.heldUp?.reason ?? cycle.reason,
    stateSinceMs: cycle.stateSinceMs,
    notBeforeMs: input.notBeforeMs,
    cutoffMs: input.cutoffMs,
    availableByMs: input.availableByMs,
    retryAtMs: cycle.retryAtMs,
    ...(input.businessDate === undefined ? {} : { businessDate: input.businessDate }),
    ...(input.condition ? { condition: input.condition } : {}),
    dependencies: cycle.dependencies,
    places: cycle.dependencies.map((dependency) => placeOf(cycle, dependency)),
    waitingFor: waitingFor(cycle, nowMs),
    attempts: cycle.attempts,
    lastAttempt: cycle.lastAttempt,
    revision: cycle.revision,
    ...(flags.length > 0 ? { flags } : {}),
    ...(cycle.held && hasToStart(cycle, nowMs) ? { held: cycle.held } : {}),
    publication: cycle.published,
  }
}
