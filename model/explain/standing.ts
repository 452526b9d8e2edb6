// How the cycles that another one waits for stand, as the mirror tells it. In: nothing. Out: types, JSON-plain.
// Never: a truth about a running cycle.
import type { Condition } from '../cycle/condition.ts'
import type { Held, HeldAs } from '../cycle/cycle.ts'
import type { Schedule } from '../definition.ts'
import type { CycleId, CycleKey, Domain, ProductId } from '../ids.ts'
import type { CycleState, Step } from '../states.ts'

/** An upstream cycle that has not arrived, and who waits for it. */
export interface WaitingEdge {
  /** Null: the cycle that was asked about. */
  consumer: CycleId | null
  /** Null: not for this login to know. */
  product: ProductId | null
  key: CycleKey
  domain: Domain
  /** Where the consumer's condition counts it; null: not known. */
  position: number | null
  /** What the consumer was told of it by a notice; null: nothing. */
  saidReason: string | null
  /** The revision that its producer took back; null: none. */
  withdraws: number | null
  /** Too far from the cycle asked about: how it stands was not asked. */
  isBeyond: boolean
  /** Null: nobody has opened it, as far as this login sees. */
  state: CycleState | null
  step: Step | null
  /** Instants are ISO texts. */
  since: string | null
  reason: string | null
  /** Null also where it is held and this login may not know by whom. */
  held: Held | null
  isHeld: boolean
  /** By itself, or with its product; null: it is not, or that is not known. */
  heldAs: HeldAs | null
  /** 0: none has begun. */
  lastAttempt: number
  /** That no run is behind an open state. */
  runEndedAs: string | null
  notBefore: string | null
  retryAt: string | null
  /** Published so far. */
  revision: number
  /** Of its own inputs; null: all of them, or not for this login to know. */
  condition: Condition | null
  waitingFor: string[]
  flags: string[]
}

export interface ProductFacts {
  product: ProductId
  /** Null: not known here. */
  team: string | null
  email: string | null
  /** It has no definition that could be read here: the owner is its domain's. */
  isOwnerOfDomain: boolean
  /** Where its failures are announced; null: its definition names none. */
  channel: string | null
  isProduct: boolean
  isExternal: boolean
  schedule: Schedule | null
  /** When it usually arrives: wall time from midnight of the date it is about, of an hour from its beginning; null: no cycle to go by. */
  seconds: number | null
  /** How many of its last cycles say so. */
  cycles: number
}
