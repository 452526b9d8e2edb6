// Builds of one domain that replace each other: who gets the cycles that are opened from then on.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Client, type Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { type Standing, type Taking, takePlace } from '../../workers/deployment.ts'
import { connect } from './connect.ts'

const { address, namespace, bundlePath } = inject('ground')
let connection: Connection
let native: NativeConnection
let client: Client
let code: string
let deploymentName: string

beforeAll(async () => {
  connection = await connect(address)
  native = await NativeConnection.connect({ address })
  client = new Client({ connection, namespace })
  code = await readFile(bundlePath, 'utf8')
})
afterAll(async () => {
  await native.close()
  await connection.close()
})
beforeEach(() => {
  deploymentName = `sluice-builds-${randomUUID().slice(0, 8)}`
})

/** Polls as that build while `work` runs. */
async function asBuild<T>(buildId: string, work: () => Promise<T>): Promise<T> {
  const version = { deploymentName, buildId }
  const worker = await Worker.create({
    ...{ connection: native, namespace, taskQueue: deploymentName, workflowBundle: { code } },
    workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' },
  })
  return worker.runUntil(work)
}

const take = (buildId: string, how?: Taking, as = client): Promise<Standing> =>
  asBuild(buildId, () => takePlace(as, { deploymentName, buildId }, how))

/** Null while none is. */
async function currentBuild(): Promise<string | null> {
  const described = await client.workflowService.describeWorkerDeployment({ namespace, deploymentName })
  return described.workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null
}

/** A client, and what happens once, just after it was told how the deployment stands. */
function clientAnd(work: () => unknown): Client {
  let looks = 0
  const describeWorkerDeployment = async (request: object): Promise<unknown> => {
    const answer = await client.workflowService.describeWorkerDeployment(request)
    looks += 1
    if (looks === 1) await work()
    return answer
  }
  const workflowService = Object.create(client.workflowService, {
    describeWorkerDeployment: { value: describeWorkerDeployment },
  })
  return Object.create(client, { workflowService: { value: workflowService } })
}

test('the newest build is current; an old worker started again does not take that back, unless it is told to', async () => {
  expect(await take('one')).toBe('current')
  expect(await take('one')).toBe('current')
  expect(await take('two')).toBe('current')
  expect(await currentBuild()).toBe('two')

  expect(await take('one')).toBe('replaced')
  expect(await currentBuild()).toBe('two')

  expect(await take('one', { isRollback: true })).toBe('current')
  expect(await currentBuild()).toBe('one')
})

test('an old worker started again while the newest build becomes current leaves that in its place', async () => {
  await take('one')
  expect(
    await take(
      'one',
      {},
      clientAnd(() => take('two')),
    ),
  ).toBe('replaced')
  expect(await currentBuild()).toBe('two')
})

test('the newest build becomes current although another one did while it looked', async () => {
  await take('one')
  expect(
    await take(
      'three',
      {},
      clientAnd(() => take('two')),
    ),
  ).toBe('current')
  expect(await currentBuild()).toBe('three')
})

test('a worker told to stop makes no build current any more', async () => {
  await take('one')
  expect(await take('two', { stopping: AbortSignal.abort() })).toBe('stopped')
  const stop = new AbortController()
  expect(
    await take(
      'two',
      { stopping: stop.signal },
      clientAnd(() => stop.abort()),
    ),
  ).toBe('stopped')
  expect(await currentBuild()).toBe('one')
})

test('nor does it wait for the server to learn of its build', async () => {
  const stop = new AbortController()
  // Nobody polls, so the server never does.
  const place = takePlace(client, { deploymentName, buildId: 'one' }, { stopping: stop.signal })
  stop.abort()
  expect(await place).toBe('stopped')
})
