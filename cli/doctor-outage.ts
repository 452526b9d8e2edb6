// What an outage means to a person. In: the part that is away, and what else is. Out: since when, what works meanwhile,
// what catches up.
// Never: a moment nobody saw: since when is read from the parts that still answer, or is not said; that a part
// works which has a problem too.
import type { Client } from '@temporalio/client'
import { readSignsOfLife } from '../mirror/signs-of-life.ts'
import type { Domain } from '../model/ids.ts'
import { CHECKS } from './check-names.ts'
import type { Connection } from './connection.ts'
import type { Outage } from './doctor.ts'
import { toCount } from './output.ts'

/** Open cycles looked at for work that fails; doctor is for a person who waits. */
export const SAMPLE = 200

export const POSTGRES_OUTAGE: Outage = {
  teller: CHECKS.temporal,
  since: async ({ temporal }) =>
    sinceRetries(await temporal(), ['recordCycle', 'recallArrivals'], 'cannot write their status'),
  works(away) {
    if (away.has(CHECKS.temporal)) return 'no cycle moves, as Temporal has a problem too'
    if (away.has(CHECKS.aws)) return 'cycles go on waiting, and deadlines are kept; AWS has a problem too'
    return 'cycles open, wait, refresh and publish; events that a cycle takes are delivered'
  },
  catchesUp: (away) =>
    (away.has(CHECKS.temporal) ? 'once Temporal is back too, ' : '') +
    'each open cycle writes its whole status and history, and the bridge the events that no cycle took',
}

export const TEMPORAL_OUTAGE: Outage = {
  teller: CHECKS.postgres,
  since: async ({ db }) =>
    (await sinceSign(db, undefined, 'statusAt', 'the last status was written')) ??
    (await sinceSign(db, undefined, 'eventAt', 'the last event was written down')),
  works(away) {
    const aws = away.has(CHECKS.aws)
      ? 'what AWS does cannot be seen, as it has a problem too'
      : 'Glue runs go on; events are kept in the queues for 14 days'
    const read = away.has(CHECKS.postgres)
      ? 'no status or event can be read, as PostgreSQL has a problem too'
      : 'status, events and definitions can be read'
    return `${aws}; ${read}`
  },
  catchesUp: (away) =>
    'bridges deliver what is queued, workers go on where they stood, the scheduler opens what became due' +
    (away.has(CHECKS.postgres) ? '; what they do is written down once PostgreSQL is back too' : ''),
}

export const AWS_OUTAGE: Outage = {
  teller: CHECKS.temporal,
  since: async ({ temporal }) =>
    sinceRetries(
      await temporal(),
      ['startGlueJob', 'awaitGlueJob', 'publishRefreshEvent', 'publishNotRefreshed', 'notifyFailure'],
      'cannot reach Glue or the bus',
    ),
  works(away) {
    const cycles = away.has(CHECKS.temporal)
      ? 'no cycle moves, as Temporal has a problem too'
      : 'cycles go on waiting, and deadlines are kept'
    const read = away.has(CHECKS.postgres)
      ? 'no status can be read, as PostgreSQL has a problem too'
      : 'status can be read'
    return `${cycles}; ${read}`
  },
  catchesUp: (away) =>
    (away.has(CHECKS.temporal) ? 'once Temporal is back too, ' : '') +
    'each attempt looks for its Glue run before it starts one, and events go out with the same ids',
}

export const toBridgeOutage = (domain: Domain): Outage => ({
  teller: CHECKS.postgres,
  since: async ({ db }) => sinceSign(db, domain, 'eventAt', 'the last event was written down'),
  works(away) {
    const cycles = away.has(CHECKS.workerOf(domain))
      ? 'no cycle goes on, as the worker has a problem too'
      : 'open cycles go on, and their Glue runs are asked for every few minutes'
    const written = away.has(CHECKS.postgres) ? '; no status is written, as PostgreSQL has a problem too' : ''
    return `${cycles}${written}; events are kept for 14 days`
  },
  catchesUp: () => 'the queue is emptied in a moment; an event that came twice counts once',
})

export const toWorkerOutage = (domain: Domain): Outage => ({
  teller: CHECKS.postgres,
  since: async ({ db }) => sinceSign(db, domain, 'statusAt', 'the last status was written'),
  works(away) {
    if (away.has(CHECKS.aws))
      return 'events wait for AWS, which has a problem too, and what its Glue runs do cannot be seen'
    const arrivals = away.has(CHECKS.bridgeOf(domain))
      ? 'events are kept in the queue for 14 days, as the bridge has a problem too'
      : 'the bridge delivers arrivals to the cycles, which keep them'
    return `${arrivals}; Glue runs go on; other domains do not notice`
  },
  catchesUp: (away) =>
    (away.has(CHECKS.aws) ? 'once AWS is back too, ' : '') +
    'each cycle goes on where it stood; runs that ended meanwhile are found, none is started again',
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
