// Glue's state changes, from the sandbox's Glue over its default bus: the activity that waits is completed by its id.
import { CreateJobCommand, StartJobRunCommand } from '@aws-sdk/client-glue'
import type { Client } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { msToTs } from '@temporalio/common/lib/time.js'
import proto from '@temporalio/proto'
import { expect, test } from 'vitest'
import { openCycle } from '../../model/calendar/due.ts'
import { type CycleId, toGlueActivityId } from '../../model/ids.ts'
import { toKey } from '../../model/samples.test-data.ts'
import type { FaultAction } from '../../sandbox/aws/service.ts'
import { CYCLE_WORKFLOW, type GlueRunEnd, toCycleStart } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, until, useBridgeStage } from './bridge-stage.ts'
import { glueMessageOf, KEY } from './refresh-messages.ts'
import { answerTask } from './temporal.ts'

let client: Client
let stage: BridgeStage
useBridgeStage((lent) => ({ client, stage } = lent))

const asked = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'GetJobRun' })
const taken = () => stage.sandbox.ledger.rows({ kind: 'call', operation: 'DeleteMessageBatch' })

type State = Extract<FaultAction, { kind: 'run-timeline' }>['states'][number]
const FAILED: State = { state: 'FAILED', afterMs: 0, message: 'no such table' }
const SUCCEEDED: State = { state: 'SUCCEEDED', afterMs: 0 }

/** A run of a job, as the timeline says; ours when it carries a cycle and an attempt. */
async function run(job: string, state: State, owner?: { cycle: string; attempt: string }): Promise<string> {
  const Command = { Name: 'glueetl', ScriptLocation: 's3://jobs/none.sql' }
  const ExecutionProperty = { MaxConcurrentRuns: 10 }
  await stage.glue.send(new CreateJobCommand({ Name: job, Role: 'job-role', Command, ExecutionProperty }))
  const action = { kind: 'run-timeline' as const, states: [state] }
  stage.sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action })
  const Arguments = owner && { '--sluice_workflow_id': owner.cycle, '--sluice_attempt': owner.attempt }
  return (await stage.glue.send(new StartJobRunCommand({ JobName: job, Arguments }))).JobRunId ?? ''
}

/** A cycle of ds1 that waits for the Glue run of its first attempt, as its workflow would have it. */
async function waitingCycle(): Promise<CycleId> {
  const input = openCycle(stage.timetable, stage.version('ds1'), {
    key: toKey(KEY),
    openedBy: 'scheduler',
    settings: stage.parts.settings,
  })
  const start = toCycleStart(input)
  await client.workflow.start(CYCLE_WORKFLOW, start)
  await scheduleActivity(start.taskQueue, toGlueActivityId(1))
  return stage.cycle('ds1', KEY)
}

function scheduleActivity(taskQueue: string, activityId: string): Promise<void> {
  const attributes = {
    ...{ activityId, activityType: { name: 'awaitGlueJob' }, taskQueue: { name: taskQueue } },
    ...{ scheduleToCloseTimeout: msToTs(600_000), startToCloseTimeout: msToTs(600_000) },
  }
  const commandType = proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK
  return answerTask(client, taskQueue, [{ commandType, scheduleActivityTaskCommandAttributes: attributes }])
}

async function completionsOf(cycle: CycleId): Promise<GlueRunEnd[]> {
  const { events } = await client.workflow.getHandle(cycle).fetchHistory()
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const payload = completed?.result?.payloads?.[0]
    return payload ? [defaultPayloadConverter.fromPayload<GlueRunEnd>(payload)] : []
  })
}

const JOB = () => stage.version('ds1').definition.run.glue

test.each([
  [SUCCEEDED, { state: 'SUCCEEDED', error: null }],
  [FAILED, { state: 'FAILED', error: 'no such table' }],
])('the end of a run of ours completes the activity that waits for it, failed or not: %o', async (state, end) => {
  const cycle = await waitingCycle()
  stage.start()
  const runId = await run(JOB(), state, { cycle, attempt: '1' })
  await until(async () => expect(await completionsOf(cycle)).toMatchObject([{ runId, ...end, noticedBy: 'event' }]))
  await stage.untilEmpty()
})

test('an event that comes twice completes once; the second finds nobody waiting and is done', async () => {
  const cycle = await waitingCycle()
  const twice = { kind: 'duplicate', times: 2 } as const
  stage.sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', action: twice })
  const runId = await run(JOB(), SUCCEEDED, { cycle, attempt: '1' })
  stage.start()
  await stage.untilEmpty(60_000)
  expect(asked().length).toBe(2)
  expect(await completionsOf(cycle)).toMatchObject([{ runId }])
})

test('GetJobRun throttled: the message stays, comes again, and then completes', async () => {
  const cycle = await waitingCycle()
  stage.sandbox.faults.add({ service: 'glue', operation: 'GetJobRun', times: 2, action: { kind: 'throttle' } })
  stage.start()
  const runId = await run(JOB(), SUCCEEDED, { cycle, attempt: '1' })
  await until(async () => {
    stage.clock.jump(1_000)
    expect(await completionsOf(cycle)).toMatchObject([{ runId }])
  })
  await stage.untilEmpty()
  expect(asked().map(({ outcome }) => outcome)).toEqual(['ThrottlingException', 'ThrottlingException', 'ok'])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
})

test('a job that no definition names is nobody’s business: Glue is not asked', async () => {
  stage.start({ ledger: refusing, loops: 1 })
  await run('somebody-elses', SUCCEEDED, { cycle: stage.cycle('ds1', KEY), attempt: '1' })
  await until(() => expect(taken()).toHaveLength(1))
  expect(asked()).toEqual([])
})

test.each([
  ['without our arguments', undefined],
  ['that names no cycle', { cycle: 'ds1', attempt: '1' }],
  ['whose attempt is no number', { cycle: 'own', attempt: 'first' }],
  ['of another domain', { cycle: 'other/ds1/2026-11-20', attempt: '1' }],
  ['of a cycle that Temporal does not know', { cycle: 'own', attempt: '1' }],
])('a run %s is looked at once and left alone', async (_what, owner) => {
  stage.start({ ledger: refusing })
  await run(JOB(), FAILED, owner && { ...owner, cycle: owner.cycle === 'own' ? stage.cycle('ds1', KEY) : owner.cycle })
  await until(() => expect(taken()).toHaveLength(1))
  await stage.untilEmpty()
  expect(asked()).toHaveLength(1)
})

test('a state that is no end, and a run that Glue does not know, are done without more', async () => {
  stage.start({ ledger: refusing })
  await run(JOB(), { state: 'RUNNING', afterMs: 0 })
  await stage.send(glueMessageOf({ jobName: JOB(), jobRunId: 'jr_1', state: 'RUNNING' }))
  await stage.send(glueMessageOf({ jobName: JOB(), jobRunId: 'jr_unknown', state: 'FAILED' }))
  await until(() => expect(asked()).toHaveLength(1))
  await stage.untilEmpty()
  expect(asked()).toMatchObject([{ outcome: 'EntityNotFoundException' }])
})

/** Nothing about Glue belongs into the ledger. */
const refusing = {
  recordUntaken: () => Promise.reject(new Error('The ledger was written to')),
  judgePast: () => Promise.reject(new Error('The ledger was read')),
  readPast: () => Promise.reject(new Error('The mirror was read')),
  listWaiting: () => Promise.reject(new Error('The mirror was read')),
}
