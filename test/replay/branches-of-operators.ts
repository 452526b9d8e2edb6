// The branches in which an operator acts on a cycle, or its time is up. In: a stage. Out: the id of the workflow whose latest run is
// the history. Never: a branch without a file, or the reverse.
import { createGate } from '../workflows/eventually.ts'
import type { Activities } from '../workflows/outside.ts'
import { a, type Branch, b, closed, ready } from './branch.ts'

/** Names are the names of the files, and of the products. */
export const BRANCHES_OF_OPERATORS: Record<string, Branch> = {
  async 'held-then-released'(stage, name) {
    const cycle = stage.cycle(name, { dependsOn: ['raw/a'] })
    await cycle.start()
    await cycle.act('hold')
    await cycle.arrive(a)
    await cycle.until('it arrived', (now) => now.deliveries.length === 1)
    await cycle.act('release')
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'held-by-its-product-then-released'(stage, name) {
    const held = { actor: 'ann', reason: 'source is wrong', sinceMs: 0, of: 'product' as const }
    const cycle = await ready(stage, name, { script: { startGlueJob: async () => ({ held }) } })
    await cycle.until('it is held', (now) => Boolean(now.held))
    cycle.script({ startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }) })
    await cycle.act('release', { of: 'product' })
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'held-while-starting'(stage, name) {
    let isFull = true
    const startGlueJob: Activities['startGlueJob'] = async ({ attempt }) => {
      if (isFull) throw new Error('Glue is full')
      return { runId: `jr_${attempt}`, adopted: false }
    }
    const cycle = await ready(stage, name, { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await cycle.act('hold')
    isFull = false
    await cycle.act('release')
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'waived-then-started'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', (now) => now.deliveries.length === 1)
    await cycle.act('waive', { products: [b.product] })
    await cycle.glueEnds(1)
    return closed(cycle)
  },

  async 'skipped-by-an-operator'(stage, name) {
    const cycle = stage.cycle(name)
    await cycle.arrive(a)
    await cycle.until('raw/a arrived', (now) => now.deliveries.length === 1)
    await cycle.act('skip')
    return closed(cycle)
  },

  async 'skipped-after-nobody-mended-it'(stage, name) {
    const cycle = stage.cycle(name, { dependsOn: ['raw/a'], run: { attempts: 1 } })
    await cycle.start({ settings: { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 } })
    await cycle.arrive(a)
    await cycle.glueEnds(1, 'FAILED')
    const { details } = await cycle.failure()
    await cycle.comeBack(details, { action: 'skip', reason: 'nobody needs it' })
    return closed(cycle)
  },

  async 'cancelled-by-an-operator'(stage, name) {
    const cycle = await ready(stage, name)
    await cycle.untilGlueRuns(1)
    await cycle.act('cancel')
    return closed(cycle)
  },

  async 'cancelled-while-a-start-fails'(stage, name) {
    const mayFail = createGate()
    const startGlueJob: Activities['startGlueJob'] = async () => {
      await mayFail.opened
      throw new Error('Glue gave no answer')
    }
    const cycle = await ready(stage, name, { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await cycle.act('cancel')
    await cycle.untilUnwanted()
    mayFail.open()
    return closed(cycle)
  },

  async 'late-then-completed'(stage, name) {
    const cycle = stage.cycle(name, { dependsOn: ['raw/a'] })
    await cycle.start({ availableByMs: Date.now() + 1_000 })
    await cycle.untilAsked('watchLateness')
    await cycle.arrive(a)
    await cycle.glueEnds(1)
    return closed(cycle)
  },
}
