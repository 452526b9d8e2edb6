// All that outsiders may know of the workflows: names, payloads and how a cycle is started; of backfills: backfill-contract.ts.
// Never: workflow code; whoever imports this must not pull the bundle in.
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { applyArrival } from '../model/cycle/arrivals.ts'
import type { GlueRunEnd } from '../model/cycle/attempt.ts'
import {
  type Blocker,
  type Cycle,
  type CycleInput,
  type ExpectedCycle,
  type Held,
  openRun,
  type ReopenCommand,
  type RerunCommand,
  type UpgradeCommand,
} from '../model/cycle/cycle.ts'
import type { RunResult } from '../model/cycle/last-end.ts'
import { waitingFor } from '../model/cycle/outgoing.ts'
import { priorityOf } from '../model/cycle/priority.ts'
import type { CycleRecord, Recorded } from '../model/cycle/record.ts'
import { type CycleId, type CycleKey, type Domain, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import type { Root } from '../model/lateness/notices.ts'
import type { Arrival, Publication } from '../model/refresh-event.ts'
import type { CycleState, Step } from '../model/states.ts'

export const CYCLE_WORKFLOW = 'dataProductCycle'
export const SCHEDULER_WORKFLOW = 'openDueCycles'
/** Signal, payload `Arrival[]`: refresh events that may concern this cycle. */
export const ARRIVALS_SIGNAL = 'arrivals'
/** Signal, payload `Blocker[]`: upstreams that came to rest without data. */
export const BLOCKERS_SIGNAL = 'blockers'
/** Signal, payload `HoldUp`: what an activity of this cycle says when its tries fail. */
export const HELD_UP_SIGNAL = 'held-up'
/** Update and signal, payload `RerunCommand`. */
export const RERUN = 'rerun'
/**
 * Updates, payload `HoldCommand`, answer `Standing`: how the cycle then stands. So are `skip` and `cancel`, payload
 * `OperatorCommand`, and `waive`, payload `WaiveCommand`: the name of each is its action (model/cycle/commands.ts).
 */
export const HOLD = 'hold'
export const RELEASE = 'release'
/** Update, payload `UpgradeCommand`, answer `{ definitionVersion }`: the version that the cycle then carries. */
export const UPGRADE = 'upgrade'
/** Query, answer `Cycle`. */
export const CYCLE_QUERY = 'cycle'

/** Names and types of the search attributes, registered by `doctor`, roles at boot and the local stack. */
export const SEARCH_ATTRIBUTES = {
  SluiceDomain: 'Keyword',
  SluiceProduct: 'Keyword',
  SluiceCycle: 'Keyword',
  SluiceState: 'Keyword',
  SluiceWaitingFor: 'KeywordList',
} as const

/** The domain's Temporal task queue, and the name of its Worker Deployment. */
export const toTaskQueue = (domain: Domain | string): string => `sluice-${domain}`

/** The Schedule that ticks the domain's scheduler. */
export const toScheduleId = (domain: Domain | string): string => `sluice-scheduler-${domain}`

/** The result of a run, or the detail of its failure: enough to bring the cycle back later. */
export interface CycleResult extends RunResult {
  cycle: CycleId
  publishedEventId: string | null
}

export interface GlueOrder {
  cycle: CycleId
  job: string
  attempt: number
  arguments: Record<string, string>
  timeoutMinutes: number
  /** No run of this attempt can be older: bounds the search for one that is there already. */
  notBeforeMs: number
}

export interface GlueRun {
  job: string
  runId: string
}

export interface FailureNotice {
  id: string
  cycle: CycleId
  product: ProductId
  state: CycleState
  step: Step | null
  reason: string
  attempt: number
  run: GlueRun | null
  owner: { team: string; email: string }
  nextStep: string
  atMs: number
  /** What keeps a cycle that waited in vain, at the root; filled in on the way out, absent where the mirror does not know. */
  root?: Root
}

export interface NotRefreshedNotice {
  id: string
  product: ProductId
  key: CycleKey
  visibility: 'domain' | 'mesh'
  state: CycleState
  step: Step | null
  reason: string
  occurredAt: string
  correlationId: string
  causationIds: string[]
}

/** What the workflow asks of the outside; implemented in activities/. */
export interface CycleActivities {
  /** `held`: its product is held, and no run of this attempt was started. */
  startGlueJob(order: GlueOrder): Promise<{ runId: string; adopted: boolean } | { held: Held }>
  awaitGlueJob(run: GlueRun): Promise<GlueRunEnd>
  stopGlueJob(run: GlueRun): Promise<void>
  publishRefreshEvent(publication: Publication): Promise<{ eventId: string }>
  publishNotRefreshed(notice: NotRefreshedNotice): Promise<void>
  notifyFailure(notice: FailureNotice): Promise<void>
  /** Older workers answer nothing. */
  recordCycle(record: CycleRecord): Promise<Recorded | void>
  /** `skipped` is absent in what older workers answered. */
  recallArrivals(question: {
    domain: Domain
    expected: ExpectedCycle[]
  }): Promise<{ arrivals: Arrival[]; skipped?: Blocker[] }>
}

export interface DueCycles {
  opened: string[]
  existing: number
  /** Definitions that opened nothing because they cannot be followed, each with the reason. */
  skipped: string[]
  /** How many missed cycles each product's `catchUp` leaves unopened; absent: none. */
  leftOut?: Record<ProductId, number>
}

export interface SchedulerActivities {
  openDueCycles(tick: { domain: Domain; atMs: number }): Promise<DueCycles>
  /** Tells waiting cycles what was published without reaching them; how many. Null = PostgreSQL was away. */
  repairArrivals(tick: { domain: Domain }): Promise<{ repaired: number | null }>
  /** Holds and releases the cycles that did not hear of it when their product was; how many. Null = PostgreSQL was away. */
  repairHolds(tick: { domain: Domain }): Promise<{ repaired: number | null }>
  /** Tells what of the domain is late, and what will be; `atMs`: not before then, whatever a worker's clock says. Null = PostgreSQL was away. */
  watchLateness(look: { domain: Domain; atMs?: number }): Promise<{ told: number | null }>
  /** Makes rows of the mirror tell what the runs say. Null = PostgreSQL was away. */
  reconcileRows(tick: { domain: Domain; after: string | null }): Promise<RowsReconciled | null>
  /** Looks for cycles that nothing goes on with; repairs nothing. */
  findStuck(tick: { domain: Domain }): Promise<Stuck>
}

/** How many, and the first ten of them. */
export interface Found {
  count: number
  names: string[]
}

export interface RowsReconciled {
  /** Cycles whose run or history was asked. */
  compared: number
  /** Cycles whose row said something else and was written anew. */
  rewritten: Found
  /** Cycles that are open by their row, but their run was ended from outside: only a rerun brings them back. */
  withoutRun: Found
  /** Runs that did not answer, or have no worker that could. */
  unanswered: number
  /** Cycles that look wrong, for the next ticks. */
  left: number
  /** Where the next tick goes on. */
  after: string | null
}

/** Null where it could not be found out this time. */
export interface Stuck {
  /** Cycles that have all they need and have not started, each with the reason. */
  unstarted: Found | null
  /** Open cycles whose worker version nobody runs. */
  withoutWorker: Found | null
  /** Glue runs that ended within a day, and how many of these ends no event told. */
  glueEnds: { count: number; byCheck: number } | null
}

/** What one tick of a domain's scheduler did and found. Null = it could not be found out this time. */
export interface Tick extends DueCycles {
  repaired: number | null
  /** Absent in ticks of older versions, as is `stuck`. */
  rows?: RowsReconciled | null
  stuck?: Stuck | null
  /** Cycles that were held or released with their product after all; absent in ticks of older versions. */
  holdsRepaired?: number | null
  /** Notices of lateness that went out; absent in ticks of older versions. */
  latenessTold?: number | null
}

export const STATE_ATTRIBUTE = defineSearchAttributeKey('SluiceState', 'KEYWORD')
export const WAITING_FOR_ATTRIBUTE = defineSearchAttributeKey('SluiceWaitingFor', 'KEYWORD_LIST')
export const DOMAIN_ATTRIBUTE = defineSearchAttributeKey('SluiceDomain', 'KEYWORD')
export const PRODUCT_ATTRIBUTE = defineSearchAttributeKey('SluiceProduct', 'KEYWORD')
const CYCLE_ATTRIBUTE = defineSearchAttributeKey('SluiceCycle', 'KEYWORD')

/** Names beyond these are only counted: a search attribute holds 2 KiB, as JSON, and Temporal refuses a start with more. */
const LISTED = 24
const LISTED_BYTES = 1_800

/** The names as `SluiceWaitingFor` holds them. */
export function toWaitingFor(names: string[]): string[] {
  const listed = names.slice(0, LISTED)
  while (jsonBytes(listed) > LISTED_BYTES) listed.pop()
  return listed.length < names.length ? [...listed, `+${names.length - listed.length} more`] : listed
}

const jsonBytes = (names: string[]): number => new TextEncoder().encode(JSON.stringify(names)).length

/**
 * All options of a cycle's start, the same whoever starts it. Policies: a cycle's id is used once (REJECT_DUPLICATE);
 * whoever brings a closed cycle back, and only they, allows a second use. `arrivals`: those that a signal brings with the start.
 */
export function toCycleStart(input: CycleInput, arrivals: Arrival[] = []) {
  const opened = arrivals.reduce((cycle, arrival) => applyArrival(cycle, arrival, 0), openRun(input, 0))
  const domain = domainOf(input.product)
  return {
    workflowId: toCycleId(input.product, input.key),
    taskQueue: toTaskQueue(domain),
    args: [input] as [CycleInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: DOMAIN_ATTRIBUTE, value: domain },
      { key: PRODUCT_ATTRIBUTE, value: input.product },
      { key: CYCLE_ATTRIBUTE, value: input.key },
      { key: STATE_ATTRIBUTE, value: input.past?.state ?? 'WAITING' },
      { key: WAITING_FOR_ATTRIBUTE, value: toWaitingFor(waitingFor(opened, 0)) },
    ]),
    // Its activities inherit it.
    priority: { priorityKey: priorityOf(input, Date.now()) },
    staticSummary: `${input.product} for ${input.key}`.slice(0, 200),
    staticDetails: input.definition.description.slice(0, 2_000),
  }
}

/** Of a closed cycle that somebody brings back: fails when another was quicker. `input`: with what its last run left. */
export const toReopening = (input: CycleInput, command: ReopenCommand) => ({
  ...toCycleStart({ ...input, past: input.past && { ...input.past, command } }),
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  workflowIdConflictPolicy: 'FAIL' as const,
})

/**
 * Of a closed cycle that corrections bring back: opens its next run with what the last one left, and nobody's command; one
 * that somebody else opened meanwhile is told.
 */
export const toComeBack = (input: CycleInput, arrivals: Arrival[]) => ({
  ...toCycleStart(input),
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  signal: ARRIVALS_SIGNAL,
  signalArgs: [arrivals],
})

export type { Arrival, Cycle, CycleInput, GlueRunEnd, Publication, RerunCommand, UpgradeCommand }
