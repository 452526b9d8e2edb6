// What the claims about Glue share: a job for each claim, runs that go as the claim says, the events that Glue puts.
// In: a target. Out: a stage lent to one claim. Never: leaves a job, rule or queue behind on a target that lives on.
import {
  BatchStopJobRunCommand,
  CreateJobCommand,
  type CreateJobCommandInput,
  DeleteJobCommand,
  GetJobCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GlueClient,
  type Job,
  type JobRun,
  StartJobRunCommand,
  type StartJobRunCommandInput,
} from '@aws-sdk/client-glue'
import { vi } from 'vitest'
import { openDefaultBusQueue } from './default-bus-queue.ts'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

export const MINUTE_MS = 60_000

/** A state of a run that the sandbox plays, `afterMs` after its start. */
export interface Step {
  state: string
  afterMs: number
  message?: string
}

export interface GlueStage {
  target: Target
  client: GlueClient
  /** A job of this claim alone; its name. */
  createJob(more?: Partial<CreateJobCommandInput>): Promise<string>
  getJob(name: string): Promise<Job>
  start(job: string, more?: Partial<StartJobRunCommandInput>): Promise<string>
  /** Starts a run that goes through these states (need `faults`). */
  play(job: string, steps: Step[], more?: Partial<StartJobRunCommandInput>): Promise<string>
  getRun(job: string, runId: string): Promise<JobRun>
  listRuns(job: string): Promise<JobRun[]>
  stop(
    job: string,
    ...runIds: string[]
  ): Promise<{ stopped: (string | undefined)[]; refused: { id?: string; code?: string; message?: string }[] }>
  untilState(job: string, runId: string, state: string): Promise<JobRun>
  /** Events of this job from now on, on the account's default bus. */
  watchEvents(job: string): Promise<{ next(): Promise<GlueEvent>; all(): GlueEvent[] }>
}

export interface GlueEvent {
  version: string
  id: string
  'detail-type': string
  source: string
  account: string
  region: string
  time: string
  resources: string[]
  detail: Record<string, unknown>
}

export const RUNNING: Step[] = [{ state: 'RUNNING', afterMs: 0 }]
export const ended = (state: string, message?: string): Step[] => [
  { state, afterMs: 0, ...(message === undefined ? {} : { message }) },
]

let number = 0

/** `holds` of a claim about Glue. */
export const onGlue =
  (see: (stage: GlueStage) => Promise<void>) =>
  async (target: Target): Promise<void> => {
    const client = new GlueClient(target.options())
    const leavings: (() => Promise<unknown> | void)[] = [() => client.destroy()]
    try {
      await see(toStage(target, client, leavings))
    } finally {
      for (const remove of leavings.toReversed()) await remove()
    }
  }

export const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'ok',
    (error: Error) => error.name,
  )

export const eventually = <T>(look: () => Promise<T> | T): Promise<T> =>
  vi.waitFor(look, { timeout: 30_000, interval: 20 })

function toStage(target: Target, client: GlueClient, leavings: (() => Promise<unknown> | void)[]): GlueStage {
  const stage: GlueStage = {
    target,
    client,
    async createJob(more = {}) {
      number += 1
      const Name = `${target.prefix}job-${number}`
      const Command = { Name: 'glueetl', ScriptLocation: `s3://${target.prefix}scripts/none.sql` }
      const Role = `arn:aws:iam::${target.account}:role/sluice-contract`
      await asStage('CreateJob', client.send(new CreateJobCommand({ Name, Role, Command, ...more })))
      leavings.push(() => client.send(new DeleteJobCommand({ JobName: more.Name ?? Name })))
      return more.Name ?? Name
    },
    getJob: async (JobName) => (await client.send(new GetJobCommand({ JobName }))).Job ?? {},
    start: async (JobName, more = {}) =>
      (await client.send(new StartJobRunCommand({ JobName, ...more }))).JobRunId ?? '',
    async play(JobName, states, more = {}) {
      const action = { kind: 'run-timeline', states }
      const remove = await target.fault({ service: 'glue', operation: 'StartJobRun', where: { JobName }, action })
      return stage.start(JobName, more).finally(remove)
    },
    getRun: async (JobName, RunId) => (await client.send(new GetJobRunCommand({ JobName, RunId }))).JobRun ?? {},
    listRuns: async (JobName) => (await client.send(new GetJobRunsCommand({ JobName }))).JobRuns ?? [],
    async stop(JobName, ...JobRunIds) {
      const answer = await client.send(new BatchStopJobRunCommand({ JobName, JobRunIds }))
      return {
        stopped: (answer.SuccessfulSubmissions ?? []).map(({ JobRunId }) => JobRunId),
        refused: (answer.Errors ?? []).map(({ JobRunId, ErrorDetail }) => ({
          id: JobRunId,
          code: ErrorDetail?.ErrorCode,
          message: ErrorDetail?.ErrorMessage,
        })),
      }
    },
    untilState: (job, runId, state) =>
      eventually(async () => {
        const run = await stage.getRun(job, runId)
        if (run.JobRunState === state) return run
        throw new Error(`Run ${runId} is ${run.JobRunState}, not yet ${state}: ${run.ErrorMessage}`)
      }),
    watchEvents: (job) => watchEvents(target, job, leavings),
  }
  return stage
}

/** A rule on the default bus into a queue of its own. */
async function watchEvents(target: Target, job: string, leavings: (() => Promise<unknown> | void)[]) {
  const queue = await openDefaultBusQueue(target, job, { source: ['aws.glue'], detail: { jobName: [job] } })
  leavings.push(() => queue.close())
  const seen: GlueEvent[] = []
  let given = 0
  return {
    all: () => seen,
    async next(): Promise<GlueEvent> {
      for (let tries = 0; seen.length <= given && tries < 6; tries += 1) {
        seen.push(...((await queue.receive(5)) as GlueEvent[]))
      }
      const event = seen[given]
      if (event === undefined) throw new Error(`No further event of job ${job} came.`)
      given += 1
      return event
    },
  }
}
