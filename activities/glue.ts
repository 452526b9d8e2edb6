// Starting, awaiting and stopping Glue runs. In: a cycle's order for one attempt. Out: the run's id; its end.
// Never: a second run for the same (cycle, attempt), whatever is retried, lost, reset or repeated (DESIGN 3.5).
import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  type GlueClient,
  type JobRun,
  StartJobRunCommand,
} from '@aws-sdk/client-glue'
import { ApplicationFailure, CompleteAsyncError } from '@temporalio/activity'
import { GLUE_ENDS, type GlueEndState, type GlueRunEnd } from '../model/cycle/attempt.ts'
import type { Held } from '../model/cycle/cycle.ts'
import { type CycleId, type CycleParts, parseCycleId, type ProductId } from '../model/ids.ts'
import type { CycleActivities, GlueOrder, GlueRun } from '../workflows/contract.ts'
import { GLUE_RUN_RULES, type Rules, toAwsFailure, toGlueOrderRules, toGlueStartFailure } from './aws-failures.ts'

export interface GlueParts {
  glue: GlueClient
  /** The same with `maxAttempts: 1`: StartJobRun has no client token. */
  glueOnce: GlueClient
  capacityRetryMs: number
  /** Called when a try of `startGlueJob` begins; what it answers says why the try must start no run any more, or null. */
  beginTry(): () => Promise<string | null>
  /** Who holds the product, as of now; null: nobody. */
  heldBy(product: ProductId): Promise<Held | null>
}

/** See try-age.ts. */
const LONGEST_START_MS = 10_000

type GlueActivities = Pick<CycleActivities, 'startGlueJob' | 'awaitGlueJob' | 'stopGlueJob'>

export const createGlueActivities = ({
  glue,
  glueOnce,
  capacityRetryMs,
  beginTry,
  heldBy,
}: GlueParts): GlueActivities => {
  const orderRules = toGlueOrderRules(capacityRetryMs)
  const failing = <T>(tried: string, work: Promise<T>, rules: Rules = orderRules): Promise<T> =>
    work.catch((error: unknown) => {
      throw toAwsFailure(error, tried, rules)
    })
  return {
    /** May run twice: it looks for its own token first, and a look-up error fails the try instead of starting. */
    async startGlueJob(order) {
      const isTooOld = beginTry()
      const where = `Glue job "${order.job}" for ${order.cycle}, attempt ${order.attempt}`
      const found = await failing(`look for a run of ${where}`, findRun(glue, order))
      if (found?.Id) return { runId: found.Id, adopted: true }
      // Last fence of a hold: a cycle may have been opened by who had not heard of it.
      const held = await heldBy(productOf(order.cycle))
      if (held) return { held }
      const why = await isTooOld()
      if (why) throw ApplicationFailure.create({ message: `Did not start ${where}: ${why}.`, type: 'TryTooOld' })
      const runId = await startRun(glueOnce, order).catch((error: unknown) => {
        throw toGlueStartFailure(error, `start ${where}`, orderRules)
      })
      return { runId, adopted: false }
    },

    /**
     * Asks once, then leaves the answer to whoever completes it from outside; each retry asks again, also when Glue
     * does not know the run (docs/aws-assumptions.md, A7): only an end that Glue tells is an end.
     */
    async awaitGlueJob(run) {
      const tried = `ask for run ${run.runId} of Glue job "${run.job}"`
      const found = await failing(tried, getRun(glue, run), GLUE_RUN_RULES)
      const end = toRunEnd(found, 'check')
      if (end) return end
      throw new CompleteAsyncError()
    },

    async stopGlueJob(run) {
      const stop = new BatchStopJobRunCommand({ JobName: run.job, JobRunIds: [run.runId] })
      const tried = `stop run ${run.runId} of Glue job "${run.job}"`
      const answer = await failing(tried, glue.send(stop))
      const refusal = answer.Errors?.[0]?.ErrorDetail
      // A run that has ended meanwhile is refused too, and needs no stopping.
      if (!refusal || (await hasEnded(glue, run))) return
      throw ApplicationFailure.nonRetryable(
        `Could not ${tried}: ${refusal.ErrorCode}: ${refusal.ErrorMessage}. Stop it in Glue.`,
        'GlueStopRefused',
      )
    },
  }
}

const productOf = (cycle: CycleId): ProductId => (parseCycleId(cycle) as CycleParts).product

/** The end of a run, or undefined while it goes on. */
export function toRunEnd(run: JobRun, noticedBy: GlueRunEnd['noticedBy']): GlueRunEnd | undefined {
  const state = GLUE_ENDS.find((end) => end === run.JobRunState)
  if (!state || !run.Id) return undefined
  return { runId: run.Id, state, error: toError(run, state), executionSeconds: run.ExecutionTime ?? 0, noticedBy }
}

const toError = (run: JobRun, state: GlueEndState): string | null =>
  state === 'SUCCEEDED' ? null : (run.ErrorMessage ?? `Glue gave no message for ${state}`).slice(0, 2_000)

/** False also when nobody can say: then the refusal is told. */
const hasEnded = (glue: GlueClient, run: GlueRun): Promise<boolean> =>
  getRun(glue, run).then(
    (found) => toRunEnd(found, 'check') !== undefined,
    () => false,
  )

async function getRun(glue: GlueClient, run: GlueRun): Promise<JobRun> {
  const answer = await glue.send(new GetJobRunCommand({ JobName: run.job, RunId: run.runId }))
  return answer.JobRun ?? {}
}

/** A live run of this attempt if there is one, else its newest; AWS lists newest first, we only trust the time bound. */
async function findRun(glue: GlueClient, order: GlueOrder): Promise<JobRun | undefined> {
  const matches: JobRun[] = []
  let token: string | undefined
  do {
    const page = await glue.send(new GetJobRunsCommand({ JobName: order.job, MaxResults: 200, NextToken: token }))
    const runs = page.JobRuns ?? []
    matches.push(...runs.filter((run) => isOwn(run, order)))
    const isPast = runs.some((run) => (run.StartedOn?.getTime() ?? Number.POSITIVE_INFINITY) < order.notBeforeMs)
    token = isPast ? undefined : page.NextToken
  } while (token)
  return matches.find((run) => !toRunEnd(run, 'check')) ?? matches.toSorted(newestFirst)[0]
}

const isOwn = (run: JobRun, order: GlueOrder): boolean =>
  run.Arguments?.['--sluice_workflow_id'] === order.cycle && run.Arguments['--sluice_attempt'] === String(order.attempt)

const newestFirst = (a: JobRun, b: JobRun): number => (b.StartedOn?.getTime() ?? 0) - (a.StartedOn?.getTime() ?? 0)

async function startRun(glueOnce: GlueClient, order: GlueOrder): Promise<string> {
  // All of it, fetching credentials included: what comes later than that may come beside the next try's.
  const abortSignal = AbortSignal.timeout(LONGEST_START_MS)
  const started = await glueOnce.send(
    new StartJobRunCommand({ JobName: order.job, Arguments: order.arguments, Timeout: order.timeoutMinutes }),
    { abortSignal },
  )
  if (!started.JobRunId) throw new Error('Glue answered without a run id')
  return started.JobRunId
}
