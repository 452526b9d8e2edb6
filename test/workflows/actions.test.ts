// Every action in every state in which a run can be open, on the real server: the table says which make sense, and each refusal
// says in which states the action does. What closed cycles take goes by the same function (model/cycle/commands.test.ts) and, end
// to end, by the command line.
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Command, Standing } from '../../model/cycle/cycle.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate, SOON_MS } from './eventually.ts'
import { type Activities, refused } from './outside.ts'
import { openStage, type Stage } from './stage.ts'
import { type StagedCycle, untilAtRest } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'actions')
})
afterAll(() => stage.close())

type Action = Command['action']

const STATES = {
  WAITING: async (cycle) => {
    await cycle.start()
  },
  'WAITING, held': async (cycle) => {
    await cycle.start()
    await cycle.act('hold')
  },
  PROCESSING: async (cycle) => {
    await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
    await cycle.untilGlueRuns(1)
  },
  'ERROR (run)': async (cycle) => {
    await STATES.PROCESSING(cycle)
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
  },
  'ERROR (start)': async (cycle) => {
    cycle.script({
      startGlueJob: async () => {
        throw refused('the job does not exist')
      },
    })
    await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
    await cycle.untilState('ERROR')
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
  },
  'ERROR (publish)': async (cycle) => {
    cycle.script({
      publishRefreshEvent: async () => {
        throw refused()
      },
    })
    await STATES.PROCESSING(cycle)
    await cycle.glueEnds(1)
    await cycle.untilState('ERROR')
  },
  'ERROR (wait)': async (cycle) => {
    await cycle.start({ cutoffMs: Date.now() + SOON_MS })
    await cycle.untilState('ERROR')
  },
  // Its status is not written yet, so its run is open still.
  COMPLETED: async (cycle) => {
    keepOpen(cycle)
    await STATES.PROCESSING(cycle)
    await cycle.glueEnds(1)
    await cycle.untilState('COMPLETED')
  },
  SKIPPED: async (cycle) => {
    keepOpen(cycle)
    await cycle.start()
    await cycle.act('skip')
  },
  CANCELLED: async (cycle) => {
    keepOpen(cycle)
    await cycle.start()
    await cycle.act('cancel')
    await cycle.untilState('CANCELLED')
  },
} satisfies Record<string, (cycle: StagedCycle) => Promise<void>>

type StateName = keyof typeof STATES

const gates = new Map<string, () => void>()

/** A run does not close before its last flush is answered. */
function keepOpen(cycle: StagedCycle): void {
  const gate = createGate()
  gates.set(cycle.id, gate.open)
  cycle.script({ recordCycle: () => gate.opened })
}

const TAKEN = Symbol('taken')

/** What the cycle says to each. */
const TABLE: Record<StateName, Record<Action, RegExp | typeof TAKEN>> = {
  WAITING: {
    rerun: /It has not run yet: it waits for raw\/a, raw\/b/,
    ...{ skip: TAKEN, waive: TAKEN, hold: TAKEN, release: /It is not held/, cancel: TAKEN },
  },
  'WAITING, held': {
    rerun: /It is held by ann: the cause is mended. To release it first: sluice release actions\//,
    ...{ skip: TAKEN, waive: TAKEN, hold: /It is held already, by ann since/, release: TAKEN, cancel: TAKEN },
  },
  PROCESSING: {
    rerun: /It is running now/,
    skip: /WAITING, in ERROR or CANCELLED can be skipped, and it is running now. Cancel it first/,
    waive: /WAITING or in ERROR \(wait\), can go without one, and it is PROCESSING/,
    ...{ hold: TAKEN, release: /It is not held/, cancel: TAKEN },
  },
  'ERROR (run)': {
    ...{
      rerun: TAKEN,
      skip: TAKEN,
      waive: /it is in ERROR \(run\)/,
      hold: TAKEN,
      release: /It is not held/,
      cancel: TAKEN,
    },
  },
  'ERROR (start)': {
    ...{ rerun: TAKEN, skip: TAKEN, waive: /it is in ERROR \(start\)/, hold: TAKEN, release: /It is not held/ },
    cancel: TAKEN,
  },
  'ERROR (publish)': {
    ...{ rerun: TAKEN, skip: TAKEN, waive: /it is in ERROR \(publish\)/, hold: TAKEN, release: /It is not held/ },
    cancel: TAKEN,
  },
  'ERROR (wait)': {
    rerun: /It still misses raw\/a, raw\/b/,
    ...{ skip: TAKEN, waive: TAKEN, hold: TAKEN, release: /It is not held/, cancel: TAKEN },
  },
  COMPLETED: {
    ...{ rerun: TAKEN, skip: /it has completed. To take its revision 1 back/, waive: /it is COMPLETED/ },
    ...{
      hold: /it is COMPLETED: nothing of it is left to start/,
      release: /It is not held/,
      cancel: /it is COMPLETED/,
    },
  },
  SKIPPED: {
    ...{ rerun: /nothing to run on/, skip: /It is skipped already/, waive: /it is SKIPPED/, hold: /it is SKIPPED/ },
    ...{ release: /It is not held/, cancel: /it is SKIPPED/ },
  },
  CANCELLED: {
    ...{ rerun: /It was cancelled before raw\/a, raw\/b had arrived/, skip: TAKEN, waive: /it is CANCELLED/ },
    ...{ hold: /it is CANCELLED/, release: /It is not held/, cancel: /it is CANCELLED/ },
  },
}

/** How the cycle stands directly after what it takes. */
const AFTER: Record<Action, Partial<Standing>> = {
  rerun: { state: 'PROCESSING' },
  skip: { state: 'SKIPPED' },
  waive: {},
  hold: { held: true },
  release: { held: false },
  cancel: {},
}

const CASES = (Object.entries(TABLE) as [StateName, Record<Action, RegExp | typeof TAKEN>][]).flatMap(([state, row]) =>
  (Object.entries(row) as [Action, RegExp | typeof TAKEN][]).map(
    ([action, expected]) => [action, state, expected] as const,
  ),
)

const say = (cycle: StagedCycle, action: Action): Promise<unknown> => {
  if (action === 'rerun') return cycle.rerun()
  return cycle.act(action, action === 'waive' ? { products: ['raw/a'] } : {})
}

describe.concurrent('of a cycle', () => {
  test.each(CASES)('%s in %s', async (action, state, expected) => {
    const cycle = stage.cycle(`${action}-${state.replaceAll(/[^A-Za-z]+/g, '-').toLowerCase()}`, {
      ...{ dependsOn: ['raw/a', 'raw/b'], run: { attempts: 1 } },
    })
    await STATES[state](cycle)
    const before = await cycle.now()

    const error = await say(cycle, action).then(
      () => undefined,
      (error: unknown) => error,
    )

    const after = await cycle.now()
    if (expected === TAKEN) {
      expect(error).toBeUndefined()
      const audited = after.actions.at(-1)
      expect(audited).toMatchObject({ action, actor: 'ann', reason: 'the cause is mended', refused: null })
      expect(audited?.before).toMatchObject({ state: before.state, step: before.step, held: Boolean(before.held) })
      expect(audited?.after).toMatchObject(AFTER[action])
      if (action === 'waive') expect(after.dependencies.map((one) => one.state)).toEqual(['WAIVED', 'WAITING'])
      if (action === 'cancel') await cycle.untilState('CANCELLED')
    } else {
      expect(error).toBeInstanceOf(WorkflowUpdateFailedError)
      expect((error as WorkflowUpdateFailedError).cause?.message).toMatch(expected)
      // A validator's no leaves no trace here: whoever asked writes it down.
      expect([after.version, after.actions]).toEqual([before.version, before.actions])
    }
    gates.get(cycle.id)?.()
  })
})

describe.concurrent('a held cycle', () => {
  test('records its arrivals and starts nothing, until it is released', async () => {
    const cycle = stage.cycle('records', { dependsOn: ['raw/a'] })
    await cycle.start()
    await cycle.act('hold', { reason: 'source is wrong' })
    await cycle.arrive(arrivalOf('raw/a'))
    const held = await cycle.until('it arrived', (now) => now.deliveries.length === 1)
    expect(held).toMatchObject({ state: 'WAITING', dependencies: [{ state: 'ARRIVED' }], held: { actor: 'ann' } })
    await cycle.act('release')
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('finishes the attempt that is under way, and begins no other', async () => {
    const cycle = stage.cycle('finishes', { dependsOn: ['raw/a'], run: { attempts: 2 } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    await cycle.act('hold')
    await cycle.glueEnds(1, 'FAILED')
    await cycle.until('the attempt failed', (now) => now.attempts.at(-1)?.end?.state === 'FAILED')
    await cycle.act('release')
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
  })

  test('whose start waits for Glue gives that up, and starts once when it is released', async () => {
    const cycle = stage.cycle('gives-up', { dependsOn: ['raw/a'] })
    const startGlueJob: Activities['startGlueJob'] = async () => {
      throw new Error('Glue is full')
    }
    cycle.script({ startGlueJob })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilAsked('startGlueJob', 2)
    await cycle.act('hold')
    await untilAtRest(stage.client, cycle.id)
    expect(await cycle.now()).toMatchObject({ state: 'PROCESSING', held: { of: 'cycle' } })
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
    const tries = cycle.asked('startGlueJob').length
    await cycle.act('release')
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(tries + 1)
  })

  test('takes the failure of a try that was under way for none of its own: released, it tries again', async () => {
    const cycle = stage.cycle('fails-late', { dependsOn: ['raw/a'] })
    const mayFail = createGate()
    const startGlueJob: Activities['startGlueJob'] = async () => {
      await mayFail.opened
      throw refused('no such job')
    }
    cycle.script({ startGlueJob })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilAsked('startGlueJob')
    await cycle.act('hold')
    await cycle.untilUnwanted()
    mayFail.open()
    await untilAtRest(stage.client, cycle.id)
    expect(await cycle.now()).toMatchObject({ state: 'PROCESSING', lastAttempt: 1 })
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: true }) })
    await cycle.act('release')
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(cycle.asked('notifyFailure')).toEqual([])
  })

  test('goes on with the Glue run that a try under way started all the same', async () => {
    const cycle = stage.cycle('starts-late', { dependsOn: ['raw/a'] })
    const mayAnswer = createGate()
    const startGlueJob: Activities['startGlueJob'] = async () => {
      await mayAnswer.opened
      return { runId: 'jr_1', adopted: false }
    }
    cycle.script({ startGlueJob })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilAsked('startGlueJob')
    await cycle.act('hold')
    await cycle.untilUnwanted()
    mayAnswer.open()
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
  })

  test('by its product hears so from the start of its job, and starts it when it is released', async () => {
    const cycle = stage.cycle('by-product', { dependsOn: ['raw/a'] })
    const held = { actor: 'ann', reason: 'source is wrong', sinceMs: 0, of: 'product' as const }
    cycle.script({ startGlueJob: async () => ({ held }) })
    await cycle.arrive(arrivalOf('raw/a'))
    expect(await cycle.until('it is held', (now) => Boolean(now.held))).toMatchObject({ state: 'PROCESSING', held })
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
    await cycle.act('release', { of: 'product' })
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
  })
})

describe.concurrent('a waived input', () => {
  test('lets the cycle start, and is named by its publication', async () => {
    const cycle = stage.cycle('starts-without', { dependsOn: ['raw/a', 'raw/b'] })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.until('raw/a arrived', (now) => now.deliveries.length === 1)
    await cycle.act('waive', { products: ['raw/b'], reason: 'vendor is down' })
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([
      { builtFrom: [{ product: 'raw/a' }], builtWithout: ['raw/b'] },
    ])
  })

  test('that comes all the same before the cycle begins is taken', async () => {
    const cycle = stage.cycle('comes-after-all', { dependsOn: ['raw/a', 'raw/b'] })
    await cycle.start()
    await cycle.act('waive', { products: ['raw/b'] })
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1)
    await cycle.result()
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([
      { builtFrom: [{ product: 'raw/a' }, { product: 'raw/b' }], builtWithout: [] },
    ])
  })

  test('that the cycle does not wait for is refused by name', async () => {
    const cycle = stage.cycle('unknown-input', { dependsOn: ['raw/a', 'raw/b'] })
    await cycle.start()
    const error = await cycle.act('waive', { products: ['raw/x'] }).catch((error: unknown) => error)
    expect((error as WorkflowUpdateFailedError).cause?.message).toMatch(
      /It does not wait for raw\/x. Its inputs are raw\/a, raw\/b./,
    )
  })
})

describe.concurrent('a cycle cancelled by an operator', () => {
  test('stops its Glue run, says who and why, and completes in Temporal', async () => {
    const cycle = stage.cycle('cancelled', { dependsOn: ['raw/a'] })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    await cycle.act('cancel', { reason: 'wrong bucket' })
    const reason = 'cancelled by ann: wrong bucket; its Glue run jr_1 was told to stop'
    expect(await cycle.result()).toMatchObject({ state: 'CANCELLED', reason })
    expect(await cycle.status()).toBe('COMPLETED')
    expect(cycle.asked('stopGlueJob')).toEqual([{ job: 'd1-ds3', runId: 'jr_1' }])
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'CANCELLED', reason }])
  })

  test('is refused to a second operator while the first one’s is under way', async () => {
    const cycle = stage.cycle('cancelled-by-two', { dependsOn: ['raw/a'] })
    const gate = createGate()
    cycle.script({ stopGlueJob: () => gate.opened })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    await cycle.act('cancel', { actor: 'ann', reason: 'wrong bucket' })
    const error = await cycle.act('cancel', { actor: 'bob' }).catch((error: unknown) => error)
    expect((error as WorkflowUpdateFailedError).cause?.message).toContain(
      'being cancelled already, by ann: wrong bucket',
    )
    gate.open()
    expect(await cycle.result()).toMatchObject({ state: 'CANCELLED' })
  })

  test('can be cancelled again after a rerun that came before its run had closed', async () => {
    const cycle = stage.cycle('cancelled-twice', { dependsOn: ['raw/a'] })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilGlueRuns(1)
    keepOpen(cycle)
    await cycle.act('cancel')
    await cycle.untilState('CANCELLED')
    expect(await cycle.rerun()).toEqual({ attempt: 2 })
    await cycle.untilGlueRuns(2)
    await cycle.act('cancel', { reason: 'still wrong' })
    gates.get(cycle.id)?.()
    expect(await cycle.result()).toMatchObject({ state: 'CANCELLED', runNumber: 1, lastAttempt: 2 })
    expect(cycle.asked('stopGlueJob').map(({ runId }) => runId)).toEqual(['jr_1', 'jr_2'])
  })
})

describe.concurrent('a closed cycle', () => {
  test('in ERROR that nobody mended is skipped by a new run, which says so to consumers', async () => {
    const cycle = stage.cycle('skipped-later', { dependsOn: ['raw/a'], run: { attempts: 1 } })
    await cycle.start({ settings: { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1, 'FAILED')
    const { details } = await cycle.failure()
    await cycle.comeBack(details, { action: 'skip', reason: 'nobody needs it' })
    expect(await cycle.result()).toMatchObject({
      state: 'SKIPPED',
      runNumber: 2,
      reason: 'skipped by ann: nobody needs it',
    })
    expect(cycle.asked('publishNotRefreshed').at(-1)).toMatchObject({ state: 'SKIPPED' })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('in ERROR(wait) runs without an input that is waived', async () => {
    const cycle = stage.cycle('waived-later', { dependsOn: ['raw/a', 'raw/b'] })
    const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
    await cycle.start({ cutoffMs: Date.now() + SOON_MS, settings })
    await cycle.arrive(arrivalOf('raw/a'))
    const { details } = await cycle.failure()
    expect(details).toMatchObject({ state: 'ERROR', step: 'wait' })
    await cycle.comeBack(details, { action: 'waive', products: ['raw/b'] } as never)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', runNumber: 2, lastAttempt: 1 })
  })
})

describe.concurrent('a rerun', () => {
  test('that publishes nothing makes the data anew, and consumers keep their revision', async () => {
    const cycle = stage.cycle('unpublished', { dependsOn: ['raw/a'] })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1)
    await cycle.comeBack(await cycle.result(), { publish: false })
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', runNumber: 2, lastAttempt: 2, revision: 1 })
    expect(cycle.asked('publishRefreshEvent')).toHaveLength(1)
    // The next one publishes again.
    await cycle.comeBack(await cycle.result())
    await cycle.glueEnds(3)
    expect(await cycle.result()).toMatchObject({ lastAttempt: 3, revision: 2 })
    expect(cycle.asked('publishRefreshEvent').map(({ attempt, revision }) => [attempt, revision])).toEqual([
      [1, 1],
      [3, 2],
    ])
  })

  test('by the definition in force runs the job of the newer version, with the inputs it had', async () => {
    const cycle = stage.cycle('newer-job', { dependsOn: ['raw/a'], run: { attempts: 1 } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1, 'FAILED')
    const { input } = await cycle.untilState('ERROR')
    const run = { ...input.definition.run, arguments: { '--book': 'fi' } }
    const to = { ...input, definition: { ...input.definition, run }, definitionVersion: input.definitionVersion + 1 }
    await cycle.rerun({ to })
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
    expect(cycle.asked('startGlueJob').at(-1)?.arguments).toMatchObject({ '--book': 'fi' })
    expect((await cycle.now()).actions.at(-1)).toMatchObject({
      versions: { from: input.definitionVersion, to: to.definitionVersion },
    })
  })

  test('asks the consumers that it names to run again', async () => {
    const cycle = stage.cycle('cascades', { dependsOn: ['raw/a'], run: { attempts: 1 } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.rerun({ cascade: 'all' })
    await cycle.glueEnds(2)
    await cycle.result()
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ attempt: 2, cascade: 'all' }])
  })
})
