// A tick of a domain's scheduler at the moment that a case wants one: the stage's own ones are ten minutes apart.
// In: a stage, a domain. Out: what that tick, beside any other, found and did. Never: the result of another tick.
import { ScheduleOverlapPolicy } from '@temporalio/client'
import { type Tick, toScheduleId } from '../../workflows/contract.ts'
import type { ChaosDomain } from './mesh.ts'
import type { Stage } from './stage.ts'
import { until } from './walks.ts'

/** Ticks are named by the second they are for: one asked for in the second of another, such as a worker's first, is lost. */
const AGAIN_MS = 3_000

export async function tick({ temporal }: Stage, domain: ChaosDomain): Promise<Tick> {
  const schedule = temporal.schedule.getHandle(toScheduleId(domain))
  const listRuns = async () => (await schedule.describe()).info.recentActions.map(({ action }) => action.workflow)
  const before = new Set((await listRuns()).map(({ firstExecutionRunId }) => firstExecutionRunId))
  let begun: { workflowId: string; firstExecutionRunId: string } | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  await until(`the scheduler of ${domain} ticks`, 60_000, async () => {
    begun = (await listRuns()).find(({ firstExecutionRunId }) => !before.has(firstExecutionRunId))
    if (begun || performance.now() - askedAtMs < AGAIN_MS) return begun !== undefined
    askedAtMs = performance.now()
    await schedule.trigger(ScheduleOverlapPolicy.ALLOW_ALL)
    return false
  })
  const { workflowId = '', firstExecutionRunId } = begun ?? {}
  return (await temporal.workflow.getHandle(workflowId, firstExecutionRunId).result()) as Tick
}
