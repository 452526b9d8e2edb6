// One tick of a domain's scheduler.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { SCHEDULER_WORKFLOW, toTaskQueue } from '../../workflows/contract.ts'
import { createGate } from './eventually.ts'
import { refused } from './outside.ts'
import { openStage, type Stage } from './stage.ts'

const DOMAIN = 'ticks'
let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), DOMAIN)
})
afterAll(() => stage.close())

test('a tick asks for what is due at its own start, again when that failed, and answers what was opened', async () => {
  const workflowId = 'tick-1'
  let tries = 0
  stage.outside.script(workflowId, {
    openDueCycles: async () => {
      tries += 1
      if (tries === 1) throw new Error('the catalog bucket does not answer')
      return { opened: ['ticks/ds1/2026-11-20'], existing: 2, skipped: [] }
    },
    repairArrivals: async () => ({ repaired: 3 }),
  })

  const handle = await stage.client.workflow.start(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })

  expect(await handle.result()).toEqual({ opened: ['ticks/ds1/2026-11-20'], existing: 2, skipped: [], repaired: 3 })
  const atMs = (await handle.describe()).startTime.getTime()
  expect(stage.outside.asked(workflowId, 'openDueCycles')).toEqual([
    { domain: DOMAIN, atMs },
    { domain: DOMAIN, atMs },
  ])
  expect(stage.outside.asked(workflowId, 'repairArrivals')).toEqual([{ domain: DOMAIN }])
})

test('a repair that fails for good does not fail the tick, which says that nothing was looked at', async () => {
  const workflowId = 'tick-2'
  stage.outside.script(workflowId, {
    repairArrivals: async () => {
      throw refused('the mirror has no such column')
    },
  })
  const tick = stage.client.workflow.execute(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })
  expect(await tick).toEqual({ opened: [], existing: 0, skipped: [], repaired: null })
})

test('what is published arrives although the catalog bucket, which opening needs, is away', async () => {
  const workflowId = 'tick-3'
  const repaired = createGate()
  stage.outside.script(workflowId, {
    openDueCycles: async () => {
      await repaired.opened
      throw refused('the catalog bucket does not answer')
    },
    repairArrivals: async () => {
      repaired.open()
      return { repaired: 1 }
    },
  })
  const tick = stage.client.workflow.execute(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })
  await expect(tick).rejects.toThrow()
  expect(stage.outside.asked(workflowId, 'repairArrivals')).toHaveLength(1)
})
