// Which runs there are, and which may start. In: a new run. Out: it starts, waits in the queue, or cannot be.
// Never: forgets a run while the sandbox lives.

import { AwsError, type Caller, type Clock, type Faults } from '../service.ts'
import type { Job } from './jobs.ts'
import type { Lifecycle, Timeline } from './lifecycle.ts'
import { isOf, type Run, retryOf } from './run.ts'
import { isEnd } from './states.ts'

export interface Starts {
  runs: readonly Run[]
  /** Why no further run of the job may start now. */
  problem(job: Job, caller: Caller): AwsError | undefined
  /** Also starts its retries, each as a run of its own. */
  begin(run: Run, job: Job, timeline: Timeline | undefined): void
}

export function createStarts(parts: {
  lifecycle: Lifecycle
  clock: Clock
  faults: Faults
  accountRunQuota: number
  listingLagMs: number
}): Starts {
  const { lifecycle, clock, faults, accountRunQuota, listingLagMs } = parts
  const runs: Run[] = []

  function problem(job: Job, caller: Caller): AwsError | undefined {
    // A run that waits holds no resources.
    const live = runs.filter((run) => isOf(caller, run) && !isEnd(run.state) && run.state !== 'WAITING')
    if (live.filter((run) => run.jobName === job.name).length >= job.maxConcurrentRuns) {
      return new AwsError('ConcurrentRunsExceededException', `Concurrent runs exceeded for ${job.name}`)
    }
    if (live.length < accountRunQuota) return undefined
    const message = `Failed to start job run due to exceeded concurrent runs limit ${accountRunQuota} of the account.`
    return new AwsError('ResourceNumberLimitExceededException', message)
  }

  /** How long GetJobRuns keeps the run back: as the sandbox was told, or as a fault switch says of this one. */
  function lagOf(run: Run): number {
    const input = { JobName: run.jobName, JobRunId: run.id }
    const fault = faults.take({ service: 'glue', operation: 'RunListing', caller: run.caller, input })
    return fault?.kind === 'delay' ? fault.ms : listingLagMs
  }

  function begin(run: Run, job: Job, timeline: Timeline | undefined): void {
    run.listedFromMs = run.startedMs + lagOf(run)
    const isWaiting = problem(job, run.caller) !== undefined
    runs.push(run)
    const failed = () => {
      if (run.attempt < job.maxRetries) begin(retryOf(run, runs.length + 1, clock.nowMs()), job, timeline)
    }
    const start = { timeline, failed }
    if (isWaiting) lifecycle.enqueue(run, { ...start, problem: () => problem(job, run.caller) })
    else lifecycle.start(run, start)
  }

  return { runs, problem, begin }
}
