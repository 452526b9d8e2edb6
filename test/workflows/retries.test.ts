// Attempts by whose failure it was, on a real server: Glue's own are retried though the job has one attempt.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { type CycleWish, openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'retries')
})
afterAll(() => stage.close())

/** Pauses that last until they were seen. */
const ONCE = { attempts: 1, retry: { infrastructure: { attempts: 3, afterMs: 3_000, atMostMs: 3_000 } } }

async function ready(name: string, run: CycleWish['run']): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], run })
  await cycle.arrive(arrivalOf('raw/a'))
  return cycle
}

describe.concurrent('a Glue run', () => {
  test('that Glue itself ended is followed by another, and the pause says why', async () => {
    const cycle = await ready('glues-own', ONCE)
    await cycle.glueEnds(1, 'ERROR')
    const pausing = await cycle.until('it pauses', ({ retryAtMs }) => retryAtMs !== null)
    const at = new Date(pausing.retryAtMs ?? 0).toISOString()
    expect(pausing.reason).toBe(`attempt 2 at ${at} after an infrastructure failure (1 of 3): no such table`)
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2, reason: null })
    const { attempts } = cycle.asked('recordCycle').at(-1)?.snapshot ?? { attempts: [] }
    expect(attempts.map(({ failure }) => failure)).toEqual(['infrastructure', undefined])
  })

  test('that failed by itself ends it, after however many of Glue’s failures; a rerun counts anew', async () => {
    const cycle = await ready('mixed', ONCE)
    await cycle.glueEnds(1, 'EXPIRED')
    await cycle.glueEnds(2, 'FAILED')
    const failed = await cycle.untilState('ERROR')
    expect(failed.reason).toBe('Glue run jr_2 ended FAILED, a failure of the job (1 of 1): no such table')
    await cycle.rerun()
    await cycle.glueEnds(3, 'ERROR')
    await cycle.glueEnds(4)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 4 })
  })

  test('that Glue ends again and again is given up after its attempts', async () => {
    const cycle = await ready('hopeless', ONCE)
    for (const attempt of [1, 2, 3]) await cycle.glueEnds(attempt, 'ERROR')
    expect(await cycle.untilState('ERROR')).toMatchObject({ lastAttempt: 3, step: 'run' })
    expect(cycle.asked('startGlueJob')).toHaveLength(3)
    await cycle.rerun()
    await cycle.glueEnds(4)
    await cycle.result()
  })
})
