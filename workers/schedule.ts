// The Temporal Schedule that ticks a domain's scheduler. In: the domain and how often. Out: it exists, as wanted.
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import type { Domain } from '../model/ids.ts'
import { SCHEDULER_WORKFLOW, toScheduleId, toTaskQueue } from '../workflows/contract.ts'

/** Creates or updates it, and ticks once now, so that a domain that comes up waits for no tick. */
export async function ensureSchedule(client: Client, domain: Domain, everyMs: number): Promise<void> {
  const scheduleId = toScheduleId(domain)
  const parts = {
    spec: { intervals: [{ every: everyMs }], jitter: Math.min(everyMs / 10, 30_000) },
    action: {
      type: 'startWorkflow' as const,
      workflowType: SCHEDULER_WORKFLOW,
      workflowId: `sluice/${domain}/scheduler`,
      taskQueue: toTaskQueue(domain),
      args: [domain],
      workflowRunTimeout: '10 minutes',
    },
    // A tick looks back by itself, so a missed one need not be made up; two at once help nobody.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs },
  }
  try {
    await client.schedule.create({ scheduleId, ...parts, state: { triggerImmediately: true } })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    const handle = client.schedule.getHandle(scheduleId)
    await handle.update((previous) => ({ ...previous, ...parts }))
    await handle.trigger()
  }
}
