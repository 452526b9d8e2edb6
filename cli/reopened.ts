// In: the input of the run that brings a closed cycle back, and the command that does. Out: what that leads to, as data and as a
// sentence. Never: a guess: the model is asked with what the run will be given.
import { toStanding } from '../model/cycle/actions.ts'
import {
  type CycleInput,
  isUnbegun,
  missingOf,
  openRun,
  type ReopenCommand,
  type Standing,
} from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'

/** What the command led to; `waitsFor` is null when the cycle processes or is over, and else names what is missing, if anything. */
export interface Next {
  attempt: number
  waitsFor: string[] | null
  after: Standing
}

export function toSentence(
  cycle: string,
  { attempt, waitsFor }: { attempt: number | null; waitsFor: string[] | null },
): string {
  if (waitsFor === null) return `${cycle} runs again: attempt ${attempt}.`
  if (waitsFor.length > 0) return `${cycle} is open again and waits for ${waitsFor.join(', ')}.`
  return `${cycle} is open again and has all it waits for: attempt ${attempt} starts by itself.`
}

export function toNext(input: CycleInput, command: ReopenCommand): Next {
  const nowMs = Date.now()
  const cycle = applyFact(openRun(input, nowMs), { kind: 'reopened', command }, nowMs)
  const waitsFor = isUnbegun(cycle) ? missingOf(cycle, nowMs).map((product) => product as string) : null
  return { attempt: cycle.actions.at(-1)?.attempt ?? cycle.lastAttempt, waitsFor, after: toStanding(cycle) }
}
