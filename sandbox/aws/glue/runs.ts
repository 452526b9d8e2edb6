// The runs of jobs: starting, showing, stopping. In: StartJobRun and its kin. Out: runs as Glue shows them.
// Never: executes anything itself (lifecycle.ts does); forgets a run while the sandbox lives.

import { randomBytes } from 'node:crypto'
import { AwsError, type Call, type Caller, type Clock, type JsonOperation } from '../service.ts'
import { type Fields, invalid, notFound, readCount, readTextMap, requireText } from './input.ts'
import { type Job, type Jobs, maxTimeoutMinutes } from './jobs.ts'
import type { Lifecycle } from './lifecycle.ts'
import { isEnd, type JobRunState } from './states.ts'

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
  startedMs: number
  modifiedMs: number
  completedMs: number | undefined
  errorMessage: string | undefined
  /** WorkerType and the like, from the run or else the job. */
  capacity: Fields
}

export function runOperations(parts: {
  jobs: Jobs
  lifecycle: Lifecycle
  clock: Clock
  accountRunQuota: number
}): Record<string, JsonOperation> {
  const { jobs, lifecycle, clock, accountRunQuota } = parts
  const runs: Run[] = []

  const findRun = (caller: Caller, jobName: string, id: string) =>
    runs.find((run) => run.id === id && run.jobName === jobName && isOf(caller, run))
  const requireRun = (caller: Caller, jobName: string, id: string) => {
    jobs.require(caller, jobName, `Job run ${id} of job ${jobName} not found: there is no such job.`)
    const run = findRun(caller, jobName, id)
    if (run === undefined) throw notFound(`Job run ${id} of job ${jobName} not found.`)
    return run
  }

  return {
    StartJobRun(input: Fields, caller: Caller, call: Call) {
      const name = requireText(input, 'JobName')
      const job = jobs.require(caller, name, `Failed to start job run due to missing metadata: job ${name} not found.`)
      const previousId = input['JobRunId'] === undefined ? undefined : requireText(input, 'JobRunId')
      const previous = previousId === undefined ? undefined : requireRun(caller, name, previousId)
      if (previous && !isEnd(previous.state)) {
        throw invalid(`Job run ${previous.id} is ${previous.state}; only a run that has ended can be retried.`)
      }
      const run = newRun({ job, input, caller, previous, number: runs.length + 1, nowMs: clock.nowMs() })
      Object.assign(call.facts, tokenFacts(run))
      requireCapacity(runs, job, caller, accountRunQuota)
      call.facts['JobRunId'] = run.id
      runs.push(run)
      lifecycle.start(run, call.fault?.kind === 'run-timeline' ? call.fault.states : undefined)
      return { JobRunId: run.id }
    },
    GetJobRun(input: Fields, caller: Caller, call: Call) {
      const run = requireRun(caller, requireText(input, 'JobName'), requireText(input, 'RunId'))
      Object.assign(call.facts, tokenFacts(run), { state: run.state })
      return { JobRun: toJobRun(run) }
    },
    GetJobRuns(input: Fields, caller: Caller) {
      const name = requireText(input, 'JobName')
      jobs.require(caller, name)
      const limit = readCount(input, 'MaxResults', { min: 1, max: 200 }) ?? 200
      const before = parseToken(input['NextToken'])
      const rest = runs.filter((run) => run.jobName === name && isOf(caller, run) && run.number < before).reverse()
      const page = rest.slice(0, limit)
      return { JobRuns: page.map(toJobRun), NextToken: rest.length > limit ? toToken(page.at(-1)) : undefined }
    },
    BatchStopJobRun(input: Fields, caller: Caller, call: Call) {
      const name = requireText(input, 'JobName')
      const ids = input['JobRunIds']
      if (!Array.isArray(ids) || ids.length < 1 || ids.length > 25) {
        throw invalid('JobRunIds must be a list of 1 to 25 run ids.')
      }
      call.facts['JobRunIds'] = ids
      const answer = { SuccessfulSubmissions: [] as Fields[], Errors: [] as Fields[] }
      for (const id of ids.map(String)) {
        const run = findRun(caller, name, id)
        const problem = run ? refuseStop(run) : notFound(`Job run ${id} of job ${name} not found.`)
        if (problem) answer.Errors.push(toStopError(name, id, problem))
        else if (run) {
          lifecycle.stop(run)
          answer.SuccessfulSubmissions.push({ JobName: name, JobRunId: id })
        }
      }
      return answer
    },
  }
}

/** Sluice's own token, so that the ledger tells whose run a call was about. */
export function tokenFacts(run: Run): Record<string, unknown> {
  const { '--sluice_workflow_id': workflowId, '--sluice_attempt': attempt } = run.arguments
  return { ...(workflowId !== undefined && { workflowId }), ...(attempt !== undefined && { attempt }) }
}

const isOf = (caller: Caller, run: Run) => run.caller.account === caller.account && run.caller.region === caller.region

function newRun(from: {
  job: Job
  input: Fields
  caller: Caller
  previous: Run | undefined
  number: number
  nowMs: number
}): Run {
  const { job, input, caller, previous, number, nowMs } = from
  const given = readTextMap(input, 'Arguments') ?? previous?.arguments ?? {}
  const timeoutMinutes = readCount(input, 'Timeout', { min: 1, max: maxTimeoutMinutes }) ?? job.timeoutMinutes
  const id = `jr_${randomBytes(32).toString('hex')}`
  const capacity: Fields = {}
  for (const name of ['WorkerType', 'NumberOfWorkers', 'MaxCapacity', 'ExecutionClass', 'SecurityConfiguration']) {
    capacity[name] = input[name] ?? job.shown[name]
  }
  capacity['GlueVersion'] = job.shown['GlueVersion']
  return {
    id,
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
    timeoutMinutes,
    startedMs: nowMs,
    modifiedMs: nowMs,
    completedMs: undefined,
    errorMessage: undefined,
    capacity,
  }
}

function requireCapacity(runs: Run[], job: Job, caller: Caller, accountRunQuota: number): void {
  const live = runs.filter((run) => isOf(caller, run) && !isEnd(run.state))
  if (live.filter((run) => run.jobName === job.name).length >= job.maxConcurrentRuns) {
    throw new AwsError('ConcurrentRunsExceededException', `Concurrent runs exceeded for ${job.name}`)
  }
  if (live.length >= accountRunQuota) {
    const message = `Failed to start job run due to exceeded concurrent runs limit ${accountRunQuota} of the account.`
    throw new AwsError('ResourceNumberLimitExceededException', message)
  }
}

function toJobRun(run: Run): Fields {
  const { completedMs } = run
  return {
    Id: run.id,
    Attempt: run.attempt,
    PreviousRunId: run.previousRunId,
    JobName: run.jobName,
    JobMode: 'SCRIPT',
    StartedOn: run.startedMs / 1000,
    LastModifiedOn: run.modifiedMs / 1000,
    CompletedOn: completedMs === undefined ? undefined : completedMs / 1000,
    ExecutionTime: completedMs === undefined ? 0 : Math.ceil((completedMs - run.startedMs) / 1000),
    JobRunState: run.state,
    StateDetail: run.stateDetail,
    Arguments: run.arguments,
    ErrorMessage: run.errorMessage,
    PredecessorRuns: [],
    Timeout: run.timeoutMinutes,
    LogGroupName: '/aws-glue/jobs',
    ...run.capacity,
  }
}

function refuseStop(run: Run): AwsError | undefined {
  if (!isEnd(run.state) && run.state !== 'STOPPING') return undefined
  return invalid(`Job run ${run.id} is ${run.state} and cannot be stopped.`)
}

const toStopError = (jobName: string, jobRunId: string, problem: AwsError) => ({
  JobName: jobName,
  JobRunId: jobRunId,
  ErrorDetail: { ErrorCode: problem.code, ErrorMessage: problem.message },
})

/** Pages hang on a run, not on a count: a run that starts between two pages shifts nothing. */
const toToken = (last: Run | undefined) =>
  last && Buffer.from(JSON.stringify({ before: last.number })).toString('base64url')

function parseToken(token: unknown): number {
  if (token === undefined || token === null) return Number.POSITIVE_INFINITY
  try {
    const parsed: unknown = JSON.parse(Buffer.from(String(token), 'base64url').toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null && 'before' in parsed && typeof parsed.before === 'number') {
      return parsed.before
    }
  } catch {
    // Said below, as for any token that is not ours.
  }
  throw invalid('NextToken is not one that GetJobRuns gave.')
}
