// The branches in which a cycle runs again: by a command or for a correction, in an open run or brought back.
// In: a stage. Out: the id of the workflow whose latest run is the history. Never: a branch without a file, or the reverse.
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate } from '../workflows/eventually.ts'
import { refused } from '../workflows/outside.ts'
import type { Stage } from '../workflows/stage.ts'
import type { StagedCycle } from '../workflows/staged-cycle.ts'
import { a, type Branch, b, closed, ready, withCutoff } from './branch.ts'

/** Names are the names of the files, and of the products. */
export const BRANCHES_THAT_RUN_AGAIN: Record<string, Branch> = {
  async 'error-then-rerun'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.signal('rerun', { actor: 'ann' })
    await cycle.rerun()
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'start-error-then-rerun'(stage, name) {
    const startGlueJob = async () => {
      throw refused('there is no such job')
    }
    const cycle = await ready(stage, name, { script: { startGlueJob } })
    await cycle.untilState('ERROR')
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
    await cycle.rerun()
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'publish-error-then-rerun'(stage, name) {
    const publishRefreshEvent = async () => {
      throw refused()
    }
    const cycle = await ready(stage, name, { script: { publishRefreshEvent } })
    await cycle.glueEnds(1)
    await cycle.untilState('ERROR')
    cycle.script({ publishRefreshEvent: async () => ({ eventId: `${cycle.id}/r1` }) })
    await cycle.rerun()
    return closed(cycle)
  },

  async 'cancelled-then-rerun'(stage, name) {
    const written = createGate()
    const cycle = await ready(stage, name, { script: { recordCycle: () => written.opened } })
    await cycle.untilGlueRuns(1)
    await cycle.cancel()
    await cycle.untilState('CANCELLED')
    await cycle.rerun()
    written.open()
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'closed-then-rerun'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.glueEnds(1)
    await cycle.comeBack(await cycle.result())
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'terminated-waiting-then-rerun'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.comeBack(await cycle.terminate(({ dependencies }) => dependencies[0]?.state === 'ARRIVED'))
    await cycle.untilAsked('recallArrivals', 2)
    await cycle.signal('arrivals', [b])
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'terminated-working-then-rerun'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    await cycle.comeBack(await cycle.terminate(({ attempts }) => attempts[0]?.runId === 'jr_1'))
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'given-up-waiting-then-rerun'(stage, name) {
    const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
    const cycle = withCutoff(stage, name, 'error', { settings })
    await cycle.arrive(a)
    const { details } = await cycle.failure()
    await cycle.comeBack(details, {}, { settings: { ...settings, errorWaitMs: 60_000 } })
    await cycle.signal('arrivals', [b])
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'corrected-then-rerun'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(correctedA)
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.signal('rerun', { reason: 'nobody says it' })
    await cycle.rerun()
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'corrected-then-rerun-by-itself'(stage, name) {
    const cycle = correctable(stage, name)
    await cycle.arrive(a, b)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(correctedA)
    await cycle.glueEnds(1)
    // The one is waited out when the other comes: one rerun takes both.
    await cycle.untilState('COMPLETED')
    await cycle.arrive(arrivalOf('raw/b', { revision: 2 }))
    await cycle.glueEnds(2)
    return closed(cycle)
  },

  async 'brought-back-by-a-correction'(stage, name) {
    const cycle = correctable(stage, name)
    await cycle.arrive(a, b)
    await cycle.glueEnds(1)
    await cycle.bringBack(await cycle.result(), correctedA)
    await cycle.glueEnds(2)
    return closed(cycle)
  },
}

const correctedA = arrivalOf('raw/a', { revision: 2 })

/** Runs again by itself for corrections, once none has come for as long as a test can wait. */
const correctable = (stage: Stage, name: string): StagedCycle =>
  stage.cycle(name, {
    definition: {
      dependsOn: [a, b].map(({ product }) => ({ product, onRevision: 'rerun' })),
      settleMs: 2_000,
    },
  })
