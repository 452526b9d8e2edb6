// In: a cycle and one arrival. Out: its one outcome, per dependency, and the cycle that remembers it.
// Never: forgets an event it has judged; judges the same (event, dependency) twice.
import { refusesPartial } from '../dependencies.ts'
import { toCycleId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import type { DeliveryOutcome } from '../states.ts'
import { rememberCorrections } from './corrections.ts'
import { type Blocker, type Cycle, type Delivery, type DependencyStatus, isSameCycle, isUnbegun } from './cycle.ts'
import { toCompared } from './mixed.ts'
import { unopenedOf, withGrace } from './unopened.ts'
import { applyWithdrawal, isWithdrawal, whyTakenBack } from './withdrawals.ts'

interface Judgement {
  outcome: DeliveryOutcome
  note: string | null
}

/** Applies an arrival; a redelivery of the same event only raises its count, unless it is to be judged anew. */
export function applyArrival(cycle: Cycle, arrival: Arrival, nowMs: number): Cycle {
  const known = cycle.deliveries.findIndex((delivery) => delivery.eventId === arrival.eventId)
  const before = cycle.deliveries[known]
  if (before && !before.isOpen) return countAgain(cycle, known)
  const compared = toCompared(arrival, cycle.dependencies.length)
  const judgement = judgeArrival(cycle, arrival)
  const { outcome, note } = judgement
  const version = cycle.version + 1
  const delivery: Delivery = {
    eventId: arrival.eventId,
    upstream: arrival.product,
    upstreamKey: arrival.key,
    revision: arrival.revision,
    outcome,
    note,
    atMs: nowMs,
    // Judged anew, it is mostly no second delivery: kept, or recalled.
    seen: before?.seen ?? 1,
    version,
    ...(isUnused(outcome) ? { arrival } : {}),
  }
  const dependencies = takeArrival(cycle, compared, judgement, nowMs)
  const deliveries = before ? cycle.deliveries.with(known, delivery) : [...cycle.deliveries, delivery]
  return { ...cycle, version, dependencies, deliveries }
}

/** No input holds it, so its delivery must: the ledger tells others of it, and a newer definition may want it. */
const isUnused = (outcome: DeliveryOutcome): boolean => outcome === 'late' || outcome === 'partial'

/** A correction is taken for an input as long as no attempt has begun; afterwards the next attempt takes it. */
function takeArrival(cycle: Cycle, arrival: Arrival, { outcome }: Judgement, nowMs: number): DependencyStatus[] {
  const isCorrection = outcome === 'correction'
  if (isCorrection && !isUnbegun(cycle)) return rememberCorrections(cycle.dependencies, [arrival])
  if (!isCorrection && outcome !== 'satisfied') return cycle.dependencies
  return cycle.dependencies.map((dependency) =>
    isSameCycle(dependency, arrival) ? arrived(dependency, arrival, nowMs) : dependency,
  )
}

/** What an arrival means to this cycle; words as in DESIGN §1. */
export function judgeArrival(cycle: Cycle, arrival: Arrival): Judgement {
  const dependency = cycle.dependencies.find((dependency) => isSameCycle(dependency, arrival))
  if (!dependency) {
    const note = `version ${cycle.input.definitionVersion} of the definition, which this cycle carries, does not wait for it`
    return { outcome: 'late', note }
  }
  const takenBack = whyTakenBack(dependency, arrival)
  if (takenBack) return { outcome: 'withdrawn', note: takenBack }
  const isNew = dependency.state !== 'ARRIVED' || arrival.revision > (dependency.arrival?.revision ?? 0)
  if (isNew && refusesPartial(cycle.input.definition, arrival))
    return { outcome: 'partial', note: toPartialNote(arrival) }
  if (dependency.state !== 'ARRIVED') {
    if (isUnbegun(cycle)) return { outcome: 'satisfied', note: null }
    return { outcome: 'late', note: toLateNote(cycle, dependency) }
  }
  if (dependency.arrival?.eventId === arrival.eventId) return { outcome: 'duplicate', note: 'it had arrived before' }
  return judgeRevision(dependency.arrival?.revision ?? 0, arrival.revision)
}

export const toPartialNote = ({ builtWithout = [] }: Arrival): string =>
  `it was made without ${builtWithout.join(', ')}, and the definition accepts no partial refresh`

function toLateNote({ state }: Cycle, dependency: DependencyStatus): string {
  if (state === 'SKIPPED' || state === 'CANCELLED') return 'the cycle had closed without it'
  // What the cycle did without was waived when the attempt began: this one was not needed any more.
  return dependency.state === 'WAIVED'
    ? 'the cycle had started without it'
    : 'other inputs had been enough to start the cycle'
}

/** Compares a further event of an upstream cycle with the revision already taken. */
export function judgeRevision(taken: number, revision: number): Judgement {
  if (revision === taken) return { outcome: 'duplicate', note: `revision ${revision} had arrived as another event` }
  if (revision < taken) return { outcome: 'superseded', note: `revision ${taken} had arrived before` }
  return { outcome: 'correction', note: `revision ${taken} had arrived before` }
}

const arrived = (
  { waivedBy: _, ...dependency }: DependencyStatus,
  arrival: Arrival,
  nowMs: number,
): DependencyStatus => ({
  ...dependency,
  state: 'ARRIVED',
  arrival,
  arrivedAtMs: dependency.arrivedAtMs ?? nowMs,
  blocker: null,
})

/**
 * Names the upstream's failure as the blocker of what still waits for it; the newest notice counts. Once an attempt has
 * begun none does: a skip could change what the condition takes of the inputs, and the job has been told of them.
 */
export function applyBlocker(cycle: Cycle, blocker: Blocker): Cycle {
  if (isWithdrawal(blocker)) return applyWithdrawal(cycle, blocker)
  if (!isUnbegun(cycle)) return cycle
  const concerns = (dependency: DependencyStatus): boolean =>
    dependency.state === 'WAITING' &&
    dependency.product === blocker.product &&
    dependency.key === blocker.key &&
    // What was taken back stays so, whatever else is said, until a newer revision comes.
    !isWithdrawal(dependency.blocker) &&
    (dependency.blocker === null || isOlder(dependency.blocker, blocker))
  if (!cycle.dependencies.some(concerns)) return cycle
  const dependencies = cycle.dependencies.map((dependency) =>
    concerns(dependency) ? { ...dependency, blocker } : dependency,
  )
  return { ...cycle, version: cycle.version + 1, dependencies }
}

/**
 * Applies what was published before the cycle was open, and what was skipped. What came meanwhile as an event is known: a
 * recall of it is no second delivery.
 */
export function applyRecall(
  cycle: Cycle,
  { arrivals, skipped }: { arrivals: Arrival[]; skipped: Blocker[] },
  nowMs: number,
): Cycle {
  const known = new Set(cycle.deliveries.filter(({ isOpen }) => !isOpen).map(({ eventId }) => eventId))
  const recalled = arrivals
    .filter(({ eventId }) => !known.has(eventId))
    .reduce((found, arrival) => applyArrival(found, arrival, nowMs), cycle)
  return skipped.reduce((found, blocker) => applyBlocker(found, withGrace(found, blocker)), recalled)
}

/** Another look at what nobody had opened found this: who has been opened meanwhile is waited for. */
export function applyAnotherLook(
  cycle: Cycle,
  { arrivals, skipped }: { arrivals: Arrival[]; skipped: Blocker[] },
  nowMs: number,
): Cycle {
  const still = new Set(
    skipped.filter(({ isUnopened }) => isUnopened).map(({ product, key }) => toCycleId(product, key)),
  )
  const opened = unopenedOf(cycle).filter(({ product, key }) => !still.has(toCycleId(product, key)))
  if (opened.length === 0) return cycle
  const dependencies = cycle.dependencies.map((one) => (opened.includes(one) ? { ...one, blocker: null } : one))
  const cleared = { ...cycle, version: cycle.version + 1, dependencies }
  return applyRecall(cleared, { arrivals, skipped: skipped.filter(({ isUnopened }) => !isUnopened) }, nowMs)
}

/** As instants: the texts may have other offsets and fractions of a second. */
const isOlder = (one: Blocker, other: Blocker): boolean => Date.parse(one.occurredAt) < Date.parse(other.occurredAt)

function countAgain(cycle: Cycle, index: number): Cycle {
  const version = cycle.version + 1
  const deliveries = cycle.deliveries.map((delivery, at) =>
    at === index ? { ...delivery, seen: delivery.seen + 1, version } : delivery,
  )
  return { ...cycle, version, deliveries }
}
