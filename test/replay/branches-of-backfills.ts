// The branches of backfills: to its end, with reruns, stopped, cancelled. What the mirror says of their cycles is scripted.
// In: a stage. Out: the id of the workflow whose latest run is the history. Never: a branch without a file, or the reverse.
import { type BackfillOrder, beginBackfill, type SeenCycle } from '../../model/backfill.ts'
import type { RerunWish } from '../../model/backfill-rerun.ts'
import type { BackfillProgress } from '../../model/backfill-progress.ts'
import { toKey, toProduct } from '../../model/samples.test-data.ts'
import type { CycleState } from '../../model/states.ts'
import {
  BACKFILL_QUERY,
  BACKFILL_WORKFLOW,
  STOP_BACKFILL_SIGNAL,
  toBackfillStart,
} from '../../workflows/backfill-contract.ts'
import { eventually } from '../workflows/eventually.ts'
import type { Stage } from '../workflows/stage.ts'
import type { Branch } from './branch.ts'

const KEYS = ['2026-11-09', '2026-11-10', '2026-11-11', '2026-11-12'].map(toKey)
const SETTINGS = { parallel: 2, stopAfter: 10, lookMs: 1_000, looksPerRun: 3 }

/** Each look finds what is said; after the last one all that is asked for is completed. */
async function start(stage: Stage, name: string, looks: Record<string, CycleState>[], rerun?: RerunWish) {
  const order: BackfillOrder = {
    ...(rerun && { rerun }),
    ...{ ...SETTINGS, product: toProduct(`d1/${name}`), from: '2026-11-09', to: '2026-11-12' },
    ...{ actor: 'ann', reason: 'a new column', requestId: `request-${name}` },
  }
  const options = toBackfillStart(beginBackfill(order, KEYS))
  stage.outside.script(options.workflowId, {
    async readBackfilled({ keys }) {
      const states = looks.shift()
      const toSeen = (state: CycleState, key: SeenCycle['key']) => ({
        key,
        state,
        isWaiting: false,
        isWithoutRun: false,
        sinceMs: 0,
      })
      return keys.flatMap((key) => {
        const state = states ? states[key] : 'COMPLETED'
        return state ? [toSeen(state, key)] : []
      })
    },
  })
  await stage.client.workflow.start(BACKFILL_WORKFLOW, options)
  return stage.client.workflow.getHandle(options.workflowId)
}

async function atWork(stage: Stage, name: string) {
  const busy = { [KEYS[0] ?? '']: 'PROCESSING', [KEYS[1] ?? '']: 'PROCESSING' } as const
  const handle = await start(stage, name, [{}, ...Array.from({ length: 30 }, () => busy)])
  await eventually(
    'two are at work',
    () => handle.query<BackfillProgress>(BACKFILL_QUERY),
    (progress) => progress.busy.length === 2,
  )
  return handle
}

export const BRANCHES_OF_BACKFILLS: Record<string, Branch> = {
  async backfill(stage, name) {
    const handle = await start(stage, name, [{ '2026-11-09': 'COMPLETED' }, { '2026-11-10': 'PROCESSING' }])
    await handle.result()
    return handle.workflowId
  },

  async 'backfill-in-several-runs'(stage, name) {
    const handle = await start(stage, name, [{}, {}, {}, {}, {}])
    await handle.result()
    return handle.workflowId
  },

  async 'backfill-rerun'(stage, name) {
    const there = { '2026-11-09': 'COMPLETED', '2026-11-11': 'ERROR', '2026-11-12': 'SKIPPED' } as const
    const handle = await start(stage, name, [there, { '2026-11-09': 'PROCESSING' }], { which: 'all', madeBeforeMs: 1 })
    await handle.result()
    return handle.workflowId
  },

  async 'backfill-stopped'(stage, name) {
    const handle = await atWork(stage, name)
    await handle.signal(STOP_BACKFILL_SIGNAL, { actor: 'bob', reason: 'the vendor resends', requestId: 'stop-1' })
    await handle.result()
    return handle.workflowId
  },

  async 'backfill-cancelled'(stage, name) {
    const handle = await atWork(stage, name)
    await handle.cancel()
    await handle.result().catch(() => undefined)
    return handle.workflowId
  },
}
