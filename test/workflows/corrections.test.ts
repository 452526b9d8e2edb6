// Inputs that are corrected after the cycle has run: what `onRevision: rerun` does in an open run, in one that closes, and
// with a cycle whose run is closed.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { OnRevision } from '../../model/definition.ts'
import { arrivalOf, toProduct } from '../../model/samples.test-data.ts'
import { createGate, SOON_MS } from './eventually.ts'
import { type CycleWish, openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'corrections')
})
afterAll(() => stage.close())

const put = (name: string, onRevision: OnRevision = 'rerun', wish: CycleWish = {}): StagedCycle =>
  stage.cycle(name, {
    ...wish,
    definition: {
      dependsOn: ['raw/a', 'raw/b'].map((product) => ({ product: toProduct(product), onRevision })),
      settleMs: SOON_MS,
      ...wish.definition,
    },
  })

const A1 = arrivalOf('raw/a')
const B1 = arrivalOf('raw/b')
const A2 = arrivalOf('raw/a', { revision: 2 })
const B2 = arrivalOf('raw/b', { revision: 2 })

async function completed(name: string, onRevision?: OnRevision, wish?: CycleWish) {
  const cycle = put(name, onRevision, wish)
  await cycle.arrive(A1, B1)
  await cycle.glueEnds(1)
  return { cycle, ended: await cycle.result() }
}

const published = (cycle: StagedCycle) =>
  cycle.asked('publishRefreshEvent').map(({ revision, kind, attempt, builtFrom }) => ({
    ...{ revision, kind, attempt },
    from: builtFrom.map((input) => input.revision),
  }))

describe.concurrent('a correction that comes while the cycle is open', () => {
  test('during the attempt is remembered: that is published, and then one more with all that was corrected', async () => {
    const cycle = put('in-processing')
    await cycle.arrive(A1, B1)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(A2)
    await cycle.arrive(B2)
    await cycle.glueEnds(1)
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', revision: 2, lastAttempt: 2 })
    expect(published(cycle)).toEqual([
      { revision: 1, kind: 'initial', attempt: 1, from: [1, 1] },
      { revision: 2, kind: 'correction', attempt: 2, from: [2, 2] },
    ])
    const { actions } = await cycle.now()
    expect(actions).toMatchObject([{ actor: 'sluice', action: 'rerun', refused: null, attempt: 2 }])
  })

  test('during the last flush keeps the run open, for one rerun', async () => {
    const gate = createGate()
    const cycle = put('while-closing', 'rerun', {
      script: { recordCycle: (record) => (record.snapshot.state === 'COMPLETED' ? gate.opened : Promise.resolve()) },
    })
    await cycle.arrive(A1, B1)
    await cycle.glueEnds(1)
    await cycle.untilState('COMPLETED')
    await cycle.arrive(A2)
    gate.open()
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ revision: 2, runNumber: 1 })
    expect(published(cycle).map(({ from }) => from)).toEqual([
      [1, 1],
      [2, 1],
    ])
  })

  test('in ERROR(run) is a reason to run again', async () => {
    const cycle = put('in-error')
    await cycle.arrive(A1, B1)
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.arrive(A2)
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', revision: 1 })
    expect(published(cycle)).toEqual([{ revision: 1, kind: 'initial', attempt: 2, from: [2, 1] }])
  })

  test('by flag changes nothing but what the cycle knows', async () => {
    const cycle = put('flagged', 'flag')
    await cycle.arrive(A1, B1)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(A2)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ revision: 1, lastAttempt: 1 })
    expect((await cycle.now()).dependencies[0]).toMatchObject({ arrival: { revision: 1 }, newer: { revision: 2 } })
  })
})

describe.concurrent('a correction that comes after the run has closed', () => {
  test('brings the cycle back: it stays completed for settle, and then publishes the next revision once', async () => {
    const { cycle, ended } = await completed('brought-back')
    await cycle.bringBack(ended, A2)
    expect(await cycle.now()).toMatchObject({
      state: 'COMPLETED',
      runNumber: 2,
      deliveries: [{ outcome: 'correction' }],
    })
    // The same event again, and another correction: both are the open run's.
    await cycle.bringBack(ended, A2)
    await cycle.bringBack(ended, B2)
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', runNumber: 2, revision: 2, lastAttempt: 2 })
    expect(published(cycle).at(-1)).toEqual({ revision: 2, kind: 'correction', attempt: 2, from: [2, 2] })
    expect(cycle.asked('startGlueJob').map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  test('that turns out to be known closes the new run at once, and nothing runs', async () => {
    const { cycle, ended } = await completed('known')
    await cycle.bringBack(ended, A1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', runNumber: 2, revision: 1, lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('finds by its recall what else was corrected meanwhile', async () => {
    const { cycle, ended } = await completed('recalls')
    cycle.script({ recallArrivals: () => Promise.resolve({ arrivals: [A2, B2] }) })
    await cycle.bringBack(ended, A2)
    await cycle.glueEnds(2)
    await cycle.result()
    expect(published(cycle).at(-1)).toMatchObject({ from: [2, 2] })
  })

  test('is left to the next rerun when somebody cancels the wait', async () => {
    const { cycle, ended } = await completed('cancelled', 'rerun', { definition: { settleMs: 3_600_000 } })
    await cycle.bringBack(ended, A2)
    await cycle.until('the correction is known', ({ deliveries }) => deliveries.length > 0)
    await cycle.cancel()
    await expect(cycle.result()).rejects.toThrow()
    expect(await cycle.now()).toMatchObject({ state: 'COMPLETED', revision: 1, lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })
})

test('an input that its producer takes back is waited for again, and the job reads the next revision', async () => {
  const cycle = put('withdrawn')
  await cycle.arrive(A1)
  await cycle.block({
    ...{ eventId: 'raw/a/2026-11-20/not-refreshed-withdrawn.r1', product: A1.product, key: A1.key, state: 'CANCELLED' },
    ...{ step: null, reason: 'the wrong file', occurredAt: '2026-11-20T13:00:00Z', withdraws: 1 },
  })
  const told = await cycle.until('a is taken back', ({ dependencies }) => dependencies[0]?.blocker?.withdraws === 1)
  expect(told).toMatchObject({ state: 'WAITING', dependencies: [{ state: 'WAITING', arrival: null }, {}] })
  await cycle.arrive(B1, A1)
  await cycle.arrive(A2)
  await cycle.glueEnds(1)
  await cycle.result()
  expect(published(cycle)).toEqual([{ revision: 1, kind: 'initial', attempt: 1, from: [2, 1] }])
  expect((await cycle.now()).deliveries.map(({ outcome, seen }) => [outcome, seen])).toEqual([
    ['withdrawn', 2],
    ['satisfied', 1],
    ['satisfied', 1],
  ])
})
