// Builds of one domain that replace each other: who gets the cycles that are opened from then on.
import { readFile } from 'node:fs/promises'
import { Client, type Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { takePlace } from '../../workers/deployment.ts'
import { connect } from './connect.ts'

const NAME = 'sluice-builds'
const { address, namespace, bundlePath } = inject('ground')
let connection: Connection
let native: NativeConnection
let client: Client
let code: string

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

/** Polls as that build while `work` runs. */
async function asBuild<T>(buildId: string, work: () => Promise<T>): Promise<T> {
  const version = { deploymentName: NAME, buildId }
  const worker = await Worker.create({
    ...{ connection: native, namespace, taskQueue: NAME, workflowBundle: { code } },
    workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' },
  })
  return worker.runUntil(work)
}

const take = (buildId: string, isRollback = false) =>
  asBuild(buildId, () => takePlace(client, { deploymentName: NAME, buildId }, isRollback))

async function currentBuild(): Promise<string | null | undefined> {
  const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
    ...{ namespace, deploymentName: NAME },
  })
  return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId
}

test('the newest build is current; an old worker started again does not take that back, unless it is told to', async () => {
  expect(await take('one')).toBe('current')
  expect(await take('one')).toBe('current')
  expect(await take('two')).toBe('current')
  expect(await currentBuild()).toBe('two')

  expect(await take('one')).toBe('replaced')
  expect(await currentBuild()).toBe('two')

  expect(await take('one', true)).toBe('current')
  expect(await currentBuild()).toBe('one')
})
