// What nothing goes on with is named, with the reason, on a real PostgreSQL and a real Temporal.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Client, type Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createReconciling } from '../../activities/reconciling.ts'
import { createStuckFinding } from '../../activities/reconciling-stuck.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import type { Attempt } from '../../model/cycle/attempt.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { type CycleSnapshot, toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { arrivalOf, definitionOf, endOf, HOUR_MS, inputOf } from '../../model/samples.test-data.ts'
import { takePlace } from '../../workers/deployment.ts'
import { CYCLE_WORKFLOW, type Stuck, toCycleStart, toTaskQueue } from '../../workflows/contract.ts'
import { connect } from './connect.ts'
import { openDatabase } from './database.ts'
import { eventually } from './eventually.ts'

const { address, namespace, bundlePath } = inject('ground')
let db: Postgres
let connection: Connection
let native: NativeConnection
let client: Client
let code: string
let closeDatabase: () => Promise<void>
/** Of the test's own. */
let domain: Domain

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  const database = await openDatabase()
  ;({ db } = database)
  closeDatabase = database.close
  connection = await connect(address)
  native = await NativeConnection.connect({ address })
  client = new Client({ connection, namespace })
  code = await readFile(bundlePath, 'utf8')
})
afterAll(async () => {
  await native.close()
  await connection.close()
  await closeDatabase()
})
beforeEach(() => {
  domain = `d${randomUUID().slice(0, 8)}` as Domain
})

test('a cycle that has all it needs and that no worker takes on is named; one that still waits is not', async () => {
  const stuck = await openCycle('all', { dependsOn: ['a'], arrived: ['a'] })
  await openCycle('half', { dependsOn: ['a', 'b'], arrived: ['a'] })
  expect((await find()).unstarted).toEqual({ count: 1, names: [`${stuck}: no worker polls its task queue`] })
})

test('nor is one whose time has not come, that has gone on, that has ended, or that began a moment ago', async () => {
  const nowMs = Date.now()
  await openCycle('early', { arrived: [], notBeforeMs: nowMs + 2 * HOUR_MS })
  await openCycle('gone-on', { arrived: [], snapshot: { state: 'PROCESSING' } })
  const ended = await openCycle('ended', { arrived: [] })
  await client.workflow.getHandle(ended).terminate()
  expect((await find()).unstarted).toEqual({ count: 0, names: [] })
  await openCycle('just-now', { arrived: [] })
  expect((await find(db, Date.now)).unstarted).toEqual({ count: 0, names: [] })
})

test('a cycle that waits for time alone is named once the time has come and it did not start', async () => {
  const optional = { kind: 'optional' as const, of: { kind: 'cycle' as const, at: 0 } }
  const nowMs = Date.now()
  const come = await openCycle('come', { dependsOn: ['a'], condition: { ...optional, afterMs: nowMs } })
  await openCycle('to-come', { dependsOn: ['a'], condition: { ...optional, afterMs: nowMs + 2 * HOUR_MS } })
  expect((await find()).unstarted?.names).toEqual([`${come}: no worker polls its task queue`])
})

test('a cycle whose code fails is named with what its code said', async () => {
  const broken = code.replaceAll(/(async function dataProductCycle\(input\) \{)/g, '$1 null.broken;')
  expect(broken).not.toBe(code)
  const cycle = await openCycle('broken', { arrived: [] })
  await withWorker({ code: broken }, async () => {
    const { unstarted } = await eventually(
      'its code has failed twice',
      () => find(),
      (found) => found.unstarted?.names[0]?.includes('its code fails') ?? false,
    )
    expect(unstarted?.names).toEqual([expect.stringMatching(`^${cycle}: its code fails, \\d+ tries so far: .*null`)])
  })
})

test('open cycles whose version nobody runs are counted and named, by the worker’s log too', async () => {
  let waiting = ''
  await withWorker({ code, build: 'one', pid: GONE }, async () => {
    await takePlace(client, { deploymentName: toTaskQueue(domain), buildId: 'one' })
    waiting = await openCycle('pinned', { dependsOn: ['a'] })
    await eventually(
      'it is pinned',
      async () => (await client.workflow.getHandle(waiting).describe()).raw.workflowExecutionInfo?.versioningInfo,
      (versioning) => versioning?.deploymentVersion?.buildId === 'one',
    )
  })
  await withWorker({ code, build: 'two', pid: process.pid }, async () => {
    await takePlace(client, { deploymentName: toTaskQueue(domain), buildId: 'two' })
    const told: string[] = []
    const { withoutWorker } = await eventually(
      'Temporal lists it under its version',
      () => find(db, later, told),
      (found) => (found.withoutWorker?.count ?? 0) > 0,
    )
    expect(withoutWorker).toEqual({ count: 1, names: [`${waiting}: version one`] })
    expect(told.at(-1)).toBe('No worker runs the version of open cycles')
    const warn = (said: string): void => void told.push(said)
    const reconciling = createReconciling({ temporal: client, db, nowMs: later, warn })
    expect(await reconciling.reconcileRows({ domain, after: null })).toMatchObject({ compared: 0, unanswered: 1 })
  })
})

test('of the Glue runs that ended within a day it is counted how many ends no event told', async () => {
  const nowMs = Date.now()
  const attempt = (number: number, noticedBy: 'event' | 'check', endedAtMs: number): Attempt => ({
    ...{ number, begunAtMs: nowMs, runId: `jr_${number}`, runStartedAtMs: nowMs, adopted: false, endedAtMs },
    end: { ...endOf('FAILED', `jr_${number}`), noticedBy },
  })
  const attempts = [
    attempt(1, 'check', nowMs - 48 * HOUR_MS),
    attempt(2, 'event', nowMs),
    attempt(3, 'check', nowMs),
    { ...attempt(4, 'check', nowMs), end: null, endedAtMs: null },
  ]
  await openCycle('ends', { snapshot: { state: 'PROCESSING', attempts, lastAttempt: 4 } })
  expect((await find()).glueEnds).toEqual({ count: 2, byCheck: 1 })
})

test('while PostgreSQL is away, what Temporal knows is told, and the rest is not known', async () => {
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  expect(await find(nowhere)).toEqual({ unstarted: null, withoutWorker: { count: 0, names: [] }, glueEnds: null })
  await nowhere.end()
})

/** An hour later than it is, so that nothing is too young to be judged. */
const later = (): number => Date.now() + HOUR_MS

const find = (from: Postgres = db, nowMs: () => number = later, told: string[] = []): Promise<Stuck> =>
  createStuckFinding({ temporal: client, db: from, nowMs, warn: (said) => void told.push(said) }).findStuck({ domain })

interface Wish {
  dependsOn?: string[]
  arrived?: string[]
  notBeforeMs?: number
  condition?: NonNullable<Parameters<typeof inputOf>[1]>['condition'] & object
  snapshot?: Partial<CycleSnapshot>
}

/** In Temporal, and in the mirror as its own flush would have it. */
async function openCycle(name: string, wish: Wish): Promise<string> {
  const { dependsOn = [], arrived = [], notBeforeMs = null, condition, snapshot = {} } = wish
  const upstreams = dependsOn.map((upstream) => `raw/${upstream}`)
  const input = inputOf(definitionOf(`${domain}/${name}`, upstreams), { notBeforeMs, ...(condition && { condition }) })
  const start = toCycleStart(input)
  await client.workflow.start(CYCLE_WORKFLOW, start)
  const nowMs = Date.now()
  const cycle = arrived.reduce(
    (so, upstream) => applyArrival(so, arrivalOf(`raw/${upstream}`), nowMs),
    openRun(input, nowMs),
  )
  const record = toRecord(cycle, 0, nowMs)
  await recordCycle(db, { ...record, snapshot: { ...record.snapshot, ...snapshot } })
  return start.workflowId
}

/** No process has it: by its identity this machine knows that the worker is gone. */
const GONE = 2 ** 22 + 1

async function withWorker(
  { code: bundled, build, pid = process.pid }: { code: string; build?: string; pid?: number },
  work: () => Promise<void>,
): Promise<void> {
  const version = { deploymentName: toTaskQueue(domain), buildId: build ?? '' }
  const worker = await Worker.create({
    ...{ connection: native, namespace, taskQueue: toTaskQueue(domain), workflowBundle: { code: bundled } },
    identity: `${pid}@${hostname()}`,
    ...(build && {
      workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' as const },
    }),
  })
  await worker.runUntil(work)
}
