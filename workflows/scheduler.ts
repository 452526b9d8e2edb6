// One tick of a domain's scheduler, started by a Temporal Schedule: opens the cycles that are due, repairs those that an
// arrival passed by and the rows that are wrong, and says what nothing goes on with. Idempotent by the cycles' own ids and
// the events', so a tick may run twice, late, or beside another. Never: fails because PostgreSQL or Glue is away.
import { ActivityFailure, isCancellation, log, patched, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { Domain } from '../model/ids.ts'
import type { SchedulerActivities, Tick } from './contract.ts'

const { openDueCycles: open } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 8 },
})

/** The next tick looks again, so few tries; and the tick itself may last ten minutes. */
const { repairArrivals, repairHolds, reconcileRows, findStuck, watchLateness } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '8 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumAttempts: 3 },
})

export async function openDueCycles(domain: Domain): Promise<Tick> {
  const { startTime, lastResult } = workflowInfo()
  // Ticks that were recorded before did not look.
  const isReconciling = patched('reconcile')
  // Nor did they know of holds and lateness.
  const isOperated = patched('operators')
  // Beside each other: what is published must arrive also while the catalog bucket, which opening needs, is away.
  const [due, repairs, rows, stuck, holds] = await Promise.all([
    open({ domain, atMs: startTime.getTime() }),
    orNull(domain, 'No arrival was repaired in this tick', () => repairArrivals({ domain })),
    isReconciling
      ? orNull(domain, 'No row was compared in this tick', () => reconcileRows(toLook(domain, lastResult)))
      : null,
    isReconciling ? orNull(domain, 'Nobody looked for stuck cycles in this tick', () => findStuck({ domain })) : null,
    isOperated ? orNull(domain, 'No hold was compared in this tick', () => repairHolds({ domain })) : null,
  ])
  // After what is due has been opened: else all of an outage would be told as never opened.
  const lateness = isOperated
    ? await orNull(domain, 'Nobody looked for what is late in this tick', () => watchLateness({ domain }))
    : null
  const repaired = repairs?.repaired ?? null
  const told = isOperated ? { holdsRepaired: holds?.repaired ?? null, latenessTold: lateness?.told ?? null } : {}
  return isReconciling ? { ...due, repaired, rows, stuck, ...told } : { ...due, repaired, ...told }
}

/** Goes on where the last tick ended; one that could not look has nothing to say about it. */
function toLook(domain: Domain, lastResult: unknown): { domain: Domain; after: string | null } {
  const last = lastResult as Partial<Tick> | null | undefined
  return { domain, after: last?.rows?.after ?? null }
}

async function orNull<Answer>(domain: Domain, without: string, ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    log.warn(without, { domain, error: error.cause?.message ?? error.message })
    return null
  }
}
