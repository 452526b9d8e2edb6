// The runs of jobs: starting, showing, stopping. In: StartJobRun and its kin. Out: runs as Glue shows them.
// Never: executes anything itself (lifecycle.ts does); forgets a run while the sandbox lives.

import type { AwsError, Call, Caller, Clock, JsonOperation } from '../service.ts'
import { type Fields, invalid, notFound, readCount, requireText } from './input.ts'
import type { Jobs } from './jobs.ts'
import type { Lifecycle } from './lifecycle.ts'
import { isOf, newRun, type Run, toJobRun } from './run.ts'
import type { Starts } from './starts.ts'
import { isEnd, tokenFacts } from './states.ts'

export function runOperations(parts: {
  jobs: Jobs
  lifecycle: Lifecycle
  starts: Starts
  clock: Clock
}): Record<string, JsonOperation> {
  const { jobs, lifecycle, starts, clock } = parts
  const { runs } = starts

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
      const refusal = starts.problem(job, caller)
      if (refusal && !run.isQueuing) throw refusal
      call.facts['JobRunId'] = run.id
      starts.begin(run, job, call.fault?.kind === 'run-timeline' ? call.fault.states : undefined)
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
      const isListed = (run: Run) => run.number < before && run.listedFromMs <= clock.nowMs()
      const rest = runs.filter((run) => run.jobName === name && isOf(caller, run) && isListed(run)).reverse()
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
