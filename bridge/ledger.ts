// What the bridge writes down: only what no open cycle took. What a cycle took, the cycle records itself.
import type { PastQuestion } from '../mirror/judge-past.ts'
import type { PastJudgement } from '../model/calendar/untaken.ts'
import type { Past } from '../model/cycle/last-end.ts'
import type { CycleId, CycleKey, ProductId } from '../model/ids.ts'
import type { UntakenEvent } from '../mirror/ledger.ts'

/** All throw while PostgreSQL is away, and then the messages concerned stay in the queue. */
export interface BridgeLedger {
  recordUntaken(events: UntakenEvent[]): Promise<void>
  judgePast(question: Omit<PastQuestion, 'domain'>): Promise<PastJudgement | null>
  /** How a closed cycle stood when its run closed, by the mirror, which may have lost the last run. */
  readPast(cycle: CycleId): Promise<Past | undefined>
  /** Open cycles of the domain that wait for this upstream cycle, whatever the definitions say by now. */
  listWaiting(upstream: { product: ProductId; key: CycleKey }): Promise<CycleId[]>
}
