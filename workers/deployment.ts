// Makes a worker's build the current version of its domain's Worker Deployment.
// Never: gives up while the server does not know the version yet (it learns of it by the first poll); takes the place of
// the newer build that replaced this one, because an old worker was started again; asks anything once told to stop.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'

const NOT_FOUND = 5
const FAILED_PRECONDITION = 9
const PATIENCE_MS = 60_000
const NO_SIGNAL = new AbortController().signal

export interface DeploymentVersion {
  deploymentName: string
  buildId: string
}

export interface Taking {
  /** Also a build that another has replaced becomes current again. */
  isRollback?: boolean
  /** Aborted once the worker is told to stop: nobody would run what is pinned to its build. */
  stopping?: AbortSignal
}

/** `current`: cycles opened from now on are pinned to this build. `replaced`: it only ends the cycles that are on it. */
export type Standing = 'current' | 'replaced' | 'stopped'

export async function takePlace(
  client: Client,
  version: DeploymentVersion,
  { isRollback = false, stopping = NO_SIGNAL }: Taking = {},
): Promise<Standing> {
  const giveUpAtMs = Date.now() + PATIENCE_MS
  while (!stopping.aborted) {
    const { wasReplaced, conflictToken } = await look(client, version)
    if (wasReplaced && !isRollback) return 'replaced'
    if (stopping.aborted) break
    const refusal = await setCurrentVersion(client, version, conflictToken)
    if (refusal === null) return 'current'
    if (Date.now() >= giveUpAtMs) throw toFailure(version, refusal)
    await pause(200, undefined, { signal: stopping }).catch(() => undefined)
  }
  return 'stopped'
}

interface Look {
  /** It has been current, and another build is now. */
  wasReplaced: boolean
  /** Of the deployment as it was looked at: whoever changes it by this changes nothing that came since. */
  conflictToken: Uint8Array | null
}

async function look(client: Client, { deploymentName, buildId }: DeploymentVersion): Promise<Look> {
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
  const wasReplaced = Boolean(current && current !== buildId && own?.firstActivationTime)
  return { wasReplaced, conflictToken: described?.conflictToken ?? null }
}

/** Null when it is; else why not yet. */
async function setCurrentVersion(
  client: Client,
  version: DeploymentVersion,
  conflictToken: Uint8Array | null,
): Promise<unknown> {
  const { namespace, identity } = client.options
  try {
    await client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, ...version, identity, conflictToken })
    return null
  } catch (error) {
    if (isRefusedForNow(error)) return error
    throw toFailure(version, error)
  }
}

/**
 * NotFound before the first poll was seen; FailedPrecondition while its task queues are not registered, and when the
 * deployment was changed since it was looked at.
 */
const isRefusedForNow = (error: unknown): boolean =>
  isGrpcServiceError(error) && (error.code === NOT_FOUND || error.code === FAILED_PRECONDITION)

const toFailure = ({ deploymentName, buildId }: DeploymentVersion, cause: unknown): Error =>
  new Error(`Could not make build ${buildId} the current version of ${deploymentName}.`, { cause })
