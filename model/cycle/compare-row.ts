// Whether the mirror tells the truth about a cycle. In: what its row says, what its run or its history says. Out: what is
// wrong with the row. Pure.
// Never: a row taken for wrong because its flush is not due yet.
import type { CycleState, DependencyState, Step } from '../states.ts'
import type { Cycle } from './cycle.ts'
import { waitingFor } from './outgoing.ts'
import { type CycleRecord, isFlushDue, toRecord } from './record.ts'

/** Where a row, a run or a flush stands in the order of all writes of a cycle. */
interface At {
  runNumber: number
  version: number
}

/** What is compared of a row, or of a flush. */
export interface Stand extends At {
  state: CycleState
  step: Step | null
  stateSinceMs: number
  lastAttempt: number
  revision: number
  /** Null: it depends on the time at which one asks. */
  waitingFor: string[] | null
  inputs: StandInput[]
  /** Moves of this run that the history has; null: nobody can say how many there should be. */
  moves: number | null
}

export interface StandInput {
  product: string
  key: string
  state: DependencyState
  eventId: string | null
  revision: number | null
}

/**
 * `behind`: what the run wrote is not there. `astray`: the row tells of moves that this run does not know: a reset undid
 * them, or somebody altered the row; the run's own writes would be refused as older, or would not come.
 */
export type RowJudgement = 'right' | 'behind' | 'astray'

/** The row must have been read before the cycle was asked: the cycle may go on meanwhile. */
export function judgeRow(row: Stand | undefined, cycle: Cycle, nowMs: number): RowJudgement {
  if (!row) return 'behind'
  if (!isOlder(row, cycle)) return saysTheSame(row, standOf(cycle, nowMs)) ? 'right' : 'astray'
  const writtenVersion = row.runNumber === cycle.runNumber ? row.version : 0
  return isFlushDue(cycle, writtenVersion, nowMs) ? 'behind' : 'right'
}

/**
 * Of a run that has ended, which can be asked no more. `flushes`: all that its history holds, oldest first. `isWhole`: they
 * are all that ever was; else the row may know more than the last flush that was asked for.
 */
export function judgeEndedRow(row: Stand | undefined, flushes: CycleRecord[], isWhole: boolean): RowJudgement {
  const last = flushes.at(-1)
  if (!last) return 'right'
  const said = toStand(last)
  if (!row || isOlder(row, said)) return 'behind'
  if (isOlder(said, row) && !isWhole) return 'right'
  return saysTheSame(row, said) ? 'right' : 'astray'
}

/** In the order of all writes of a cycle. */
export const isOlder = (one: At, other: At): boolean =>
  one.runNumber < other.runNumber || (one.runNumber === other.runNumber && one.version < other.version)

export const toStand = ({ runNumber, version, snapshot }: CycleRecord): Stand => {
  const { state, step, stateSinceMs, lastAttempt, revision, dependencies } = snapshot
  return {
    ...{ runNumber, version, state, step, stateSinceMs, lastAttempt, revision },
    waitingFor: snapshot.waitingFor ?? null,
    inputs: dependencies.map((input) => ({
      ...{ product: input.product, key: input.key, state: input.state },
      ...{ eventId: input.arrival?.eventId ?? null, revision: input.arrival?.revision ?? null },
    })),
    moves: null,
  }
}

/** What it waits for was written at some time between its last move and now. */
function standOf(cycle: Cycle, nowMs: number): Stand {
  const stand = { ...toStand(toRecord(cycle, cycle.version, nowMs)), moves: cycle.transitions.length }
  return isSameList(stand.waitingFor, waitingFor(cycle, cycle.stateSinceMs)) ? stand : { ...stand, waitingFor: null }
}

/**
 * Twice the same version may come about in different ways: once before and once after a reset, or by hand. A higher
 * revision than the run knows is no fault of the row: it was published before a reset, which also leaves moves behind.
 */
const saysTheSame = (row: Stand, said: Stand): boolean =>
  row.runNumber === said.runNumber &&
  row.version === said.version &&
  row.state === said.state &&
  row.step === said.step &&
  row.stateSinceMs === said.stateSinceMs &&
  row.lastAttempt === said.lastAttempt &&
  row.revision >= said.revision &&
  (said.moves === null || (row.moves ?? 0) >= said.moves) &&
  (said.waitingFor === null || isSameList(row.waitingFor, said.waitingFor)) &&
  hasInputs(row, said)

/** Rows of inputs that an earlier version of the definition asked for stay behind; two rules may ask for one cycle. */
function hasInputs(row: Stand, said: Stand): boolean {
  return said.inputs.every((input) => {
    const found = row.inputs.find((one) => isSameInput(one, input))
    return found !== undefined && said.inputs.some((one) => isSameInput(one, found) && isSameArrival(one, found))
  })
}

const isSameInput = (one: StandInput, other: StandInput): boolean =>
  one.product === other.product && one.key === other.key

const isSameArrival = (one: StandInput, other: StandInput): boolean =>
  one.state === other.state && one.eventId === other.eventId && one.revision === other.revision

const isSameList = (one: string[] | null, other: string[] | null): boolean => one?.join() === other?.join()
