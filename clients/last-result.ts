// How the last run of a cycle ended, by Temporal. In: a cycle. Out: the result of that run, or the one that its failure carries.
// Never: waits for a run that is open.
import { ApplicationFailure, type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { RunResult } from '../model/cycle/last-end.ts'
import type { CycleId } from '../model/ids.ts'

const DEADLINE_MS = 15_000

/** Undefined when Temporal does not know the cycle any more, a run of it is open, or the last was ended from outside. */
export const readLastResult = (temporal: Client, cycle: CycleId): Promise<RunResult | undefined> =>
  temporal.withDeadline(Date.now() + DEADLINE_MS, async () => {
    try {
      const { status, runId } = await temporal.workflow.getHandle(cycle).describe()
      if (status.name === 'RUNNING') return undefined
      return (await temporal.workflow.getHandle(cycle, runId).result()) as RunResult
    } catch (error) {
      if (error instanceof WorkflowFailedError) return toResult(error.cause)
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  })

const toResult = (cause: Error | undefined): RunResult | undefined =>
  cause instanceof ApplicationFailure && cause.type === 'CycleFailed'
    ? (cause.details?.[0] as RunResult | undefined)
    : undefined
