// What the invariants are judged by: the sandbox's ledger, the Temporal histories, the rows of PostgreSQL. JSON-plain, so
// that one file keeps all of it. Never: a log line; a value that JSON would change.
import type { CycleInput } from '../model/cycle/cycle.ts'
import type { DefinitionVersion, ProductDefinition } from '../model/definition.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import type { DeliveryRow, LedgerRow } from '../mirror/events.ts'
import type { CycleRow, DependencyRow, TransitionRow } from '../mirror/status.ts'
import type { CycleResult } from '../workflows/contract.ts'

/** One row of the sandbox's ledger, in the order in which AWS saw it happen. */
export interface SandboxRow {
  seq: number
  atMs: number
  kind: string
  service: string
  account: string
  operation?: string
  outcome?: string
  facts: Record<string, unknown>
}

/** One event of a history, as far as invariants ask; `at` is its event id. */
export type HistoryStep = { at: number; atMs: number } & (
  | { kind: 'signal'; name: string; payload: unknown }
  | { kind: 'asked'; activity: string; activityId: string; input: unknown }
  /** `askedAt`: the event that asked. */
  | { kind: 'answered'; activity: string; activityId: string; askedAt: number; result: unknown }
  | { kind: 'refused'; activity: string; activityId: string; askedAt: number; why: string }
)

export interface AddedInput {
  cycle: CycleId
  atMs: number
}

/** `at`: the event with which the run took it. */
export interface ChangedDefinition {
  definition: ProductDefinition
  at: number
}

export interface FailingTask {
  at: number
  atMs: number
  why: string
}

export interface RunEvidence {
  runId: string
  /** As Temporal names it: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED. */
  status: string
  startedAtMs: number
  /** With what upgrades made of it. */
  input: CycleInput
  /** Inputs that upgrades brought; absent in evidence of earlier versions. */
  added?: AddedInput[]
  /** What reruns by the definition in force brought, oldest first; absent: none did. */
  changed?: ChangedDefinition[]
  steps: HistoryStep[]
  /** Its last workflow task failed, and none has succeeded since; absent: it goes on. */
  failing?: FailingTask
  /** Of a run that ended by itself, also the detail of its failure; else null. */
  result: CycleResult | null
  /** The whole history as Temporal exports it, for a replay; a simulation has none. */
  history?: unknown
}

/** All runs of one cycle that Temporal still has, oldest first. */
export interface CycleEvidence {
  cycle: CycleId
  runs: RunEvidence[]
}

export interface Evidence {
  /** When the reading began; what moved since then, or shortly before, may be torn. */
  readFromMs: number
  collectedAtMs: number
  domains: Domain[]
  /** Absent on real AWS. */
  sandbox?: SandboxRow[]
  cycles: CycleEvidence[]
  /** Cycles that somebody must have opened by now; absent where it is not known who opens them. */
  due?: CycleId[]
  mirror: {
    statuses: CycleRow[]
    transitions: (TransitionRow & { cycle: CycleId })[]
    dependencies: (DependencyRow & { cycle: CycleId })[]
  }
  ledger: { events: LedgerRow[]; deliveries: DeliveryRow[] }
  /** The current version of each product of the domains. */
  definitions: DefinitionVersion[]
}
