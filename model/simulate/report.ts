// What a simulation answers; the shape is public (docs/simulate.md). In: a cycle as it stands. Out: its row, JSON-plain.
import type { Timetable } from '../calendar/cycles.ts'
import { toConsumer } from '../calendar/due.ts'
import { expectedOf, upstreamsIn } from '../calendar/match.ts'
import { conditionOf, judgeCondition } from '../cycle/condition.ts'
import { type Cycle, type DependencyStatus, isUnbegun, judgeInputs } from '../cycle/cycle.ts'
import type { DefinitionVersion, UpstreamDefinition } from '../definition.ts'
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
const MOST_REMEMBERED = 20_000

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
}

/** `nowMs`: what it still waits for is judged by it; else as it is once all waiting for time is over. */
export function toCycleRow(opened: Opened, nowMs = Infinity): CycleRow {
  const { input, state, openedAtMs, stateSinceMs, revision, reason, attempts } = opened.cycle
  const startedMs = attempts[0]?.begunAtMs
  return {
    product: input.product,
    cycle: input.key,
    openedAt: toIso(openedAtMs),
    openedBy: input.openedBy === 'arrival' ? 'arrival' : 'scheduler',
    state,
    startedAt: startedMs === undefined ? null : toIso(startedMs),
    completedAt: state === 'COMPLETED' ? toIso(stateSinceMs) : null,
    revision,
    dependencies: upstreamsIn(input.definition.dependsOn).map((upstream) => toDependencyRow(opened, upstream)),
    reason: reason ?? toWaitReason(opened.cycle, nowMs),
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

function toDependencyRow(opened: Opened, upstream: UpstreamDefinition): DependencyRow {
  const { dependencies, input } = opened.cycle
  const { product } = upstream
  const isSame = upstream.match === undefined && upstream.ifNone === undefined
  const only = isSame ? dependencies.find((one) => one.product === product && one.key === input.key) : undefined
  return only ? toRow(product, [only], only.state, [only]) : toRuledRow(opened, upstream)
}

/** Asks again what this upstream alone comes to: in the cycle's condition it may stand beside others. */
function toRuledRow({ cycle, version, timetable }: Opened, upstream: UpstreamDefinition): DependencyRow {
  const { product, match, ifNone } = upstream
  const alone = { product, ...(match && { match }), ...(ifNone && { ifNone }) }
  const consumer = { ...toConsumer(version), dependsOn: [alone] }
  const { expected, ...rest } = expectedOf(timetable, consumer, { key: cycle.input.key, toMs: () => 0 })
  const inputs = expected.flatMap(
    ({ key }) => cycle.dependencies.find((one) => one.product === product && one.key === key) ?? [],
  )
  const { holds, used } = judgeCondition(conditionOf({ expected, ...rest }), inputs, Infinity)
  const taken = used.flatMap((at) => inputs[at] ?? [])
  return toRow(product, inputs, toState({ cycle, inputs, holds, isTaken: taken.length > 0 }), taken)
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
  const times = inputs.flatMap(({ arrivedAtMs }) => arrivedAtMs ?? [])
  return times.length === 0 ? null : toIso(Math.max(...times))
}

/** By product, then by key. */
export const byProductAndCycle = (
  one: { product: string; cycle: string },
  other: { product: string; cycle: string },
): number => compare(one.product, other.product) || compare(one.cycle, other.cycle)

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
