// All that outsiders may know of a backfill: names, payloads and how it is started.
// Never: workflow code; whoever imports this must not pull the bundle in.
import { TypedSearchAttributes } from '@temporalio/common'
import type { Backfill, BackfillEnd, BackfillOrder, OpenedCycle, SeenCycle } from '../model/backfill.ts'
import type { RerunChoice, RerunWish } from '../model/backfill-rerun.ts'
import type { BackfillProgress } from '../model/backfill-progress.ts'
import { type CycleKey, domainOf, type ProductId } from '../model/ids.ts'
import { DOMAIN_ATTRIBUTE, PRODUCT_ATTRIBUTE, toTaskQueue } from './contract.ts'

export const BACKFILL_WORKFLOW = 'backfill'
/** Signal, payload `StopCommand`: opens no more cycles and ends; what is open stays open. */
export const STOP_BACKFILL_SIGNAL = 'stop'
/** Query, answer `BackfillProgress`. */
export const BACKFILL_QUERY = 'progress'

/** One at a time of a product and range; no cycle id has four parts. */
export const toBackfillId = ({ product, from, to }: Pick<BackfillOrder, 'product' | 'from' | 'to'>): string =>
  `backfill/${product}/${from}..${to}`

export interface BackfillResult extends BackfillProgress {
  how: BackfillEnd
}

/** What was asked of a whole product, for the audit. */
export interface BackfillAction {
  product: ProductId
  actor: string
  reason: string
  requestId: string
  /** When it was asked for, by Temporal's clock; absent in what older versions ask: then, when it is written. */
  atMs?: number
  asked:
    | ({ from: string; to: string; parallel: number; cycles: number } & Partial<AskedRerun>)
    | { from: string; to: string; stop: true }
}

/** As the audit, the memo and JSON have it. */
export interface AskedRerun {
  rerun: RerunChoice
  /** ISO instant. */
  madeBefore: string
}

export const toAskedRerun = ({ which, madeBeforeMs }: RerunWish): AskedRerun => ({
  rerun: which,
  madeBefore: new Date(madeBeforeMs).toISOString(),
})

/** The cycles to make anew, who asks and why; `requestId`: of the backfill, from which that of each rerun follows. */
export interface RerunOrder extends Pick<BackfillOrder, 'product' | 'actor' | 'reason' | 'requestId'> {
  keys: CycleKey[]
  rerun: RerunWish
}

export interface BackfillActivities {
  /** Those that have a row; of an unknown one nothing. */
  readBackfilled(question: { product: ProductId; keys: CycleKey[] }): Promise<SeenCycle[]>
  /** `backfill`: the id of the workflow that asks, by which it knows its own again. */
  openBackfilled(order: { product: ProductId; keys: CycleKey[]; backfill: string }): Promise<OpenedCycle[]>
  rerunBackfilled(order: RerunOrder): Promise<OpenedCycle[]>
  auditBackfill(action: BackfillAction): Promise<void>
}

/** Without SluiceCycle: it is none, and lists of cycles leave it out. */
export function toBackfillStart(backfill: Backfill) {
  const { product, from, to, parallel, rerun } = backfill.order
  const domain = domainOf(product)
  return {
    workflowId: toBackfillId(backfill.order),
    taskQueue: toTaskQueue(domain),
    args: [backfill] as [Backfill],
    // Whoever asks again follows the one that runs; after its end another goes on with what is left.
    workflowIdConflictPolicy: 'FAIL' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: DOMAIN_ATTRIBUTE, value: domain },
      { key: PRODUCT_ATTRIBUTE, value: product },
    ]),
    priority: { priorityKey: 5 },
    ...(rerun && { memo: { ...toAskedRerun(rerun) } }),
    staticSummary:
      `${backfill.total} cycles of ${product}, ${parallel} at a time, ${from} to ${to}${toRerunWords(rerun)}`.slice(
        0,
        200,
      ),
    staticDetails: `Asked for by ${backfill.order.actor}: ${backfill.order.reason}`.slice(0, 2_000),
  }
}

const toRerunWords = (rerun: RerunWish | undefined): string => {
  if (!rerun) return ''
  const { rerun: which, madeBefore } = toAskedRerun(rerun)
  return `; what is there made anew: ${which}, made before ${madeBefore}`
}
