// What an outage means to a person. In: the part that is away. Out: since when, what works meanwhile, what catches up.
// Never: a moment nobody saw: since when is read from the parts that still answer, or is not said.
import type { Client } from '@temporalio/client'
import { readSignsOfLife } from '../mirror/signs-of-life.ts'
import type { Domain } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import type { Outage } from './doctor.ts'
import { toCount } from './output.ts'

/** Open cycles looked at for work that fails; doctor is for a person who waits. */
export const SAMPLE = 200

export const POSTGRES_OUTAGE: Outage = {
  since: async ({ temporal }) => sinceRetries(await temporal(), ['recordCycle'], 'cannot write their status'),
  works: 'cycles open, wait, refresh and publish; events that a cycle takes are delivered',
  catchesUp: 'each open cycle writes its whole status and history, and the bridge the events that no cycle took',
}

export const TEMPORAL_OUTAGE: Outage = {
  since: async ({ db }) => sinceSign(db, undefined, 'statusAt', 'the last status was written'),
  works: 'Glue runs go on; events are kept in the queues for 14 days; status, events and definitions can be read',
  catchesUp: 'bridges deliver what is queued, workers go on where they stood, the scheduler opens what became due',
}

export const AWS_OUTAGE: Outage = {
  since: async ({ temporal }) =>
    sinceRetries(
      await temporal(),
      ['startGlueJob', 'awaitGlueJob', 'publishRefreshEvent', 'publishNotRefreshed', 'notifyFailure'],
      'cannot reach Glue or the bus',
    ),
  works: 'cycles go on waiting, and deadlines are kept; status can be read',
  catchesUp: 'each attempt looks for its Glue run before it starts one, and events go out with the same ids',
}

export const toBridgeOutage = (domain: Domain): Outage => ({
  since: async ({ db }) => sinceSign(db, domain, 'eventAt', 'the last event was written down'),
  works: 'open cycles go on, and their Glue runs are asked for every few minutes; events are kept for 14 days',
  catchesUp: 'the queue is emptied in a moment; an event that came twice counts once',
})

export const toWorkerOutage = (domain: Domain): Outage => ({
  since: async ({ db }) => sinceSign(db, domain, 'statusAt', 'the last status was written'),
  works: 'the bridge delivers arrivals to the cycles, which keep them; Glue runs go on; other domains do not notice',
  catchesUp: 'each cycle goes on where it stood; runs that ended meanwhile are found, none is started again',
})

async function sinceSign(
  db: Connection['db'],
  domain: Domain | undefined,
  sign: 'statusAt' | 'eventAt',
  what: string,
): Promise<string | undefined> {
  const at = (await readSignsOfLife(db(), domain))?.[sign]
  return at ? `${what} at ${at}` : undefined
}

/** The oldest try that failed and is made again, over the open cycles. */
async function sinceRetries(client: Client, activities: string[], what: string): Promise<string | undefined> {
  const sinceMs: number[] = []
  let looked = 0
  for await (const { workflowId } of client.workflow.list({
    query: 'ExecutionStatus = "Running" AND SluiceCycle IS NOT NULL',
  })) {
    const pendingMs = await pendingSinceMs(client, workflowId, activities)
    if (pendingMs !== undefined) sinceMs.push(pendingMs)
    if (++looked === SAMPLE) break
  }
  if (sinceMs.length === 0) return undefined
  const from = new Date(Math.min(...sinceMs)).toISOString()
  return `${from}: ${toCount(sinceMs.length, 'cycle')} of the ${looked} looked at ${what}`
}

/** By activity id, when the first try was scheduled; what is pending tells only of the next one. */
export async function readScheduledMs(client: Client, workflowId: string): Promise<Map<string, number>> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  return new Map(
    (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled ? [[scheduled.activityId ?? '', Number(eventTime?.seconds ?? 0) * 1_000] as const] : [],
    ),
  )
}

/** What the open run of a cycle has asked for and not been answered. */
export async function readPending(client: Client, workflowId: string) {
  const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  })
  return pendingActivities ?? []
}

async function pendingSinceMs(client: Client, workflowId: string, activities: string[]): Promise<number | undefined> {
  const pendingActivities = await readPending(client, workflowId)
  const failing = pendingActivities.filter(
    ({ activityType, attempt }) => activities.includes(activityType?.name ?? '') && Number(attempt ?? 0) > 1,
  )
  if (failing.length === 0) return undefined
  const times = await readScheduledMs(client, workflowId)
  return Math.min(...failing.map(({ activityId }) => times.get(activityId ?? '') ?? Date.now()))
}
