// A Glue that lists a run late (docs/aws-assumptions.md, A5): what the start of a cycle's run makes of it.
import { CreateJobCommand, GetJobRunsCommand, GlueClient } from '@aws-sdk/client-glue'
import type { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGlueActivities } from '../../activities/glue.ts'
import { cycleOf, HOUR_MS } from '../../model/samples.test-data.ts'
import { createDrivenClock, type DrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import type { GlueOrder } from '../../workflows/contract.ts'
import { NOW_MS, OWN_ACCOUNT, REGION } from './refresh-messages.ts'

const JOB = 'd1-ds3'
const LAG_MS = 20_000

let clock: DrivenClock
let sandbox: Sandbox
let glue: GlueClient
let activities: ReturnType<typeof createGlueActivities>
beforeEach(async () => {
  clock = createDrivenClock(NOW_MS)
  sandbox = await startSandbox({ clock, glue: { listingLagMs: LAG_MS } })
  const credentials = { accessKeyId: OWN_ACCOUNT, secretAccessKey: 'sandbox' }
  glue = new GlueClient({ endpoint: sandbox.endpoint, region: REGION, credentials, maxAttempts: 1 })
  activities = createGlueActivities({
    ...{ glue, glueOnce: glue, capacityRetryMs: 60_000, beginTry: () => async () => null },
    heldBy: async () => null,
  })
})
afterEach(async () => {
  glue.destroy()
  await sandbox.close()
})

const createJob = (MaxConcurrentRuns: number) =>
  glue.send(
    new CreateJobCommand({
      ...{ Name: JOB, Role: 'job-role', Command: { Name: 'glueetl', ScriptLocation: 's3://jobs/none.sql' } },
      ExecutionProperty: { MaxConcurrentRuns },
    }),
  )

const order: GlueOrder = {
  cycle: cycleOf().id,
  job: JOB,
  attempt: 1,
  arguments: { '--sluice_workflow_id': cycleOf().id, '--sluice_attempt': '1' },
  timeoutMinutes: 60,
  notBeforeMs: NOW_MS - HOUR_MS,
}

const hang = () => {
  const states = [{ state: 'RUNNING', afterMs: 0 }]
  sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'run-timeline', states } })
}
const begun = () => sandbox.ledger.rows({ kind: 'run-state' }).filter(({ outcome }) => outcome === 'STARTING')

async function start(): Promise<{ runId: string }> {
  const started = await activities.startGlueJob(order)
  if ('held' in started) throw new Error('Nobody holds it.')
  return started
}

/** Someone else starts the run of this attempt; its answer was lost, the list does not show it yet. */
async function startUnseen(): Promise<string> {
  hang()
  const { runId } = await start()
  expect((await glue.send(new GetJobRunsCommand({ JobName: JOB }))).JobRuns).toEqual([])
  return runId
}

test('with one run at a time the job’s own limit keeps the second start out, and the first run is adopted once it is listed', async () => {
  await createJob(1)
  const runId = await startUnseen()
  await expect(activities.startGlueJob(order)).rejects.toMatchObject({ type: 'WaitsForConcurrentRuns' })
  clock.advance(LAG_MS)
  expect(await activities.startGlueJob(order)).toEqual({ runId, adopted: true })
  expect(begun()).toHaveLength(1)
})

test('a start whose answer was lost is tried again only when the run shows, also where many may run at a time', async () => {
  await createJob(1_000)
  sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'lose-reply' } })
  const failure = await activities.startGlueJob(order).then(
    () => undefined,
    (error: unknown) => error as ApplicationFailure,
  )
  const pauseMs = Number(failure?.nextRetryDelay ?? 0)
  expect(pauseMs).toBeGreaterThan(LAG_MS)
  clock.advance(pauseMs)
  expect(await activities.startGlueJob(order)).toMatchObject({ adopted: true })
  expect(begun()).toHaveLength(1)
})

test.each([
  ['InternalServiceException', 500],
  ['OperationTimeoutException', 400],
])('a start that Glue answered by %s may have begun a run, and waits as long', async (code, status) => {
  await createJob(1_000)
  sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'error', code, status } })
  const failure = await activities.startGlueJob(order).then(
    () => undefined,
    (error: unknown) => error as ApplicationFailure,
  )
  expect(Number(failure?.nextRetryDelay ?? 0)).toBeGreaterThan(LAG_MS)
})

test('a start that Glue refused left no run, and is tried again soon', async () => {
  await createJob(1)
  sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'throttle' } })
  await expect(activities.startGlueJob(order)).rejects.not.toHaveProperty('nextRetryDelay', expect.anything())
})

test('the lag of one run is set by a fault switch', async () => {
  await createJob(1_000)
  const where = { JobName: JOB }
  sandbox.faults.add({ service: 'glue', operation: 'RunListing', where, action: { kind: 'delay', ms: 1_000 } })
  hang()
  const { runId } = await start()
  clock.advance(999)
  expect((await glue.send(new GetJobRunsCommand({ JobName: JOB }))).JobRuns).toEqual([])
  clock.advance(1)
  expect((await glue.send(new GetJobRunsCommand({ JobName: JOB }))).JobRuns).toMatchObject([{ Id: runId }])
})
