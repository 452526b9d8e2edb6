// One run of a job. In: how it was started. Out: the run; and as GetJobRun shows it.
// Never: takes over a later change of its job.

import { randomBytes } from 'node:crypto'
import type { Caller } from '../service.ts'
import { isMetered, readCapacity } from './capacity.ts'
import { type Fields, invalid, readCount, readFields, readTextMap } from './input.ts'
import { type Job, maxTimeoutMinutes } from './jobs.ts'
import type { JobRunState } from './states.ts'

export interface Run {
  id: string
  /** Rises with each run of the sandbox; pages go by it. */
  number: number
  caller: Caller
  jobName: string
  scriptLocation: string
  state: JobRunState
  stateDetail: string | undefined
  /** As the starter said them; that is what GetJobRun shows. */
  arguments: Record<string, string>
  /** What the script gets: the job's defaults, the run's own over them, and those that nobody overrides. */
  effectiveArguments: Record<string, string>
  attempt: number
  previousRunId: string | undefined
  timeoutMinutes: number
  /** How long after its start Glue tells that it is late; undefined: never. */
  notifyAfterMinutes: number | undefined
  /** A quota that is reached makes it wait instead of refusing the call. */
  isQueuing: boolean
  startedMs: number
  /** Since when it holds resources: its start, or the end of its WAITING. */
  consumesSinceMs: number
  /** GetJobRuns does not list it before. */
  listedFromMs: number
  modifiedMs: number
  completedMs: number | undefined
  errorMessage: string | undefined
  /** WorkerType and the like, from the run or else the job. */
  capacity: Fields
}

export const isOf = (caller: Caller, run: Run) =>
  run.caller.account === caller.account && run.caller.region === caller.region

export function newRun(from: {
  job: Job
  input: Fields
  caller: Caller
  previous: Run | undefined
  number: number
  nowMs: number
}): Run {
  const { job, input, caller, previous, number, nowMs } = from
  const given = readTextMap(input, 'Arguments') ?? previous?.arguments ?? {}
  return {
    id: `jr_${randomBytes(32).toString('hex')}`,
    number,
    caller,
    jobName: job.name,
    scriptLocation: job.scriptLocation,
    state: 'STARTING',
    stateDetail: undefined,
    arguments: given,
    effectiveArguments: { ...job.defaultArguments, ...given, ...job.fixedArguments },
    attempt: previous ? previous.attempt + 1 : 0,
    previousRunId: previous?.id,
    timeoutMinutes: readCount(input, 'Timeout', { min: 1, max: maxTimeoutMinutes }) ?? job.timeoutMinutes,
    notifyAfterMinutes: readNotifyAfter(input) ?? readNotifyAfter(job.shown),
    isQueuing: readQueuing(input, job),
    startedMs: nowMs,
    consumesSinceMs: nowMs,
    listedFromMs: nowMs,
    modifiedMs: nowMs,
    completedMs: undefined,
    errorMessage: undefined,
    capacity: { ...readCapacity(input, job.shown), GlueVersion: job.shown['GlueVersion'] },
  }
}

/** The run that Glue itself starts after a failed one, as long as the job's MaxRetries lasts. */
export function retryOf(run: Run, number: number, nowMs: number): Run {
  const attempt = run.attempt + 1
  return {
    ...run,
    id: `${run.id.replace(/_attempt_\d+$/, '')}_attempt_${attempt}`,
    number,
    attempt,
    previousRunId: run.id,
    state: 'STARTING',
    stateDetail: undefined,
    startedMs: nowMs,
    consumesSinceMs: nowMs,
    listedFromMs: nowMs,
    modifiedMs: nowMs,
    completedMs: undefined,
    errorMessage: undefined,
  }
}

export function toJobRun(run: Run): Fields {
  const { completedMs, capacity } = run
  const executionSeconds = completedMs === undefined ? 0 : Math.ceil((completedMs - run.consumesSinceMs) / 1000)
  const isTold = completedMs !== undefined && isMetered(capacity, run.effectiveArguments)
  return {
    Id: run.id,
    Attempt: run.attempt,
    PreviousRunId: run.previousRunId,
    JobName: run.jobName,
    JobMode: 'SCRIPT',
    JobRunQueuingEnabled: run.isQueuing,
    StartedOn: run.startedMs / 1000,
    LastModifiedOn: run.modifiedMs / 1000,
    CompletedOn: completedMs === undefined ? undefined : completedMs / 1000,
    ExecutionTime: executionSeconds,
    DPUSeconds: isTold ? executionSeconds * Number(capacity['MaxCapacity']) : undefined,
    JobRunState: run.state,
    StateDetail: run.stateDetail,
    Arguments: run.arguments,
    ErrorMessage: run.errorMessage,
    PredecessorRuns: [],
    Timeout: run.timeoutMinutes,
    NotificationProperty:
      run.notifyAfterMinutes === undefined ? undefined : { NotifyDelayAfter: run.notifyAfterMinutes },
    LogGroupName: '/aws-glue/jobs',
    ...capacity,
  }
}

function readNotifyAfter(input: Fields): number | undefined {
  const property = readFields(input, 'NotificationProperty')
  return property && readCount(property, 'NotifyDelayAfter', { min: 1, max: 2_147_483_647 })
}

function readQueuing(input: Fields, job: Job): boolean {
  const isQueuing = (input['JobRunQueuingEnabled'] ?? job.shown['JobRunQueuingEnabled'] ?? false) === true
  if (isQueuing && job.maxRetries > 0) {
    throw invalid('Job run queuing cannot be used with retries: set MaxRetries to 0, or JobRunQueuingEnabled to false.')
  }
  return isQueuing
}
