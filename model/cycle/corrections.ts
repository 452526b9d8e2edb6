// In: the inputs of a cycle, and newer publications of them. Out: the inputs that remember or take these.
// Never: an input changed under an attempt that has begun; a revision that falls; a missing input that so arrives.
import type { Arrival, Cascade } from '../refresh-event.ts'
import type { Cycle, Delivery, DependencyStatus } from './cycle.ts'

/** Keeps the newest correction beside what the present attempt reads, for the next one. */
export function rememberCorrections(dependencies: DependencyStatus[], corrections: Arrival[]): DependencyStatus[] {
  return dependencies.map((dependency) =>
    corrections
      .filter(({ product, key }) => product === dependency.product && key === dependency.key)
      .reduce(rememberCorrection, dependency),
  )
}

function rememberCorrection(dependency: DependencyStatus, correction: Arrival): DependencyStatus {
  const newest = dependency.newer ?? dependency.arrival
  if (dependency.state !== 'ARRIVED' || newest === null) return dependency
  const isRead = correction.revision <= (dependency.arrival?.revision ?? 0)
  const isNewest = correction.revision > newest.revision
  if (isRead || (!isNewest && !correction.cascade)) return dependency
  // What an earlier one asked for, and was not read, is still asked for, in whatever order they come.
  const cascade = joinCascades([dependency.newer?.cascade, correction.cascade])
  return { ...dependency, newer: { ...(isNewest ? correction : newest), ...(cascade && { cascade }) } }
}

/** A person brings a closed cycle back with what came of its inputs since: of this, too, the ledger has a word. */
export const toFoundDeliveries = ({ dependencies, version }: Cycle, nowMs: number): Delivery[] =>
  dependencies.flatMap(({ product, key, arrival, newer }) =>
    newer
      ? {
          ...{ eventId: newer.eventId, upstream: product, upstreamKey: key, revision: newer.revision },
          ...{ outcome: 'correction' as const, note: `revision ${arrival?.revision} had arrived before` },
          ...{ atMs: nowMs, seen: 1, version },
        }
      : [],
  )

/** All that any of them asks for; undefined: nothing. */
export function joinCascades(asked: (Cascade | undefined)[]): Cascade | undefined {
  if (asked.includes('all')) return 'all'
  const products = [...new Set(asked.flatMap((one) => (Array.isArray(one) ? one : [])))]
  return products.length > 0 ? products : undefined
}

/** What an attempt that begins now reads: an upstream's revisions overwrite one another in the same folder. */
export const takeCorrections = (dependencies: DependencyStatus[]): DependencyStatus[] =>
  dependencies.map((dependency) => (dependency.newer ? taken(dependency, dependency.newer) : dependency))

const taken = ({ withdrawnTo: _, ...dependency }: DependencyStatus, newer: Arrival): DependencyStatus => ({
  ...dependency,
  arrival: newer,
  newer: null,
})
