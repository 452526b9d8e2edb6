// What a simulation answers; the shape is public (docs/simulate.md). In: a cycle as it stands. Out: its row, JSON-plain.
import type { Timetable } from '../calendar/cycles.ts'
import { toConsumer } from '../calendar/due.ts'
import { expectedOf } from '../calendar/match.ts'
import { conditionOf, judgeCondition } from '../cycle/condition.ts'
import { type Cycle, type DependencyStatus, isUnbegun, type OpenedBy } from '../cycle/cycle.ts'
import { judgeInputs } from '../cycle/inputs.ts'
import type { DefinitionVersion, UpstreamDefinition } from '../definition.ts'
import { upstreamsIn } from '../dependencies.ts'
import type { CycleKey, ProductId } from '../ids.ts'
import type { CycleState, DeliveryOutcome, DependencyState } from '../states.ts'

export interface CycleRow {
  product: ProductId
  cycle: CycleKey
  /** Instants are ISO texts in UTC. */
  openedAt: string
  openedBy: 'arrival' | 'scheduler'
  state: CycleState
  /** Begin of the first attempt. */
  startedAt: string | null
  completedAt: string | null
  /** Last published; 0 = none. */
  revision: number
  /** One for each upstream of the definition, in its order, groups opened. */
  dependencies: DependencyRow[]
  reason: string | null
}

export interface DependencyRow {
  product: ProductId
  /** Those that it may use. */
  cycles: CycleKey[]
  state: DependencyState
  /** Of the last that it needed. */
  arrivedAt: string | null
}

export interface EventRow {
  line: number
  outcomes: { consumer: ProductId; cycle: CycleKey; outcome: DeliveryOutcome }[]
  /** Why it is nothing to anybody; only without outcomes. */
  reason?: string
}

/** Most cycles share their instants with others. */
const isoTexts = new Map<number, string>()
const MOST_REMEMBERED = 100_000

function toIso(atMs: number): string {
  const known = isoTexts.get(atMs)
  if (known !== undefined) return known
  if (isoTexts.size >= MOST_REMEMBERED) isoTexts.clear()
  const found = new Date(atMs).toISOString()
  isoTexts.set(atMs, found)
  return found
}

/** A cycle, and by what it was opened. */
export interface Opened {
  cycle: Cycle
  version: DefinitionVersion
  timetable: Timetable
  /** Its run before, from which a correction brought it back. */
  before: SimulatedCycle | undefined
}

/** Of a cycle as it stands what its row tells; all rows at once would be more than all else that is in memory. */
export interface SimulatedCycle
  extends Pick<Cycle, 'state' | 'step' | 'reason' | 'openedAtMs' | 'stateSinceMs' | 'revision' | 'dependencies'> {
  product: ProductId
  key: CycleKey
  version: DefinitionVersion
  timetable: Timetable
  openedBy: OpenedBy
  /** Begin of the first attempt. */
  startedAtMs: number | null
}

export const toSimulated = ({ cycle, version, timetable, before }: Opened): SimulatedCycle => ({
  product: cycle.input.product,
  key: cycle.input.key,
  version,
  timetable,
  openedBy: before?.openedBy ?? cycle.input.openedBy,
  state: cycle.state,
  step: cycle.step,
  reason: cycle.reason,
  openedAtMs: before?.openedAtMs ?? cycle.openedAtMs,
  startedAtMs: before?.startedAtMs ?? cycle.attempts[0]?.begunAtMs ?? null,
  stateSinceMs: cycle.stateSinceMs,
  revision: cycle.revision,
  dependencies: cycle.dependencies,
})

/** Of one that is open when the simulation ends; `nowMs`: what it still waits for is judged by it. */
export const toUnfinished = (opened: Opened, nowMs: number): SimulatedCycle => ({
  ...toSimulated(opened),
  reason: opened.cycle.reason ?? toWaitReason(opened.cycle, nowMs),
})

export function toCycleRow(simulated: SimulatedCycle): CycleRow {
  const { product, key, openedAtMs, openedBy, state, startedAtMs, stateSinceMs, revision, reason } = simulated
  const { dependsOn } = simulated.version.definition
  return {
    product,
    cycle: key,
    openedAt: toIso(openedAtMs),
    openedBy: openedBy === 'arrival' ? 'arrival' : 'scheduler',
    state,
    startedAt: startedAtMs === null ? null : toIso(startedAtMs),
    completedAt: state === 'COMPLETED' ? toIso(stateSinceMs) : null,
    revision,
    dependencies: upstreamsIn(dependsOn).map((upstream) => toDependencyRow(simulated, upstream)),
    reason,
  }
}

/** Production has none while it waits; whoever reads a simulation asks for it first. */
function toWaitReason(cycle: Cycle, nowMs: number): string | null {
  if (cycle.state !== 'WAITING') return null
  const { missing, never, holds } = judgeInputs(cycle, nowMs)
  if (holds) return 'waits for its time'
  const names = missing.flatMap((at) => cycle.dependencies[at] ?? []).map(({ product, key }) => `${product}/${key}`)
  const waits = names.length > 0 ? [`waits for ${names.join(', ')}`] : []
  return [...waits, ...never.map(({ why }) => why)].join('; ')
}

function toDependencyRow(simulated: SimulatedCycle, upstream: UpstreamDefinition): DependencyRow {
  const { dependencies, key } = simulated
  const { product } = upstream
  const isSame = upstream.match === undefined && upstream.ifNone === undefined
  const only = isSame ? dependencies.find((one) => one.product === product && one.key === key) : undefined
  return only ? toRow(product, [only], only.state, [only]) : toRuledRow(simulated, upstream)
}

/** Asks again what this upstream alone comes to: in the cycle's condition it may stand beside others. */
function toRuledRow(simulated: SimulatedCycle, upstream: UpstreamDefinition): DependencyRow {
  const { version, timetable, key, dependencies } = simulated
  const { product, match, ifNone } = upstream
  const alone = { product, ...(match && { match }), ...(ifNone && { ifNone }) }
  const consumer = { ...toConsumer(version), dependsOn: [alone] }
  const { expected, ...rest } = expectedOf(timetable, consumer, { key, toMs: () => 0 })
  const inputs = expected.flatMap(
    ({ key }) => dependencies.find((one) => one.product === product && one.key === key) ?? [],
  )
  const { holds, used } = judgeCondition(conditionOf({ expected, ...rest }), inputs, Infinity)
  const taken = used.flatMap((at) => inputs[at] ?? [])
  return toRow(product, inputs, toState({ cycle: simulated, inputs, holds, isTaken: taken.length > 0 }), taken)
}

const toRow = (
  product: ProductId,
  inputs: DependencyStatus[],
  state: DependencyState,
  taken: DependencyStatus[],
): DependencyRow => ({
  product,
  cycles: inputs.map(({ key }) => key),
  state,
  arrivedAt: state === 'ARRIVED' ? toArrivedAt(taken) : null,
})

interface Standing {
  cycle: Pick<Cycle, 'state' | 'step'>
  inputs: DependencyStatus[]
  holds: boolean
  isTaken: boolean
}

function toState({ cycle, inputs, holds, isTaken }: Standing): DependencyState {
  // Also of many of which only some were there.
  if (inputs.some(({ state }) => state === 'WAIVED')) return 'WAIVED'
  if (holds && isTaken) return 'ARRIVED'
  return holds && !isUnbegun(cycle) ? 'WAIVED' : 'WAITING'
}

function toArrivedAt(inputs: DependencyStatus[]): string | null {
  const lastMs = inputs.reduce((last, { arrivedAtMs }) => Math.max(last, arrivedAtMs ?? -Infinity), -Infinity)
  return lastMs === -Infinity ? null : toIso(lastMs)
}

/** By product, then by key. */
export const byProductAndKey = (
  one: { product: string; key: string },
  other: { product: string; key: string },
): number => compare(one.product, other.product) || compare(one.key, other.key)

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
