// The cycle that was asked about, as the top of the tree of what it waits for. In: the cycle as its workflow has it. Out: itself, and
// each input it misses, as edges. Pure.
import { type Cycle, isUnbegun } from '../cycle/cycle.ts'
import { inputsOf, judgeInputs, missingNames } from '../cycle/inputs.ts'
import { type CycleId, type CycleKey, domainOf, type ProductId } from '../ids.ts'
import type { WaitingEdge } from './standing.ts'

/** Nothing is known of it but its name. */
export const toUnknownEdge = (product: ProductId, key: CycleKey, consumer: CycleId | null = null): WaitingEdge => ({
  ...{ consumer, product, key, domain: domainOf(product), position: null, saidReason: null, withdraws: null },
  isBeyond: false,
  ...{ state: null, step: null, since: null, reason: null, held: null, isHeld: false, heldAs: null, runEndedAs: null },
  ...{ notBefore: null, retryAt: null, lastAttempt: 0, revision: 0, condition: null, waitingFor: [], flags: [] },
})

/** The workflow knows it better than the mirror; what it waits for is asked there. */
export function toAskedEdges(cycle: Cycle, nowMs: number): [WaitingEdge, ...WaitingEdge[]] {
  const { input, state, step, reason, stateSinceMs, retryAtMs, revision } = cycle
  const judged = judgeInputs(cycle, nowMs)
  const isWaiting = isUnbegun(cycle)
  // Absent in what an older version answers.
  const held = cycle.held ?? null
  const top: WaitingEdge = {
    ...toUnknownEdge(input.product, input.key),
    ...{ state, step, since: toIso(stateSinceMs), reason: cycle.heldUp?.reason ?? reason },
    ...{ held, isHeld: held !== null, heldAs: held?.of ?? null },
    notBefore: input.notBeforeMs === null ? null : toIso(input.notBeforeMs),
    retryAt: retryAtMs === null ? null : toIso(retryAtMs),
    ...{ revision, lastAttempt: cycle.lastAttempt, condition: input.condition ?? null },
    waitingFor: isWaiting ? missingNames(cycle, judged) : [],
  }
  const inputs = inputsOf(cycle)
  const missing = (isWaiting ? judged.missing : []).flatMap((position): WaitingEdge[] => {
    const one = inputs[position]
    if (!one) return []
    const { product, key, blocker } = one
    const said = { saidReason: blocker?.reason ?? null, withdraws: blocker?.withdraws ?? null }
    return [{ ...toUnknownEdge(product, key, cycle.id), position, ...said }]
  })
  return [top, ...missing]
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()
