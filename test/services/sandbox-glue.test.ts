// Glue of the sandbox: jobs that execute, fail, hang, end late, are stopped, and tell of it; its settings.
// What AWS does stands in test/contract/glue-*.test.ts.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  type PutTargetsCommandInput,
} from '@aws-sdk/client-eventbridge'
import {
  BatchStopJobRunCommand,
  CreateJobCommand,
  type CreateJobCommandInput,
  GetDatabaseCommand,
  GetJobCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GetJobsCommand,
  GlueClient,
  StartJobRunCommand,
  type StartJobRunCommandInput,
} from '@aws-sdk/client-glue'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDrivenClock, type DrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/aws/server.ts'
import type { FaultAction } from '../../sandbox/aws/service.ts'

const account = '111111111111'
const region = 'eu-west-1'
const bucket = 'jobs'
const minuteMs = 60_000

/** A sandbox with a bucket for scripts, and a queue that Glue's events come to by a rule on the default bus. */
interface Stage {
  sandbox: Sandbox
  glue: GlueClient
  s3: S3Client
  /** The detail of the next Glue event, each once. */
  nextEvent(): Promise<Record<string, unknown>>
  /** All that is there now. */
  events(): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

async function openStage(options: SandboxOptions = {}): Promise<Stage> {
  const sandbox = await startSandbox(options)
  const credentials = { accessKeyId: account, secretAccessKey: 'sandbox' }
  const settings = { endpoint: sandbox.endpoint, region, credentials, maxAttempts: 1 }
  const glue = new GlueClient(settings)
  const s3 = new S3Client(settings)
  const sqs = new SQSClient(settings)
  const eventBridge = new EventBridgeClient(settings)
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const QueueUrl = await routeGlueEvents(sqs, eventBridge)

  async function receive(WaitTimeSeconds: number) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: WaitTimeSeconds > 0 ? 1 : 10 }),
    )
    for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    return Messages.map(({ Body }) => JSON.parse(Body ?? '') as Record<string, unknown>)
  }

  return {
    sandbox,
    glue,
    s3,
    async nextEvent() {
      for (;;) {
        const [event] = await receive(20)
        if (event) return event['detail'] as Record<string, unknown>
      }
    },
    events: () => receive(0),
    async close() {
      for (const client of [glue, s3, sqs, eventBridge]) client.destroy()
      await sandbox.close()
    },
  }
}

async function routeGlueEvents(sqs: SQSClient, eventBridge: EventBridgeClient): Promise<string> {
  const Arn = `arn:aws:sqs:${region}:${account}:glue-events`
  const rule = await eventBridge.send(
    new PutRuleCommand({ Name: 'glue', EventPattern: JSON.stringify({ source: ['aws.glue'] }) }),
  )
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Arn,
    Condition: { ArnEquals: { 'aws:SourceArn': rule.RuleArn } },
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const queue = await sqs.send(new CreateQueueCommand({ QueueName: 'glue-events', Attributes: { Policy } }))
  const targets: PutTargetsCommandInput = { Rule: 'glue', Targets: [{ Id: 'queue', Arn }] }
  await eventBridge.send(new PutTargetsCommand(targets))
  return queue.QueueUrl ?? ''
}

async function createJob(stage: Stage, Name: string, script: string, more: Partial<CreateJobCommandInput> = {}) {
  const Key = `scripts/${Name}`
  await stage.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: script }))
  const Command = { Name: 'glueetl', ScriptLocation: `s3://${bucket}/${Key}` }
  await stage.glue.send(new CreateJobCommand({ Name, Role: 'job-role', Command, ...more }))
}

async function start(stage: Stage, JobName: string, more: Partial<StartJobRunCommandInput> = {}): Promise<string> {
  const { JobRunId = '' } = await stage.glue.send(new StartJobRunCommand({ JobName, ...more }))
  return JobRunId
}

async function getRun(stage: Stage, JobName: string, RunId: string) {
  const { JobRun } = await stage.glue.send(new GetJobRunCommand({ JobName, RunId }))
  return JobRun ?? {}
}

/** Starts a run and gives it as it is after its event came. */
async function runToEnd(stage: Stage, jobName: string, more: Partial<StartJobRunCommandInput> = {}) {
  const jobRunId = await start(stage, jobName, more)
  const event = await stage.nextEvent()
  expect(event).toMatchObject({ jobName, jobRunId })
  return { event, run: await getRun(stage, jobName, jobRunId) }
}

const stop = (stage: Stage, JobName: string, ...JobRunIds: string[]) =>
  stage.glue.send(new BatchStopJobRunCommand({ JobName, JobRunIds }))

function playTimeline(stage: Stage, ...states: Extract<FaultAction, { kind: 'run-timeline' }>['states']) {
  stage.sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'run-timeline', states } })
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'ok',
    (error: Error) => error.name,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

let stage: Stage

describe('jobs that execute', () => {
  beforeEach(async () => {
    stage = await openStage()
  })
  afterEach(() => stage.close())

  const output = `s3://${bucket}/out/`
  const putText = (Key: string, Body: string) => stage.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))

  async function readParquet(Key: string) {
    const { Body } = await stage.s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-glue-test-'))
    await writeFile(join(folder, 'x.parquet'), (await Body?.transformToByteArray()) ?? '')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const result = await connection.runAndReadAll(`from '${join(folder, 'x.parquet')}'`)
    connection.closeSync()
    await rm(folder, { recursive: true })
    return result.getRowObjectsJson()
  }

  test('SQL over a CSV source and over the Parquet of inputs', async () => {
    await putText('in/prices.csv', 'date,price\n2026-11-18,100.5\n2026-11-19,101.5\n2026-11-20,99\n')
    await createJob(
      stage,
      'rd1.sql',
      `-- the closes until the business date
       select date, price from source where date <= getvariable('business_date')::date; -- end`,
    )
    const raw = { '--business_date': '2026-11-19', '--source': `s3://${bucket}/in/prices.csv` }
    const { event, run } = await runToEnd(stage, 'rd1.sql', { Arguments: { ...raw, '--sluice_output': output } })
    expect(run).toMatchObject({ JobRunState: 'SUCCEEDED' })
    expect(event).toMatchObject({ severity: 'INFO', state: 'SUCCEEDED', message: 'Job run succeeded' })
    expect(await readParquet('out/part-0.parquet')).toEqual([
      { date: '2026-11-18', price: 100.5 },
      { date: '2026-11-19', price: 101.5 },
    ])
    await createJob(stage, 'ds1.sql', 'select count(*)::int as n, max(price) as top from raw_rd1')
    const inputs = [{ product: 'raw/rd1', cycle: '2026-11-19', revision: 1, location: output }]
    const Arguments = { '--sluice_inputs': JSON.stringify(inputs), '--sluice_output': `s3://${bucket}/ds1/` }
    await runToEnd(stage, 'ds1.sql', { Arguments })
    expect(await readParquet('ds1/part-0.parquet')).toEqual([{ n: 2, top: 101.5 }])
  })

  test('a SQL job that fails says why, and its log is there to read', async () => {
    await createJob(stage, 'bad.sql', 'select nix from nowhere')
    const { event, run } = await runToEnd(stage, 'bad.sql', { Arguments: { '--sluice_output': output } })
    expect(run.JobRunState).toBe('FAILED')
    expect(run.ErrorMessage).toContain('nowhere does not exist')
    expect(event).toMatchObject({ severity: 'ERROR', state: 'FAILED' })
    expect(event['message']).toContain(run.ErrorMessage)
    const log = await fetch(`${stage.sandbox.endpoint}/_sandbox/glue-log?runId=${run.Id}`)
    expect(await log.text()).toContain('nowhere')
  })

  test.each([
    ['two statements', 'select 1; select 2', { '--sluice_output': output }, 'one SELECT'],
    ['a statement that writes', 'create table t (a int)', { '--sluice_output': output }, 'one SELECT'],
    ['no output', 'select 1 as a', {}, '--sluice_output'],
    [
      'an input without data',
      'select 1 as a',
      { '--sluice_output': output, '--sluice_inputs': `[{"product":"raw/rd9","location":"s3://${bucket}/rd9/"}]` },
      'raw/rd9 has no .parquet object',
    ],
    ['a file of this machine', "select * from read_csv('/etc/passwd')", { '--sluice_output': output }, 'Permission'],
  ])('SQL refused: %s', async (_what, sql, Arguments, reason) => {
    await createJob(stage, 'refused.sql', sql)
    const { run } = await runToEnd(stage, 'refused.sql', { Arguments })
    expect(run).toMatchObject({ JobRunState: 'FAILED' })
    expect(run.ErrorMessage).toContain(reason)
  })

  test('a script gets defaults, its own arguments over them, the fixed ones, and npm packages', async () => {
    const script = `
      import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
      const words: string[] = process.argv.slice(2)
      const names = Object.keys(process.env).sort()
      const Body = JSON.stringify({ words, names, account: process.env.AWS_ACCESS_KEY_ID })
      await new S3Client({}).send(new PutObjectCommand({ Bucket: '${bucket}', Key: 'seen.json', Body }))`
    const DefaultArguments = { '--book': 'default', '--mode': 'full' }
    await createJob(stage, 'script.ts', script, { DefaultArguments, NonOverridableArguments: { '--fixed': 'yes' } })
    const Arguments = { '--book': 'eq ü', '--fixed': 'no' }
    const { run } = await runToEnd(stage, 'script.ts', { Arguments })
    expect(run).toMatchObject({ JobRunState: 'SUCCEEDED', Arguments })
    const { Body } = await stage.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'seen.json' }))
    const seen = JSON.parse((await Body?.transformToString()) ?? '') as { words: string[]; names: string[] }
    const pairs = ['--book', 'eq ü', '--mode', 'full', '--fixed', 'yes', '--JOB_NAME', 'script.ts']
    expect(seen).toMatchObject({ account, words: [...pairs, '--JOB_RUN_ID', run.Id] })
    expect(seen.names.filter((name) => !name.startsWith('AWS_'))).toEqual(['PATH'])
  })

  test.each([
    ['throws', "throw new TypeError('no such book')", 'TypeError: no such book'],
    ['rejects later', "setTimeout(() => Promise.reject(new Error('later')), 1)", 'later'],
    ['exits', "console.error('disk full'); process.exit(3)", 'disk full'],
    ['exits silently', 'process.exit(3)', 'Command failed with exit code 3'],
    ['does not parse', 'const = 1', 'SyntaxError'],
  ])('a script that %s ends FAILED with its reason', async (_how, script, reason) => {
    await createJob(stage, 'fails.ts', script)
    const { run } = await runToEnd(stage, 'fails.ts')
    expect(run.JobRunState).toBe('FAILED')
    expect(run.ErrorMessage).toContain(reason)
  })

  test('a script that is not there, or of a kind that the sandbox does not execute, fails the run', async () => {
    const Command = { Name: 'glueetl', ScriptLocation: `s3://${bucket}/gone.ts` }
    await stage.glue.send(new CreateJobCommand({ Name: 'gone', Role: 'r', Command }))
    expect((await runToEnd(stage, 'gone')).run.ErrorMessage).toContain(`s3://${bucket}/gone.ts: NoSuchKey`)
    await createJob(stage, 'spark.py', 'print(1)')
    expect((await runToEnd(stage, 'spark.py')).run.ErrorMessage).toContain('.sql and .ts')
  })
})

/** Tells its pid by an object and then does not end. */
const endless = `
  import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
  await new S3Client({}).send(new PutObjectCommand({ Bucket: '${bucket}', Key: 'pid', Body: String(process.pid) }))
  setInterval(() => {}, 1000)`

describe('ends that somebody brings about', () => {
  let clock: DrivenClock

  beforeEach(async () => {
    clock = createDrivenClock(Date.parse('2026-11-20T22:00:00Z'))
    stage = await openStage({ clock })
  })
  afterEach(() => stage.close())

  /** Under a driven clock EventBridge delivers when time is moved. */
  function eventsNow() {
    clock.advance(0)
    return stage.events()
  }

  /** Starts the endless job; back when its child said its pid. */
  async function startEndless(more: Partial<StartJobRunCommandInput> = {}) {
    await createJob(stage, 'endless.ts', endless)
    const written = untilRow((row) => row.operation === 'PutObject' && row.facts['key'] === 'pid')
    const runId = await start(stage, 'endless.ts', more)
    await written
    const { Body } = await stage.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'pid' }))
    return { runId, pid: Number(await Body?.transformToString()) }
  }

  /** The ledger's next row of that kind: the ledger is told of it, nobody polls. */
  function untilRow(
    isWanted: (row: { operation?: string; outcome?: string; facts: Record<string, unknown> }) => boolean,
  ): Promise<void> {
    const { ledger } = stage.sandbox
    const add = ledger.add.bind(ledger)
    return new Promise((resolve) => {
      ledger.add = (row) => {
        add(row)
        if (isWanted(row)) resolve()
      }
    })
  }

  test('stopping kills the child: STOPPING, then STOPPED, and STOPPED stays', async () => {
    const { runId, pid } = await startEndless()
    expect(isAlive(pid)).toBe(true)
    const ended = untilRow((row) => row.outcome === 'STOPPED')
    const answer = await stop(stage, 'endless.ts', runId, 'jr_unknown')
    expect(answer.SuccessfulSubmissions).toEqual([{ JobName: 'endless.ts', JobRunId: runId }])
    expect(answer.Errors).toMatchObject([
      { JobRunId: 'jr_unknown', ErrorDetail: { ErrorCode: 'EntityNotFoundException' } },
    ])
    await ended
    expect(await eventsNow()).toMatchObject([{ detail: { state: 'STOPPED', severity: 'INFO', jobRunId: runId } }])
    expect((await getRun(stage, 'endless.ts', runId)).JobRunState).toBe('STOPPED')
    expect(isAlive(pid)).toBe(false)
    const states = stage.sandbox.ledger.rows({ kind: 'run-state' }).map((row) => row.outcome)
    expect(states).toEqual(['STARTING', 'RUNNING', 'STOPPING', 'STOPPED'])
    expect((await stop(stage, 'endless.ts', runId)).Errors).toHaveLength(1)
  })

  test('the timeout kills the child: TIMEOUT', async () => {
    const { runId, pid } = await startEndless({ Timeout: 2 })
    clock.advance(2 * minuteMs - 1)
    expect((await getRun(stage, 'endless.ts', runId)).JobRunState).toBe('RUNNING')
    clock.advance(1)
    const run = await getRun(stage, 'endless.ts', runId)
    expect(run).toMatchObject({ JobRunState: 'TIMEOUT', ExecutionTime: 120, Timeout: 2 })
    expect(await eventsNow()).toMatchObject([{ detail: { state: 'TIMEOUT', severity: 'WARN', jobRunId: runId } }])
    await stage.sandbox.close()
    expect(isAlive(pid)).toBe(false)
  })

  test('closing the sandbox leaves no child behind', async () => {
    const { pid } = await startEndless()
    await stage.sandbox.close()
    expect(isAlive(pid)).toBe(false)
  })

  test('a timeline plays the states by its schedule, and each run takes its own', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a')
    playTimeline(stage, { state: 'RUNNING', afterMs: 1000 }, { state: 'FAILED', afterMs: 5000, message: 'no capacity' })
    const runId = await start(stage, 'job.sql')
    const stateAt = async (ms: number) => {
      clock.advance(ms)
      return (await getRun(stage, 'job.sql', runId)).JobRunState
    }
    expect(await stateAt(999)).toBe('STARTING')
    expect(await stateAt(1)).toBe('RUNNING')
    expect(await stateAt(3999)).toBe('RUNNING')
    expect(await stateAt(1)).toBe('FAILED')
    const run = await getRun(stage, 'job.sql', runId)
    expect(run).toMatchObject({ ErrorMessage: 'no capacity', ExecutionTime: 5, Attempt: 0 })
    expect(run.CompletedOn).toEqual(new Date('2026-11-20T22:00:05Z'))
    expect(await eventsNow()).toMatchObject([
      {
        version: '0',
        source: 'aws.glue',
        'detail-type': 'Glue Job State Change',
        account,
        region,
        resources: [],
        detail: { jobName: 'job.sql', jobRunId: runId, severity: 'ERROR', state: 'FAILED' },
      },
    ])
  })

  test('a run that ends at once tells of it before StartJobRun answers', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a')
    playTimeline(stage, { state: 'FAILED', afterMs: 0, message: 'at once' })
    const runId = await start(stage, 'job.sql')
    const rows = stage.sandbox.ledger.rows()
    const told = rows.findIndex((row) => row.kind === 'run-state' && row.outcome === 'FAILED')
    const answered = rows.findIndex((row) => row.operation === 'StartJobRun' && row.kind === 'call')
    expect(told).toBeGreaterThan(-1)
    expect(told).toBeLessThan(answered)
    expect(await eventsNow()).toMatchObject([{ detail: { state: 'FAILED', jobRunId: runId } }])
  })

  test('a run that hangs ends by its timeout, or by a stop', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a', { Timeout: 10 })
    playTimeline(stage, { state: 'RUNNING', afterMs: 0 })
    const late = await start(stage, 'job.sql')
    clock.advance(10 * minuteMs)
    expect((await getRun(stage, 'job.sql', late)).JobRunState).toBe('TIMEOUT')
    playTimeline(stage, { state: 'RUNNING', afterMs: 0 })
    const stopped = await start(stage, 'job.sql')
    await stop(stage, 'job.sql', stopped)
    expect((await getRun(stage, 'job.sql', stopped)).JobRunState).toBe('STOPPING')
    clock.advance(0)
    expect((await getRun(stage, 'job.sql', stopped)).JobRunState).toBe('STOPPED')
  })

  test('ERROR and EXPIRED are ends without an event; WAITING says for what', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a')
    for (const state of ['ERROR', 'EXPIRED']) {
      playTimeline(stage, { state, afterMs: 0 })
      expect((await getRun(stage, 'job.sql', await start(stage, 'job.sql'))).JobRunState).toBe(state)
    }
    expect(await eventsNow()).toEqual([])
    playTimeline(stage, { state: 'WAITING', afterMs: 0, message: 'for capacity' })
    const waiting = await getRun(stage, 'job.sql', await start(stage, 'job.sql'))
    expect(waiting).toMatchObject({ JobRunState: 'WAITING', StateDetail: 'for capacity' })
  })

  test('an event can be lost: the run has ended all the same', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a')
    const where = { JobName: 'job.sql', state: 'SUCCEEDED' }
    stage.sandbox.faults.add({ service: 'glue', operation: 'StateChangeEvent', where, action: { kind: 'drop-event' } })
    playTimeline(stage, { state: 'SUCCEEDED', afterMs: 0 })
    const runId = await start(stage, 'job.sql')
    expect((await getRun(stage, 'job.sql', runId)).JobRunState).toBe('SUCCEEDED')
    expect(await eventsNow()).toEqual([])
    expect(stage.sandbox.ledger.rows({ kind: 'event-dropped', service: 'glue' })).toHaveLength(1)
  })

  test('a reply can be lost: the run is there, found by its token, once', async () => {
    await createJob(stage, 'job.sql', 'select 1 as a')
    const Arguments = { '--sluice_workflow_id': 'd1/ds3/2026-11-20', '--sluice_attempt': '1' }
    stage.sandbox.faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'lose-reply' } })
    expect(await codeOf(start(stage, 'job.sql', { Arguments }))).not.toBe('ok')
    const { JobRuns = [] } = await stage.glue.send(new GetJobRunsCommand({ JobName: 'job.sql' }))
    expect(JobRuns).toMatchObject([{ Arguments }])
    const token = { workflowId: 'd1/ds3/2026-11-20', attempt: '1' }
    const { ledger } = stage.sandbox
    const facts = { JobName: 'job.sql', JobRunId: JobRuns[0]?.Id, ...token }
    expect(ledger.rows({ kind: 'call', operation: 'StartJobRun' })).toMatchObject([{ outcome: 'ok', facts }])
    expect(ledger.rows({ kind: 'run-state' })[0]).toMatchObject({ outcome: 'STARTING', facts })
  })
})

describe('settings', () => {
  afterEach(() => stage.close())

  test('the account’s quota of runs', async () => {
    stage = await openStage({ glue: { accountRunQuota: 2 } })
    await createJob(stage, 'many.sql', 'select 1 as a', { ExecutionProperty: { MaxConcurrentRuns: 100 } })
    const startHanging = () => {
      playTimeline(stage, { state: 'RUNNING', afterMs: 0 })
      return start(stage, 'many.sql')
    }
    const first = await startHanging()
    await startHanging()
    expect(await codeOf(startHanging())).toBe('ResourceNumberLimitExceededException')
    await stop(stage, 'many.sql', first)
    expect(await stage.nextEvent()).toMatchObject({ state: 'STOPPED', jobRunId: first })
    expect(await codeOf(startHanging())).toBe('ok')
  })

  test('a rate of calls: a bucket for each operation that fills with time', async () => {
    const clock = createDrivenClock(Date.parse('2026-11-20T22:00:00Z'))
    stage = await openStage({ clock, glue: { callRate: { perSecond: 2, burst: 3 } } })
    const look = () => codeOf(stage.glue.send(new GetJobCommand({ JobName: 'none' })))
    const looks = async (count: number) => {
      const codes: string[] = []
      for (let call = 0; call < count; call += 1) codes.push(await look())
      return codes.filter((code) => code !== 'ThrottlingException').length
    }
    expect(await looks(5)).toBe(3)
    expect(await codeOf(stage.glue.send(new GetJobsCommand({})))).toBe('ok')
    clock.advance(1000)
    expect(await looks(5)).toBe(2)
  })

  test('an operation that is not there says so', async () => {
    stage = await openStage()
    expect(await codeOf(stage.glue.send(new GetDatabaseCommand({ Name: 'd' })))).toBe('UnknownOperationException')
  })
})
