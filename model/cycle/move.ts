// The one place that changes a cycle's state. In: where it goes and why. Out: the cycle there, with its move.
// Never: a move that states.ts does not allow.
import { type CycleState, isLegalMove, isSettled, type Step } from '../states.ts'
import type { Cycle, Held } from './cycle.ts'
import { decideCorrection } from './revisions.ts'

/** Notices are due again after each move to a resting state without data. */
export function move(cycle: Cycle, to: CycleState, step: Step | null, reason: string | null, nowMs: number): Cycle {
  if (!isLegalMove(cycle.state, to)) throw new Error(`Cycle ${cycle.id} cannot move from ${cycle.state} to ${to}.`)
  const transition = { from: cycle.state, to, step, reason, atMs: nowMs, version: cycle.version }
  const reported = to === 'PROCESSING' || to === 'COMPLETED'
  const { cancelling: _over, ...settled } = cycle
  const moved = {
    ...(isSettled(to) ? settled : cycle),
    state: to,
    step,
    reason,
    stateSinceMs: nowMs,
    reported,
    transitions: [...cycle.transitions, transition],
  }
  return isSettled(to) ? { ...moved, held: heldAfter(moved, nowMs) } : moved
}

/** A hold of its own ends with what it could start; a product stays held for whatever comes back. */
const heldAfter = (cycle: Cycle, nowMs: number): Held | null =>
  cycle.held && (cycle.held.of === 'product' || decideCorrection(cycle, nowMs) !== null) ? cycle.held : null
