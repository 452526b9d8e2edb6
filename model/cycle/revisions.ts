// Corrections of inputs that a cycle has run on. In: a cycle, the time. Out: which inputs are behind, and whether and when
// the cycle runs again for them by itself. Never: two runs for one set of inputs: each attempt that begins takes them all.
import { runsAgainFor } from '../dependencies.ts'
import type { Arrival } from '../refresh-event.ts'
import { applyArrival } from './arrivals.ts'
import type { Attempt } from './attempt.ts'
import {
  type Cycle,
  type CycleInput,
  currentAttempt,
  type DependencyStatus,
  type ExpectedCycle,
  isSameCycle,
  isUnbegun,
  openRun,
  type RerunCommand,
} from './cycle.ts'
import { readInputs } from './inputs.ts'
import { type MixedInput, mixedIn } from './mixed.ts'

/** Who asks for a rerun that nobody asked for. */
export const SLUICE = 'sluice'

/** Corrections come one after the other, such as over both sides of a diamond. */
const SETTLE_MS = 300_000
/** So long the other side of a diamond is waited for, which may have a longer way; and so long corrections may go on coming. */
const MOST_SETTLES = 12

export type CorrectionStep = { kind: 'wait'; untilMs: number } | { kind: 'rerun'; command: RerunCommand }

export interface OutdatedInput extends DependencyStatus {
  arrival: Arrival
  newer: Arrival
}

/** The inputs that the last attempt read and of which a newer revision has come. */
export const outdatedInputs = (cycle: Cycle): OutdatedInput[] =>
  // Most are not, and each step asks.
  isUnbegun(cycle) || !cycle.dependencies.some(({ newer }) => newer)
    ? []
    : readInputs(cycle).filter((input): input is OutdatedInput => input.arrival !== null && !!input.newer)

/** Those for which the cycle runs again by itself. */
const rerunInputs = (cycle: Cycle): OutdatedInput[] =>
  outdatedInputs(cycle).filter(({ newer }) => runsAgainFor(cycle.input.definition, newer))

/**
 * Null: no rerun by itself. Once `settle` has passed since the last of the corrections, all of them are one rerun; longer
 * where one side of a diamond has not come yet, but not without end where corrections go on coming. Only of a cycle whose
 * attempts are over: while one is under way they are remembered, and what lacks only its publication is mended by a person.
 */
export function decideCorrection(cycle: Cycle, nowMs: number): CorrectionStep | null {
  if (!canRunAgain(cycle)) return null
  const inputs = rerunInputs(cycle)
  if (inputs.length === 0) return null
  const cameMs = inputs.flatMap((input) => cameAtMs(cycle, input))
  const settles = isDiamondOpen(cycle) ? MOST_SETTLES : 1
  const settleMs = cycle.input.definition.settleMs ?? SETTLE_MS
  const untilMs = Math.min(Math.max(...cameMs) + settles * settleMs, Math.min(...cameMs) + MOST_SETTLES * settleMs)
  if (nowMs < untilMs) return { kind: 'wait', untilMs }
  return { kind: 'rerun', command: toCommand(cycle, inputs) }
}

/** With what has come, one side is still made of an older revision than the other. */
const isDiamondOpen = (cycle: Cycle): boolean =>
  mixedIn(readInputs(cycle).flatMap(({ arrival, newer }) => newer ?? arrival ?? [])).length > 0

/** The refreshes that the inputs of the last attempt hold in different revisions. */
export const mixedInputs = (cycle: Cycle): MixedInput[] =>
  isUnbegun(cycle) ? [] : mixedIn(readInputs(cycle).flatMap(({ arrival }) => arrival ?? []))

const canRunAgain = (cycle: Cycle): boolean =>
  !cycle.declined && runsAgain(cycle) && !isLeftToPerson(currentAttempt(cycle))

/** A run that a person stopped, or that may still be at work: nothing follows by itself. */
export const isLeftToPerson = (attempt: Pick<Attempt, 'end'> | undefined): boolean =>
  attempt?.end?.state === 'STOPPED' || attempt?.end?.noticedBy === 'nobody'

/** Where a correction is a reason to run again, whether or not a run is open. */
export const runsAgain = ({ state, step }: Pick<Cycle, 'state' | 'step'>): boolean =>
  state === 'COMPLETED' || (state === 'ERROR' && (step === 'start' || step === 'run'))

/** Of each correction that the last attempt has not read. A run that was told otherwise than by a delivery knew it when it opened. */
function cameAtMs({ deliveries, openedAtMs }: Cycle, { product, key, arrival, newer }: OutdatedInput): number[] {
  const unread = deliveries.filter(
    (one) =>
      one.outcome === 'correction' &&
      isSameCycle({ product: one.upstream, key: one.upstreamKey }, { product, key }) &&
      one.revision > arrival.revision,
  )
  const isTold = unread.some(({ eventId }) => eventId === newer.eventId)
  return [...unread.map(({ atMs }) => atMs), ...(isTold ? [] : [openedAtMs])]
}

/** More than these are only counted: the reason goes into each flush. */
const MOST_NAMED = 10

/** One for each attempt that it leads to. */
function toCommand({ id, lastAttempt }: Cycle, inputs: OutdatedInput[]): RerunCommand {
  const named = inputs.map(({ product, key, newer }) => `${product}/${key} revision ${newer.revision}`).sort()
  const more = named.length > MOST_NAMED ? ` and ${named.length - MOST_NAMED} more` : ''
  const reason = `corrected: ${named.slice(0, MOST_NAMED).join(', ')}${more}`
  return { actor: SLUICE, reason, requestId: `correction:${id}:${lastAttempt + 1}` }
}

/** Whether the attempt of this number begins because of corrections alone. */
export function isForCorrection({ actions }: Cycle, number: number): boolean {
  const action = actions.findLast(({ refused, attempt }) => refused === null && attempt !== null && attempt <= number)
  return action?.actor === SLUICE
}

/**
 * Whether a correction brings a closed cycle back: a run opened with its past would run again for it. Not by a definition
 * that has come to need what the cycle never had: that is a person's choice.
 */
export function comesBack(input: CycleInput, correction: Arrival, nowMs: number): boolean {
  const { past, expected } = input
  const isNew = (one: ExpectedCycle): boolean => !past?.dependencies.some((known) => isSameCycle(known, one))
  if (!past || past.isLeftToPerson || expected.some(isNew)) return false
  return decideCorrection(applyArrival(openRun(input, nowMs), correction, nowMs), nowMs) !== null
}
