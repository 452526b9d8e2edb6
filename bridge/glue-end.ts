// In: a Glue state-change event of a job that a definition names. Out: the waiting activity, completed by its id.
// Never: fails an activity by id (refused in back-off); correlates by job name; acknowledges what it could not ask.
import { GetJobRunCommand, type GlueClient, type JobRun } from '@aws-sdk/client-glue'
import { ActivityNotFoundError, type Client } from '@temporalio/client'
import { GLUE_ENDS, type GlueRunEnd } from '../model/cycle/attempt.ts'
import type { CycleId } from '../model/ids.ts'
import { type Domain, domainOf, parseCycleId, toGlueActivityId } from '../model/ids.ts'
import type { CallPace } from './call-pace.ts'
import { toLater } from './outage.ts'
import type { Settlement } from './settle.ts'
import type { GlueNews } from './sort-out.ts'

export interface GlueEndParts {
  temporal: Client
  glue: GlueClient
  domain: Domain
  /** The bridge's share of the account's GetJobRun rate. */
  glueCalls: CallPace
}

const DEADLINE_MS = 15_000

/** Done also when nobody waits: the activity asks Glue again by itself, and a run without our arguments is not ours. */
export async function completeGlueRun(parts: GlueEndParts, news: GlueNews): Promise<Settlement> {
  const state = GLUE_ENDS.find((end) => end === news.state)
  if (!state) return { kind: 'done' }
  const run = await readRun(parts, news).catch((error: unknown) => toLater('message', error))
  if (run && 'kind' in run) return run
  const owner = run && toOwner(run, parts.domain)
  if (!owner) return { kind: 'done' }
  try {
    await complete(parts.temporal, owner, {
      runId: news.runId,
      state,
      error: state === 'SUCCEEDED' ? null : (run.ErrorMessage ?? `Glue gave no message for ${state}`).slice(0, 2_000),
      executionSeconds: run.ExecutionTime ?? 0,
      noticedBy: 'event',
    })
    return { kind: 'done' }
  } catch (error) {
    return toLater('all', error)
  }
}

async function readRun(parts: GlueEndParts, news: GlueNews): Promise<JobRun | undefined> {
  await parts.glueCalls.turn()
  try {
    const answer = await parts.glue.send(new GetJobRunCommand({ JobName: news.jobName, RunId: news.runId }))
    return answer.JobRun
  } catch (error) {
    if (error instanceof Error && error.name === 'EntityNotFoundException') return undefined
    throw error
  }
}

function toOwner(run: JobRun, domain: Domain): { workflowId: CycleId; activityId: string } | undefined {
  const workflowId = run.Arguments?.['--sluice_workflow_id']
  const attempt = Number(run.Arguments?.['--sluice_attempt'])
  if (!workflowId || !parseCycleId(workflowId) || !Number.isInteger(attempt)) return undefined
  if (domainOf(workflowId as CycleId) !== domain) return undefined
  return { workflowId: workflowId as CycleId, activityId: toGlueActivityId(attempt) }
}

async function complete(
  client: Client,
  owner: { workflowId: CycleId; activityId: string },
  end: GlueRunEnd,
): Promise<void> {
  try {
    await client.withDeadline(Date.now() + DEADLINE_MS, () => client.activity.complete(owner, end))
  } catch (error) {
    // Done already, an older run, or not scheduled yet: the activity's own check is the net.
    if (!(error instanceof ActivityNotFoundError)) throw error
  }
}
