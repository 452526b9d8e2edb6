// Which cycle's work goes first when there is more than the workers can do at once, on a real server.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import { arrivalOf, HOUR_MS } from '../../model/samples.test-data.ts'
import { toTaskQueue } from '../../workflows/contract.ts'
import { type Ground, openGround } from './ground.ts'
import { openStage, type Stage } from './stage.ts'

let ground: Ground
let closeGround: () => Promise<void>
let stage: Stage

/** Temporal keeps the order within a partition of a queue; between the four it has else, chance does. */
const ONE_PARTITION = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 }

beforeAll(async () => {
  ;({ ground, close: closeGround } = await openGround({ dynamicConfig: ONE_PARTITION }))
  stage = await openStage(ground, 'priority')
})
afterAll(async () => {
  await stage?.close()
  await closeGround?.()
})

const dateAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const today = (): Partial<CycleInput> => ({ businessDate: dateAt(Date.now()) })
const dueToday = (): Partial<CycleInput> => ({ ...today(), availableByMs: Date.now() + HOUR_MS })
const longAgo = (): Partial<CycleInput> => {
  const thenMs = Date.now() - 30 * 24 * HOUR_MS
  return { businessDate: dateAt(thenMs), availableByMs: thenMs + HOUR_MS }
}
const describeOf = (id: string) => stage.client.workflow.getHandle(id).describe()

describe.concurrent('a cycle carries the priority of its start, whoever starts it', () => {
  test.each([
    ['deadline', dueToday, 2],
    ['none', today, 3],
    ['backfill', longAgo, 5],
  ] as const)('%s', async (name, input, key) => {
    const [started, signalled] = ['started', 'signalled'].map((how) =>
      stage.cycle(`${name}-${how}`, { dependsOn: ['raw/a'], input: input() }),
    )
    if (!started || !signalled) throw new Error('Two cycles.')
    await started.start()
    await signalled.arrive(arrivalOf('raw/a'))
    await signalled.untilGlueRuns(1)
    const descriptions = await Promise.all([describeOf(started.id), describeOf(signalled.id)])
    expect(descriptions.map(({ priority }) => priority?.priorityKey)).toEqual([key, key])
    await signalled.glueEnds(1)
    await Promise.all([signalled.result(), started.cancel()])
  })
})

test('of activities that wait for a worker, those of cycles with a deadline go before those of a backfill that came first', async () => {
  const { address, namespace } = ground
  const connection = await NativeConnection.connect({ address })
  try {
    const order: string[] = []
    await stage.restActivities()
    const cycles = [...Array.from({ length: 18 }, () => longAgo), dueToday, dueToday].map((input, at) =>
      stage.cycle(`c${at}-${input.name.toLowerCase()}`, {
        ...{ dependsOn: [], input: input() },
        script: {
          async startGlueJob({ cycle, attempt }) {
            order.push(cycle.split('-')[1]?.split('/')[0] ?? '')
            return { runId: `jr_${attempt}`, adopted: false }
          },
        },
      }),
    )
    for (const cycle of cycles) {
      await cycle.start()
      await cycle.until('its start waits for a worker', (now) => now.state === 'PROCESSING')
    }
    const place = { connection, namespace, taskQueue: toTaskQueue('priority') }
    const { activities } = stage.outside
    const oneByOne = { maxConcurrentActivityTaskExecutions: 1, maxConcurrentActivityTaskPolls: 1 }
    const worker = await Worker.create({ ...place, activities, ...oneByOne })
    await worker.runUntil(async () => {
      for (const cycle of cycles) await cycle.glueEnds(1)
      await Promise.all(cycles.map((cycle) => cycle.result()))
    })
    expect(order).toEqual([...Array(2).fill('duetoday'), ...Array(18).fill('longago')])
  } finally {
    await connection.close()
  }
})
