// Writes the cycle's status to the mirror in the background, one flush at a time, the latest always.
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
  private readonly cycle: () => Cycle

  constructor(cycle: () => Cycle) {
    this.cycle = cycle
  }

  isWritten(): boolean {
    return this.written >= this.cycle().version
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
      await condition(() => isFlushDue(this.cycle(), this.written))
      const record = toRecord(this.cycle(), this.written)
      this.show()
      await recordCycle(record)
      this.written = record.version
    }
  }

  /** Search attributes go with a flush, never alone: each upsert is a billed action. */
  private show(): void {
    const { state, waitingFor } = toAttributes(this.cycle())
    const shown = workflowInfo().typedSearchAttributes
    const isShown = shown.get(STATE_ATTRIBUTE) === state && isSame(shown.get(WAITING_FOR_ATTRIBUTE) ?? [], waitingFor)
    if (isShown) return
    upsertSearchAttributes([
      { key: STATE_ATTRIBUTE, value: state },
      { key: WAITING_FOR_ATTRIBUTE, value: waitingFor },
    ])
  }
}

const toAttributes = (cycle: Cycle): { state: string; waitingFor: string[] } => ({
  state: cycle.state,
  waitingFor: toWaitingFor(waitingFor(cycle)),
})

const isSame = (some: string[], others: string[]): boolean =>
  some.length === others.length && some.every((name, at) => name === others[at])
