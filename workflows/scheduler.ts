// One tick of a domain's scheduler, started by a Temporal Schedule: opens the cycles that are due.
// Idempotent by the cycles' own ids, so a tick may run twice, late, or beside another.
import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { Domain } from '../model/ids.ts'
import type { SchedulerActivities } from './contract.ts'

const { openDueCycles: open } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 8 },
})

export async function openDueCycles(domain: Domain): Promise<{ opened: string[]; existing: number }> {
  return open({ domain, atMs: workflowInfo().startTime.getTime() })
}
