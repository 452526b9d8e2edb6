// The recall of what was published before a cycle was open: it holds up nothing but the closing.
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate } from './eventually.ts'
import { refused } from './outside.ts'
import { openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'recalls')
})
afterAll(() => stage.close())

const corrected = arrivalOf('raw/a', { revision: 2 })

/** Completed and written, while its recall is still out. */
async function complete(name: string, recallArrivals: () => Promise<{ arrivals: [] }>): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], script: { recallArrivals } })
  await cycle.arrive(arrivalOf('raw/a'))
  await cycle.glueEnds(1)
  await cycle.untilState('COMPLETED')
  return cycle
}

const untilWritten = (cycle: StagedCycle) =>
  cycle.until('all of it is written', ({ version }) => cycle.asked('recordCycle').at(-1)?.version === version)

describe.concurrent('a recall', () => {
  test('that is out when all else is done keeps the run open, and the correction it brings is judged', async () => {
    const answered = createGate()
    const cycle = await complete('late', async () => {
      await answered.opened
      return { arrivals: [corrected] as unknown as [] }
    })
    await untilWritten(cycle)
    expect(await cycle.status()).toBe('RUNNING')
    answered.open()

    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', dependencies: [{ newer: corrected }] })
    expect(await cycle.status()).toBe('COMPLETED')
    const [last] = cycle.asked('recordCycle').slice(-1)
    expect(last?.deliveries).toMatchObject([{ eventId: corrected.eventId, outcome: 'correction' }])
  })

  test('that was refused for good keeps nothing open', async () => {
    const cycle = await complete('refused', () => Promise.reject(refused('no such table')))
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  })

  test.each(['while it waits', 'after it completed'])('keeps open a cycle that is cancelled %s', async (when) => {
    const answered = createGate()
    const recallArrivals = () => answered.opened.then(() => ({ arrivals: [] as [] }))
    const isOver = when === 'after it completed'
    const name = isOver ? 'cancelled-completed' : 'cancelled-waiting'
    const cycle = isOver
      ? await complete(name, recallArrivals)
      : stage.cycle(name, { dependsOn: ['raw/a'], script: { recallArrivals } })
    if (!isOver) await cycle.start()
    await cycle.untilAsked('recallArrivals')
    await cycle.cancel()
    if (!isOver) await cycle.untilState('CANCELLED')
    await untilWritten(cycle)
    expect(await cycle.status()).toBe('RUNNING')
    answered.open()
    const error: unknown = await cycle.result().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure)
    expect(cycle.asked('recordCycle').at(-1)?.snapshot.state).toBe(isOver ? 'COMPLETED' : 'CANCELLED')
  })
})
