// In: the history of a run. Out: its steps that AWS refused, each spell from the first refusal until the step got on. Pure.
// Never: a refusal that the cycle was not told of: of it the history knows nothing.
import type { HeldStep } from '../model/cycle/attempt.ts'
import type { HoldUp } from '../model/cycle/held-up.ts'
import { type CycleActivities, HELD_UP_SIGNAL } from '../workflows/contract.ts'
import type { HistoryStep, RunEvidence } from './evidence.ts'

export const STEP_OF: Partial<Record<string, HeldStep>> = {
  startGlueJob: 'start',
  awaitGlueJob: 'run',
  publishRefreshEvent: 'publish',
} satisfies Partial<Record<keyof CycleActivities, HeldStep>>

/** A refused step, for as long as it is held up. */
export interface Spell {
  step: HeldStep
  /** History events that told of a refusal. */
  refusals: { at: number; atMs: number }[]
  /** The event with which it got on or was over; null = held up still. */
  endedAt: number | null
}

/** Oldest first. */
export function spellsOf({ steps }: RunEvidence): Spell[] {
  const spells: Spell[] = []
  let asked: { at: number; step: HeldStep } | undefined
  const end = (at: number): void => {
    const last = spells.at(-1)
    if (last?.endedAt === null) last.endedAt = at
  }
  for (const event of steps) {
    if (event.kind === 'asked') {
      const step = STEP_OF[event.activity]
      if (step) asked = { at: event.at, step }
    } else if (event.kind === 'signal')
      for (const { step, reason, isRefusal } of holdUpsOf(event)) {
        if (step !== asked?.step) continue
        if (reason === null) end(event.at)
        else if (isRefusal) refuse(spells, step, event)
      }
    else if (event.askedAt === asked?.at) {
      end(event.at)
      asked = undefined
    }
  }
  return spells
}

function refuse(spells: Spell[], step: HeldStep, { at, atMs }: HistoryStep): void {
  const last = spells.at(-1)
  if (last?.endedAt === null) last.refusals.push({ at, atMs })
  else spells.push({ step, refusals: [{ at, atMs }], endedAt: null })
}

/** A signal sent by hand may bring anything. */
const holdUpsOf = (event: Extract<HistoryStep, { kind: 'signal' }>): HoldUp[] =>
  event.name === HELD_UP_SIGNAL
    ? [event.payload].flat().filter((said): said is HoldUp => typeof (said as HoldUp | null)?.step === 'string')
    : []
