// A backfill: opens one product's cycles of a range, oldest first, so many at a time, and ends when none is at work.
// What is there already it makes anew, if it was asked to. In: what was asked, and how far an earlier run came. Out: what became of each cycle.
// Never: decides by itself (model/backfill does); ends a cycle that it opened; goes on while nobody knows how they stand.
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import {
  applyLook,
  applyOpened,
  type Backfill,
  type BackfillEnd,
  type BackfillOrder,
  decideBackfill,
  keysToSee,
  type StopCommand,
  stop,
} from '../model/backfill.ts'
import { toKept, toLine } from '../model/cycle/asker.ts'
import { type BackfillProgress, toProgress, toProgressWords } from '../model/backfill-progress.ts'
import type { CycleKey } from '../model/ids.ts'
import {
  BACKFILL_QUERY,
  type BackfillActivities,
  type BackfillResult,
  STOP_BACKFILL_SIGNAL,
  toAskedRerun,
} from './backfill-contract.ts'
import { toText } from './signal-payloads.ts'

/** PostgreSQL, the catalog bucket or a worker may be away for as long as it takes. */
const RETRY = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' } as const
const { readBackfilled, auditBackfill } = proxyActivities<BackfillActivities>({
  startToCloseTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: RETRY,
})
/** A stopped backfill waits for the try under way, to know what it opened. */
const { openBackfilled } = proxyActivities<BackfillActivities>({
  startToCloseTimeout: '60 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: RETRY,
})
/** Each that is open is asked how it stands, and may take its time to say that it does not answer. */
const { rerunBackfilled } = proxyActivities<BackfillActivities>({
  startToCloseTimeout: '3 minutes',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: RETRY,
})

const progressQuery = defineQuery<BackfillProgress>(BACKFILL_QUERY)
const stopSignal = defineSignal<[unknown]>(STOP_BACKFILL_SIGNAL)

/**
 * It may last for days, over deployments: it goes on by the newest version instead of keeping an old worker. A worker without
 * versions, as tests have it, may not say so.
 */
setWorkflowOptions(() => {
  const isVersioned = Boolean(workflowInfo().currentDeploymentVersion?.deploymentName)
  return isVersioned ? { versioningBehavior: 'AUTO_UPGRADE' } : {}
}, backfill)

export async function backfill(begun: Backfill): Promise<BackfillResult> {
  const run = new BackfillRun(begun)
  answerMessages(run)
  if (!begun.hasLooked) run.audit(toAsked(begun))
  const how = await untilAudited(run, () => goOn(run))
  if (how !== 'too-long') return { ...toProgress(run.backfill), how }
  // A new run would not hear of it.
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('Cancelled before it went on')
  return continueAsNew<typeof backfill>(run.backfill)
}

/** Also one that Temporal cancelled does not close before who asked for it is written down. */
async function untilAudited<Answer>(run: BackfillRun, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } finally {
    await CancellationScope.nonCancellable(() => condition(() => run.unwritten === 0))
  }
}

async function goOn(run: BackfillRun): Promise<BackfillEnd | 'too-long'> {
  for (let looks = 0; ; looks += 1) {
    const how = await run.orStopped(() => turn(run, looks >= run.backfill.order.looksPerRun))
    if (how !== null) return how
  }
}

/** One look and what follows from it; the answer is why there is no next one. */
async function turn(run: BackfillRun, isLast: boolean): Promise<BackfillEnd | 'too-long' | null> {
  const { product } = run.backfill.order
  const keys = keysToSee(run.backfill)
  if (keys.length > 0) {
    const seen = await readBackfilled({ product, keys })
    run.change((backfill) => applyLook(backfill, seen))
  }
  for (;;) {
    const next = decideBackfill(run.backfill)
    if (next.kind === 'end') return next.how
    if (isLast) return 'too-long'
    if (next.kind === 'wait') {
      await sleep(next.forMs, { summary: 'until the next look' })
      return null
    }
    const answers = await begin(run.backfill.order, next)
    run.change((backfill) => applyOpened(backfill, answers))
  }
}

function begin(order: BackfillOrder, { kind, keys }: { kind: 'open' | 'rerun'; keys: CycleKey[] }) {
  const { product, actor, reason, requestId, rerun } = order
  if (kind === 'rerun' && rerun) return rerunBackfilled({ product, keys, rerun, actor, reason, requestId })
  return openBackfilled({ product, keys, backfill: workflowInfo().workflowId })
}

/** The memory of one run. */
class BackfillRun {
  backfill: Backfill
  /** Rows of the audit that are not written yet. */
  unwritten = 0
  private turn: CancellationScope | undefined

  constructor(begun: Backfill) {
    this.backfill = begun
    setCurrentDetails(toDetails(begun))
  }

  /** From how it stands now: it may have been stopped while an activity was waited for. */
  change(next: (now: Backfill) => Backfill): void {
    this.backfill = next(this.backfill)
    setCurrentDetails(toDetails(this.backfill))
  }

  stop(command: StopCommand): void {
    if (this.backfill.stoppedBy) return
    this.change((backfill) => stop(backfill, command))
    const { product, from, to } = this.backfill.order
    this.audit({ ...command, product, atMs: Date.now(), asked: { from, to, stop: true } })
    this.turn?.cancel()
  }

  /** What is under way ends when somebody stops it; Temporal's own cancellation goes on up. */
  async orStopped<Answer>(work: () => Promise<Answer>): Promise<Answer | 'stopped'> {
    if (this.backfill.stoppedBy) return 'stopped'
    this.turn = new CancellationScope()
    try {
      return await this.turn.run(work)
    } catch (error) {
      if (!isEnded(error)) throw error
      if (this.backfill.stoppedBy) return 'stopped'
      if (isCancellation(error) || !CancellationScope.current().consideredCancelled) throw error
      throw new CancelledFailure('A try failed after the cancellation', [], error as Error)
    }
  }

  /** In the background: nobody waits for it but the end. */
  audit(action: Parameters<BackfillActivities['auditBackfill']>[0]): void {
    this.unwritten += 1
    CancellationScope.nonCancellable(() => auditBackfill(action))
      .catch((error: unknown) => log.error('A row of the audit was refused', { error: String(error) }))
      .finally(() => {
        this.unwritten -= 1
      })
  }
}

/** A try that fails once it is not wanted any more is not repeated: Temporal gives its failure instead of a cancellation. */
const isEnded = (error: unknown): boolean => isCancellation(error) || error instanceof ActivityFailure

function answerMessages(run: BackfillRun): void {
  setHandler(progressQuery, () => toProgress(run.backfill), { description: 'How far it is: each cycle by name.' })
  setHandler(stopSignal, (payload) => run.stop(toCommand(run, payload)), {
    description:
      'Opens no more cycles and ends; those that are open go on. Input: {"actor": "who", "reason": "why"}. See `sluice backfill --stop`.',
  })
}

/** A signal sent by hand may leave out anything: it stops all the same, and the audit says what it did not say. */
function toCommand({ backfill }: BackfillRun, payload: unknown): StopCommand {
  const { actor, reason, requestId } = (payload ?? {}) as Partial<Record<keyof StopCommand, unknown>>
  return toKept({
    actor: toLine(toText(actor)) || 'unnamed',
    reason: toLine(toText(reason)) || 'none given',
    requestId: toText(requestId) || `stop-${backfill.order.requestId}`,
  })
}

const toAsked = ({ order, total }: Backfill) => {
  const { product, actor, reason, requestId, from, to, parallel, rerun } = order
  const asked = { from, to, parallel, cycles: total, ...(rerun && toAskedRerun(rerun)) }
  const atMs = workflowInfo().startTime.getTime()
  return { ...{ product, actor, reason, requestId, atMs }, asked }
}

/** Names beyond these would not be read. */
const NAMED = 40

function toDetails(backfill: Backfill): string {
  const progress = toProgress(backfill)
  const { stoppedBy } = progress
  return [
    `**${toProgressWords(progress)}**`,
    ...(stoppedBy ? ['', `Stopped by ${stoppedBy.actor}: ${stoppedBy.reason}`] : []),
    ...toList('At work', progress.busy),
    ...toList('Waiting for upstreams', progress.waiting),
    ...toList('Failed', progress.failed),
    ...toList('Skipped or cancelled', progress.ended),
    ...progress.refused.slice(0, NAMED).map(({ key, reason }) => `\nRefused: ${key}: ${reason.slice(0, 300)}`),
  ].join('\n')
}

function toList(what: string, keys: string[]): string[] {
  if (keys.length === 0) return []
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : ''
  return ['', `${what}: ${keys.slice(0, NAMED).join(', ')}${more}`]
}
