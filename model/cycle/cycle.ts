// One due refresh of one product: what it was opened with and where it stands. JSON-plain, so that it may cross a
// workflow's edge. Never: a clock, a lookup, a decision (decide.ts) or a change (facts.ts).
import type { ProductDefinition } from '../definition.ts'
import { type CycleId, type CycleKey, type ProductId, toCycleId } from '../ids.ts'
import type { Arrival, Cascade } from '../refresh-event.ts'
import type { CycleState, DeliveryOutcome, DependencyState, Step } from '../states.ts'
import type { Attempt, HeldUp } from './attempt.ts'
import type { Condition } from './condition.ts'

export const OPENERS = ['arrival', 'scheduler', 'person', 'rerun', 'backfill'] as const
export type OpenedBy = (typeof OPENERS)[number]

/** The input of one run: the definition snapshot and everything that needs a calendar, resolved to instants. */
export interface CycleInput {
  product: ProductId
  key: CycleKey
  definition: ProductDefinition
  definitionVersion: number
  openedBy: OpenedBy
  /** By whom, before a backfill made it anew in the open run; absent: none did. */
  openedBefore?: OpenedBy
  /** The date the cycle is about; absent in what older versions opened: it is the key. */
  businessDate?: string
  /** The upstream cycles this cycle may use, frozen at opening. */
  expected: ExpectedCycle[]
  /** What of them it needs; absent: all. */
  condition?: Condition
  notBeforeMs: number | null
  cutoffMs: number | null
  availableByMs: number | null
  settings: CycleSettings
  /** Its product was held when it was opened; absent: it was not. */
  held?: Held
  /** Set when a closed cycle comes back: a run's memory is empty. */
  past: PastRuns | null
}

export interface CycleSettings {
  /** How long one wait for a Glue event may last before Glue is asked. */
  checkGlueMs: number
  /** How long ERROR waits for an operator before the run closes as failed. */
  errorWaitMs: number
  /** Longest pause between two tries to write the mirror. */
  recordRetryMs: number
}

export interface ExpectedCycle {
  product: ProductId
  key: CycleKey
  /** Why this one, in words; absent where it is the one of the cycle's own key. */
  why?: string
  /** It fell due before its product was first applied: nobody opens it by itself, so it may never come. */
  isBeforeFirst?: true
  /** Its product has no such cycle: only somebody who publishes it all the same can bring it. */
  isAbsent?: true
}

/** What earlier runs of this cycle left behind, and the command that brings it back. */
export interface PastRuns {
  runNumber: number
  state: CycleState
  step: Step | null
  lastAttempt: number
  revision: number
  dependencies: DependencyStatus[]
  /** The attempt to go on with instead of beginning the next one (rerun.ts says which); else null. */
  attempt: Attempt | null
  /** Null: nobody asked; a correction came, and the cycle itself decides (revisions.ts). */
  command: ReopenCommand | null
  /** How its last Glue run ended forbids that anything follows by itself. */
  isLeftToPerson?: boolean
  /** Since when it stood so and why: without a command it goes on standing so. */
  stateSinceMs?: number
  reason?: string | null
  /** By which version of the definition its last run went, where that is known. */
  definitionVersion?: number
  /** Whom its last attempt was to ask to run again, and has not: it published nothing. */
  cascade?: Cascade
}

/** Who asks for something, and why. */
export interface OperatorCommand {
  actor: string
  reason: string
  /** Ours, one per operator action; a repeat with the same id is the same action. */
  requestId: string
}

export interface RerunCommand extends OperatorCommand {
  /** The data is made anew, and no event tells of it; absent: it publishes the next revision. */
  publish?: false
  /** Who of its consumers runs again for it, whatever their `onRevision` says; absent: what that says. */
  cascade?: Cascade
  /** What the cycle would be opened with by the version in force, if it shall run by that; absent: by the one it carries. */
  to?: CycleInput
  /** A backfill asks: until somebody else does the cycle is its own, so that its failures wake nobody up. */
  openedBy?: 'backfill'
}

export interface WaiveCommand extends OperatorCommand {
  /** Null: whatever it still waits for. */
  products: ProductId[] | null
}

export interface HoldCommand extends OperatorCommand {
  of: HeldAs
}

/** What people ask of a cycle, beside an upgrade. */
export type Command =
  | ({ action: 'rerun' } & RerunCommand)
  | ({ action: 'skip' } & OperatorCommand)
  | ({ action: 'waive' } & WaiveCommand)
  | ({ action: 'hold' } & HoldCommand)
  | ({ action: 'release' } & HoldCommand)
  | ({ action: 'cancel' } & OperatorCommand)

/** What may bring a closed cycle back; without the word it is a rerun, as older versions wrote it. */
export type ReopenCommand = (RerunCommand & { action?: 'rerun' }) | Extract<Command, { action: 'skip' | 'waive' }>

/** By itself, or with all cycles of its product. */
export type HeldAs = 'cycle' | 'product'

export interface Held {
  actor: string
  reason: string
  sinceMs: number
  of: HeldAs
}

export interface UpgradeCommand extends OperatorCommand {
  /** What the cycle would be opened with by the newer version; deadlines and inputs are resolved by whoever asks. */
  to: CycleInput
}

export interface DependencyStatus extends ExpectedCycle {
  state: DependencyState
  arrival: Arrival | null
  arrivedAtMs: number | null
  /** The newest correction that came since the attempt began, for the next one; absent in what older versions left. */
  newer?: Arrival | null
  /** The upstream said that it did not refresh; null again once it arrived. */
  blocker: Blocker | null
  /** Its producer took back what an attempt had read, and all up to this revision. */
  withdrawnTo?: number
  /** Somebody lets the cycle go without it; one that comes all the same before it begins is taken. */
  waivedBy?: { actor: string; reason: string }
}

/** What `Data Product Not Refreshed` says of an upstream cycle. */
export interface Blocker extends ExpectedCycle {
  eventId: string
  state: CycleState
  step: Step | null
  reason: string
  /** ISO instant. */
  occurredAt: string
  /** No notice: the cycle fell due before its product was first applied, and nobody has opened it. */
  isUnopened?: true
  /** Since when it counts; absent: at once. */
  countsFromMs?: number
  /** The revision of its publication that the upstream takes back (withdrawals.ts). */
  withdraws?: number
}

/** One outcome per (event, dependency); `seen` counts redeliveries of the same event. */
export interface Delivery {
  eventId: string
  upstream: ProductId
  upstreamKey: CycleKey
  revision: number
  outcome: DeliveryOutcome
  note: string | null
  atMs: number
  seen: number
  version: number
  /** What became no input, whole: another cycle may want it, or this one by a newer version of its definition. */
  arrival?: Arrival
  /** A newer version of the definition waits for its upstream, so it may be judged anew. */
  isOpen?: true
}

export interface Transition {
  from: CycleState | null
  to: CycleState
  step: Step | null
  reason: string | null
  atMs: number
  version: number
}

export const OPERATOR_ACTIONS = ['rerun', 'upgrade', 'skip', 'waive', 'hold', 'release', 'cancel'] as const
/** What a cycle itself judges and remembers. */
export type OperatorActionKind = (typeof OPERATOR_ACTIONS)[number]

/** How a cycle stands, as far as an audit compares it. */
export interface Standing {
  state: CycleState
  step: Step | null
  revision: number
  attempt: number
  held: boolean
}

/** What was asked beyond the action itself. */
export interface Asked {
  publish?: false
  cascade?: Cascade
  products?: ProductId[]
  of?: HeldAs
  /** By a backfill. */
  backfill?: true
}

export interface OperatorAction extends OperatorCommand {
  action: OperatorActionKind
  /** Null = accepted. */
  refused: string | null
  /** The attempt it leads to, an earlier one where only its publication is repeated; null when refused. */
  attempt: number | null
  /** Of an upgrade, or a rerun by the definition in force: from which version of the definition to which. */
  versions?: { from: number; to: number }
  /** Absent: nothing. */
  asked?: Asked
  /** Absent in what older versions wrote; `after` where it was refused. */
  before?: Standing
  after?: Standing
  atMs: number
  version: number
}

export interface Cycle {
  id: CycleId
  input: CycleInput
  runNumber: number
  /** Rises with each fact; (run number, version) orders all writes of this cycle. */
  version: number
  state: CycleState
  step: Step | null
  reason: string | null
  stateSinceMs: number
  openedAtMs: number
  dependencies: DependencyStatus[]
  deliveries: Delivery[]
  transitions: Transition[]
  attempts: Attempt[]
  actions: OperatorAction[]
  /** Highest attempt number ever used for this cycle. */
  lastAttempt: number
  /** `lastAttempt` when this start or rerun began: the retry policy counts from there. */
  attemptsBefore: number
  retryAtMs: number | null
  /** Last published revision; 0 = none yet. */
  revision: number
  /** What this run last published, as an arrival; a rerun under way keeps it until it publishes again. */
  published: Arrival | null
  /** True once the notice for the present ERROR, SKIPPED or CANCELLED is out. */
  reported: boolean
  /** Why the step under way does not get on; null while it does. */
  heldUp: HeldUp | null
  /** Somebody ended the wait for a rerun that corrections ask for: they are left to the next one. */
  declined?: true
  /** No attempt begins while it is; absent in what older versions answer. */
  held?: Held | null
  /** Who cancels it just now: its Glue run is being stopped. */
  cancelling?: OperatorCommand
}

/** The state of a run before anything happened in it. */
export function openRun(input: CycleInput, nowMs: number): Cycle {
  const past = input.past
  const state = past?.state ?? 'WAITING'
  const step = past?.step ?? null
  const attempt = past?.attempt ?? null
  const standing = past?.command === null ? past : null
  return {
    id: toCycleId(input.product, input.key),
    input,
    runNumber: (past?.runNumber ?? 0) + 1,
    version: 1,
    state,
    step,
    reason: standing?.reason ?? null,
    stateSinceMs: standing?.stateSinceMs ?? nowMs,
    openedAtMs: nowMs,
    dependencies: toDependencies(input),
    deliveries: [],
    transitions: past ? [] : [{ from: null, to: state, step: null, reason: null, atMs: nowMs, version: 1 }],
    attempts: attempt ? [attempt] : [],
    actions: [],
    lastAttempt: past?.lastAttempt ?? 0,
    attemptsBefore: (past?.lastAttempt ?? 0) - (attempt ? 1 : 0),
    retryAtMs: null,
    revision: past?.revision ?? 0,
    published: null,
    reported: true,
    heldUp: null,
    held: input.held ?? null,
  }
}

/** A cycle that has not begun waits by the definition it now carries: that is what events are routed by. */
function toDependencies({ past, expected }: CycleInput): DependencyStatus[] {
  if (past && !isUnbegun(past)) return past.dependencies
  return expected.map((one) => past?.dependencies.find((known) => isSameCycle(one, known)) ?? toWaiting(one))
}

export const toWaiting = (expected: ExpectedCycle): DependencyStatus => ({
  ...expected,
  state: 'WAITING',
  arrival: null,
  arrivedAtMs: null,
  blocker: null,
})

/** Whether the cycle still gathers its inputs: no attempt has begun. */
export const isUnbegun = ({ state, step }: { state: CycleState; step: Step | null }): boolean =>
  state === 'WAITING' || (state === 'ERROR' && step === 'wait')

type UpstreamCycle = Pick<ExpectedCycle, 'product' | 'key'>

export const isSameCycle = (one: UpstreamCycle, other: UpstreamCycle | undefined): boolean =>
  one.product === other?.product && one.key === other.key

export const currentAttempt = (cycle: Cycle): Attempt | undefined => cycle.attempts.at(-1)
