// Starting, awaiting and stopping Glue runs against the sandbox's Glue: one run for each attempt, whatever goes wrong.
import { CreateJobCommand, GetJobRunCommand, type GlueClient, StartJobRunCommand } from '@aws-sdk/client-glue'
import { CompleteAsyncError } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createGlueActivities } from '../../activities/glue.ts'
import { type AwsClients, openAws } from '../../clients/aws.ts'
import { cycleOf, HOUR_MS } from '../../model/samples.test-data.ts'
import { createDrivenClock, type DrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import type { FaultAction } from '../../sandbox/aws/service.ts'
import type { GlueOrder } from '../../workflows/contract.ts'
import { NOW_MS, OWN_ACCOUNT, REGION } from './refresh-messages.ts'

const CAPACITY_RETRY_MS = 60_000
const JOB = 'd1-ds3'

let clock: DrivenClock
let sandbox: Sandbox
let aws: AwsClients
let glue: GlueClient
let activities: ReturnType<typeof createGlueActivities>
/** Why the try under way must start nothing any more. */
let held: import('../../model/cycle/cycle.ts').Held | null
let tooOld: string | null
beforeEach(async () => {
  clock = createDrivenClock(NOW_MS)
  tooOld = null
  held = null
  sandbox = await startSandbox({ clock })
  // The clients of the roles themselves: how often they retry is part of what is proven here.
  vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint)
  vi.stubEnv('AWS_ACCESS_KEY_ID', OWN_ACCOUNT)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sandbox')
  aws = openAws(REGION)
  glue = aws.glue
  activities = createGlueActivities({
    glue,
    glueOnce: aws.glueOnce,
    capacityRetryMs: CAPACITY_RETRY_MS,
    beginTry: () => async () => tooOld,
    heldBy: async () => held,
  })
  await createJob(JOB, 1_000)
})
afterEach(async () => {
  aws.close()
  vi.unstubAllEnvs()
  await sandbox.close()
})

const createJob = (Name: string, MaxConcurrentRuns: number) =>
  glue.send(
    new CreateJobCommand({
      ...{ Name, Role: 'job-role', Command: { Name: 'glueetl', ScriptLocation: 's3://jobs/none.sql' } },
      ExecutionProperty: { MaxConcurrentRuns },
    }),
  )

const orderOf = (change: Partial<GlueOrder> = {}): GlueOrder => {
  const { cycle = cycleOf().id, attempt = 1 } = change
  const tokens = { '--sluice_workflow_id': cycle, '--sluice_attempt': String(attempt) }
  return { cycle, job: JOB, attempt, arguments: tokens, timeoutMinutes: 60, notBeforeMs: NOW_MS - HOUR_MS, ...change }
}

/** The next run begins so; without it the sandbox would look for the script. */
const nextRun = (state: string, message?: string): void => {
  const states = [{ state, afterMs: 0, ...(message === undefined ? {} : { message }) }]
  sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'run-timeline', states } })
}

const startDirectly = async (order: GlueOrder): Promise<string> => {
  const input = { JobName: order.job, Arguments: order.arguments }
  return (await glue.send(new StartJobRunCommand(input))).JobRunId ?? ''
}

const fault = (operation: string, action: FaultAction, times = 1): string =>
  sandbox.faults.add({ service: 'glue', operation, action, times })
const calls = (operation: string) => sandbox.ledger.rows({ kind: 'call', operation })
/** Runs that really began, also those whose answer was lost. */
const begun = () => sandbox.ledger.rows({ kind: 'run-state' }).filter(({ outcome }) => outcome === 'STARTING')

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
  if (error instanceof ApplicationFailure) return error
  throw new Error(`It should have failed by an ApplicationFailure, but gave ${String(error)}.`)
}

const start = async (order: GlueOrder) => {
  const started = await activities.startGlueJob(order)
  if ('held' in started) throw new Error('Nobody holds it.')
  return started
}

describe('startGlueJob', () => {
  test('starts nothing of a product that is held, and adopts what runs already', async () => {
    held = { actor: 'ann', reason: 'source is wrong', sinceMs: NOW_MS, of: 'product' }
    expect(await activities.startGlueJob(orderOf())).toEqual({ held })
    expect(begun()).toEqual([])
    nextRun('RUNNING')
    const runId = await startDirectly(orderOf())
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId, adopted: true })
  })

  test('starts the run with the order’s arguments and time limit', async () => {
    nextRun('RUNNING')
    const { runId, adopted } = await start(orderOf({ timeoutMinutes: 7 }))
    const { JobRun } = await glue.send(new GetJobRunCommand({ JobName: JOB, RunId: runId }))
    expect(JobRun).toMatchObject({ Id: runId, Timeout: 7, Arguments: orderOf().arguments })
    expect(adopted).toBe(false)
  })

  test('adopts the run whose start was answered by nothing', async () => {
    fault('StartJobRun', { kind: 'lose-reply' })
    expect(await failureOf(activities.startGlueJob(orderOf()))).toMatchObject({ nonRetryable: false })
    const [run] = begun()
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId: run?.facts['JobRunId'], adopted: true })
    expect(begun()).toHaveLength(1)
    expect(calls('StartJobRun')).toHaveLength(1)
  })

  test('starts one run for the same order given twice, and another for the next attempt or another cycle', async () => {
    const ids = []
    for (const order of [
      orderOf(),
      orderOf(),
      orderOf({ attempt: 2 }),
      orderOf({ cycle: 'd1/ds3/2026-11-19' as GlueOrder['cycle'] }),
    ]) {
      nextRun('RUNNING')
      ids.push(await start(order))
    }
    expect(ids.map(({ adopted }) => adopted)).toEqual([false, true, false, false])
    expect(ids[1]?.runId).toBe(ids[0]?.runId)
    expect(begun()).toHaveLength(3)
  })

  test('adopts a run that has ended: what it ended with is the next activity’s to see', async () => {
    nextRun('FAILED')
    const runId = await startDirectly(orderOf())
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId, adopted: true })
  })

  test('of several runs of the attempt prefers the live one, else takes the newest', async () => {
    const runs: string[] = []
    for (const state of ['FAILED', 'RUNNING', 'FAILED']) {
      nextRun(state)
      runs.push(await startDirectly(orderOf()))
      clock.advance(1_000)
    }
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId: runs[1], adopted: true })
    await activities.stopGlueJob({ job: JOB, runId: runs[1] ?? '' })
    clock.advance(0)
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId: runs[2], adopted: true })
  })

  test('starts nothing when it could not look', async () => {
    fault('GetJobRuns', { kind: 'error', code: 'InternalServiceException', status: 500 }, 3)
    const failure = await failureOf(activities.startGlueJob(orderOf()))
    expect(failure).toMatchObject({ type: 'AwsUnavailable', nonRetryable: false })
    expect(failure.message).toContain(`look for a run of Glue job "${JOB}" for d1/ds3/2026-11-20, attempt 1`)
    expect(calls('StartJobRun')).toEqual([])
  })

  test('starts nothing when Temporal may have begun the next try, but adopts what is there', async () => {
    tooOld = 'looking for a run took too long'
    const failure = await failureOf(activities.startGlueJob(orderOf()))
    expect(failure).toMatchObject({ type: 'TryTooOld', nonRetryable: false })
    expect(failure.message).toContain('d1/ds3/2026-11-20, attempt 1: looking for a run took too long.')
    expect(begun()).toEqual([])
    const runId = await startDirectly(orderOf())
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId, adopted: true })
  })

  test('looks through all pages back to the attempt’s beginning, and no further', async () => {
    nextRun('FAILED')
    const runId = await startDirectly(orderOf())
    for (let later = 0; later < 201; later += 1) {
      nextRun('SUCCEEDED')
      await startDirectly(orderOf({ cycle: 'd1/ds3/2026-11-19' as GlueOrder['cycle'] }))
    }
    expect(await activities.startGlueJob(orderOf())).toEqual({ runId, adopted: true })
    expect(calls('GetJobRuns')).toHaveLength(2)

    clock.advance(HOUR_MS)
    nextRun('RUNNING')
    const later = orderOf({ attempt: 2, notBeforeMs: NOW_MS + HOUR_MS / 2 })
    expect(await activities.startGlueJob(later)).toMatchObject({ adopted: false })
    expect(calls('GetJobRuns')).toHaveLength(3)
  })

  test('the job’s own limit is a wait, not a failure', async () => {
    await createJob('one-at-a-time', 1)
    nextRun('RUNNING')
    await startDirectly(orderOf({ job: 'one-at-a-time', attempt: 1 }))
    const failure = await failureOf(activities.startGlueJob(orderOf({ job: 'one-at-a-time', attempt: 2 })))
    expect(failure).toMatchObject({ type: 'WaitsForConcurrentRuns', nonRetryable: false, category: 'BENIGN' })
    expectAround(failure, CAPACITY_RETRY_MS)
  })

  test('the account’s limit is a longer wait', async () => {
    fault('StartJobRun', { kind: 'error', code: 'ResourceNumberLimitExceededException' })
    const failure = await failureOf(activities.startGlueJob(orderOf()))
    expect(failure).toMatchObject({ type: 'WaitsForAccountQuota', nonRetryable: false, category: 'BENIGN' })
    expectAround(failure, 3 * CAPACITY_RETRY_MS)
  })

  test('a throttled start is tried once, and again by the activity’s own back-off', async () => {
    fault('StartJobRun', { kind: 'throttle' })
    const failure = await failureOf(activities.startGlueJob(orderOf()))
    expect(failure).toMatchObject({ type: 'WaitsForCallRate', nonRetryable: false, category: 'BENIGN' })
    expect(failure.nextRetryDelay ?? undefined).toBeUndefined()
    expect(calls('StartJobRun')).toHaveLength(1)
  })

  test('a job that does not exist is final, and says what to do', async () => {
    const failure = await failureOf(activities.startGlueJob(orderOf({ job: 'absent' })))
    expect(failure).toMatchObject({ type: 'GlueJobMissing', nonRetryable: true })
    expect(failure.message).toMatch(/"absent".*Deploy the job in this account, then rerun the cycle/)
  })

  test('missing permission is ours to mend: it is tried again', async () => {
    fault('StartJobRun', { kind: 'error', code: 'AccessDeniedException', status: 403 })
    const failure = await failureOf(activities.startGlueJob(orderOf()))
    expect(failure).toMatchObject({ type: 'AwsAccessDenied', nonRetryable: false })
    expect(failure.category).not.toBe('BENIGN')
  })
})

describe('awaitGlueJob', () => {
  test.each([
    ['SUCCEEDED', undefined, null],
    ['FAILED', 'no such table', 'no such table'],
    ['STOPPED', undefined, 'Glue gave no message for STOPPED'],
    ['ERROR', 'the job is gone', 'the job is gone'],
  ])('gives the end of a run that is %s', async (state, message, error) => {
    nextRun(state, message)
    const runId = await startDirectly(orderOf())
    expect(await activities.awaitGlueJob({ job: JOB, runId })).toMatchObject({
      runId,
      state,
      error,
      noticedBy: 'check',
    })
  })

  test('leaves a live run to whoever completes it from outside', async () => {
    nextRun('RUNNING')
    const runId = await startDirectly(orderOf())
    await expect(activities.awaitGlueJob({ job: JOB, runId })).rejects.toBeInstanceOf(CompleteAsyncError)
  })

  test('asks again when Glue did not answer', async () => {
    nextRun('RUNNING')
    const runId = await startDirectly(orderOf())
    fault('GetJobRun', { kind: 'error', code: 'InternalServiceException', status: 500 }, 3)
    expect(await failureOf(activities.awaitGlueJob({ job: JOB, runId }))).toMatchObject({ nonRetryable: false })
  })
})

describe('awaitGlueJob, when Glue does not know the run (docs/aws-assumptions.md, A7)', () => {
  test.each(['EntityNotFoundException', 'InvalidInputException'])(
    '%s is a pause, never an end: the run is asked for again and found',
    async (code) => {
      nextRun('RUNNING')
      const { runId } = await start(orderOf())
      fault('GetJobRun', { kind: 'error', code }, 2)
      const looks = [1, 2].map(() => failureOf(activities.awaitGlueJob({ job: JOB, runId })))
      for (const failure of await Promise.all(looks)) {
        expect(failure).toMatchObject({ type: 'GlueRunUnknown', nonRetryable: false })
        expect(failure.message).toContain(`ask for run ${runId} of Glue job "${JOB}": ${code}`)
        expectAround(failure, 30_000)
      }
      await expect(activities.awaitGlueJob({ job: JOB, runId })).rejects.toBeInstanceOf(CompleteAsyncError)
      expect(begun()).toHaveLength(1)
    },
  )

  test('a job that is gone is asked for as long as nobody gives up', async () => {
    const failure = await failureOf(activities.awaitGlueJob({ job: 'absent', runId: 'jr_1' }))
    expect(failure).toMatchObject({ type: 'GlueRunUnknown', nonRetryable: false })
    expect(failure.message).toMatch(/no other run is started meanwhile.*cancel the cycle/)
  })

  test('throttled, it comes back after 10 to 20 s, not together with the others', async () => {
    nextRun('RUNNING')
    const runId = await startDirectly(orderOf())
    fault('GetJobRun', { kind: 'throttle' }, 3)
    const failure = await failureOf(activities.awaitGlueJob({ job: JOB, runId }))
    expect(failure).toMatchObject({ type: 'WaitsForCallRate', nonRetryable: false, category: 'BENIGN' })
    expectAround(failure, 15_000)
  })
})

describe('stopGlueJob', () => {
  test('stops the run; a run that has ended is left alone', async () => {
    nextRun('RUNNING')
    const runId = await startDirectly(orderOf())
    await activities.stopGlueJob({ job: JOB, runId })
    clock.advance(0)
    expect(await activities.awaitGlueJob({ job: JOB, runId })).toMatchObject({ state: 'STOPPED' })
    await activities.stopGlueJob({ job: JOB, runId })
  })

  test('says so when Glue refuses, which it does with HTTP 200', async () => {
    const failure = await failureOf(activities.stopGlueJob({ job: JOB, runId: 'jr_unknown' }))
    expect(failure).toMatchObject({ type: 'GlueStopRefused', nonRetryable: true })
    expect(failure.message).toContain(`stop run jr_unknown of Glue job "${JOB}"`)
  })
})

/** Within a quarter, so that those who wait for the same thing do not come back together. */
function expectAround(failure: ApplicationFailure, ms: number): void {
  expect(Number(failure.nextRetryDelay)).toBeGreaterThanOrEqual(ms * 0.75)
  expect(Number(failure.nextRetryDelay)).toBeLessThanOrEqual(ms * 1.25)
}
