// Makes a worker's build the current version of its domain's Worker Deployment.
// Never: gives up while the server does not know the version yet (it learns of it by the first poll); takes the place of
// the newer build that replaced this one, because an old worker was started again.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'

const NOT_FOUND = 5
const FAILED_PRECONDITION = 9
const PATIENCE_MS = 60_000

export interface DeploymentVersion {
  deploymentName: string
  buildId: string
}

/** `current`: cycles opened from now on are pinned to this build. `replaced`: it only ends the cycles that are on it. */
export type Standing = 'current' | 'replaced'

/** `isRollback`: also a build that another has replaced becomes current again. */
export async function takePlace(client: Client, version: DeploymentVersion, isRollback: boolean): Promise<Standing> {
  if (!isRollback && (await wasReplaced(client, version))) return 'replaced'
  await setCurrentVersion(client, version)
  return 'current'
}

/** It has been current, and another build is now. */
async function wasReplaced(client: Client, { deploymentName, buildId }: DeploymentVersion): Promise<boolean> {
  const { namespace } = client.options
  const described = await client.workflowService
    .describeWorkerDeployment({ namespace, deploymentName })
    .catch((error: unknown) => {
      if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined
      throw error
    })
  const { routingConfig, versionSummaries } = described?.workerDeploymentInfo ?? {}
  const current = routingConfig?.currentDeploymentVersion?.buildId
  const own = versionSummaries?.find(({ deploymentVersion }) => deploymentVersion?.buildId === buildId)
  return Boolean(current && current !== buildId && own?.firstActivationTime)
}

async function setCurrentVersion(client: Client, version: DeploymentVersion): Promise<void> {
  const giveUpAtMs = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: client.options.namespace,
        deploymentName: version.deploymentName,
        buildId: version.buildId,
        identity: client.options.identity,
      })
      return
    } catch (error) {
      if (!isUnknownYet(error) || Date.now() >= giveUpAtMs) {
        throw new Error(`Could not make build ${version.buildId} the current version of ${version.deploymentName}.`, {
          cause: error,
        })
      }
      await pause(200)
    }
  }
}

/** NotFound before the first poll was seen; FailedPrecondition while its task queues are not registered. */
const isUnknownYet = (error: unknown): boolean =>
  isGrpcServiceError(error) && (error.code === NOT_FOUND || error.code === FAILED_PRECONDITION)
