// A cycle and its record: written beside the pipeline, never in its way, and complete before the run closes.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { CycleRecord } from '../../model/cycle/record.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { WAITING_FOR_ATTRIBUTE } from '../../workflows/contract.ts'
import { createGate, eventually, SOON_MS } from './eventually.ts'
import { refused } from './outside.ts'
import { openStage, type Stage } from './stage.ts'
import { type StagedCycle, untilAtRest } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'lanes')
})
afterAll(() => stage.close())

const databaseIsDown = async (): Promise<void> => {
  throw new Error('PostgreSQL is down')
}
const databaseIsBack = async (): Promise<void> => undefined

/** What the mirror has in the end: each row once, by whatever flush. */
const rowsOf = (cycle: StagedCycle, rows: (record: CycleRecord) => { version: number }[]): number[] =>
  cycle.asked('recordCycle').flatMap((record) => rows(record).map(({ version }) => version))

describe.concurrent('the record', () => {
  test('that cannot be written holds up nothing but the closing, and the waiting run still answers', async () => {
    const cycle = stage.cycle('outage', { script: { recordCycle: databaseIsDown } })
    await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
    await cycle.glueEnds(1)
    await cycle.untilAsked('publishRefreshEvent')
    await cycle.untilState('COMPLETED')
    expect(await cycle.status()).toBe('RUNNING')

    await cycle.arrive(arrivalOf('raw/a', { revision: 2 }))
    const { deliveries } = await cycle.until('it is judged', (now) => now.deliveries.length === 3)
    expect(deliveries[2]).toMatchObject({ outcome: 'correction', revision: 2 })
    expect(await cycle.rerun({ reason: 'take the correction' })).toEqual({ attempt: 2 })
    await cycle.glueEnds(2)
    await cycle.untilAsked('publishRefreshEvent', 2)
    expect(await cycle.status()).toBe('RUNNING')
    cycle.script({ recordCycle: databaseIsBack })

    expect(await cycle.result()).toMatchObject({ runNumber: 1, state: 'COMPLETED', lastAttempt: 2, revision: 2 })
    const last = cycle.asked('recordCycle').at(-1)
    expect(last).toMatchObject({ runNumber: 1, snapshot: { state: 'COMPLETED', lastAttempt: 2, revision: 2 } })
    expect(last?.version).toBe((await cycle.now()).version)
  })

  test('that cannot be written leaves a late operator time: the failed run is still there to be rerun', async () => {
    const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
    const cycle = stage.cycle('outage-in-error', { input: { settings }, script: { recordCycle: databaseIsDown } })
    await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await eventually('its time to wait is over', () => isTimerFired(cycle.id), Boolean)
    expect(await cycle.status()).toBe('RUNNING')
    expect(await cycle.rerun()).toEqual({ attempt: 2 })
    cycle.script({ recordCycle: databaseIsBack })
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ runNumber: 1, state: 'COMPLETED' })
  })

  test('that the database has lost in part is written whole, before the run closes', async () => {
    const cycle = stage.cycle('failover', { script: { recordCycle: databaseIsBack } })
    await cycle.arrive(arrivalOf('raw/a'))
    await eventually('its arrival is written', () => rowsOf(cycle, ({ deliveries }) => deliveries).length, Boolean)
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.untilGlueRuns(1)
    await untilAtRest(stage.client, cycle.id)
    // Of the last flush alone, and once.
    cycle.script({
      recordCycle: async ({ since = 0, snapshot: { state } }) => ({ lacksEarlier: since > 0 && state === 'COMPLETED' }),
    })
    await cycle.glueEnds(1)
    await cycle.result()
    const [closing, whole] = cycle.asked('recordCycle').slice(-2)
    expect(closing).toMatchObject({
      snapshot: { state: 'COMPLETED' },
      transitions: [{ to: 'COMPLETED' }],
      deliveries: [],
    })
    expect(whole).toMatchObject({ version: closing?.version, snapshot: { state: 'COMPLETED' } })
    expect(whole).not.toHaveProperty('since')
    expect(whole?.transitions.map(({ to }) => to)).toEqual(['WAITING', 'PROCESSING', 'COMPLETED'])
    expect(whole?.deliveries).toHaveLength(2)
  })

  test('takes a burst of arrivals in one flush', async () => {
    const upstreams = Array.from({ length: 40 }, (_, index) => `raw/p${index}`)
    const written = createGate()
    const cycle = stage.cycle('burst', {
      dependsOn: [...upstreams, 'raw/last'],
      script: { recordCycle: () => written.opened },
    })
    await cycle.start()
    await cycle.untilAsked('recordCycle')
    await Promise.all(upstreams.map((upstream) => cycle.arrive(arrivalOf(upstream))))
    await cycle.until('all have arrived', (now) => now.deliveries.length === 40)
    written.open()
    await cycle.untilAsked('recordCycle', 2)
    const [opening, burst] = cycle.asked('recordCycle')
    expect(opening).toMatchObject({ version: 1, deliveries: [], transitions: [{ to: 'WAITING' }] })
    expect(burst?.deliveries).toHaveLength(40)
    expect(cycle.asked('recordCycle')).toHaveLength(2)

    await cycle.arrive(arrivalOf('raw/last'))
    await cycle.glueEnds(1)
    await cycle.result()
  })

  test('of a start goes with its answer, and the search attributes only with a new state', async () => {
    const answered = createGate()
    const startGlueJob = async () => {
      await answered.opened
      return { runId: 'jr_1', adopted: false }
    }
    const cycle = stage.cycle('start', { script: { startGlueJob } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilAsked('recordCycle')
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.untilAsked('startGlueJob')
    expect(cycle.asked('recordCycle')).toHaveLength(1)
    answered.open()
    await cycle.untilAsked('recordCycle', 2)
    expect(cycle.asked('recordCycle')[1]).toMatchObject({
      snapshot: { state: 'PROCESSING', attempts: [{ number: 1, runId: 'jr_1' }] },
      deliveries: [{ upstream: 'raw/b' }],
      transitions: [{ to: 'PROCESSING' }],
    })
    await cycle.glueEnds(1)
    await cycle.result()
    expect(cycle.asked('recordCycle')).toHaveLength(3)
    const { events } = await stage.client.workflow.getHandle(cycle.id).fetchHistory()
    expect(events?.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes)).toHaveLength(2)
  })

  test('moves the list of what is missing on with each arrival where it is too long to name all', async () => {
    const upstreams = Array.from({ length: 30 }, (_, index) => `raw/long${index}`)
    const cycle = stage.cycle('long-list', { dependsOn: upstreams })
    await cycle.start()
    const listed = async (): Promise<string[]> =>
      (await stage.client.workflow.getHandle(cycle.id).describe()).typedSearchAttributes.get(WAITING_FOR_ATTRIBUTE) ??
      []
    await eventually('it lists the first of them', listed, (names) => names.at(-1) === '+6 more')
    await cycle.arrive(arrivalOf('raw/long0'))
    await eventually('it goes on to the next', listed, (names) => names.at(-1) === '+5 more')
    expect(await listed()).not.toContain('raw/long0')
    await cycle.arrive(...upstreams.slice(1).map((upstream) => arrivalOf(upstream)))
    await cycle.glueEnds(1)
    await cycle.result()
  })

  test('has each row once, and ever newer versions', async () => {
    const cycle = stage.cycle('each-once', { run: { attempts: 2 } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.glueEnds(1, 'FAILED')
    await cycle.glueEnds(2, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.rerun()
    await cycle.glueEnds(3)
    await cycle.result()

    const { transitions, deliveries, actions, version } = await cycle.now()
    expect(rowsOf(cycle, (record) => record.transitions)).toEqual(transitions.map((row) => row.version))
    expect(rowsOf(cycle, (record) => record.deliveries)).toEqual(deliveries.map((row) => row.version))
    expect(rowsOf(cycle, (record) => record.actions)).toEqual(actions.map((row) => row.version))
    const versions = cycle.asked('recordCycle').map((record) => record.version)
    expect(versions).toEqual([...new Set(versions)].sort((one, other) => one - other))
    expect(versions.at(-1)).toBe(version)
  })

  test('is written after the publication: consumers do not wait for it', async () => {
    const written = createGate()
    const cycle = stage.cycle('publish-first', { script: { recordCycle: () => written.opened } })
    await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
    await cycle.glueEnds(1)
    await cycle.untilAsked('publishRefreshEvent')
    expect(cycle.asked('recordCycle').map(({ snapshot }) => snapshot.state)).not.toContain('COMPLETED')
    written.open()
    await cycle.result()
  })
})

test('a notice that is on its way keeps the run open', async () => {
  const told = createGate()
  const cutoff = { at: { time: '02:00', days: 1, unit: 'day' as const }, then: 'skip' as const }
  const cycle = stage.cycle('notice', {
    definition: { cutoff },
    input: { cutoffMs: Date.now() + SOON_MS },
    script: { publishNotRefreshed: () => told.opened },
  })
  await cycle.start()
  await cycle.untilAsked('publishNotRefreshed')
  const { version } = await cycle.untilState('SKIPPED')
  await cycle.until('all is written', () => cycle.asked('recordCycle').at(-1)?.version === version)
  expect(await cycle.status()).toBe('RUNNING')
  told.open()
  expect(await cycle.result()).toMatchObject({ state: 'SKIPPED' })
})

test('a notice that is refused for good does not close the run over the other one', async () => {
  const told = createGate()
  const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
  const notifyFailure = async () => {
    throw refused('the notification queue does not exist')
  }
  const cycle = stage.cycle('one-notice', {
    input: { settings },
    script: { notifyFailure, publishNotRefreshed: () => told.opened },
  })
  await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
  await cycle.glueEnds(1, 'FAILED')
  const { version } = await cycle.untilState('ERROR')
  await Promise.all([cycle.untilAsked('notifyFailure'), cycle.untilAsked('publishNotRefreshed')])
  await eventually('its time to wait is over', () => isTimerFired(cycle.id), Boolean)
  await cycle.until('all is written', () => (cycle.asked('recordCycle').at(-1)?.version ?? 0) >= version)
  // A query is answered after what the workflow had to do before it.
  await cycle.now()
  expect(await cycle.status()).toBe('RUNNING')
  told.open()
  expect(await cycle.failure()).toMatchObject({ type: 'CycleFailed', details: { state: 'ERROR', step: 'run' } })
})

async function isTimerFired(workflowId: string): Promise<boolean> {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).some((event) => event.timerFiredEventAttributes)
}
