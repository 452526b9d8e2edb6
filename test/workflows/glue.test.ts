// A cycle and its Glue runs: retried as the definition says, ended by whoever tells it, and never two at once.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ApplicationFailure } from '@temporalio/common'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { refused } from './outside.ts'
import { type CycleWish, openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'glue')
})
afterAll(() => stage.close())

/** A cycle that has all it needs, opened. */
async function ready(name: string, wish: CycleWish = {}): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], ...wish })
  await cycle.arrive(arrivalOf('raw/a'))
  return cycle
}

describe.concurrent('a Glue run', () => {
  test('that failed is followed by another as often as the definition says, after its pause', async () => {
    const cycle = await ready('retry', { run: { attempts: 3, retryAfterMs: 3_000 } })
    await cycle.glueEnds(1, 'FAILED')
    const pausing = await cycle.until('it pauses', (now) => now.retryAtMs !== null)
    expect(pausing).toMatchObject({ state: 'PROCESSING', attempts: [{ end: { state: 'FAILED' } }] })
    await cycle.glueEnds(2, 'TIMEOUT')
    await cycle.glueEnds(3)

    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 3, revision: 1 })
    const { attempts } = await cycle.now()
    expect(attempts.map(({ number, runId, end }) => [number, runId, end?.state])).toEqual([
      [1, 'jr_1', 'FAILED'],
      [2, 'jr_2', 'TIMEOUT'],
      [3, 'jr_3', 'SUCCEEDED'],
    ])
    expect(attempts[1]?.begunAtMs).toBeGreaterThanOrEqual(pausing.retryAtMs ?? Number.NaN)
    expect(await activityIdsOf(cycle.id, 'awaitGlueJob')).toEqual(['glue-1', 'glue-2', 'glue-3'])
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ attempt: 3, runId: 'jr_3' }])
    expect(cycle.asked('publishNotRefreshed')).toEqual([])
  })

  test('that a person stopped is not followed by another', async () => {
    const cycle = await ready('stopped', { run: { attempts: 3 } })
    await cycle.glueEnds(1, 'STOPPED')
    expect(await cycle.untilState('ERROR')).toMatchObject({ step: 'run', lastAttempt: 1 })
    await cycle.rerun()
    await cycle.glueEnds(2)
    await cycle.result()
  })

  test('is not ended by word of another run', async () => {
    const cycle = await ready('foreign')
    await cycle.glueEnds(1, 'SUCCEEDED', 'jr_of_somebody_else')
    await cycle.untilGlueRuns(1)
    expect((await cycle.now()).state).toBe('PROCESSING')
    await cycle.glueEnds(1, 'FAILED', 'jr_of_somebody_else')
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('is not ended by a completion by hand that says nothing', async () => {
    const cycle = await ready('by-hand')
    await cycle.untilGlueRuns(1)
    await stage.client.activity.complete({ workflowId: cycle.id, activityId: 'glue-1' }, null)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
  })

  test('may end while the wait for it pauses after a failed look', async () => {
    const awaitGlueJob = async () => {
      throw new Error('Glue throttles')
    }
    const cycle = await ready('in-back-off', { script: { awaitGlueJob } })
    await cycle.untilAsked('awaitGlueJob')
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  })

  test('whose event was lost is found out about by the next look', async () => {
    const settings = { checkGlueMs: 1_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }
    const cycle = await ready('event-lost', { input: { settings } })
    await cycle.untilAsked('awaitGlueJob')
    cycle.script({
      awaitGlueJob: async ({ runId }) => ({
        runId,
        state: 'SUCCEEDED',
        error: null,
        executionSeconds: 9,
        noticedBy: 'check',
      }),
    })
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
    expect((await cycle.now()).attempts[0]?.end).toMatchObject({ noticedBy: 'check', executionSeconds: 9 })
  })

  test('that Glue does not know yet is asked for again: the same run, no other', async () => {
    let looks = 0
    const awaitGlueJob = async ({ runId }: { runId: string }) => {
      looks += 1
      if (looks < 3) throw ApplicationFailure.create({ message: 'not found', type: 'GlueRunUnknown' })
      return { ...success, runId }
    }
    const cycle = await ready('not-known-yet', { run: { attempts: 3 }, script: { awaitGlueJob } })
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(cycle.asked('awaitGlueJob').map(({ runId }) => runId)).toEqual(['jr_1', 'jr_1', 'jr_1'])
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('whose end nobody can learn is followed by no other until a person says so: it may be at work', async () => {
    const awaitGlueJob = async () => {
      throw refused('there is no such run')
    }
    const cycle = await ready('no-such-run', { run: { attempts: 3 }, script: { awaitGlueJob } })
    const failed = await cycle.untilState('ERROR')
    expect(failed).toMatchObject({ step: 'run', lastAttempt: 1, retryAtMs: null })
    expect(failed.attempts).toMatchObject([{ runId: 'jr_1', end: { noticedBy: 'nobody' } }])
    expect(failed.reason).toBe(
      'Glue run jr_1 is out of sight: it may still be at work, so look in Glue before a rerun: there is no such run',
    )
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
    cycle.script({ awaitGlueJob: async ({ runId }) => ({ ...success, runId }) })
    await cycle.rerun()
    await cycle.result()
  })

  test('that is there already is adopted', async () => {
    const startGlueJob = async () => ({ runId: 'jr_1', adopted: true })
    const cycle = await ready('adopted', { script: { startGlueJob } })
    await cycle.glueEnds(1)
    await cycle.result()
    expect((await cycle.now()).attempts).toMatchObject([{ number: 1, runId: 'jr_1', adopted: true }])
  })

  test('of a product that publishes nothing ends the cycle without an event', async () => {
    const cycle = await ready('no-publish', { definition: { publish: null } })
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', revision: 0, publishedEventId: null })
    expect(cycle.asked('publishRefreshEvent')).toEqual([])
  })
})

describe.concurrent('the start of a Glue run', () => {
  test('is one attempt, however often it has to be tried', async () => {
    let tries = 0
    const startGlueJob = async () => {
      tries += 1
      if (tries < 2) throw new Error('Glue gave no answer')
      return { runId: 'jr_1', adopted: true }
    }
    const cycle = await ready('start-again', { script: { startGlueJob } })
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    const [first, second] = cycle.asked('startGlueJob')
    expect(second).toEqual(first)
    expect(first?.notBeforeMs).toBeLessThan((await cycle.now()).openedAtMs)
  })

  test('may wait for room in Glue for days: nothing bounds its tries, while the stop of a cancelled cycle is bounded', async () => {
    const cycle = await ready('no-bound')
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    await cycle.untilAsked('stopGlueJob')
    const boundOf = async (type: string) => (await scheduledOf(cycle.id, type))[0]?.scheduleToCloseTimeout?.seconds
    expect([Number(await boundOf('startGlueJob')), Number(await boundOf('stopGlueJob'))]).toEqual([0, 86_400])
  })

  test.each([
    ['the first task', 'workflowTaskCompletedEventAttributes'],
    ['the start of the attempt', 'activityTaskScheduledEventAttributes'],
  ] as const)('repeated after a reset to before %s looks as far back as the run it may adopt', async (where, event) => {
    const cycle = stage.cycle(`reset-${event.slice(0, 8).toLowerCase()}`, { dependsOn: ['raw/a'] })
    await cycle.start()
    await cycle.until('it is open', (now) => now.state === 'WAITING')
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    const { attempts } = await cycle.now()
    await resetBefore(cycle, event)
    await cycle.untilAsked('startGlueJob', 2)
    const [first, second] = cycle.asked('startGlueJob')
    expect(second, where).toMatchObject({ attempt: 1, arguments: first?.arguments })
    expect((await cycle.now()).attempts[0]?.begunAtMs).toBeGreaterThan(attempts[0]?.begunAtMs ?? 0)
    expect(second?.notBeforeMs).toBeLessThanOrEqual(first?.notBeforeMs ?? 0)
    await cycle.glueEnds(1)
    await cycle.result()
  })

  test('that Glue refuses is an ERROR of the start; the rerun is the next attempt', async () => {
    const startGlueJob = async () => {
      throw refused('account 222222222222 has no such job')
    }
    const cycle = await ready('start-refused', { run: { attempts: 3 }, script: { startGlueJob } })
    const failed = await cycle.untilState('ERROR')
    expect(failed).toMatchObject({ step: 'start', reason: 'account 222222222222 has no such job', lastAttempt: 1 })
    await Promise.all([cycle.untilAsked('publishNotRefreshed'), cycle.untilAsked('notifyFailure')])
    expect(cycle.asked('notifyFailure')).toMatchObject([{ step: 'start', attempt: 1, run: null }])
    expect(cycle.asked('startGlueJob')).toHaveLength(1)

    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
    expect(await cycle.rerun()).toEqual({ attempt: 2 })
    await cycle.glueEnds(2)

    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2, revision: 1 })
  })
})

test('a Glue run may end before anybody waits for it', async () => {
  const cycle = stage.cycle('before-the-wait', { dependsOn: ['raw/a'] })
  let resting = Promise.resolve()
  cycle.script({
    startGlueJob: async () => {
      // The worker ends what it has in hand, this start, and takes nothing more.
      resting = stage.restActivities()
      return { runId: 'jr_1', adopted: false }
    },
  })
  await cycle.arrive(arrivalOf('raw/a'))
  await cycle.glueEnds(1)
  await resting
  await cycle.until('the end is known', (now) => now.attempts[0]?.end?.state === 'SUCCEEDED')
  expect(cycle.asked('awaitGlueJob')).toEqual([])
  await stage.resumeActivities()
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
})

const success = { state: 'SUCCEEDED' as const, error: null, executionSeconds: 60, noticedBy: 'check' as const }

const activityIdsOf = async (workflowId: string, type: string): Promise<(string | null | undefined)[]> =>
  (await scheduledOf(workflowId, type)).map((scheduled) => scheduled?.activityId)

async function scheduledOf(workflowId: string, type: string) {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? [])
    .map((event) => event.activityTaskScheduledEventAttributes)
    .filter((scheduled) => scheduled?.activityType?.name === type)
}

/** As an operator resets it, to before the first workflow task or to before the one that scheduled `startGlueJob`. */
async function resetBefore(
  cycle: StagedCycle,
  event: 'workflowTaskCompletedEventAttributes' | 'activityTaskScheduledEventAttributes',
): Promise<void> {
  const { client } = stage
  const handle = client.workflow.getHandle(cycle.id)
  const { runId } = await handle.describe()
  const events = (await handle.fetchHistory()).events ?? []
  const target = events.find(
    (one) =>
      one[event] && (one.activityTaskScheduledEventAttributes?.activityType?.name ?? 'startGlueJob') === 'startGlueJob',
  )
  const workflowTaskFinishEventId =
    target?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ?? target?.eventId
  await client.workflowService.resetWorkflowExecution({
    ...{ namespace: client.options.namespace, workflowExecution: { workflowId: cycle.id, runId } },
    ...{ reason: 'a test', requestId: `reset-${cycle.id}`, workflowTaskFinishEventId },
  })
}
