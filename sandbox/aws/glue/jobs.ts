// Job definitions, per account and region. In: CreateJob and its kin. Out: definitions as Glue shows them.
// Never: touches a run; a run keeps what it was started with.

import type { Caller, Clock, JsonOperation } from '../service.ts'
import { AwsError } from '../service.ts'
import { readCapacity } from './capacity.ts'
import { type Fields, invalid, notFound, readCount, readFields, readTextMap, requireText } from './input.ts'

export interface Job {
  name: string
  scriptLocation: string
  defaultArguments: Record<string, string>
  fixedArguments: Record<string, string>
  maxConcurrentRuns: number
  timeoutMinutes: number
  maxRetries: number
  /** All that CreateJob or UpdateJob said, with Glue's defaults. */
  shown: Fields
  /** As it was said, to tell a repeated CreateJob from another one. */
  said: string
}

export interface Jobs {
  operations: Record<string, JsonOperation>
  require(caller: Caller, name: string, message?: string): Job
}

export const maxTimeoutMinutes = 10_080

export function createJobs(clock: Clock): Jobs {
  const places = new Map<string, Map<string, Job>>()
  const jobsOf = (caller: Caller) => {
    const place = `${caller.account}/${caller.region}`
    const jobs = places.get(place) ?? new Map<string, Job>()
    places.set(place, jobs)
    return jobs
  }
  const require = (caller: Caller, name: string, message = `Job ${name} not found.`) => {
    const job = jobsOf(caller).get(name)
    if (job === undefined) throw notFound(message)
    return job
  }
  const nowSeconds = () => clock.nowMs() / 1000

  return {
    require,
    operations: {
      CreateJob(input: Fields, caller: Caller) {
        const name = requireJobName(input)
        const createdOn = nowSeconds()
        const job = toJob(name, input, { createdOn, modifiedOn: createdOn })
        const existing = jobsOf(caller).get(name)
        if (existing && existing.said !== job.said) {
          const message = `Job with name: ${name} already submitted with different configuration`
          throw new AwsError('IdempotentParameterMismatchException', message)
        }
        if (existing === undefined) jobsOf(caller).set(name, job)
        return { Name: name }
      },
      GetJob: (input: Fields, caller: Caller) => ({ Job: require(caller, requireText(input, 'JobName')).shown }),
      GetJobs(input: Fields, caller: Caller) {
        const { page, NextToken } = pageOf(jobsOf(caller), input)
        return { Jobs: page.map((job) => job.shown), NextToken }
      },
      ListJobs(input: Fields, caller: Caller) {
        const { page, NextToken } = pageOf(jobsOf(caller), input)
        return { JobNames: page.map((job) => job.name), NextToken }
      },
      UpdateJob(input: Fields, caller: Caller) {
        const name = requireText(input, 'JobName')
        const existing = require(caller, name)
        const update = readFields(input, 'JobUpdate')
        if (update === undefined) throw invalid('JobUpdate must be given.')
        // The new definition replaces the old one as a whole; what it leaves out goes back to its default.
        const createdOn = Number(existing.shown['CreatedOn'])
        jobsOf(caller).set(name, toJob(name, update, { createdOn, modifiedOn: nowSeconds() }))
        return { JobName: name }
      },
      /** Of a job that is not there Glue says nothing. */
      DeleteJob(input: Fields, caller: Caller) {
        const name = requireText(input, 'JobName')
        jobsOf(caller).delete(name)
        return { JobName: name }
      },
    },
  }
}

function pageOf(jobs: Map<string, Job>, input: Fields): { page: Job[]; NextToken: string | undefined } {
  const limit = readCount(input, 'MaxResults', { min: 1, max: 1000 }) ?? 1000
  const after = typeof input['NextToken'] === 'string' ? input['NextToken'] : ''
  const rest = [...jobs.values()].filter((job) => job.name > after).sort(byName)
  const page = rest.slice(0, limit)
  return { page, NextToken: rest.length > limit ? page.at(-1)?.name : undefined }
}

function requireJobName(input: Fields): string {
  const name = requireText(input, 'Name')
  if (name.length <= 255) return name
  throw invalid(`Name must have at most 255 characters; found ${name.length}.`)
}

const byName = (one: Job, other: Job) => (one.name < other.name ? -1 : 1)

function toJob(name: string, input: Fields, dates: { createdOn: number; modifiedOn: number }): Job {
  const role = requireText(input, 'Role')
  const command = readFields(input, 'Command')
  if (command === undefined) throw invalid('Command must be given, with its ScriptLocation.')
  const property = readFields(input, 'ExecutionProperty') ?? {}
  const glueVersion = typeof input['GlueVersion'] === 'string' ? input['GlueVersion'] : '5.1'
  const timeoutMinutes =
    readCount(input, 'Timeout', { min: 1, max: maxTimeoutMinutes }) ??
    (Number.parseFloat(glueVersion) >= 5 ? 480 : 2880)
  const maxConcurrentRuns = readCount(property, 'MaxConcurrentRuns', { min: 1, max: 10_000 }) ?? 1
  const maxRetries = readCount(input, 'MaxRetries', { min: 0, max: 10 }) ?? 0
  if (maxRetries > 0 && input['JobRunQueuingEnabled'] === true) {
    throw invalid('Job run queuing cannot be used with retries: set MaxRetries to 0.')
  }
  const defaultArguments = readTextMap(input, 'DefaultArguments') ?? {}
  const { Tags: _tags, ...said } = input
  return {
    name,
    scriptLocation: requireText(command, 'ScriptLocation'),
    defaultArguments,
    fixedArguments: readTextMap(input, 'NonOverridableArguments') ?? {},
    maxConcurrentRuns,
    timeoutMinutes,
    maxRetries,
    said: JSON.stringify(input),
    shown: {
      ...said,
      ...readCapacity(input, { WorkerType: 'G.1X', NumberOfWorkers: 2, ExecutionClass: 'STANDARD' }),
      MaxRetries: maxRetries,
      Name: name,
      Role: role,
      Command: command,
      DefaultArguments: defaultArguments,
      GlueVersion: glueVersion,
      Timeout: timeoutMinutes,
      ExecutionProperty: { MaxConcurrentRuns: maxConcurrentRuns },
      CreatedOn: dates.createdOn,
      LastModifiedOn: dates.modifiedOn,
    },
  }
}
