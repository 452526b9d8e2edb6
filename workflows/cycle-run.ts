// The memory of one run: the cycle so far, the lane that writes it down, the timers it has armed.
// Never: a decision of its own; a change of the cycle that model/cycle does not make.
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  patched,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow'
import { applyAnotherLook, applyArrival, applyBlocker, applyRecall } from '../model/cycle/arrivals.ts'
import { type Blocker, type Cycle, type CycleInput, currentAttempt, openRun } from '../model/cycle/cycle.ts'
import { decideNext } from '../model/cycle/decide.ts'
import { applyFact, type Fact } from '../model/cycle/facts.ts'
import { applyHoldUp, type HoldUp } from '../model/cycle/held-up.ts'
import type { Arrival } from '../model/refresh-event.ts'
import type { CycleResult } from './contract.ts'
import { toDetails } from './cycle-details.ts'
import { StatusLane } from './status-lane.ts'

/** Runs that were recorded before let a hold wait for a start, and took for a failure what failed after a cancellation. */
export const TRY_UNDER_WAY = 'try-under-way'

export class CycleRun {
  cycle: Cycle
  readonly lane: StatusLane
  /** What was asked beside the main line, notices and the recall: a run does not close before it is answered. */
  unanswered = 0
  private readonly armed = new Set<number>()
  private scope: CancellationScope | undefined
  private heldUpScope: CancellationScope | undefined
  /** Of the latest start: a hold came. A try under way then may still answer, but its failure is nobody's. */
  wasPutOff = false
  private startScope: CancellationScope | undefined

  constructor(input: CycleInput) {
    this.cycle = openRun(input, Date.now())
    this.lane = new StatusLane(() => this.cycle)
    this.show()
  }

  apply(fact: Fact): void {
    this.remember(applyFact(this.cycle, fact, Date.now()))
  }

  /** Does it until it is over, or Temporal or an operator cancels the cycle. @throws CancelledFailure then. */
  async untilCancelled(work: () => Promise<void>): Promise<void> {
    this.scope = new CancellationScope()
    // It may have come before this began.
    if (this.cycle.cancelling) this.scope.cancel()
    await this.scope.run(work)
  }

  /** What is under way is given up; the main line says so and closes. */
  cancel(): void {
    this.scope?.cancel()
    this.startScope?.cancel()
  }

  arrive(arrivals: Arrival[]): void {
    this.remember(arrivals.reduce((cycle, arrival) => applyArrival(cycle, arrival, Date.now()), this.cycle))
  }

  recall(arrivals: Arrival[], skipped: Blocker[]): void {
    this.remember(applyRecall(this.cycle, { arrivals, skipped }, Date.now()))
  }

  /** Whether something is new since it was asked, be it by this answer or meanwhile. */
  lookAgain(arrivals: Arrival[], skipped: Blocker[], asked: Cycle): boolean {
    const found = applyAnotherLook(this.cycle, { arrivals, skipped }, Date.now())
    if (found !== this.cycle) this.remember(found)
    return found !== asked
  }

  learnBlockers(blockers: Blocker[]): void {
    this.remember(blockers.reduce(applyBlocker, this.cycle))
  }

  holdUp(said: HoldUp): void {
    this.remember(applyHoldUp(this.cycle, said, Date.now()))
  }

  /** Returns when there is something to do; one timer per instant, however often this is asked. */
  async untilSomethingChanges(untilMs: number | null): Promise<void> {
    if (untilMs !== null && !this.armed.has(untilMs)) this.arm(untilMs)
    await condition(() => {
      const next = decideNext(this.cycle, Date.now())
      return next.kind !== 'wait' || (next.untilMs !== null && !this.armed.has(next.untilMs))
    })
  }

  /**
   * Waits until all that happened is written, told and recalled; false when meanwhile something brought the cycle back.
   * Arrivals and reruns that come during the wait are still this run's to answer.
   */
  async isWrittenAndAtRest(): Promise<boolean> {
    const atRest = (): boolean => ['close', 'give-up'].includes(decideNext(this.cycle, Date.now()).kind)
    await condition(() => !atRest() || (this.lane.isWritten() && this.unanswered === 0 && allHandlersFinished()))
    return atRest()
  }

  result(): CycleResult {
    const { cycle } = this
    const attempt = currentAttempt(cycle)
    const isUnpublished = cycle.state === 'ERROR' && cycle.step === 'publish'
    return {
      cycle: cycle.id,
      runNumber: cycle.runNumber,
      state: cycle.state,
      step: cycle.step,
      reason: cycle.reason,
      lastAttempt: cycle.lastAttempt,
      revision: cycle.revision,
      publishedEventId: cycle.published?.eventId ?? null,
      dependencies: cycle.dependencies,
      succeeded: isUnpublished && attempt ? attempt : null,
    }
  }

  /** Does it for as long as the step under way is held up, at most. */
  async whileHeldUp(work: () => Promise<void>): Promise<void> {
    this.heldUpScope = new CancellationScope()
    await this.heldUpScope.run(work)
  }

  /**
   * A start, until a hold puts it off. Its answer and its cancellation come in the same turns as without a scope of its own, which
   * would await the one and pass on the other: runs that were recorded before must replay.
   */
  starting<Answer>(start: () => Promise<Answer>): Promise<Answer> {
    const parent = this.scope?.parent
    const scope = new CancellationScope({ cancellable: true, ...(parent && { parent }) })
    if (this.scope?.consideredCancelled) scope.cancel()
    let asked!: Promise<Answer>
    void scope.run(async () => {
      asked = start()
    })
    this.startScope = scope
    this.wasPutOff = false
    const over = (): void => {
      this.startScope = undefined
    }
    asked.then(over, over)
    return asked
  }

  /** At that instant; not when the run has closed by then. */
  whenLate(atMs: number, then: () => void): void {
    sleep(Math.max(atMs - Date.now(), 1), { summary: 'expected by' }).then(then, () => undefined)
  }

  private remember(cycle: Cycle): void {
    this.cycle = cycle
    if (!cycle.heldUp) this.heldUpScope?.cancel()
    if (cycle.held) this.putOffStart()
    this.show()
  }

  private putOffStart(): void {
    if (!this.startScope || this.wasPutOff || !patched(TRY_UNDER_WAY)) return
    this.wasPutOff = true
    this.startScope.cancel()
  }

  private show(): void {
    setCurrentDetails(toDetails(this.cycle, Date.now()))
  }

  private arm(untilMs: number): void {
    this.armed.add(untilMs)
    // Over, or cancelled with the workflow, it is armed no more: whoever still waits for the instant arms it again.
    const disarm = (): void => {
      this.armed.delete(untilMs)
      // Time alone may end the wait for an optional input.
      this.show()
    }
    sleep(Math.max(untilMs - Date.now(), 1), { summary: 'deadline or pause' }).then(disarm, disarm)
  }
}
