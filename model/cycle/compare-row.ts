// Whether the mirror tells the truth about a cycle. In: what its row says, what its run or its history says. Out: what is
// wrong with the row. Pure.
// Never: a row taken for wrong because its flush is not due yet.
import type { CycleState } from '../states.ts'
import type { Cycle } from './cycle.ts'
import { type CycleRecord, isFlushDue } from './record.ts'

/** What is compared of a row, or of a flush. */
export interface Stand {
  runNumber: number
  version: number
  state: CycleState
  stateSinceMs: number
  lastAttempt: number
}

/**
 * `behind`: what the run wrote is not there. `astray`: the row tells of moves that this run does not know, so they were
 * undone by a reset, and the run's own writes would be refused as older.
 */
export type RowJudgement = 'right' | 'behind' | 'astray'

/** The row must have been read before the cycle was asked: the cycle may go on meanwhile. */
export function judgeRow(row: Stand | undefined, cycle: Cycle, nowMs: number): RowJudgement {
  if (!row) return 'behind'
  if (!isOlder(row, cycle)) return saysTheSame(row, cycle) ? 'right' : 'astray'
  const writtenVersion = row.runNumber === cycle.runNumber ? row.version : 0
  return isFlushDue(cycle, writtenVersion, nowMs) ? 'behind' : 'right'
}

/** Of a run that has ended, which can be asked no more. `flushes`: all that its history holds, oldest first. */
export function judgeEndedRow(row: Stand | undefined, flushes: CycleRecord[], isReset: boolean): RowJudgement {
  const last = flushes.at(-1)
  if (!last) return 'right'
  const said = toStand(last)
  if (!row || isOlder(row, said)) return 'behind'
  // Only a reset takes something back; else the row may know more than the last flush that was asked for.
  return !isReset || saysTheSame(row, said) ? 'right' : 'astray'
}

/** In the order of all writes of a cycle. */
export const isOlder = (one: Stand, other: Stand): boolean =>
  one.runNumber < other.runNumber || (one.runNumber === other.runNumber && one.version < other.version)

export const toStand = ({ runNumber, version, snapshot }: CycleRecord): Stand => {
  const { state, stateSinceMs, lastAttempt } = snapshot
  return { runNumber, version, state, stateSinceMs, lastAttempt }
}

/** Twice the same version may come about in different ways: once before and once after a reset. */
const saysTheSame = (one: Stand, other: Stand): boolean =>
  one.runNumber === other.runNumber &&
  one.version === other.version &&
  one.state === other.state &&
  one.stateSinceMs === other.stateSinceMs &&
  one.lastAttempt === other.lastAttempt
