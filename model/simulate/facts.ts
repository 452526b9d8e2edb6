// What a simulation is told: refresh events from outside the simulated runs, and how runs end. Times are in the facts.
import type { GlueEndState } from '../cycle/attempt.ts'
import type { CycleKey, ProductId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'

export interface EventFact {
  kind: 'event'
  /** Of the file, from 1. */
  line: number
  atMs: number
  arrival: Arrival
}

/** The attempt of the cycle that is under way then, or the next one, ends so. */
export interface RunFact {
  kind: 'run'
  line: number
  atMs: number
  product: ProductId
  key: CycleKey
  result: GlueEndState
}

export type TimedFact = EventFact | RunFact
