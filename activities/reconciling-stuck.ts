// Looks for what nothing goes on with: cycles that have all they need and do not start, cycles whose worker version nobody
// runs; and counts the Glue ends that no event told. In: the domain. Out: counts, and names with reasons.
// Never: a repair: a run that its worker goes on with starts by itself, and a Glue run's end is asked for by its own activity.
import { type Client, isGrpcServiceError } from '@temporalio/client'
import pMap from 'p-map'
import { isOutage } from '../clients/postgres-errors.ts'
import { listIdleBuilds, listOrphaned, readPollers } from '../clients/worker-versions.ts'
import { countGlueEnds, listWaitingSince } from '../mirror/unstarted.ts'
import { heldAt } from '../model/cycle/unstarted.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import {
  type Found,
  type SchedulerActivities,
  STATE_ATTRIBUTE,
  type Stuck,
  toTaskQueue,
} from '../workflows/contract.ts'
import { buildOf, type Described, describeRun, isPending, taskTries } from './describe-run.ts'
import { NAMED, QUIET_MS, toFound } from './reconciling.ts'
import type { ReconcilingParts } from './reconciling-row.ts'

const AT_ONCE = { concurrency: 8 }
/** Waiting cycles judged, and those of them that Temporal is asked about. */
const JUDGED = 2_000
const ASKED = 100
const DAY_MS = 86_400_000
/** Cycles that moved within a day, whose Glue runs are counted. */
const COUNTED = 5_000

export const createStuckFinding = (parts: ReconcilingParts): Pick<SchedulerActivities, 'findStuck'> => ({
  /** May run twice: it only looks. */
  async findStuck({ domain }): Promise<Stuck> {
    const { db, nowMs } = parts
    const [unstarted, withoutWorker, glueEnds] = await Promise.all([
      orNull(parts, domain, () => findUnstarted(parts, domain)),
      orNull(parts, domain, () => findWithoutWorker(parts.temporal, domain)),
      orNull(parts, domain, () => countGlueEnds(db, domain, { sinceMs: nowMs() - DAY_MS, limit: COUNTED })),
    ])
    if (unstarted && unstarted.count > 0)
      parts.warn('Cycles have all they need and do not start', { domain, ...unstarted })
    if (withoutWorker && withoutWorker.count > 0)
      parts.warn('No worker runs the version of open cycles', { domain, ...withoutWorker })
    return { unstarted, withoutWorker, glueEnds }
  },
})

/** What one of the servers cannot tell now does not hide what the other told. */
async function orNull<Answer>(
  { warn }: ReconcilingParts,
  domain: Domain,
  look: () => Promise<Answer>,
): Promise<Answer | null> {
  try {
    return await look()
  } catch (error) {
    if (!isOutage(error) && !isGrpcServiceError(error)) throw error
    warn('What is stuck could not be found out in this tick', { domain, error: String(error) })
    return null
  }
}

async function findUnstarted({ temporal, db, nowMs }: ReconcilingParts, domain: Domain): Promise<Found> {
  const sinceMs = nowMs() - QUIET_MS
  const waiting = await listWaitingSince(db, domain, { sinceMs, limit: JUDGED })
  const satisfied = waiting.filter((cycle) => heldAt(cycle, sinceMs)).slice(0, ASKED)
  if (satisfied.length === 0) return toFound([])
  const queue = toTaskQueue(domain)
  const idle = new Set(await listIdleBuilds(temporal, queue))
  const isPolled = (await readPollers(temporal, queue)).length > 0
  const stuck = await pMap(
    satisfied,
    async ({ cycle }) => {
      const described = await describeRun(temporal, cycle)
      if (!described || !isUnstarted(described)) return []
      return [`${cycle}: ${await whyUnstarted(temporal, described, isPolled && !idle.has(buildOf(described)))}`]
    },
    AT_ONCE,
  )
  return toFound(stuck.flat())
}

/** By what the run itself shows; a row that is only behind is written anew elsewhere. */
function isUnstarted(described: Described): boolean {
  if (described.status.name !== 'RUNNING') return false
  const state = described.typedSearchAttributes.get(STATE_ATTRIBUTE)
  const isOnItsWay = isPending(described, 'recordCycle') || isPending(described, 'startGlueJob')
  return (state === 'WAITING' || state === 'ERROR') && !isOnItsWay
}

async function whyUnstarted(temporal: Client, described: Described, hasWorker: boolean): Promise<string> {
  const build = buildOf(described)
  if (!hasWorker) return build ? `no worker runs its version ${build}` : 'no worker polls its task queue'
  const tries = taskTries(described)
  if (tries > 1) return `its code fails, ${tries} tries so far: ${await readTaskFailure(temporal, described)}`
  return tries === 1 ? 'its worker has not taken it on' : 'the reason is not known'
}

/** Only the first try's failure is in the history. */
async function readTaskFailure(temporal: Client, { workflowId, runId }: Described): Promise<string> {
  const { history } = await temporal.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: temporal.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 10,
  })
  const failed = (history?.events ?? []).find(
    ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes,
  )
  return failed?.workflowTaskFailedEventAttributes?.failure?.message ?? 'no message'
}

async function findWithoutWorker(temporal: Client, domain: Domain): Promise<Found> {
  const found: Found = { count: 0, names: [] }
  for (const { buildId, query, count } of await listOrphaned(temporal, toTaskQueue(domain), domain)) {
    const names = await nameSome(temporal, query, NAMED - found.names.length)
    found.count += count
    found.names.push(...names.map((cycle) => `${cycle}: version ${buildId}`))
  }
  return found
}

async function nameSome(temporal: Client, query: string, most: number): Promise<CycleId[]> {
  const names: CycleId[] = []
  if (most <= 0) return names
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: most })) {
    names.push(workflowId as CycleId)
    if (names.length === most) break
  }
  return names
}
