// One tick of a domain's scheduler.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { SCHEDULER_WORKFLOW, toTaskQueue } from '../../workflows/contract.ts'
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
      return { opened: ['ticks/ds1/2026-11-20'], existing: 2 }
    },
  })

  const handle = await stage.client.workflow.start(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })

  expect(await handle.result()).toEqual({ opened: ['ticks/ds1/2026-11-20'], existing: 2 })
  const atMs = (await handle.describe()).startTime.getTime()
  expect(stage.outside.asked(workflowId, 'openDueCycles')).toEqual([
    { domain: DOMAIN, atMs },
    { domain: DOMAIN, atMs },
  ])
})
