// Cycles that nobody would wish for, on a real server: a history that is larger than one message of gRPC, and a workflow whose
// task fails for ever. No worker runs: the test plays it.
import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTemporal } from '../../clients/temporal.ts'
import { checkFailingTasks } from '../../cli/doctor-failing-tasks.ts'
import type { Connection } from '../../cli/connection.ts'
import { readHistory } from '../../verify/read-history.ts'
import { toCycleStart } from '../../workflows/contract.ts'
import { definitionOf, inputOf } from '../../model/samples.test-data.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

let temporal: LentTemporal
let client: Client
beforeAll(async () => {
  temporal = await lendTemporal()
  const { namespace } = temporal.client.options
  const none = { apiKey: undefined, clientCertPath: undefined, clientKeyPath: undefined }
  const settings = { address: temporal.address, namespace, tls: false, ...none }
  client = await openTemporal({ ...settings, serverCaPath: undefined, serverName: undefined }, 10_000)
})
afterAll(async () => {
  await client.connection.close()
  await temporal.stop()
})

test('a history of more than 4 MB is read', async () => {
  const text = 'x'.repeat(1_500_000)
  const workflowId = randomUUID()
  const handle = await client.workflow.start('large', { workflowId, taskQueue: workflowId, args: [text] })
  for (let sent = 0; sent < 3; sent += 1) await handle.signal('more', text)
  const { events } = await handle.fetchHistory()
  expect(events?.filter(({ workflowExecutionSignaledEventAttributes: told }) => told)).toHaveLength(3)
})

test('doctor names a cycle whose workflow task fails again and again, and no other; its history says so, too', async () => {
  const connection = { temporal: async () => client } as unknown as Connection
  const taskQueue = randomUUID()
  const start = { ...toCycleStart(inputOf(definitionOf('d1/ds3', []))), taskQueue }
  const { workflowId } = await client.workflow.start('dataProductCycle', start)
  expect(await checkFailingTasks(connection, 'd1')).toBe('none')
  for (let failed = 0; failed < 6; failed += 1) await failTask(taskQueue)
  await expect
    .poll(() => checkFailingTasks(connection, 'd1').catch((error: unknown) => (error as Error).message), {
      timeout: 30_000,
    })
    .toBe(`1 workflow does not go on, as its workflow task fails again and again: ${workflowId} (PayloadsTooLarge)`)
  expect(await checkFailingTasks(connection, 'd2')).toBe('none')

  const exported = JSON.parse(historyToJSON(await client.workflow.getHandle(workflowId).fetchHistory()))
  expect(readHistory(exported).failing).toMatchObject({ why: 'PAYLOADS_TOO_LARGE: the record is too large' })
})

async function failTask(taskQueue: string): Promise<void> {
  const { namespace } = client.options
  const service = client.workflowService
  const poll = { namespace, taskQueue: { name: taskQueue }, identity: 'test' }
  const { taskToken } = await client.withDeadline(Date.now() + 60_000, () => service.pollWorkflowTaskQueue(poll))
  const cause = proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE
  const failure = { message: 'the record is too large' }
  await service.respondWorkflowTaskFailed({ namespace, taskToken, identity: 'test', cause, failure })
}
