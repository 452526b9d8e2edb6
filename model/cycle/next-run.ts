// In: the input of the run that brings a closed cycle back, and the command that does. Out: what that leads to. Pure.
// Never: a guess: the facts are asked with what the run will be given.
import { toStanding } from './actions.ts'
import { type CycleInput, isUnbegun, openRun, type ReopenCommand, type Standing } from './cycle.ts'
import { missingOf } from './inputs.ts'
import { applyFact } from './facts.ts'

/** What the command led to; `waitsFor` is null when the cycle processes or is over, and else names what is missing, if anything. */
export interface Next {
  attempt: number
  waitsFor: string[] | null
  after: Standing
}

export function toNext(input: CycleInput, command: ReopenCommand, nowMs: number): Next {
  const cycle = applyFact(openRun(input, nowMs), { kind: 'reopened', command }, nowMs)
  const waitsFor = isUnbegun(cycle) ? missingOf(cycle, nowMs).map((product) => product as string) : null
  return { attempt: cycle.actions.at(-1)?.attempt ?? cycle.lastAttempt, waitsFor, after: toStanding(cycle) }
}
