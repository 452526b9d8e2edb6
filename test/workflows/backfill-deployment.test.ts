// A backfill outlasts a deployment: begun on one build of its domain's worker, it goes on by the next, and the old one can go.
import { readFile } from 'node:fs/promises'
import { Client, type Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { beginBackfill } from '../../model/backfill.ts'
import type { BackfillProgress } from '../../model/backfill-progress.ts'
import { toKey, toProduct } from '../../model/samples.test-data.ts'
import type { CycleState } from '../../model/states.ts'
import { takePlace } from '../../workers/deployment.ts'
import {
  BACKFILL_QUERY,
  BACKFILL_WORKFLOW,
  type BackfillActivities,
  toBackfillStart,
} from '../../workflows/backfill-contract.ts'
import { toTaskQueue } from '../../workflows/contract.ts'
import { connect } from './connect.ts'
import { eventually } from './eventually.ts'

const QUEUE = toTaskQueue('outlasts')
const { address, namespace, bundlePath } = inject('ground')
let connection: Connection
let native: NativeConnection
let client: Client

beforeAll(async () => {
  connection = await connect(address)
  native = await NativeConnection.connect({ address })
  client = new Client({ connection, namespace })
})
afterAll(async () => {
  await native.close()
  await connection.close()
})

let state: CycleState = 'PROCESSING'
let looks = 0
const activities: BackfillActivities = {
  async readBackfilled({ keys }) {
    looks += 1
    return looks === 1 ? [] : keys.map((key) => ({ key, state, isWaiting: false, isWithoutRun: false }))
  },
  openBackfilled: async ({ keys }) => keys.map((key) => ({ key, answer: 'opened', isReady: true })),
  rerunBackfilled: async () => [],
  auditBackfill: async () => undefined,
}

/** Polls as that build, which is the current one, while `work` runs. */
async function asBuild<T>(buildId: string, work: () => Promise<T>): Promise<T> {
  const version = { deploymentName: QUEUE, buildId }
  const worker = await Worker.create({
    ...{ connection: native, namespace, taskQueue: QUEUE, activities },
    workflowBundle: { code: await readFile(bundlePath, 'utf8') },
    workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' },
  })
  return worker.runUntil(async () => {
    await takePlace(client, version)
    return work()
  })
}

test('begun on one build it goes on by the next, over new runs too', async () => {
  const order = {
    ...{ product: toProduct('outlasts/ds1'), from: '2026-11-09', to: '2026-11-13', parallel: 2, stopAfter: 10 },
    ...{ lookMs: 1_000, looksPerRun: 1, actor: 'ann', reason: 'a new column', requestId: 'request-1' },
  }
  const start = toBackfillStart(beginBackfill(order, ['2026-11-09', '2026-11-10', '2026-11-11'].map(toKey)))
  const handle = client.workflow.getHandle(start.workflowId)
  await asBuild('one', async () => {
    await client.workflow.start(BACKFILL_WORKFLOW, start)
    const progress = () => handle.query<BackfillProgress>(BACKFILL_QUERY)
    await eventually('two are at work', progress, ({ busy }) => busy.length === 2)
  })
  state = 'COMPLETED'

  expect(await asBuild('two', () => handle.result())).toMatchObject({ how: 'done', opened: 3, completed: 3 })
})
