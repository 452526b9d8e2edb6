// The invariant checker. Once, a small mesh runs on real servers: two cycles, one with a failed Glue run that is retried,
// events repeated by the bus, a rerun. Its evidence has no violation; each violation planted in it is seen, and no other.
import { CreateJobCommand } from '@aws-sdk/client-glue'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGlueActivities } from '../../activities/glue.ts'
import { createPublishing } from '../../activities/publishing.ts'
import { namesOf } from '../../clients/config.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openCycle } from '../../model/calendar/due.ts'
import type { Cycle } from '../../model/cycle/cycle.ts'
import type { CycleRecord } from '../../model/cycle/record.ts'
import type { CycleId } from '../../model/ids.ts'
import { REFRESHED } from '../../model/refresh-event.ts'
import { toKey } from '../../model/samples.test-data.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { collectEvidence } from '../../verify/collect.ts'
import type { Evidence, SandboxRow } from '../../verify/evidence.ts'
import { replayHistories } from '../../verify/replay.ts'
import type { Invariant } from '../../verify/verdict.ts'
import { examine, findViolations } from '../../verify/violations.ts'
import { openBundle } from '../../workers/bundle.ts'
import { CYCLE_QUERY, CYCLE_WORKFLOW, RERUN, toCycleStart, toTaskQueue } from '../../workflows/contract.ts'
import { type BridgeStage, openBridgeStage, until } from './bridge-stage.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { CENTRAL_ACCOUNT, KEY, OWN_ACCOUNT, REGION, refreshedOf } from './refresh-messages.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

const MINUTE_MS = 60_000
let temporal: LentTemporal
let database: LentDatabase
let stage: BridgeStage
let worker: Worker
let working: Promise<void>
let code: string
let good: Evidence
const closers: (() => unknown)[] = []

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  ;[temporal, database, { code }] = await Promise.all([lendTemporal(), lendDatabase(), openBundle(undefined)])
  stage = await openBridgeStage(temporal.client, database.db)
  await startWorker()
  stage.start()
  await run()
  good = await collectEvidence({
    awsEndpoint: stage.sandbox.endpoint,
    temporal: temporal.client,
    db: database.db,
    domains: [stage.domain],
  })
})

afterAll(async () => {
  await stage?.close()
  worker?.shutdown()
  await working
  for (const close of closers) await close()
  await Promise.all([temporal?.stop(), database?.drop()])
})

async function startWorker(): Promise<void> {
  const { client } = temporal
  const connection = await NativeConnection.connect({ address: stageAddress() })
  const credentials = { accessKeyId: OWN_ACCOUNT, secretAccessKey: 'sandbox' }
  const events = new EventBridgeClient({ endpoint: stage.sandbox.endpoint, region: REGION, credentials })
  closers.push(
    () => connection.close(),
    () => events.destroy(),
  )
  worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: toTaskQueue(stage.domain),
    workflowBundle: { code },
    activities: {
      ...createGlueActivities({
        glue: stage.glue,
        glueOnce: stage.glue,
        capacityRetryMs: 1_000,
        beginTry: () => async () => null,
        heldBy: async () => null,
      }),
      ...createPublishing({
        ...{ events, sqs: stage.sqs, account: OWN_ACCOUNT, region: REGION, softwareVersion: 'test', nowMs: Date.now },
        ...{ centralBusArn: toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS), ...namesOf(stage.domain) },
      }),
      recordCycle: (record: Parameters<typeof recordCycle>[1]) => recordCycle(database.db, record),
      recallArrivals: async ({ domain, expected }: { domain: typeof stage.domain; expected: [] }) => ({
        arrivals: await recallArrivals(database.db, domain, expected),
      }),
    },
  })
  working = worker.run()
}

const stageAddress = (): string => (temporal.client.connection as Connection).options.address

async function run(): Promise<void> {
  const { sandbox, glue } = stage
  for (const name of ['ds1', 'ds2']) {
    const Command = { Name: 'glueetl', ScriptLocation: 's3://jobs/none.sql' }
    const job = stage.version(name).definition.run.glue
    await glue.send(new CreateJobCommand({ Name: job, Role: 'job-role', Command }))
    const where = { 'Arguments.--sluice_workflow_id': cycle(name) }
    sandbox.faults.add({ ...START, where, times: 1, action: toTimeline('FAILED') })
  }
  sandbox.faults.add({ ...START, times: 'unlimited', action: toTimeline('SUCCEEDED') })
  sandbox.faults.add({ service: 'events', operation: 'Event', times: 2, action: { kind: 'duplicate', times: 2 } })
  const { definition, ...version } = stage.version('ds2')
  const retried = { ...version, definition: { ...definition, run: { ...definition.run, attempts: 2 } } }
  const input = openCycle(stage.timetable, retried, {
    key: toKey(KEY),
    openedBy: 'scheduler',
    settings: stage.parts.settings,
  })
  await temporal.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
  await stage.publish(refreshedOf('raw/rd1'), REFRESHED)
  await stage.publish(refreshedOf('raw/rd2'), REFRESHED)
  const failed = temporal.client.workflow.getHandle(cycle('ds1'))
  await until(async () => expect((await failed.query<Cycle>(CYCLE_QUERY)).state).toBe('ERROR'))
  await failed.signal(RERUN, { actor: 'ann', reason: 'the cause is mended', requestId: 'request-1' })
  await untilClosed(cycle('ds1'))
  await untilClosed(cycle('ds2'))
  await stage.untilEmpty()
}

const START = { service: 'glue', operation: 'StartJobRun' } as const
const toTimeline = (state: 'FAILED' | 'SUCCEEDED') => ({
  ...{ kind: 'run-timeline' as const },
  states: [{ state, afterMs: 10, ...(state === 'FAILED' ? { message: 'no such table' } : {}) }],
})

const cycle = (name: string): CycleId => stage.cycle(name, KEY)

const untilClosed = (id: CycleId): Promise<void> =>
  until(async () => {
    expect((await temporal.client.workflow.getHandle(id).describe()).status.name).toBe('COMPLETED')
  })

test('of a run that went well every invariant was looked at, and none is violated', () => {
  const findings = examine(good)
  expect(Object.values(findings).flatMap(({ violations }) => violations)).toEqual([])
  for (const [invariant, { checked }] of Object.entries(findings)) expect(checked, invariant).toBeGreaterThan(0)
})

test('evidence that was kept in a file is judged the same', () => {
  expect(examine(JSON.parse(JSON.stringify(good)))).toEqual(examine(good))
})

test('without the sandbox’s ledger nothing is blamed for its absence', () => {
  const { sandbox: _, ...rest } = good
  expect(findViolations(rest)).toEqual([])
})

type Plant = (evidence: Evidence) => void
const RD1 = `raw/rd1/${KEY}/r1`

const isQueue = (arn: unknown): boolean => String(arn).endsWith(`:sluice-${stage.domain}-events`)
const rowsOf = ({ sandbox = [] }: Evidence) => sandbox
const ofCycle = ({ cycles }: Evidence, name: string) => {
  const found = cycles.find((one) => one.cycle === cycle(name))
  if (!found?.runs[0]) throw new Error(`There is no history of ${name}.`)
  return { ...found, run: found.runs[0] }
}
const drop = <T>(list: T[], isIt: (one: T) => boolean): void => {
  const at = list.findIndex(isIt)
  if (at < 0) throw new Error('What is to be dropped is not there.')
  list.splice(at, 1)
}
const putOf = (evidence: Evidence, eventId: string) => {
  const isIt = ({ operation, facts }: SandboxRow) =>
    operation === 'PutEvents' && JSON.stringify(facts['entries']).includes(`"${eventId}"`)
  const found = rowsOf(evidence).find(isIt)
  if (!found) throw new Error(`No bus accepted ${eventId}.`)
  return found
}
const runRow = (evidence: Evidence, name: string, attempt: number) => {
  const found = rowsOf(evidence).find(
    ({ kind, facts }) =>
      kind === 'run-state' && facts['workflowId'] === cycle(name) && Number(facts['attempt']) === attempt,
  )
  if (!found) throw new Error(`Glue never ran ${name}.`)
  return found
}
const statusOf = ({ mirror }: Evidence, name: string) => {
  const found = mirror.statuses.find((row) => row.cycle === cycle(name))
  if (!found) throw new Error(`The mirror has no ${name}.`)
  return found
}
const movesOf = ({ mirror }: Evidence, name: string) => mirror.transitions.filter((move) => move.cycle === cycle(name))
const recordsIn = (evidence: Evidence, name: string) =>
  ofCycle(evidence, name).run.steps.flatMap((step) =>
    step.kind === 'asked' && step.activity === 'recordCycle' ? [step.input as CycleRecord] : [],
  )

/** The cycle, as if it had heard of all its inputs and then done nothing. */
function stall(evidence: Evidence): void {
  const { run } = ofCycle(evidence, 'ds2')
  const first = recordsIn(evidence, 'ds2')[0]
  if (!first) throw new Error('It wrote nothing.')
  const { state, step, reason, lastAttempt, dependencies } = first.snapshot
  run.steps = run.steps.filter(
    ({ kind, at }, _, all) =>
      kind === 'signal' || at <= (all.find((one) => one.kind === 'asked' && one.activity === 'recordCycle')?.at ?? 0),
  )
  Object.assign(run, { status: 'RUNNING', result: null })
  const { runNumber, version } = first
  Object.assign(statusOf(evidence, 'ds2'), { state, step, reason, lastAttempt, runNumber, version, revision: 0 })
  for (const row of evidence.mirror.dependencies.filter((one) => one.cycle === cycle('ds2')))
    Object.assign(row, { state: dependencies.find(({ product }) => product === row.product)?.state, eventId: null })
  evidence.mirror.transitions = evidence.mirror.transitions.filter(
    (move) => move.cycle !== cycle('ds2') || move.version <= version,
  )
  evidence.sandbox = rowsOf(evidence).filter(({ facts }) => !JSON.stringify(facts).includes(cycle('ds2')))
  evidence.readFromMs += MINUTE_MS
  evidence.collectedAtMs += MINUTE_MS
}

test.each<[string, Invariant[], Plant]>([
  [
    'an event that reached the queue and left no row',
    ['I1'],
    (evidence) => {
      const routed = rowsOf(evidence).find(
        ({ kind, facts }) => kind === 'event-routed' && facts['metadataId'] === RD1 && isQueue(facts['targetArn']),
      )
      rowsOf(evidence).push({
        ...routed!,
        seq: 9_999,
        facts: { ...routed!.facts, metadataId: `raw/rd1/${KEY}/r2`, messageId: 'lost' },
      })
    },
  ],
  [
    'an event of somebody else’s shape that left no row',
    ['I1'],
    (evidence) => {
      const routed = rowsOf(evidence).find(({ kind, facts }) => kind === 'event-routed' && isQueue(facts['targetArn']))
      const foreign = { eventId: 'e-1', metadataId: undefined, source: 'vendor.feed', detailType: 'File Ready' }
      rowsOf(evidence).push({ ...routed!, seq: 9_999, facts: { ...routed!.facts, ...foreign, messageId: 'lost' } })
    },
  ],
  [
    'an upstream cycle outside the mesh that satisfied a cycle twice',
    ['I6'],
    ({ ledger }) => {
      for (const id of ['e-1', 'e-2'])
        ledger.deliveries.push({
          ...ledger.deliveries[0]!,
          eventId: `external:raw/rd1/${KEY}/${id}`,
          outcome: 'satisfied',
        })
    },
  ],
  ['a ledger row that is gone', ['I1', 'I2'], ({ ledger }) => drop(ledger.events, ({ eventId }) => eventId === RD1)],
  [
    'an outcome that is gone',
    ['I1'],
    ({ ledger }) => drop(ledger.deliveries, (row) => row.eventId === RD1 && row.cycle === cycle('ds2')),
  ],
  ['an outcome told twice', ['I1'], ({ ledger }) => void ledger.deliveries.push({ ...ledger.deliveries[0]! })],
  [
    'an arrival that no bus accepted',
    ['I2'],
    (evidence) => drop(rowsOf(evidence), (row) => row === putOf(evidence, RD1)),
  ],
  [
    'an arrival of another product',
    ['I2', 'I7'],
    ({ mirror }) => void (mirror.dependencies.find((row) => row.cycle === cycle('ds1'))!.eventId = `raw/rd2/${KEY}/r1`),
  ],
  [
    'a second Glue run of an attempt',
    ['I3'],
    (evidence) => {
      const row = runRow(evidence, 'ds1', 1)
      rowsOf(evidence).push({ ...row, seq: 9_999, facts: { ...row.facts, JobRunId: 'jr_second' } })
    },
  ],
  [
    'a Glue run that the history never asked for',
    ['I3'],
    (evidence) => {
      const row = runRow(evidence, 'ds1', 1)
      rowsOf(evidence).push({ ...row, seq: 9_999, facts: { ...row.facts, JobRunId: 'jr_other', attempt: '3' } })
    },
  ],
  [
    'a retry that the definition does not allow',
    ['I3'],
    (evidence) => void (ofCycle(evidence, 'ds2').run.input.definition.run.attempts = 1),
  ],
  [
    'a further attempt without a rerun',
    ['I3'],
    (evidence) => {
      for (const record of recordsIn(evidence, 'ds1')) record.actions = []
    },
  ],
  [
    'a start before an arrival, by the history',
    ['I4'],
    (evidence) => {
      for (const step of ofCycle(evidence, 'ds2').run.steps)
        if (step.kind === 'signal' || (step.kind === 'answered' && step.activity === 'recallArrivals')) step.at += 1_000
    },
  ],
  [
    'a start before the event was on the bus, by AWS',
    ['I4'],
    (evidence) => void (putOf(evidence, `raw/rd2/${KEY}/r1`).seq = 9_999),
  ],
  [
    'COMPLETED, though Glue failed',
    ['I5'],
    (evidence) => {
      const { JobRunId } = runRow(evidence, 'ds1', 2).facts
      for (const row of rowsOf(evidence))
        if (row.kind === 'run-state' && row.facts['JobRunId'] === JobRunId) row.outcome = 'FAILED'
    },
  ],
  [
    'a publication that no bus accepted',
    ['I6'],
    (evidence) => drop(rowsOf(evidence), (row) => row === putOf(evidence, `${cycle('ds1')}/r1`)),
  ],
  [
    'an event under an id that the cycle never gave',
    ['I6'],
    (evidence) => {
      const row = putOf(evidence, `${cycle('ds1')}/r1`)
      rowsOf(evidence).push({
        ...row,
        seq: 9_999,
        facts: { entries: [{ metadataId: `${cycle('ds1')}/r7`, detailType: REFRESHED }] },
      })
    },
  ],
  ['a row with another state than the history', ['I7'], (evidence) => void (statusOf(evidence, 'ds1').state = 'ERROR')],
  ['a row that is behind', ['I7'], (evidence) => void (statusOf(evidence, 'ds1').version -= 1)],
  ['a row that is gone', ['I7'], ({ mirror }) => drop(mirror.statuses, (row) => row.cycle === cycle('ds2'))],
  [
    'an input whose row is gone',
    ['I7'],
    ({ mirror }) => drop(mirror.dependencies, (row) => row.cycle === cycle('ds2')),
  ],
  [
    'a move that the table does not allow',
    ['I8', 'I9'],
    (evidence) => void (movesOf(evidence, 'ds2').at(-1)!.from = 'WAITING'),
  ],
  [
    'a flush that goes backwards',
    ['I8'],
    (evidence) => {
      const [first, second] = recordsIn(evidence, 'ds2')
      first!.version = second!.version + 1
    },
  ],
  [
    'a last move that is gone',
    ['I9'],
    (evidence) => drop(evidence.mirror.transitions, (row) => row === movesOf(evidence, 'ds2').at(-1)),
  ],
  [
    'a move told twice',
    ['I8', 'I9'],
    (evidence) => void evidence.mirror.transitions.push({ ...movesOf(evidence, 'ds2')[0]! }),
  ],
  ['a cycle that has all it needs and waits on', ['I10'], stall],
])('%s is seen as %j, with its evidence', (_, invariants, plant) => {
  const evidence = structuredClone(good)
  plant(evidence)
  const violations = findViolations(evidence)
  expect([...new Set(violations.map(({ invariant }) => invariant))], JSON.stringify(violations, undefined, 1)).toEqual(
    invariants,
  )
  for (const { says, evidence: lines } of violations) expect([says, ...lines].length, says).toBeGreaterThan(1)
})

test('each history replays on this build; one that asked for another activity does not', async () => {
  expect(await replayHistories(good, code)).toEqual({ checked: 2, violations: [] })
  const evidence = structuredClone(good)
  const { history } = ofCycle(evidence, 'ds1').run as { history: { events: unknown[] } }
  const changed = JSON.parse(JSON.stringify(history).replace('"publishRefreshEvent"', '"publishSomethingElse"'))
  Object.assign(ofCycle(evidence, 'ds1').run, { history: changed })
  const { violations } = await replayHistories(evidence, code)
  expect(violations).toEqual([
    expect.objectContaining({
      invariant: 'I13',
      cycle: cycle('ds1'),
      evidence: [expect.stringContaining('Nondeterminism')],
    }),
  ])
})
