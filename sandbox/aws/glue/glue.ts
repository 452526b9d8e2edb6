// Glue's jobs and runs. In: AwsJson1.1 calls. Out: answers, child processes that execute the jobs, state-change events.
// Never: knows EventBridge; events leave by the roads.

import { availableParallelism } from 'node:os'
import type { Call, Caller, JsonOperation, JsonService, Surroundings } from '../service.ts'
import { type CallRate, createCallRate } from './call-rate.ts'
import { createChildRuns } from './child-run.ts'
import { createJobs } from './jobs.ts'
import { createLifecycle } from './lifecycle.ts'
import { runOperations } from './runs.ts'
import { createStarts } from './starts.ts'

export interface GlueOptions {
  /** Where the children find S3: the sandbox's own address. */
  endpoint: string
  /** How many runs of an account may live at once before ResourceNumberLimitExceededException. */
  accountRunQuota?: number
  /** How many child processes run at once; further runs stay in STARTING. */
  childrenAtOnce?: number
  /** Calls beyond it get ThrottlingException; without it none do. */
  callRate?: CallRate
  /** How long GetJobRuns does not list a run that was started (docs/aws-assumptions.md, A5). */
  listingLagMs?: number
}

export interface GlueService extends JsonService {
  /** What a run printed, or undefined when it never ran. */
  log(runId: string): string | undefined
}

export function createGlue(surroundings: Surroundings, options: GlueOptions): GlueService {
  const { clock, faults } = surroundings
  const { endpoint, accountRunQuota = 50, childrenAtOnce = availableParallelism() * 2, listingLagMs = 0 } = options
  const requireRate = createCallRate(clock, options.callRate)
  const jobs = createJobs(clock)
  const childRuns = createChildRuns({ endpoint, atOnce: childrenAtOnce })
  const lifecycle = createLifecycle(surroundings, childRuns)
  const starts = createStarts({ lifecycle, clock, faults, accountRunQuota, listingLagMs })
  return {
    name: 'glue',
    targetPrefix: 'AWSGlue',
    contentType: 'application/x-amz-json-1.1',
    operations: withRate(requireRate, {
      ...jobs.operations,
      ...runOperations({ jobs, lifecycle, starts, clock }),
    }),
    log: childRuns.log,
    async close() {
      lifecycle.close()
      await childRuns.close()
    },
  }
}

/** Each call asks for its token first. */
function withRate(
  requireRate: (caller: Caller, operation: string) => void,
  operations: Record<string, JsonOperation>,
): Record<string, JsonOperation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input: never, caller: Caller, call: Call) => {
        requireRate(caller, name)
        return operation(input, caller, call)
      },
    ]),
  )
}
