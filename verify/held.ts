// What a hold keeps from happening. In: what the flushes of a run say of it. Out: for I10, whether it excuses that nothing goes on;
// for I4, attempts that began in spite of it. Pure. Never: blames a start that was on its way when the hold came.
import type { CycleId } from '../model/ids.ts'
import type { CycleSnapshot } from '../model/cycle/record.ts'
import type { RunEvidence } from './evidence.ts'
import { askedOf, ordersOf, recordsOf } from './fold.ts'
import type { Look } from './verdict.ts'

/** No attempt begins; one that is under way goes on, and is published when it has succeeded. */
export function isKeptFromStarting({ held, attempts, lastAttempt, stateSinceMs }: CycleSnapshot): boolean {
  if (!held) return false
  const attempt = attempts.find(({ number }) => number === lastAttempt)
  // One of before the present PROCESSING is over, whatever came of it.
  if (!attempt || attempt.runId === null || attempt.begunAtMs < stateSinceMs) return true
  return attempt.end !== null && attempt.end.state !== 'SUCCEEDED'
}

/** Nothing was ordered from Glue between two flushes of one and the same hold. */
export function checkHeld(cycle: CycleId, run: RunEvidence): Look {
  const flushes = recordsOf(run).map((record, at) => ({ ...record, at: askedOf(run, 'recordCycle')[at]?.at ?? 0 }))
  const orders = ordersOf(run)
  return flushes.flatMap((flush, at) => {
    const before = flushes[at - 1]
    const held = flush.snapshot.held
    const isSame = held && before?.snapshot.held?.sinceMs === held.sinceMs
    if (!before || !isSame || flush.actions.some(({ action, refused }) => action === 'release' && refused === null))
      return []
    return orders
      .filter((order) => order.at > before.at && order.at < flush.at)
      .map((order) => ({
        ...{ invariant: 'I4' as const, cycle },
        says: `${cycle} asked Glue for attempt ${order.attempt}, though it was held by ${held.actor}`,
        evidence: [before.at, order.at, flush.at].map(
          (event) => `history of ${cycle}, event ${event}: ${event === order.at ? 'startGlueJob' : 'held'}`,
        ),
      }))
  })
}
