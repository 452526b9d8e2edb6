// What Temporal knows of a cycle's newest run without asking its worker. In: a cycle. Out: the run, and what it waits for.
import {
  type Client,
  isGrpcServiceError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client'
import type { CycleId } from '../model/ids.ts'

export type Described = WorkflowExecutionDescription

/** Undefined when Temporal does not know the cycle, or not any more. */
export async function describeRun(temporal: Client, cycle: CycleId): Promise<Described | undefined> {
  try {
    return await temporal.workflow.getHandle(cycle).describe()
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

/** Whether it has asked for this and was not answered yet. */
export const isPending = ({ raw }: Described, activity: string): boolean =>
  (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === activity)

/** The build it is pinned to; empty for a worker without a version. */
export const buildOf = ({ raw }: Described): string =>
  raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? ''

/** Its code fails again and again: it answers no query either. */
export const hasTaskTrouble = (described: Described): boolean => taskTries(described) > 1

export const taskTries = ({ raw }: Described): number => Number(raw.pendingWorkflowTask?.attempt ?? 0)

const NOT_FOUND = 5

/** Whether its newest run was asked for this update; it may not have heard of it yet. */
export async function knowsUpdate(temporal: Client, cycle: CycleId, updateId: string): Promise<boolean> {
  try {
    // Without a stage to wait for, it is answered at once.
    await temporal.workflowService.pollWorkflowExecutionUpdate({
      namespace: temporal.options.namespace,
      updateRef: { workflowExecution: { workflowId: cycle }, updateId },
    })
    return true
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return false
    throw error
  }
}
