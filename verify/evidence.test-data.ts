// Evidence as a test needs it: the history of one run, told by what it was brought and asked for.
// Never: a server; a verdict.
import { type Blocker, type CycleInput, openRun } from '../model/cycle/cycle.ts'
import { toRecord } from '../model/cycle/record.ts'
import { type CycleId, type Domain, toCycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { NOON_MS } from '../model/samples.test-data.ts'
import type { DeliveryRow, LedgerRow } from '../mirror/events.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL } from '../workflows/contract.ts'
import type { CycleEvidence, Evidence, HistoryStep } from './evidence.ts'

/** Steps in the order given, a second apart from noon on. */
export type Told =
  | { arrive: Arrival[] }
  | { block: Blocker[] }
  | { recall: Arrival[]; skipped?: Blocker[] }
  | { order: number }
  /** It wrote down that it is open. */
  | { wrote: 1 }

const toSteps = (input: CycleInput, told: Told, at: number): HistoryStep[] => {
  const when = { at, atMs: NOON_MS + at * 1_000 }
  if ('arrive' in told) return [{ ...when, kind: 'signal', name: ARRIVALS_SIGNAL, payload: told.arrive }]
  if ('block' in told) return [{ ...when, kind: 'signal', name: BLOCKERS_SIGNAL, payload: told.block }]
  const cycle = toCycleId(input.product, input.key)
  const job = input.definition.run.glue
  if ('order' in told) {
    const order = { cycle, job, attempt: told.order, arguments: {}, timeoutMinutes: 60, notBeforeMs: NOON_MS }
    return [{ ...when, kind: 'asked', activity: 'startGlueJob', activityId: `start-${told.order}`, input: order }]
  }
  if ('wrote' in told) {
    const record = toRecord(openRun(input, NOON_MS), 0, NOON_MS)
    return [{ ...when, kind: 'asked', activity: 'recordCycle', activityId: 'record', input: record }]
  }
  const about = { activity: 'recallArrivals', activityId: 'recall', askedAt: 0 }
  return [{ ...when, kind: 'answered', ...about, result: { arrivals: told.recall, skipped: told.skipped ?? [] } }]
}

export const cycleEvidenceOf = (input: CycleInput, told: Told[], openedMs = NOON_MS): CycleEvidence => ({
  cycle: toCycleId(input.product, input.key),
  runs: [
    {
      ...{ runId: 'run-1', status: 'RUNNING', startedAtMs: openedMs, input, result: null },
      steps: told.flatMap((one, at) => toSteps(input, one, at + 1)),
    },
  ],
})

export const evidenceOf = (change: Partial<Evidence>): Evidence => ({
  ...{ readFromMs: NOON_MS, collectedAtMs: NOON_MS, domains: ['d1' as Domain], cycles: [], definitions: [] },
  mirror: { statuses: [], transitions: [], dependencies: [] },
  ledger: { events: [], deliveries: [] },
  ...change,
})

export const ledgerRowOf = (arrival: Arrival, change: Partial<LedgerRow> = {}): LedgerRow => ({
  ...{ position: 1, domain: 'd1' as Domain, eventId: arrival.eventId, outcome: 'routed', reason: null },
  ...{ source: 'dataproduct.raw', account: '111111111111', product: arrival.product, key: arrival.key },
  ...{ revision: arrival.revision, occurredAt: arrival.occurredAt, firstSeenAt: new Date(NOON_MS).toISOString() },
  ...{ seen: 1, hasBody: false, redrivenAt: null },
  ...change,
})

export const deliveryOf = (arrival: Arrival, cycle: CycleId, change: Partial<DeliveryRow> = {}): DeliveryRow => ({
  ...{ domain: 'd1' as Domain, eventId: arrival.eventId, cycle, upstream: arrival.product, upstreamKey: arrival.key },
  ...{ revision: arrival.revision, outcome: 'satisfied', note: null, seen: 1, at: new Date(NOON_MS).toISOString() },
  ...change,
})
