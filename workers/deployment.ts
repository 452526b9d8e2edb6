// Makes a worker's build the current version of its domain's Worker Deployment.
// Never: gives up while the server does not know the version yet (it learns of it by the first poll).
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'

const NOT_FOUND = 5
const PATIENCE_MS = 60_000

export interface DeploymentVersion {
  deploymentName: string
  buildId: string
}

/** Cycles opened from now on are pinned to this build; open ones stay on theirs. */
export async function setCurrentVersion(client: Client, version: DeploymentVersion): Promise<void> {
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
  isGrpcServiceError(error) && (error.code === NOT_FOUND || error.code === 9)
