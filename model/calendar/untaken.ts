// What an event means to a cycle that did not take it: it is not open, or no more. In: whether the event may open it, and
// what the cycle last recorded. Out: an outcome, or none. Pure: the bridge asks here, and the simulation.
// Never: takes "not open" for "late"; what a closed cycle knew decides.
import { judgeRevision, toPartialNote } from '../cycle/arrivals.ts'
import { TAKEN_BACK } from '../cycle/withdrawals.ts'
import type { ProductDefinition } from '../definition.ts'
import { refusesPartial } from '../dependencies.ts'
import type { Arrival } from '../refresh-event.ts'
import type { DeliveryOutcome, DependencyState } from '../states.ts'
import type { OpeningDecision } from './routing.ts'

export interface UntakenJudgement {
  outcome: DeliveryOutcome
  note: string | null
}

export interface PastInput {
  /** What this event meant when it came before; null = it has not been seen. */
  outcome: DeliveryOutcome | null
  /** Of the dependency; null = the cycle has none on this upstream cycle. */
  state: DependencyState | null
  revision: number | null
  /** By the producer's word, before the event came. */
  isTakenBack?: boolean
}

export interface PastJudgement {
  outcome: Extract<DeliveryOutcome, 'duplicate' | 'superseded' | 'correction' | 'late' | 'withdrawn'>
  note: string
}

/** To a closed cycle; null when no such cycle was ever recorded. */
export function judgePastInput(past: PastInput | null | undefined, revision: number): PastJudgement | null {
  if (!past) return null
  if (past.outcome) return { outcome: 'duplicate', note: `the cycle has seen this event: ${past.outcome}` }
  if (past.state === null) return { outcome: 'late', note: 'the cycle is closed and did not wait for it' }
  if (past.state !== 'ARRIVED') return { outcome: 'late', note: 'the cycle had closed without it' }
  const { outcome, note } = judgeRevision(past.revision ?? 0, revision)
  if (outcome === 'correction' && past.isTakenBack) return { outcome: 'withdrawn', note: TAKEN_BACK }
  return { outcome: outcome as PastJudgement['outcome'], note: note ?? '' }
}

/** What can be said without the record; `ask-past` when only that knows. */
export function judgeUntaken(
  said: 'absent' | 'closed',
  opening: OpeningDecision,
): UntakenJudgement | 'nothing' | 'ask-past' {
  if (said === 'absent' && opening === 'too-early') return { outcome: 'early', note: 'the cycle is not due yet' }
  if (said === 'absent' && opening === 'taken-back') return { outcome: 'withdrawn', note: TAKEN_BACK }
  const isNobodys = opening === 'not-current' || opening === 'look-back-later'
  return said === 'absent' && isNobodys ? 'nothing' : 'ask-past'
}

/** With the record's answer, and what the definition takes. */
export function judgeByPast(
  said: 'absent' | 'closed',
  past: PastJudgement | null,
  { definition, arrival }: { definition: ProductDefinition; arrival: Arrival },
): UntakenJudgement | null {
  if (past?.outcome === 'correction' && refusesPartial(definition, arrival))
    return { outcome: 'partial', note: toPartialNote(arrival) }
  return past ?? (said === 'absent' ? null : { outcome: 'late', note: 'the cycle is closed and left no row' })
}

const KEPT = 'kept for the cycles that look back on it, which recall it when they open'
const UNMATCHED = 'no cycle that waits for it is open, and it may not open one'
/** The cycles do not know that it came, until a person opens one: then it recalls it. */
export const TOO_OLD =
  'no cycle that waits for it is open, and those that would were due too long ago for an event to open them'

/** Of an event that is nothing to any cycle: the ledger's word for it, and why. */
export function judgeUnheeded(openings: OpeningDecision[]): { outcome: 'routed' | 'unmatched'; reason: string } {
  // Nothing is amiss: who looks back on it reads the ledger when it opens.
  if (openings.every((opening) => opening === 'look-back' || opening === 'look-back-later'))
    return { outcome: 'routed', reason: KEPT }
  return { outcome: 'unmatched', reason: openings.includes('too-old') ? TOO_OLD : UNMATCHED }
}
