// A cycle cancelled in Temporal: what runs in Glue is stopped, it is said, and it is written down before the run closes.
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate, eventually } from './eventually.ts'
import { refused } from './outside.ts'
import { type CycleWish, openStage, type Stage } from './stage.ts'
import { type StagedCycle, untilAtRest } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'cancels')
})
afterAll(() => stage.close())

const a = arrivalOf('raw/a')

async function ready(name: string, wish: CycleWish = {}): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], ...wish })
  await cycle.arrive(a)
  return cycle
}

async function isCancelRequested({ id }: StagedCycle): Promise<boolean> {
  const { events = [] } = await stage.client.workflow.getHandle(id).fetchHistory()
  return (events ?? []).some((event) => event.workflowExecutionCancelRequestedEventAttributes)
}

async function untilCancelled(cycle: StagedCycle): Promise<void> {
  const error = await cycle.result().then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(WorkflowFailedError)
  expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure)
  expect(await cycle.status()).toBe('CANCELLED')
}

describe.concurrent('a cancelled cycle', () => {
  test('stops its Glue run, tells consumers, pages nobody, and is written as CANCELLED', async () => {
    const cycle = await ready('running')
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob')).toEqual([{ job: 'd1-ds3', runId: 'jr_1' }])
    const reason = 'cancelled in Temporal; its Glue run jr_1 was told to stop'
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'CANCELLED', step: null, reason }])
    expect(cycle.asked('notifyFailure')).toEqual([])
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({ state: 'CANCELLED', reason })
    expect(cycle.asked('publishRefreshEvent')).toEqual([])
  })

  test('has no Glue run to stop while it waits', async () => {
    const cycle = stage.cycle('waiting')
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', (now) => now.deliveries.length === 1)
    await cycle.cancel()
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob')).toEqual([])
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({
      ...{ state: 'CANCELLED', reason: 'cancelled in Temporal; no Glue run was under way' },
    })
  })

  test('has none either in ERROR, and closes before anybody mended it', async () => {
    const cycle = await ready('in-error')
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.untilAsked('publishNotRefreshed')
    await cycle.cancel()
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob')).toEqual([])
    expect(cycle.asked('publishNotRefreshed').map(({ state }) => state)).toEqual(['ERROR', 'CANCELLED'])
  })

  test('still tells of the ERROR before it, when the bus takes notices again', async () => {
    const publishNotRefreshed = async () => {
      throw new Error('the bus does not answer')
    }
    const cycle = await ready('untold', { script: { publishNotRefreshed } })
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilAsked('publishNotRefreshed')
    await cycle.cancel()
    await cycle.untilState('CANCELLED')
    const told: string[] = []
    cycle.script({ publishNotRefreshed: async ({ state }) => void told.push(state) })
    await untilCancelled(cycle)
    expect(told.sort()).toEqual(['CANCELLED', 'ERROR'])
  })

  test('waits for a start under way, so that no run goes on unseen', async () => {
    const started = createGate()
    const startGlueJob = async () => {
      await started.opened
      return { runId: 'jr_1', adopted: false }
    }
    const cycle = await ready('starting', { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await cycle.cancel()
    await cycle.until('it still waits', (now) => now.state === 'PROCESSING')
    expect(cycle.asked('stopGlueJob')).toEqual([])
    started.open()
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob')).toEqual([{ job: 'd1-ds3', runId: 'jr_1' }])
  })

  test('says that a run may be at work when its start was tried and its answer lost', async () => {
    const startGlueJob = async () => {
      throw new Error('Glue gave no answer')
    }
    const cycle = await ready('start-unknown', { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob', 2)
    await cycle.cancel()
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob')).toEqual([])
    expect(cycle.asked('recordCycle').at(-1)?.snapshot.reason).toBe(
      'cancelled in Temporal; the start of Glue job "d1-ds3" for attempt 1 was under way: a run may be at work, so look in Glue',
    )
  })

  test.each(['cancel', 'act'] as const)('takes a start that fails after that for no failure (%s)', async (how) => {
    const mayFail = createGate()
    const startGlueJob = async () => {
      await mayFail.opened
      throw new Error('Glue gave no answer')
    }
    const cycle = await ready(`start-fails-${how}`, { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await (how === 'act' ? cycle.act('cancel') : cycle.cancel())
    await cycle.untilUnwanted()
    mayFail.open()
    await cycle.result().catch(() => undefined)
    const reason = expect.stringContaining('attempt 1 was under way: a run may be at work, so look in Glue')
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'CANCELLED', reason }])
    expect(cycle.asked('notifyFailure')).toEqual([])
  })

  test('takes a publication that fails after that for no failure', async () => {
    const mayFail = createGate()
    const publishRefreshEvent = async () => {
      await mayFail.opened
      throw new Error('the bus gave no answer')
    }
    const cycle = await ready('publish-fails', { script: { publishRefreshEvent } })
    await cycle.glueEnds(1)
    await cycle.untilAsked('publishRefreshEvent')
    await cycle.cancel()
    await cycle.untilUnwanted()
    mayFail.open()
    await untilCancelled(cycle)
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'CANCELLED' }])
    expect(cycle.asked('notifyFailure')).toEqual([])
  })

  test('says so when its Glue run could not be stopped', async () => {
    const stopGlueJob = async () => {
      throw refused('no permission to stop')
    }
    const cycle = await ready('cannot-stop', { script: { stopGlueJob } })
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    await untilCancelled(cycle)
    expect(cycle.asked('recordCycle').at(-1)?.snapshot.reason).toBe(
      'cancelled in Temporal; its Glue run jr_1 could not be stopped and may go on: no permission to stop',
    )
  })

  test('that has published stays COMPLETED', async () => {
    const published = createGate()
    const publishRefreshEvent = async () => {
      await published.opened
      return { eventId: 'said' }
    }
    const cycle = await ready('publishing', { script: { publishRefreshEvent } })
    await cycle.glueEnds(1)
    await cycle.untilAsked('publishRefreshEvent')
    await cycle.cancel()
    published.open()
    await untilCancelled(cycle)
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({ state: 'COMPLETED', revision: 1 })
    expect(cycle.asked('publishNotRefreshed')).toEqual([])
  })

  test('closes only when it is written, and keeps the arrivals of that time', async () => {
    const recordCycle = async () => {
      throw new Error('PostgreSQL is down')
    }
    const cycle = stage.cycle('outage', { script: { recordCycle } })
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', (now) => now.deliveries.length === 1)
    await cycle.cancel()
    await cycle.untilState('CANCELLED')
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.until('raw/b is judged', (now) => now.deliveries[1]?.outcome === 'late')
    expect(await cycle.status()).toBe('RUNNING')
    cycle.script({ recordCycle: async () => undefined })
    await untilCancelled(cycle)
    expect(
      cycle
        .asked('recordCycle')
        .at(-1)
        ?.deliveries.map(({ outcome }) => outcome),
    ).toContain('late')
  })

  test('by an operator and rerun by the same run, is cancelled in Temporal all the same', async () => {
    const recordCycle = async () => {
      throw new Error('PostgreSQL is down')
    }
    const cycle = await ready('twice', { script: { recordCycle } })
    await cycle.untilGlueRuns(1)
    await cycle.act('cancel')
    await cycle.untilState('CANCELLED')
    await cycle.rerun({ reason: 'cancelled by mistake' })
    await cycle.untilGlueRuns(2)
    await cycle.cancel()
    await cycle.untilState('CANCELLED')
    cycle.script({ recordCycle: async () => undefined })
    await untilCancelled(cycle)
    expect(cycle.asked('stopGlueJob').map(({ runId }) => runId)).toEqual(['jr_1', 'jr_2'])
  })

  test('by an operator and in Temporal, and then rerun by the same run, goes on', async () => {
    const recordCycle = async () => {
      throw new Error('PostgreSQL is down')
    }
    const cycle = await ready('both', { script: { recordCycle } })
    await cycle.untilGlueRuns(1)
    await cycle.act('cancel')
    await cycle.untilState('CANCELLED')
    await cycle.cancel()
    await eventually('it was asked for', () => isCancelRequested(cycle), Boolean)
    await cycle.rerun({ reason: 'cancelled by mistake' })
    await cycle.glueEnds(2)
    cycle.script({ recordCycle: async () => undefined })
    await cycle.result().catch(() => undefined)
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
  })

  test('says that a run may be at work when a hold of its product had put its start off', async () => {
    const mayFail = createGate()
    const startGlueJob = async () => {
      await mayFail.opened
      throw new Error('Glue gave no answer')
    }
    const cycle = await ready('put-off', { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await cycle.act('hold', { of: 'product' })
    await cycle.untilUnwanted()
    mayFail.open()
    await untilAtRest(stage.client, cycle.id)
    await cycle.act('cancel')
    await cycle.result()
    const reason = expect.stringContaining('the start of Glue job "d1-ds3" for attempt 1 was under way')
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({ state: 'CANCELLED', reason })
  })

  test('is rerun by the same run when that is asked for before it closes', async () => {
    const recordCycle = async () => {
      throw new Error('PostgreSQL is down')
    }
    const cycle = await ready('rerun', { script: { recordCycle } })
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    await cycle.untilState('CANCELLED')
    expect(await cycle.rerun({ reason: 'cancelled by mistake' })).toEqual({ attempt: 2 })
    await cycle.glueEnds(2)
    await cycle.untilState('COMPLETED')
    cycle.script({ recordCycle: async () => undefined })
    expect(await cycle.result()).toMatchObject({ runNumber: 1, state: 'COMPLETED', lastAttempt: 2, revision: 1 })
  })
})
