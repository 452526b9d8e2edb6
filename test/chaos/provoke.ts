// Stimuli that between them touch every path of a bridge and a worker. In: a stage and a walk of its own.
// Out: done, and what the walk may now show beyond the plain case. Never: waits for the end of the walk; needs the role that
// dies of it for longer than until another takes its place.
import { randomUUID } from 'node:crypto'
import { msToTs } from '@temporalio/common/lib/time.js'
import { RERUN } from '../../workflows/contract.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import type { CycleKey, Domain, ProductId } from '../../model/ids.ts'
import { leftOf, type Walk } from './mesh.ts'
import type { Allowed } from './oracle.ts'
import type { Stage } from './stage.ts'
import { failNextRun, feed, putRaw, setFault, setGlueTimeline, toRawEntry, until } from './walks.ts'

export const STIMULI = ['walk', 'strays', 'failure', 'cancel', 'hold', 'missed', 'altered', 'held up', 'stays'] as const
export type Stimulus = (typeof STIMULI)[number]

const PATIENCE_MS = 240_000

/** Resolves once everything was put; what follows by itself goes on. */
export const provoke: Record<Stimulus, (stage: Stage, walk: Walk) => Promise<Allowed>> = {
  /** Early, satisfied, Glue's end, publication, another domain. */
  async walk(stage, walk) {
    await feed(stage, [walk])
    return {}
  },

  /** Unreadable, too old for any cycle, and the walk's own events once more. */
  async strays(stage, walk) {
    await feed(stage, [walk])
    const own = toRawEntry(`raw/one-${walk.lane}`, walk.key)
    const old = toRawEntry(`raw/two-${walk.lane}`, toOldKey(walk.key))
    await putRaw(stage, [{ ...own, Detail: '{"metadata":{}}' }, old, own, own])
    return {}
  },

  /** Every declared attempt of `left` fails, and an operator brings it back. */
  async failure(stage, walk) {
    const cycle = leftOf(walk)
    await failNextRun(stage, cycle, 2)
    await feed(stage, [walk])
    await rerunFailed(stage, walk)
    return { attempts: { [cycle]: 2 } }
  },

  /** A cycle beside the walk, cancelled while its Glue run is at work. */
  async cancel(stage, walk) {
    await feed(stage, [walk])
    await cancelRunning(stage, walk)
    return {}
  },

  /** `left` is held before anything comes to it, and released. */
  async hold(stage, walk) {
    await holdAndRelease(stage, walk)
    await feed(stage, [walk])
    return {}
  },

  /** A cycle that waits for what the ledger has already: the next tick of the scheduler tells it. */
  async missed(stage, walk) {
    await feed(stage, [walk])
    await leaveMissed(stage)
    return {}
  },

  /** The row of a waiting cycle was altered by hand an hour after its last flush: the next tick steps it back. */
  async altered(stage, walk) {
    await feed(stage, [walk])
    await alterRow(stage)
    return {}
  },

  /** Glue has no room for the first start of `left`: its cycle is told why it does not get on. */
  async 'held up'(stage, walk) {
    await refuseNextStart(stage, leftOf(walk))
    await feed(stage, [walk])
    return {}
  },

  /** The bridge may not ask for the run whose end it heard of: the message stays in the queue for a moment. */
  async stays(stage, walk) {
    await setFault(stage, {
      ...{ service: 'glue', operation: 'GetJobRun', where: { JobName: `d1-left-${walk.lane}` } },
      // The worker asks once, before or after the bridge, and not again for half a minute; one more, since a cycle of
      // another date may ask between. So the bridge is refused at least once.
      ...{ times: 3, action: { kind: 'error', code: 'AccessDeniedException' } },
    })
    await feed(stage, [walk])
    return {}
  },
}

/** The operator's part: once the attempts are spent and told, run it again. */
export async function rerunFailed(stage: Stage, walk: Walk): Promise<void> {
  const cycle = leftOf(walk)
  await until(`${cycle} is in ERROR`, PATIENCE_MS, async () => {
    const row = await stage.db.one<{ state: string }>('select state from data_product_status where cycle = $1', [cycle])
    return row?.state === 'ERROR'
  })
  await ask(stage, cycle, RERUN)
}

/** The same request until it is taken: its worker may die of it. */
async function ask({ temporal }: Stage, cycle: string, action: string, more: object = {}): Promise<void> {
  const command = { actor: 'fault suite', reason: 'the cause is mended', requestId: randomUUID(), ...more }
  await until(`${cycle} takes a ${action}`, PATIENCE_MS, async () => {
    await temporal.workflow.getHandle(cycle).executeUpdate(action, { args: [command], updateId: command.requestId })
    return true
  })
}

async function holdAndRelease(stage: Stage, walk: Walk): Promise<void> {
  const cycle = leftOf(walk)
  await stage.open(`d1/left-${walk.lane}`, walk.key)
  await ask(stage, cycle, 'hold', { of: 'cycle' })
  await until(`the row of ${cycle} says that it is held`, PATIENCE_MS, async () => {
    const row = await stage.db.one('select from data_product_status where cycle = $1 and held is not null', [cycle])
    return row !== undefined
  })
  await ask(stage, cycle, 'release', { of: 'cycle' })
}

/** So that the next role to start has a retention to set. */
export async function shortenRetention({ temporal }: Stage): Promise<void> {
  await temporal.workflowService.updateNamespace({
    namespace: temporal.options.namespace,
    config: { workflowExecutionRetentionTtl: msToTs(2 * DAY_MS) },
  })
}

const DAY_MS = 86_400_000
const daysBefore = (key: string, days: number): string =>
  new Date(Date.parse(key) - days * DAY_MS).toISOString().slice(0, 10)

/** Too old to open a cycle, and of no other walk. */
const toOldKey = (key: string): string => daysBefore(key, 100)
/** Beside the walks' dates; opened by hand, since an arrival may not. */
const toAsideKey = (key: string): string => daysBefore(key, 200)

/** The cycle beside a walk that `cancel` cancels. */
export const cancelledOf = ({ lane, key }: Walk): string => `d1/right-${lane}/${toAsideKey(key)}`

async function cancelRunning(stage: Stage, walk: Walk): Promise<void> {
  const { lane } = walk
  const key = toAsideKey(walk.key)
  const cycle = cancelledOf(walk)
  await setFault(stage, {
    ...{ service: 'glue', operation: 'StartJobRun', where: { 'Arguments.--sluice_workflow_id': cycle } },
    action: { kind: 'run-timeline', states: [{ state: 'RUNNING', afterMs: 0 }] },
  })
  await setGlueTimeline(stage, 300)
  await stage.open(`d1/right-${lane}`, key)
  await putRaw(stage, [toRawEntry(`raw/two-${lane}`, key)])
  const handle = stage.temporal.workflow.getHandle(cycle)
  await until(`${cycle} is at work`, PATIENCE_MS, async () => {
    const { pendingActivities } = (await handle.describe()).raw
    return (pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'awaitGlueJob')
  })
  await handle.cancel()
}

async function refuseNextStart(stage: Stage, cycle: string): Promise<void> {
  await setFault(stage, {
    ...{ service: 'glue', operation: 'StartJobRun', where: { 'Arguments.--sluice_workflow_id': cycle } },
    action: { kind: 'error', code: 'ConcurrentRunsExceededException' },
  })
  await setGlueTimeline(stage, 300)
}

async function alterRow(stage: Stage): Promise<void> {
  const { lane, key } = await requireWaiting(stage, 'right')
  await stage.db.changed(
    `update data_product_status set waiting_for = '{}', updated_at = updated_at - interval '1 hour' where cycle = $1`,
    [`d1/right-${lane}/${key}`],
  )
}

async function leaveMissed(stage: Stage): Promise<void> {
  const waiting = await requireWaiting(stage, 'left')
  const { lane } = waiting
  const key = waiting.key as CycleKey
  const product = `raw/one-${lane}` as ProductId
  // On its own domain's bus, from where nothing leads to d1.
  await putRaw(stage, [{ ...toRawEntry(product, key), EventBusName: 'sluice-raw' }])
  await recordUntaken(stage.db, 'd1' as Domain, [
    {
      ...{
        eventId: `${product}/${key}/r1`,
        outcome: 'unmatched',
        reason: 'the index was old',
        messageId: `missed-${lane}`,
      },
      ...{ body: '{}', source: 'dataproduct.raw', account: stage.accounts['raw'] ?? '', product, key, revision: 1 },
      ...{ location: null, correlationId: 'missed', occurredAt: new Date().toISOString(), deliveries: [] },
    },
  ])
}

/** One of today's cycles, which the scheduler opened and no walk feeds. */
async function requireWaiting(stage: Stage, place: 'left' | 'right'): Promise<{ lane: string; key: string }> {
  let waiting: { lane: string; key: string } | undefined
  await until('a cycle waits that the scheduler opened; else the stage needs more lanes', PATIENCE_MS, async () => {
    waiting = await stage.db.one(
      `select split_part(product, '-', 2) as lane, cycle_key as key from data_product_status
       where product like $1 and state = 'WAITING' and opened_by = 'scheduler'
       order by cycle_key desc, product desc limit 1`,
      [`d1/${place}-%`],
    )
    return waiting !== undefined
  })
  if (!waiting) throw new Error('A cycle waited and is gone.')
  return waiting
}
