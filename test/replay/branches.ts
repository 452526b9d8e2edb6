// The branches of the workflows whose histories are kept: each is one story, from the outside, on a real server.
// In: a stage. Out: the id of the workflow whose latest run is the history. Never: a branch without a file, or the reverse.
import type { Condition } from '../../model/cycle/condition.ts'
import type { Blocker } from '../../model/cycle/cycle.ts'
import { arrivalOf, KEY, toProduct } from '../../model/samples.test-data.ts'
import { HELD_UP_SIGNAL, SCHEDULER_WORKFLOW, toTaskQueue } from '../../workflows/contract.ts'
import { createGate, eventually } from '../workflows/eventually.ts'
import type { Stage } from '../workflows/stage.ts'
import { a, type Branch, b, closed, ready, withCutoff } from './branch.ts'
import { BRANCHES_OF_BACKFILLS } from './branches-of-backfills.ts'
import { BRANCHES_OF_OPERATORS } from './branches-of-operators.ts'
import { BRANCHES_THAT_RUN_AGAIN } from './branches-that-run-again.ts'

/**
 * Recorded by code that is gone, and not to be had again. Of before the notices of lateness, which had no timer for the time a
 * cycle was promised for; and of before a hold or a cancellation reached the try that was under way.
 */
export const OF_OLDER_CODE = [
  'promised-by-older-code',
  'held-while-starting-by-older-code',
  'cancelled-while-a-start-fails-by-older-code',
]

/** Names are the names of the files, and of the products. */
export const BRANCHES: Record<string, Branch> = {
  ...BRANCHES_THAT_RUN_AGAIN,
  ...BRANCHES_OF_BACKFILLS,

  async happy(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', ({ deliveries }) => deliveries.length === 1)
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'late-and-duplicate'(stage, name) {
    const cycle = withCutoff(stage, name, 'run-without')
    await cycle.start()
    await cycle.arrive(a, a, arrivalOf('raw/a', { revision: 2 }))
    await cycle.untilGlueRuns(1)
    await cycle.arrive(b)
    await cycle.arrive(arrivalOf('raw/a', { revision: 3 }))
    await cycle.until('all are judged', ({ deliveries }) => deliveries.length === 4)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async recalled(stage, name) {
    const recallArrivals = async () => ({ arrivals: [a, b] })
    const cycle = stage.cycle(name, { input: { notBeforeMs: Date.now() + 1_000 }, script: { recallArrivals } })
    await cycle.start()
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'recalled-after-all-else'(stage, name) {
    const answered = createGate()
    const recallArrivals = async () => {
      await answered.opened
      return { arrivals: [arrivalOf('raw/a', { revision: 2 })] }
    }
    const cycle = await ready(stage, name, { script: { recallArrivals } })
    await cycle.glueEnds(1)
    const { version } = await cycle.untilState('COMPLETED')
    await cycle.until('all else is written', () => cycle.asked('recordCycle').at(-1)?.version === version)
    answered.open()
    return closed(cycle)
  },

  async blocked(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.block({
      ...{
        eventId: `raw/b/${KEY}/not-refreshed-1.4`,
        product: toProduct('raw/b'),
        key: KEY,
        state: 'ERROR',
        step: 'run',
      },
      ...{ reason: 'no such table', occurredAt: '2026-11-20T11:00:00Z' },
    })
    await cycle.until('the blocker is known', ({ dependencies }) => dependencies[1]?.blocker !== null)
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'failed-then-retried'(stage, name) {
    const cycle = await ready(stage, name, { run: { attempts: 2, retryAfterMs: 1_000 } })
    await cycle.glueEnds(1, 'FAILED')
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'other-run-ended'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.glueEnds(1, 'SUCCEEDED', 'jr_of_somebody_else')
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'held-up-then-started'(stage, name) {
    const answered = createGate()
    const startGlueJob = async () => {
      await answered.opened
      return { runId: 'jr_1', adopted: false }
    }
    const cycle = await ready(stage, name, { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    for (const reason of ['AWS refuses the role', 'AWS refuses it again'])
      await cycle.signal(HELD_UP_SIGNAL, { step: 'start', reason, isRefusal: true })
    await cycle.untilAsked('notifyFailure')
    answered.open()
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'given-up'(stage, name) {
    const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
    const cycle = await ready(stage, name, { input: { settings } })
    await cycle.glueEnds(1, 'FAILED')
    return closed(cycle)
  },

  async skipped(stage, name) {
    const cycle = withCutoff(stage, name, 'skip')
    await cycle.arrive(a)
    return closed(cycle)
  },

  async 'cutoff-then-late-arrival'(stage, name) {
    const cycle = withCutoff(stage, name, 'error')
    await cycle.arrive(a)
    await cycle.untilState('ERROR')
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'cancelled-while-waiting'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', ({ deliveries }) => deliveries.length === 1)
    await cycle.cancel()
    return closed(cycle)
  },

  async 'cancelled-while-running'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    return closed(cycle)
  },

  async 'flush-lost'(stage, name) {
    const cycle = await ready(stage, name, {
      script: {
        // Of the last flush alone, and once: what is written again has no earlier one.
        recordCycle: async ({ since, snapshot: { state } }) => ({ lacksEarlier: !!since && state === 'COMPLETED' }),
      },
    })
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'optional-input-missed'(stage, name) {
    const afterMs = Date.now() + 1_000
    const cycle = stage.cycle(name, {
      input: {
        condition: toAll({ kind: 'cycle', at: 0 }, { kind: 'optional', afterMs, of: { kind: 'cycle', at: 1 } }),
      },
    })
    await cycle.arrive(a)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'skipped-with-its-upstream'(stage, name) {
    const condition = toAll({ kind: 'cycle', at: 0 }, { kind: 'cycle', at: 1, ifSkipped: 'skip-cycle' })
    const recallArrivals = async () => ({ arrivals: [a], skipped: [skipped] })
    const cycle = stage.cycle(name, { input: { condition }, script: { recallArrivals } })
    await cycle.start()
    return closed(cycle)
  },

  async 'opened-by-hand-after-all'(stage, name) {
    const condition = toAll({ kind: 'cycle', at: 0 }, { kind: 'cycle', at: 1, ifSkipped: 'run-without' })
    const looks = [{ arrivals: [a], skipped: [{ ...skipped, product: u.product, isUnopened: true as const }] }]
    const recallArrivals = async () => looks.shift() ?? { arrivals: [], skipped: [] }
    const cycle = stage.cycle(name, { dependsOn: ['raw/a', 'd1/u'], input: { condition }, script: { recallArrivals } })
    await cycle.start()
    await cycle.untilAsked('recallArrivals', 2)
    await cycle.arrive(u)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'upgraded-while-waiting'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', ({ deliveries }) => deliveries.length === 1)
    await cycle.untilAsked('recallArrivals')
    cycle.script({ recallArrivals: async () => ({ arrivals: [c] }) })
    // One input kept, one dropped, one added that was published before: the recall that the upgrade asks for has it.
    await cycle.upgrade({ expected: [a, c].map(({ product, key }) => ({ product, key })) })
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'upgrade-refused'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    await cycle.upgrade({}).catch(() => undefined)
    await cycle.upgrade({ condition: { kind: 'cycle', at: 9 } }).catch(() => undefined)
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'upgrade-refused-then-upgraded'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', ({ deliveries }) => deliveries.length === 1)
    await cycle.upgrade({ definitionVersion: 7 }).catch(() => undefined)
    await cycle.upgrade({ expected: [{ product: a.product, key: a.key }] })
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'still-waiting'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await eventually(
      'it is written',
      () => cycle.asked('recordCycle').at(-1)?.deliveries.length,
      (count) => count === 1,
    )
    return cycle.id
  },

  async 'still-running'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    return cycle.id
  },

  /** Recorded before ticks compared rows and looked for what is stuck. */
  'scheduler-tick': tick,

  /** Before they compared holds and looked for what is late. */
  'scheduler-tick-that-reconciles': tick,

  'scheduler-tick-that-watches': tick,

  ...BRANCHES_OF_OPERATORS,
}

async function tick(stage: Stage, name: string): Promise<string> {
  const workflowId = `d1-${name}`
  await stage.client.workflow.execute(SCHEDULER_WORKFLOW, { workflowId, taskQueue: toTaskQueue('d1'), args: ['d1'] })
  return workflowId
}

const toAll = (...of: Condition[]): Condition => ({ kind: 'at-least', n: of.length, of })

const skipped: Blocker = {
  ...{ eventId: `raw/b/${KEY}/not-refreshed-1.2`, product: toProduct('raw/b'), key: KEY, state: 'SKIPPED' },
  ...{ step: null, reason: 'cutoff passed', occurredAt: '2026-11-20T11:00:00Z' },
}
const c = arrivalOf('raw/c')
const u = arrivalOf('d1/u')
