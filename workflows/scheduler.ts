// One tick of a domain's scheduler, started by a Temporal Schedule: opens the cycles that are due, and repairs those
// that an arrival passed by. Idempotent by the cycles' own ids and the events', so a tick may run twice, late, or beside
// another. Never: fails because PostgreSQL is away.
import { ActivityFailure, isCancellation, log, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { Domain } from '../model/ids.ts'
import type { DueCycles, SchedulerActivities } from './contract.ts'

const { openDueCycles: open } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 8 },
})

/** The next tick looks again, so few tries. */
const { repairArrivals } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumAttempts: 3 },
})

export interface Tick extends DueCycles {
  /** Null = it could not be found out this time. */
  repaired: number | null
}

export async function openDueCycles(domain: Domain): Promise<Tick> {
  // Beside each other: what is published must arrive also while the catalog bucket, which opening needs, is away.
  const [due, repaired] = await Promise.all([
    open({ domain, atMs: workflowInfo().startTime.getTime() }),
    countRepaired(domain),
  ])
  return { ...due, repaired }
}

async function countRepaired(domain: Domain): Promise<number | null> {
  try {
    return (await repairArrivals({ domain })).repaired
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    log.warn('No arrival was repaired in this tick', { domain, error: error.cause?.message ?? error.message })
    return null
  }
}
