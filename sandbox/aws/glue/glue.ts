// Glue's jobs and runs. In: AwsJson1.1 calls. Out: answers, child processes that execute the jobs, state-change events.
// Never: knows EventBridge; events leave by the roads.

import { availableParallelism } from 'node:os'
import type { JsonService, Surroundings } from '../service.ts'
import { createChildRuns } from './child-run.ts'
import { createJobs } from './jobs.ts'
import { createLifecycle } from './lifecycle.ts'
import { runOperations } from './runs.ts'

export interface GlueOptions {
  /** Where the children find S3: the sandbox's own address. */
  endpoint: string
  /** How many runs of an account may live at once before ResourceNumberLimitExceededException. */
  accountRunQuota?: number
  /** How many child processes run at once; further runs stay in STARTING. */
  childrenAtOnce?: number
}

export interface GlueService extends JsonService {
  /** What a run printed, or undefined when it never ran. */
  log(runId: string): string | undefined
}

export function createGlue(surroundings: Surroundings, options: GlueOptions): GlueService {
  const { clock } = surroundings
  const { endpoint, accountRunQuota = 50, childrenAtOnce = availableParallelism() * 2 } = options
  const jobs = createJobs(clock)
  const childRuns = createChildRuns({ endpoint, atOnce: childrenAtOnce })
  const lifecycle = createLifecycle(surroundings, childRuns)
  return {
    name: 'glue',
    targetPrefix: 'AWSGlue',
    contentType: 'application/x-amz-json-1.1',
    operations: { ...jobs.operations, ...runOperations({ jobs, lifecycle, clock, accountRunQuota }) },
    log: childRuns.log,
    async close() {
      lifecycle.close()
      await childRuns.close()
    },
  }
}
