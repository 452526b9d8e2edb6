// Which builds of a domain's workers are at work. In: a Temporal client, a task queue that is also the name of its Worker
// Deployment. Out: who polls it really, and the builds that nobody runs.
// Never: a worker that was killed taken for one that is there, where this machine can know.
import { hostname } from 'node:os'
import { type Client, isGrpcServiceError } from '@temporalio/client'
import { livePollers, type Poller } from './pollers.ts'

/** Of workflow tasks. */
export async function readPollers(client: Client, taskQueue: string): Promise<Poller[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    // Workflow tasks.
    taskQueueType: 1,
  })
  const remembered = (pollers ?? []).map(({ identity, deploymentOptions, lastAccessTime }) => ({
    identity: identity ?? '',
    buildId: deploymentOptions?.buildId ?? '',
    lastPollMs: Number(lastAccessTime?.seconds ?? 0) * 1_000,
  }))
  return livePollers(remembered, { host: hostname(), isRunning }, Date.now())
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export const describeDeployment = (client: Client, deploymentName: string) =>
  client.workflowService.describeWorkerDeployment({ namespace: client.options.namespace, deploymentName })

const NOT_FOUND = 5

/** Builds that were at work once and that no worker runs now; cycles may still be pinned to them. None: no deployment. */
export async function listIdleBuilds(client: Client, taskQueue: string): Promise<string[]> {
  const polled = new Set((await readPollers(client, taskQueue)).map(({ buildId }) => buildId))
  const described = await describeDeployment(client, taskQueue).catch((error: unknown) => {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined
    throw error
  })
  const builds = (described?.workerDeploymentInfo?.versionSummaries ?? []).map(
    ({ deploymentVersion }) => deploymentVersion?.buildId ?? '',
  )
  return builds.filter((build) => build !== '' && !polled.has(build))
}

export interface Orphaned {
  buildId: string
  count: number
  /** That finds them. */
  query: string
}

/** Open workflows of a domain that only workers go on with which nobody runs, by their build; builds without any left out. */
export async function listOrphaned(client: Client, taskQueue: string, domain: string): Promise<Orphaned[]> {
  const builds = await listIdleBuilds(client, taskQueue)
  const found = await Promise.all(
    builds.map(async (buildId) => {
      const query = `ExecutionStatus = "Running" AND SluiceDomain = "${domain}" AND ${toPinnedQuery(taskQueue, buildId)}`
      return { buildId, query, count: (await client.workflow.count(query)).count }
    }),
  )
  return found.filter(({ count }) => count > 0)
}

/** For a list or a count of workflows: those that only a worker of this build goes on with. */
const toPinnedQuery = (taskQueue: string, buildId: string): string =>
  `TemporalWorkerDeploymentVersion = "${taskQueue}:${buildId}"`
