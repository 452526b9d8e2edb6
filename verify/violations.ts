// In: evidence, taken after heal and quiet. Out: each invariant with how much was checked and every violation. Pure.
// Never: a verdict from a log; a violation without the rows it is seen in.
import type { Evidence } from './evidence.ts'
import { checkEnds } from './ends.ts'
import { checkArrivals } from './arrivals.ts'
import { checkEvents } from './events-kept.ts'
import { checkLife } from './life.ts'
import { checkHistory, checkMirror, checkMoves } from './mirror-truth.ts'
import { findMoving, isAtRest, type Moving } from './moving.ts'
import { checkPublications } from './publications.ts'
import { checkNotEarly, checkStarts } from './starts.ts'
import type { Checked, Invariant, Violation } from './verdict.ts'

/** All but I13, which needs the workflows' bundle (replay.ts). */
const CHECKS: Record<Exclude<Invariant, 'I13'>, (evidence: Evidence) => Checked> = {
  I1: checkEvents,
  I2: checkArrivals,
  I3: checkStarts,
  I4: checkNotEarly,
  I5: checkEnds,
  I6: checkPublications,
  I7: checkMirror,
  I8: checkMoves,
  I9: checkHistory,
  I10: checkLife,
}

export type Findings = Partial<Record<Invariant, Checked>>

export const examine = (evidence: Evidence): Findings =>
  Object.fromEntries(Object.entries(CHECKS).map(([invariant, check]) => [invariant, check(evidence)]))

/** Of a stack at work: what moved while it was read is named, not judged. */
export function examineAtWork(evidence: Evidence): { findings: Findings; moving: Moving } {
  const moving = findMoving(evidence)
  const findings = Object.entries(examine(evidence)).map(([invariant, found]) => {
    const violations = found.violations.filter((violation) => isAtRest(moving, violation))
    return [invariant, { ...found, violations }]
  })
  return { findings: Object.fromEntries(findings), moving }
}

export const findViolations = (evidence: Evidence): Violation[] =>
  Object.values(examine(evidence)).flatMap(({ violations }) => violations)

export type { Violation } from './verdict.ts'
