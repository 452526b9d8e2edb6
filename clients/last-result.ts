// How the last run of a cycle ended, by Temporal. In: a cycle. Out: which run that is, and its result, or the one that its
// failure carries. Never: waits for a run that is open.
import { ApplicationFailure, type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { RunResult } from '../model/cycle/last-end.ts'
import type { CycleId } from '../model/ids.ts'

const DEADLINE_MS = 15_000

interface NewestRun {
  runId: string
  isOpen: boolean
}

interface LastEnd {
  /** Undefined when Temporal does not know the cycle any more. */
  run: NewestRun | undefined
  /** Undefined also while the run is open, and of one that was ended from outside. */
  result: RunResult | undefined
}

export const readLastResult = async (temporal: Client, cycle: CycleId): Promise<RunResult | undefined> =>
  (await readLastEnd(temporal, cycle)).result

export const readLastEnd = (temporal: Client, cycle: CycleId): Promise<LastEnd> =>
  temporal.withDeadline(Date.now() + DEADLINE_MS, async () => {
    const run = await findNewestRun(temporal, cycle)
    return { run, result: run && !run.isOpen ? await readResult(temporal, cycle, run) : undefined }
  })

/** Whether the cycle is as it was when its end was read, `open` now, or has run since. */
export async function compareWithLastEnd(
  temporal: Client,
  cycle: CycleId,
  { run }: LastEnd,
): Promise<'same' | 'open' | 'other'> {
  const newest = await temporal.withDeadline(Date.now() + DEADLINE_MS, () => findNewestRun(temporal, cycle))
  if (newest?.isOpen) return 'open'
  // Nothing was read of the end of a run that was open then.
  return run?.runId === newest?.runId && !run?.isOpen ? 'same' : 'other'
}

async function findNewestRun(temporal: Client, cycle: CycleId): Promise<NewestRun | undefined> {
  try {
    const { status, runId } = await temporal.workflow.getHandle(cycle).describe()
    return { runId, isOpen: status.name === 'RUNNING' }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

async function readResult(temporal: Client, cycle: CycleId, { runId }: NewestRun): Promise<RunResult | undefined> {
  try {
    return (await temporal.workflow.getHandle(cycle, runId).result()) as RunResult
  } catch (error) {
    if (error instanceof WorkflowFailedError) return toResult(error.cause)
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

const toResult = (cause: Error | undefined): RunResult | undefined =>
  cause instanceof ApplicationFailure && cause.type === 'CycleFailed'
    ? (cause.details?.[0] as RunResult | undefined)
    : undefined
