// In: a cycle and the version last written. Out: one flush for the mirror: the snapshot, and what happened since.
import { type Cycle, currentAttempt } from '../model/cycle/cycle.ts'
import { correlationOf, locationOf } from '../model/cycle/outgoing.ts'
import { domainOf } from '../model/ids.ts'
import type { Arrival, CycleRecord, CycleSnapshot } from './contract.ts'

export function toRecord(cycle: Cycle, writtenVersion: number): CycleRecord {
  const isNew = (row: { version: number }): boolean => row.version > writtenVersion
  return {
    cycle: cycle.id,
    domain: domainOf(cycle.input.product),
    runNumber: cycle.runNumber,
    version: cycle.version,
    snapshot: toSnapshot(cycle),
    transitions: cycle.transitions.filter(isNew),
    deliveries: cycle.deliveries.filter(isNew),
    actions: cycle.actions.filter(isNew),
  }
}

function toSnapshot(cycle: Cycle): CycleSnapshot {
  const { input } = cycle
  return {
    product: input.product,
    key: input.key,
    definitionVersion: input.definitionVersion,
    openedBy: input.openedBy,
    openedAtMs: cycle.openedAtMs,
    state: cycle.state,
    step: cycle.step,
    reason: cycle.reason,
    stateSinceMs: cycle.stateSinceMs,
    notBeforeMs: input.notBeforeMs,
    cutoffMs: input.cutoffMs,
    availableByMs: input.availableByMs,
    retryAtMs: cycle.retryAtMs,
    dependencies: cycle.dependencies,
    attempts: cycle.attempts,
    lastAttempt: cycle.lastAttempt,
    revision: cycle.revision,
    publishedEventId: cycle.publishedEventId,
    publication: toOwnArrival(cycle),
  }
}

/** The published revision as consumers of the same domain take it when they recall what they missed. */
function toOwnArrival(cycle: Cycle): Arrival | null {
  const attempt = currentAttempt(cycle)
  if (cycle.publishedEventId === null || !attempt) return null
  return {
    eventId: cycle.publishedEventId,
    product: cycle.input.product,
    key: cycle.input.key,
    revision: cycle.revision,
    location: locationOf(cycle),
    correlationId: correlationOf(cycle),
    occurredAt: new Date(attempt.endedAtMs ?? attempt.begunAtMs).toISOString(),
  }
}
