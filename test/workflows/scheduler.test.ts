// One tick of a domain's scheduler.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Connection } from '../../cli/connection.ts'
import { checkLastTick } from '../../cli/doctor-tick.ts'
import {
  type RowsReconciled,
  SCHEDULER_WORKFLOW,
  type Stuck,
  toScheduleId,
  toTaskQueue,
} from '../../workflows/contract.ts'
import { createGate, eventually } from './eventually.ts'
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
    repairHolds: async () => ({ repaired: 2 }),
    watchLateness: async () => ({ told: 1 }),
    reconcileRows: async () => ROWS,
    findStuck: async () => STUCK,
  })

  const handle = await stage.client.workflow.start(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })

  expect(await handle.result()).toEqual({
    ...{ opened: ['ticks/ds1/2026-11-20'], existing: 2, skipped: [], repaired: 3, rows: ROWS, stuck: STUCK },
    holdsRepaired: 2,
    latenessTold: 1,
  })
  const atMs = (await handle.describe()).startTime.getTime()
  expect(stage.outside.asked(workflowId, 'openDueCycles')).toEqual([
    { domain: DOMAIN, atMs },
    { domain: DOMAIN, atMs },
  ])
  expect(stage.outside.asked(workflowId, 'repairArrivals')).toEqual([{ domain: DOMAIN }])
  expect(stage.outside.asked(workflowId, 'reconcileRows')).toEqual([{ domain: DOMAIN, after: null }])
  expect(stage.outside.asked(workflowId, 'findStuck')).toEqual([{ domain: DOMAIN }])
  expect(stage.outside.asked(workflowId, 'repairHolds')).toEqual([{ domain: DOMAIN }])
  expect(stage.outside.asked(workflowId, 'watchLateness')).toEqual([{ domain: DOMAIN }])
})

const ROWS: RowsReconciled = {
  ...{ compared: 7, unanswered: 0, left: 0, after: 'ticks/ds1/2026-11-20' },
  rewritten: { count: 1, names: ['ticks/ds1/2026-11-19'] },
  withoutRun: { count: 0, names: [] },
}
const STUCK: Stuck = {
  ...{ unstarted: { count: 0, names: [] }, withoutWorker: null, glueEnds: { count: 3, byCheck: 1 } },
}

test('the next tick of a schedule goes on where the last one ended', async () => {
  const action = {
    type: 'startWorkflow',
    workflowType: SCHEDULER_WORKFLOW,
    workflowId: 'tick',
    args: [DOMAIN],
  } as const
  const schedule = await stage.client.schedule.create({
    scheduleId: toScheduleId(DOMAIN),
    // Ticks that are triggered, all at once, are not told of each other.
    ...{ spec: { intervals: [{ every: 1_000 }] }, action: { ...action, taskQueue: toTaskQueue(DOMAIN) } },
  })
  const asked = async () =>
    (await schedule.describe()).info.recentActions.flatMap(({ action: { workflow } }) =>
      stage.outside.asked(workflow.workflowId, 'reconcileRows'),
    )
  const [first, ...others] = await eventually('a tick after another', asked, (all) => all.some(({ after }) => after))
  expect(first).toEqual({ domain: DOMAIN, after: null })
  expect(others.at(-1)).toEqual({ domain: DOMAIN, after: `${DOMAIN}/after` })
  const told = await checkLastTick({ temporal: async () => stage.client } as unknown as Connection, DOMAIN)
  expect(told).toMatch(/^20\S+Z: opened 0 cycles; compared 0 rows with the runs/)
  await schedule.delete()
})

test('a repair that fails for good does not fail the tick, which says that nothing was looked at', async () => {
  const workflowId = 'tick-2'
  const fails = async () => {
    throw refused('the mirror has no such column')
  }
  stage.outside.script(workflowId, {
    repairArrivals: fails,
    repairHolds: fails,
    watchLateness: fails,
    reconcileRows: fails,
    findStuck: fails,
  })
  const tick = stage.client.workflow.execute(SCHEDULER_WORKFLOW, {
    ...{ workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] },
  })
  expect(await tick).toEqual({
    ...{ opened: [], existing: 0, skipped: [], repaired: null, rows: null, stuck: null, holdsRepaired: null },
    latenessTold: null,
  })
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
