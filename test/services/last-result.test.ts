// How the last run of a cycle ended, as a real Temporal tells it; its worker is played by the test.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLastResult } from '../../clients/last-result.ts'
import { definitionOf, inputOf } from '../../model/samples.test-data.ts'
import { CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { closeRun, type LentTemporal, lendTemporal } from './temporal.ts'

let temporal: LentTemporal
beforeAll(async () => {
  temporal = await lendTemporal()
})
afterAll(() => temporal.stop())

test('it is the result of the last run, or the one that its failure carries; none of one that is open, terminated or unknown', async () => {
  const { client } = temporal
  const start = {
    ...toCycleStart(inputOf(definitionOf('last/ds1'))),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  }
  const cycle = start.workflowId
  expect(await readLastResult(client, cycle)).toBeUndefined()

  await client.workflow.start(CYCLE_WORKFLOW, start)
  expect(await readLastResult(client, cycle)).toBeUndefined()
  await closeRun(client, start.taskQueue, { result: { runNumber: 1, state: 'COMPLETED' } })
  expect(await readLastResult(client, cycle)).toEqual({ runNumber: 1, state: 'COMPLETED' })

  await client.workflow.start(CYCLE_WORKFLOW, start)
  expect(await readLastResult(client, cycle)).toBeUndefined()
  await closeRun(client, start.taskQueue, { failed: { runNumber: 2, state: 'ERROR' } })
  expect(await readLastResult(client, cycle)).toEqual({ runNumber: 2, state: 'ERROR' })

  const handle = await client.workflow.start(CYCLE_WORKFLOW, start)
  await handle.terminate()
  expect(await readLastResult(client, cycle)).toBeUndefined()
})
