// A cycle and time: the earliest start, the cutoff and its three answers, and how long an ERROR waits for a person.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { CutoffAction } from '../../model/definition.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate, SOON_MS } from './eventually.ts'
import { refused } from './outside.ts'
import { openStage, type Stage } from './stage.ts'
import { type StagedCycle, toCommand } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  // Timers are what a replay gets wrong most easily.
  stage = await openStage(inject('ground'), 'deadlines', { maxCachedWorkflows: 0 })
})
afterAll(() => stage.close())

const a = arrivalOf('raw/a')
const b = arrivalOf('raw/b')
const at = { time: '02:00', days: 1, unit: 'day' as const }

/** Waits for raw/a and raw/b until its cutoff, which is near. */
const withCutoff = (name: string, action: CutoffAction, cutoffMs = Date.now() + SOON_MS) =>
  stage.cycle(name, { definition: { cutoff: { at, then: action } }, input: { cutoffMs } })

describe.concurrent('the earliest start', () => {
  test('holds a cycle that has all it needs', async () => {
    const notBeforeMs = Date.now() + SOON_MS
    const cycle = stage.cycle('not-before', { input: { notBeforeMs } })
    await cycle.arrive(a, b)
    const held = await cycle.until('all have arrived', (now) =>
      now.dependencies.every(({ state }) => state === 'ARRIVED'),
    )
    expect(held.state).toBe('WAITING')
    await cycle.glueEnds(1)
    await cycle.result()
    const { attempts } = await cycle.now()
    expect(attempts[0]?.begunAtMs).toBeGreaterThanOrEqual(notBeforeMs)
  })

  test('that has passed holds nothing', async () => {
    const cycle = stage.cycle('not-before-passed', { input: { notBeforeMs: Date.now() - SOON_MS } })
    await cycle.arrive(a, b)
    await cycle.glueEnds(1)
    await cycle.result()
    await expect(timersOf(cycle.id)).resolves.toBe(0)
  })
})

describe.concurrent('the cutoff', () => {
  test('makes it an ERROR of the wait that names the missing; they are told of, and a late arrival starts it', async () => {
    const cycle = withCutoff('error', 'error')
    await cycle.arrive(a)
    const missed = await cycle.untilState('ERROR')
    expect(missed).toMatchObject({ step: 'wait', reason: 'cutoff passed, still waiting for raw/b', attempts: [] })
    await Promise.all([cycle.untilAsked('publishNotRefreshed'), cycle.untilAsked('notifyFailure')])
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([
      { state: 'ERROR', step: 'wait', reason: missed.reason, causationIds: [a.eventId] },
    ])
    expect(cycle.asked('notifyFailure')).toMatchObject([
      { attempt: 0, run: null, nextStep: expect.stringContaining('starts by itself') },
    ])
    expect(cycle.asked('startGlueJob')).toEqual([])

    await cycle.arrive(b)
    await cycle.glueEnds(1)

    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1, revision: 1 })
    const moves = cycle.asked('recordCycle').flatMap(({ transitions }) => transitions.map(({ from, to }) => [from, to]))
    expect(moves).toEqual([
      [null, 'WAITING'],
      ['WAITING', 'ERROR'],
      ['ERROR', 'PROCESSING'],
      ['PROCESSING', 'COMPLETED'],
    ])
  })

  test('skips it when the definition says so: consumers hear of it, nobody is paged, Glue is not asked', async () => {
    const cycle = withCutoff('skip', 'skip')
    await cycle.arrive(a)
    const reason = 'cutoff passed, still waiting for raw/b'
    expect(await cycle.result()).toMatchObject({ state: 'SKIPPED', step: null, reason, lastAttempt: 0, revision: 0 })
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'SKIPPED', reason }])
    expect(cycle.asked('notifyFailure')).toEqual([])
    expect(cycle.asked('startGlueJob')).toEqual([])
    expect(cycle.asked('recordCycle').at(-1)?.snapshot.state).toBe('SKIPPED')
  })

  test('runs it without the missing when the definition says so', async () => {
    const cycle = withCutoff('without', 'run-without')
    await cycle.arrive(a)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', revision: 1 })
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([
      { builtFrom: [{ product: 'raw/a', revision: 1 }], builtWithout: ['raw/b'] },
    ])
    expect(cycle.asked('publishNotRefreshed')).toEqual([])
  })

  test('that was over at the opening binds nobody: the cycle waits as long as it takes', async () => {
    const cycle = withCutoff('backfill', 'error', Date.now() - 86_400_000)
    await cycle.start()
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', (now) => now.dependencies[0]?.state === 'ARRIVED')
    expect((await cycle.now()).state).toBe('WAITING')
    await expect(timersOf(cycle.id)).resolves.toBe(0)
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  })

  test('is one timer, however many arrivals come before it', async () => {
    const cycle = withCutoff('one-timer', 'error', Date.now() + 60_000)
    for (const revision of [1, 2, 3]) await cycle.arrive(arrivalOf('raw/a', { revision }))
    // Else all of them may be there before its first task, and it waits for nothing.
    await cycle.until('it waits', ({ deliveries }) => deliveries.length > 0)
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    await cycle.result()
    await expect(timersOf(cycle.id)).resolves.toBe(1)
  })
})

describe.concurrent('an ERROR that nobody mends', () => {
  const settings = { checkGlueMs: 60_000, errorWaitMs: SOON_MS, recordRetryMs: 1_000 }

  test('closes the run as failed after its time, with what is needed to bring it back', async () => {
    const cycle = stage.cycle('give-up', { input: { settings } })
    await cycle.arrive(a, b)
    await cycle.glueEnds(1, 'FAILED')

    const { type, message, details } = await cycle.failure()

    expect(type).toBe('CycleFailed')
    expect(message).toContain(`${cycle.id} stayed in ERROR(run) and nobody reran it in time`)
    expect(details).toMatchObject({
      ...{ cycle: cycle.id, runNumber: 1, state: 'ERROR', step: 'run', lastAttempt: 1, revision: 0, succeeded: null },
      reason: 'Glue run jr_1 ended FAILED, a failure of the job (1 of 1): no such table',
      dependencies: [{ state: 'ARRIVED' }, { state: 'ARRIVED' }],
    })
    expect(await cycle.status()).toBe('FAILED')
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({ state: 'ERROR', step: 'run' })
    expect(cycle.asked('notifyFailure')).toHaveLength(1)
  })

  test('waits again, as long, after a rerun that failed too', async () => {
    const cycle = stage.cycle('give-up-later', { input: { settings } })
    await cycle.arrive(a, b)
    await cycle.glueEnds(1, 'FAILED')
    const first = await cycle.untilState('ERROR')
    await cycle.rerun()
    await cycle.glueEnds(2, 'TIMEOUT')
    const second = await cycle.until('the second ERROR', (now) => now.state === 'ERROR' && now.lastAttempt === 2)
    expect(second.stateSinceMs).toBeGreaterThan(first.stateSinceMs)
    expect((await cycle.failure()).details).toMatchObject({
      lastAttempt: 2,
      reason: expect.stringContaining('jr_2 ended TIMEOUT'),
    })
    const closedAtMs = (await stage.client.workflow.getHandle(cycle.id).describe()).closeTime?.getTime()
    expect(closedAtMs).toBeGreaterThanOrEqual(second.stateSinceMs + SOON_MS)
    expect(cycle.asked('notifyFailure').map(({ id }) => id)).toHaveLength(2)
    expect(new Set(cycle.asked('notifyFailure').map(({ id }) => id)).size).toBe(2)
  })

  test('keeps what a later start needs to publish a run that succeeded', async () => {
    const publishRefreshEvent = async () => {
      throw refused()
    }
    const cycle = stage.cycle('give-up-publish', { input: { settings }, script: { publishRefreshEvent } })
    await cycle.arrive(a, b)
    await cycle.glueEnds(1)
    const { details } = await cycle.failure()
    expect(details).toMatchObject({ state: 'ERROR', step: 'publish', revision: 0 })
    expect(details.succeeded).toMatchObject({ number: 1, runId: 'jr_1', end: { state: 'SUCCEEDED' } })

    cycle.script({ publishRefreshEvent: async () => ({ eventId: `${cycle.id}/r1` }) })
    await cycle.comeBack(details, toCommand())

    expect(await cycle.result()).toMatchObject({ runNumber: 2, state: 'COMPLETED', lastAttempt: 1, revision: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
    expect(cycle.asked('publishRefreshEvent').at(-1)).toMatchObject({ attempt: 1, runId: 'jr_1', kind: 'initial' })
  })
})

async function timersOf(workflowId: string): Promise<number> {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).filter((event) => event.timerStartedEventAttributes).length
}

describe.concurrent('a cycle that is expected by an instant', () => {
  const soon = () => Date.now() + SOON_MS

  test('asks who is to be told when it is not there by then, once, and goes on', async () => {
    const cycle = stage.cycle('late', { dependsOn: ['raw/a'] })
    await cycle.start({ availableByMs: soon() })
    await cycle.untilAsked('watchLateness')
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
    expect(cycle.asked('watchLateness')).toMatchObject([{ domain: 'deadlines' }])
  })

  test('asks nobody when it is there before, was opened afterwards, by a backfill, or comes back', async () => {
    const cycleOf = (name: string) => stage.cycle(name, { dependsOn: ['raw/a'] })
    const [early, after, backfilled, witness] = [
      ...[cycleOf('early'), cycleOf('after'), cycleOf('backfilled')],
      ...[cycleOf('witness')],
    ] as [StagedCycle, StagedCycle, StagedCycle, StagedCycle]
    await early.start({ availableByMs: Date.now() + 3_600_000 })
    await early.arrive(a)
    await early.glueEnds(1)
    const ended = await early.result()
    const availableByMs = soon()
    await Promise.all([
      witness.start({ availableByMs }),
      after.start({ availableByMs: Date.now() - 1 }),
      backfilled.start({ availableByMs, openedBy: 'backfill' }),
      early.comeBack(ended, {}, { availableByMs }),
    ])
    // That one asks shows that the instant has passed for all of them.
    await witness.untilAsked('watchLateness')
    for (const cycle of [early, after, backfilled]) expect(cycle.asked('watchLateness')).toEqual([])
  })

  test('tells of it when the trouble of telling is over, and does not close before', async () => {
    const gate = createGate()
    const cycle = stage.cycle('late-and-over', {
      dependsOn: ['raw/a'],
      script: { watchLateness: async () => gate.opened.then(() => ({ told: 1 })) },
    })
    await cycle.start({ availableByMs: soon() })
    await cycle.untilAsked('watchLateness')
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1)
    await cycle.untilState('COMPLETED')
    expect(await cycle.status()).toBe('RUNNING')
    gate.open()
    await cycle.result()
    expect(await cycle.status()).toBe('COMPLETED')
  })
})
