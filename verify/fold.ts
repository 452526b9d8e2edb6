// In: the runs of a cycle. Out: what their histories say of it: every flush a run made is in its history, whole, so no
// worker need live to answer. Pure.
import type { Attempt } from '../model/cycle/attempt.ts'
import {
  type Blocker,
  type Delivery,
  type DependencyStatus,
  type ExpectedCycle,
  isUnbegun,
  type OperatorAction,
  type Transition,
} from '../model/cycle/cycle.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import type { ProductDefinition } from '../model/definition.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, type GlueOrder } from '../workflows/contract.ts'
import type { CycleEvidence, HistoryStep, RunEvidence } from './evidence.ts'

type Asked = Extract<HistoryStep, { kind: 'asked' }>
type Answered = Extract<HistoryStep, { kind: 'answered' }>

export const askedOf = ({ steps }: RunEvidence, activity: string): Asked[] =>
  steps.filter((step): step is Asked => step.kind === 'asked' && step.activity === activity)

export const answeredOf = ({ steps }: RunEvidence, activity: string): Answered[] =>
  steps.filter((step): step is Answered => step.kind === 'answered' && step.activity === activity)

/** Oldest first. */
export const recordsOf = (run: RunEvidence): CycleRecord[] =>
  askedOf(run, 'recordCycle').map(({ input }) => input as CycleRecord)

export interface Order extends GlueOrder {
  at: number
  atMs: number
  /** By which the run went then: a rerun may have brought a newer one. */
  definition: ProductDefinition
}

export const ordersOf = (run: RunEvidence): Order[] =>
  askedOf(run, 'startGlueJob').map(({ input, at, atMs }) => ({
    ...{ ...(input as GlueOrder), at, atMs },
    definition: run.changed?.findLast((change) => change.at < at)?.definition ?? run.input.definition,
  }))

/** What brought it, and where: by a signal, or recalled. */
export interface Brought {
  arrival: Arrival
  at: number
  atMs: number
}

export const broughtTo = (run: RunEvidence): Brought[] =>
  run.steps.flatMap((step) => {
    if (step.kind === 'signal' && step.name === ARRIVALS_SIGNAL) return toBrought(step, step.payload)
    if (step.kind !== 'answered' || step.activity !== 'recallArrivals') return []
    return toBrought(step, (step.result as { arrivals?: unknown } | undefined)?.arrivals)
  })

/** A signal sent by hand may bring anything. */
const toBrought = ({ at, atMs }: HistoryStep, payload: unknown): Brought[] =>
  [payload].flat().flatMap((one) => {
    const arrival = one as Arrival | null
    return typeof arrival?.eventId === 'string' ? [{ arrival, at, atMs }] : []
  })

/** What told the run that an upstream has no data, and where: a notice by a signal, or recalled. */
export const blockersTo = (run: RunEvidence): { blocker: Blocker; at: number }[] =>
  run.steps.flatMap((step) => {
    if (step.kind === 'signal' && step.name === BLOCKERS_SIGNAL) return toBlockers(step, step.payload)
    if (step.kind !== 'answered' || step.activity !== 'recallArrivals') return []
    return toBlockers(step, (step.result as { skipped?: unknown } | undefined)?.skipped)
  })

const toBlockers = ({ at }: HistoryStep, payload: unknown): { blocker: Blocker; at: number }[] =>
  [payload].flat().flatMap((one) => {
    const blocker = one as Blocker | null | undefined
    return typeof blocker?.eventId === 'string' ? [{ blocker, at }] : []
  })

/** What the run waits for: one that was brought back after its attempt began keeps the inputs that it had. */
export const awaitedBy = ({ input }: RunEvidence): ExpectedCycle[] =>
  input.past && !isUnbegun(input.past) ? input.past.dependencies : input.expected

export interface Folded {
  /** Of the newest run; undefined before its first flush. */
  last: CycleRecord | undefined
  isOpen: boolean
  /** Ended from outside: its last flush may never have been carried out. */
  isCutOff: boolean
  revision: number
  publishedEventId: string | null
  dependencies: DependencyStatus[]
  transitions: (Transition & { runNumber: number })[]
  deliveries: Delivery[]
  attempts: Attempt[]
  actions: OperatorAction[]
}

export function fold({ runs }: CycleEvidence): Folded {
  const records = runs.flatMap(recordsOf)
  const newest = runs.at(-1)
  const last = newest && recordsOf(newest).at(-1)
  const published = records.flatMap(({ snapshot }) => snapshot.publication ?? []).toSorted(byRevision)
  return {
    last,
    isOpen: newest?.status === 'RUNNING',
    isCutOff: runs.some(({ status }) => status === 'TERMINATED' || status === 'TIMED_OUT'),
    revision: Math.max(0, ...records.map(({ snapshot }) => snapshot.revision)),
    publishedEventId: published.at(-1)?.eventId ?? null,
    dependencies: last?.snapshot.dependencies ?? [],
    transitions: distinct(
      records.flatMap(({ runNumber, transitions }) => transitions.map((move) => ({ ...move, runNumber }))),
      ({ runNumber, version }) => `${runNumber}.${version}`,
    ),
    deliveries: distinct(
      records.flatMap(({ deliveries }) => deliveries),
      ({ eventId }) => eventId,
    ),
    attempts: distinct(
      records.flatMap(({ snapshot }) => snapshot.attempts),
      ({ number }) => String(number),
    ),
    actions: records.flatMap(({ actions }) => actions),
  }
}

const byRevision = (a: Arrival, b: Arrival): number => a.revision - b.revision

/** The last of each, in the order of the first: flushes repeat what a failed one could not write. */
const distinct = <T>(all: T[], keyOf: (one: T) => string): T[] => [
  ...new Map(all.map((one) => [keyOf(one), one])).values(),
]
