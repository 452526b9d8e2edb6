// Writes the cycle's status to the mirror in the background, one flush at a time, the latest always; what the database lost
// of it, by a failover, once more.
// Never: blocks the pipeline (an Aurora outage only delays the closing); writes for each arrival of a burst.
import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Cycle } from '../model/cycle/cycle.ts'
import { waitingFor } from '../model/cycle/outgoing.ts'
import { isFlushDue, toRecord } from '../model/cycle/record.ts'
import { recordCycleWith } from './activity-options.ts'
import { STATE_ATTRIBUTE, toWaitingFor, WAITING_FOR_ATTRIBUTE } from './contract.ts'

export class StatusLane {
  private written = 0
  private shownVersion: number
  private readonly cycle: () => Cycle

  constructor(cycle: () => Cycle) {
    this.cycle = cycle
    this.shownVersion = cycle().input.definitionVersion
  }

  isWritten(): boolean {
    return this.written >= this.cycle().version
  }

  /** Once what happened so far is there; never of a run that closes before. */
  untilWritten(): Promise<void> {
    const { version } = this.cycle()
    return condition(() => this.written >= version)
  }

  /** Runs beside the main line until the workflow ends; cancelling the cycle does not stop its record. */
  keepWriting(): void {
    CancellationScope.nonCancellable(() => this.writeForEver()).catch((error: unknown) => {
      if (!isCancellation(error)) log.error('The status lane stopped', { error: String(error) })
    })
  }

  private async writeForEver(): Promise<void> {
    const recordCycle = recordCycleWith(this.cycle().input.settings)
    for (;;) {
      await condition(() => isFlushDue(this.cycle(), this.written, Date.now()))
      const record = toRecord(this.cycle(), this.written, Date.now())
      this.show()
      const answer = await recordCycle(record)
      // All of it once more: nobody but this run knows what is gone.
      this.written = answer?.lacksEarlier ? 0 : record.version
    }
  }

  /**
   * Search attributes go with a flush, and only with a new state or definition: each upsert is a billed action. Until then the list
   * may name upstreams that have arrived. Where it is too long to name all, it moves on with each that arrives.
   */
  private show(): void {
    const { state, input } = this.cycle()
    const isUpgraded = input.definitionVersion !== this.shownVersion
    const { typedSearchAttributes } = workflowInfo()
    const shown = typedSearchAttributes.get(WAITING_FOR_ATTRIBUTE) ?? []
    const missing = toWaitingFor(waitingFor(this.cycle(), Date.now()))
    const isBehind = shown.some((name) => name.startsWith('+')) && missing.join() !== shown.join()
    if (typedSearchAttributes.get(STATE_ATTRIBUTE) === state && !isBehind && !isUpgraded) return
    this.shownVersion = input.definitionVersion
    upsertSearchAttributes([
      { key: STATE_ATTRIBUTE, value: state },
      { key: WAITING_FOR_ATTRIBUTE, value: missing },
    ])
  }
}
