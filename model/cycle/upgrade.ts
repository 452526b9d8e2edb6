// An open cycle that has not begun takes a newer version of its definition.
// In: the cycle, what it would be opened with by that version, who asks, the time. Out: why not; or the cycle after it.
// Never: once an attempt has begun; the arrival of an input that it still needs lost, or one judged anew that had its answer.
import { acceptsPartial } from '../dependencies.ts'
import { type CycleId, toCycleId } from '../ids.ts'
import { withAction } from './actions.ts'
import { applyArrival } from './arrivals.ts'
import {
  type Cycle,
  type CycleInput,
  type Delivery,
  type DependencyStatus,
  type ExpectedCycle,
  isSameCycle,
  isUnbegun,
  toWaiting,
  type UpgradeCommand,
} from './cycle.ts'
import { missingOf } from './inputs.ts'

/** Null when it may go ahead; else a sentence that says how the cycle goes on instead. */
export function refuseUpgrade({ id, input, state, step }: Cycle, to: Target): string | null {
  const goesOn = `It goes on with version ${input.definitionVersion}`
  if (toCycleId(to.product, to.key) !== id) return `${goesOn}: ${toCycleId(to.product, to.key)} is another cycle.`
  if (!isUnbegun({ state, step })) return `${goesOn}: an attempt has begun, or its wait is over (${state}).`
  if (to.definitionVersion > input.definitionVersion) return null
  return to.definitionVersion === input.definitionVersion
    ? `It carries version ${input.definitionVersion} already.`
    : `${goesOn}: version ${to.definitionVersion} is older.`
}

type Target = Pick<CycleInput, 'product' | 'key' | 'definitionVersion'>

/** Records the command; where it may go ahead, the cycle waits as that version says, and has what it had of it. */
export function upgrade(cycle: Cycle, { to, ...command }: UpgradeCommand, nowMs: number): Cycle {
  const refused = refuseUpgrade(cycle, to)
  const versions = { from: cycle.input.definitionVersion, to: to.definitionVersion }
  const said = { command, action: 'upgrade' as const, versions, refused, nowMs }
  const recorded = withAction(cycle, said, cycle)
  if (refused !== null) return recorded
  const input = toUpgraded(cycle, to, nowMs)
  const dependencies = input.expected.map((one) => carryOver(one, cycle.dependencies))
  const deliveries = cycle.deliveries.map((one) => reconsider(keepDropped(one, cycle, dependencies), cycle, input))
  const kept = deliveries.flatMap(({ isOpen, arrival }) => (isOpen && arrival ? [arrival] : []))
  const waiting = { ...recorded, input, dependencies, deliveries }
  const upgraded = kept.reduce((found, arrival) => applyArrival(found, arrival, nowMs), waiting)
  return { ...upgraded, reason: toReason(cycle, upgraded, nowMs) }
}

/** What its run goes by from now on: all that follows from the definition; who opened it, and why, stays. */
export function toUpgraded(cycle: Upgradable, to: CycleInput, nowMs: number): CycleInput {
  const { condition: _before, ...kept } = cycle.input
  const { definition, definitionVersion, expected, condition, notBeforeMs, availableByMs } = to
  const businessDate = to.businessDate ?? kept.businessDate
  return {
    ...{ ...kept, definition, definitionVersion, expected, notBeforeMs, availableByMs },
    ...(businessDate === undefined ? {} : { businessDate }),
    ...(condition ? { condition } : {}),
    cutoffMs: cutoffOf(cycle, to.cutoffMs, nowMs),
  }
}

type Upgradable = Pick<Cycle, 'input' | 'state' | 'openedAtMs'>

/**
 * A cycle opened at or after its own cutoff has none (decide.ts), and so has one that gets a cutoff that lies before now:
 * it has been waiting rightly, and nobody could have brought anything before a time that was not said. Where the cutoff
 * that it had is over too, its time was up before the command came, whichever of them is looked at first.
 */
function cutoffOf({ input, state, openedAtMs }: Upgradable, cutoffMs: number | null, nowMs: number): number | null {
  const isOver = (atMs: number | null): boolean => atMs !== null && atMs > openedAtMs && atMs <= nowMs
  const wasWaitingRightly = state === 'WAITING' && !isOver(input.cutoffMs)
  return wasWaitingRightly && isOver(cutoffMs) ? null : cutoffMs
}

function carryOver(one: ExpectedCycle, before: DependencyStatus[]): DependencyStatus {
  const known = before.find((other) => isSameCycle(one, other))
  if (!known) return toWaiting(one)
  const { state, arrival, arrivedAtMs, newer, blocker, waivedBy } = known
  return {
    ...{ ...one, state, arrival, arrivedAtMs, blocker },
    ...(newer === undefined ? {} : { newer }),
    ...(waivedBy && { waivedBy }),
  }
}

/** What arrived for an input that is dropped is kept with its delivery: the next version may ask for it again. */
function keepDropped(delivery: Delivery, { dependencies }: Cycle, now: DependencyStatus[]): Delivery {
  const had = dependencies.find(({ arrival }) => arrival?.eventId === delivery.eventId)
  const isDropped = had !== undefined && !now.some((one) => isSameCycle(one, had))
  return isDropped && had.arrival ? { ...delivery, arrival: had.arrival } : delivery
}

/** The version before had no use for it, or none for a partial one; this one may. */
function reconsider(delivery: Delivery, { dependencies }: Cycle, to: CycleInput): Delivery {
  const upstream = { product: delivery.upstream, key: delivery.upstreamKey }
  const isExpected = to.expected.some((one) => isSameCycle(one, upstream))
  const had = dependencies.find((one) => isSameCycle(one, upstream))
  const mayCount = delivery.outcome === 'partial' && acceptsPartial(to.definition, delivery.upstream)
  const isMissing = had === undefined || (had.state === 'WAITING' && mayCount)
  // What its producer took back stays so.
  const isTakenBack = delivery.outcome === 'withdrawn'
  return isExpected && isMissing && !isTakenBack ? { ...delivery, isOpen: true } : delivery
}

/** In ERROR(wait) the reason names what is missing, so it moves on with that. */
function toReason(before: Cycle, after: Cycle, nowMs: number): string | null {
  const missing = missingOf(after, nowMs)
  const isSameWait = missing.join() === missingOf(before, nowMs).join()
  if (after.state !== 'ERROR' || isSameWait) return before.reason
  const said = `cutoff passed; version ${after.input.definitionVersion} of the definition since`
  return missing.length > 0 ? `${said}, still waiting for ${missing.join(', ')}` : said
}

export interface InputChanges {
  added: CycleId[]
  dropped: CycleId[]
}

/** Which upstream cycles it waits for in addition, and which no more. */
export function compareExpected(before: ExpectedCycle[], after: ExpectedCycle[]): InputChanges {
  const lacking = (these: ExpectedCycle[], those: ExpectedCycle[]): CycleId[] =>
    these
      .filter((one) => !those.some((other) => isSameCycle(one, other)))
      .map(({ product, key }) => toCycleId(product, key))
  return { added: lacking(after, before), dropped: lacking(before, after) }
}
