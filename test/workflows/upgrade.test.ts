// A cycle that waits takes a newer version of its definition: by an update, once for each request, never once it has begun.
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { arrivalOf, KEY, toProduct } from '../../model/samples.test-data.ts'
import { WAITING_FOR_ATTRIBUTE } from '../../workflows/contract.ts'
import { createGate, eventually, SOON_MS } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'upgrades')
})
afterAll(() => stage.close())

const waitingFor = (...products: string[]): Pick<CycleInput, 'expected'> => ({
  expected: products.map((product) => ({ product: toProduct(product), key: KEY })),
})

const recallOf = (...arrivals: Arrival[]) => ({ arrivals: arrivals as [] })

async function refusalOf(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.catch((error: unknown) => error)
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`Not refused: ${String(error)}`)
  return error.cause?.message ?? ''
}

const startedWith = (cycle: StagedCycle) => cycle.asked('startGlueJob').map(({ arguments: given }) => given)

describe.concurrent('a cycle that waits', () => {
  test('drops an input, and begins with what it has', async () => {
    const cycle = stage.cycle('drops')
    await cycle.arrive(arrivalOf('raw/a'))
    expect(await cycle.upgrade(waitingFor('raw/a'))).toEqual({ definitionVersion: 8 })
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', dependencies: [{ product: 'raw/a' }] })
    const last = cycle.asked('recordCycle').at(-1)
    expect(last?.snapshot.definitionVersion).toBe(8)
    expect(cycle.asked('recordCycle').flatMap(({ actions }) => actions)).toMatchObject([
      { action: 'upgrade', actor: 'ann', versions: { from: 7, to: 8 }, refused: null },
    ])
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ definitionVersion: 8 }])
  })

  test('waits for an added input: what was published of it before comes by a recall, beside what comes meanwhile', async () => {
    const cycle = stage.cycle('adds', { dependsOn: ['raw/a'] })
    await cycle.start()
    await cycle.untilAsked('recallArrivals')
    const answered = createGate()
    cycle.script({ recallArrivals: () => answered.opened.then(() => recallOf(arrivalOf('raw/new'))) })
    await cycle.upgrade(waitingFor('raw/a', 'raw/new'))
    await cycle.arrive(arrivalOf('raw/a'))
    expect(await cycle.now()).toMatchObject({ state: 'WAITING' })
    answered.open()
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
    expect(
      cycle
        .asked('recallArrivals')
        .at(-1)
        ?.expected.map(({ product }) => product),
    ).toEqual(['raw/a', 'raw/new'])
    expect(startedWith(cycle)[0]?.['--sluice_inputs']).toContain('raw/new')
  })

  test('takes what it had been sent in vain, without a recall', async () => {
    const cycle = stage.cycle('rematches', { dependsOn: ['raw/a'] })
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.until('it is judged', ({ deliveries }) => deliveries[0]?.outcome === 'late')
    cycle.script({ recallArrivals: () => Promise.race([]) })
    await cycle.upgrade(waitingFor('raw/b'))
    await cycle.glueEnds(1)
    const { dependencies, deliveries } = await cycle.untilState('COMPLETED')
    expect(dependencies).toMatchObject([{ product: 'raw/b', state: 'ARRIVED' }])
    expect(deliveries).toMatchObject([{ outcome: 'satisfied', seen: 1 }])
    await cycle.cancel()
  })

  test('is found in the Temporal UI by what it waits for now', async () => {
    const cycle = stage.cycle('shown', { dependsOn: ['raw/a'] })
    await cycle.start()
    await cycle.upgrade(waitingFor('raw/b'))
    const shown = async () =>
      (await stage.client.workflow.getHandle(cycle.id).describe()).typedSearchAttributes.get(WAITING_FOR_ATTRIBUTE)
    await eventually('it is shown', shown, (names) => names?.join() === 'raw/b')
  })

  test('waits until its new cutoff, and not until one that lies before now', async () => {
    const cycle = stage.cycle('cutoff', {
      definition: { cutoff: { at: { unit: 'minute', minutes: 1 }, then: 'skip' } },
    })
    await cycle.start()
    const { openedAtMs } = await cycle.now()
    await cycle.upgrade({ cutoffMs: openedAtMs + 1 })
    expect(await cycle.now()).toMatchObject({ state: 'WAITING', input: { cutoffMs: null } })
    await cycle.upgrade({ cutoffMs: Date.now() + SOON_MS, definitionVersion: 9 })
    expect(await cycle.result()).toMatchObject({ state: 'SKIPPED' })
  })

  test('does the same request once, whatever comes between', async () => {
    const cycle = stage.cycle('once', { dependsOn: ['raw/a'] })
    await cycle.start()
    const command = { requestId: 'the-same' }
    await cycle.upgrade(waitingFor('raw/b'), command)
    await cycle.upgrade({ ...waitingFor('raw/c'), definitionVersion: 9 })
    expect(await cycle.upgrade(waitingFor('raw/b'), command)).toEqual({ definitionVersion: 9 })
    const { dependencies, actions } = await cycle.now()
    expect(dependencies).toMatchObject([{ product: 'raw/c' }])
    expect(actions).toHaveLength(2)
  })
})

describe.concurrent('an upgrade is refused, and leaves nothing behind,', () => {
  test('once an attempt has begun', async () => {
    const cycle = stage.cycle('begun', { dependsOn: ['raw/a'] })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    expect(await refusalOf(cycle.upgrade(waitingFor('raw/b')))).toContain(
      'It goes on with version 7: an attempt has begun',
    )
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', dependencies: [{ product: 'raw/a' }] })
  })

  test('without actor or reason, to the version it has, with what makes no sense', async () => {
    const cycle = stage.cycle('senseless', { dependsOn: ['raw/a'] })
    await cycle.start()
    const before = await cycle.now()
    expect(await refusalOf(cycle.upgrade({}, { reason: ' ' }))).toContain('An upgrade needs an actor, a reason')
    expect(await refusalOf(cycle.upgrade({ definitionVersion: 7 }))).toContain('It carries version 7 already.')
    expect(await refusalOf(cycle.upgrade({ condition: { kind: 'cycle', at: 4 } }))).toContain('at "condition"')
    expect(await refusalOf(cycle.upgrade({}, { to: null as never }))).toContain('makes no sense at "product"')
    expect({ ...(await cycle.now()), version: 0 }).toMatchObject({ actions: [], dependencies: before.dependencies })
  })
})
