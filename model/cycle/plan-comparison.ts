// Which cycles to compare with their rows. In: the rows and the open runs of a domain. Out: those that look wrong, oldest
// first, and some of the others, each in its turn; how many are left. Pure.
// Never: more than the bound; a row or a run so young that its flush may be under way.
import type { CycleId } from '../ids.ts'
import { type CycleState, isSettled } from '../states.ts'
import type { Stand } from './compare-row.ts'

export interface OpenRun {
  cycle: CycleId
  /** `SluiceState`, as the run last showed it. */
  state: string | undefined
  startedAtMs: number
}

/** What tells whether a row looks wrong. */
export interface SeenRow {
  cycle: CycleId
  state: CycleState
  updatedAtMs: number
  /** It waits for nothing that it names. */
  isSatisfied: boolean
  /** It was found without a run. */
  hasEnded: boolean
}

/** Whole, as it is compared. */
export type ComparedRow = SeenRow & Stand

export interface EndedRun {
  cycle: CycleId
  /** `SluiceState`, as the run showed it with its last flush. */
  state: string | undefined
  startedAtMs: number
  endedAtMs: number
}

export interface Sight {
  /** Of the domain's open and lately ended runs, also when their state is settled, and all whose state is open. */
  rows: SeenRow[]
  runs: OpenRun[]
  /** Those that ended lately, newest first. */
  ended: EndedRun[]
  /** Whether no open run is missing in `runs`. */
  areAllRuns: boolean
  /** Where the last look ended. */
  after: string | null
  /** Younger rows and runs are left alone: their flush may be under way. */
  quietSinceMs: number
}

export interface Bounds {
  most: number
  /** Of those that look right: asking costs, and they are looked at in turn. */
  inTurn: number
}

export interface ComparisonPlan {
  cycles: CycleId[]
  /** Cycles that look wrong and are not among them. */
  left: number
  /** For the next look. */
  after: string | null
}

interface Candidate {
  cycle: CycleId
  sinceMs: number
  isSuspect: boolean
}

export function planComparison(sight: Sight, { most, inTurn }: Bounds): ComparisonPlan {
  const candidates = toCandidates(sight)
    .filter(({ sinceMs }) => sinceMs < sight.quietSinceMs)
    .toSorted(oldestFirst)
  const suspects = candidates.filter(({ isSuspect }) => isSuspect)
  const others = candidates.filter(({ isSuspect }) => !isSuspect).map(({ cycle }) => cycle)
  const room = Math.max(0, Math.min(inTurn, most - suspects.length))
  const turn = inTurnAfter(others, sight.after, room)
  return {
    cycles: [...suspects.slice(0, most).map(({ cycle }) => cycle), ...turn],
    left: Math.max(0, suspects.length - most),
    after: turn.at(-1) ?? sight.after,
  }
}

function toCandidates({ rows, runs, ended, areAllRuns }: Sight): Candidate[] {
  const runOf = new Map(runs.map((run) => [run.cycle, run]))
  const known = new Set(rows.map(({ cycle }) => cycle))
  const lastEndOf = new Map(ended.toReversed().map((run) => [run.cycle, run]))
  return [
    ...rows.flatMap((row) => {
      const { cycle, updatedAtMs: sinceMs } = row
      const run = runOf.get(cycle)
      if (run) return [{ cycle, sinceMs, isSuspect: isUnlikeOpen(row, run) }]
      const last = lastEndOf.get(cycle)
      const isUnlike = last !== undefined && isUnlikeEnded(row, last)
      // Settled, or known to have no run, and as that left it: there are ever more of these.
      if (!isUnlike && (isSettled(row.state) || row.hasEnded)) return []
      return [{ cycle, sinceMs, isSuspect: areAllRuns || isUnlike }]
    }),
    ...runs
      .filter(({ cycle }) => !known.has(cycle))
      .map(({ cycle, startedAtMs }) => ({ cycle, sinceMs: startedAtMs, isSuspect: true })),
    ...[...lastEndOf.values()]
      .filter(({ cycle }) => !known.has(cycle) && !runOf.has(cycle))
      .map(({ cycle, endedAtMs }) => ({ cycle, sinceMs: endedAtMs, isSuspect: true })),
  ]
}

/** A run is open, and the row tells of another state, or of nothing that it might wait for, or that there is none. */
const isUnlikeOpen = (row: SeenRow, run: OpenRun): boolean => run.state !== row.state || row.isSatisfied || row.hasEnded

/** A run closes within moments of the flush that says how it settled. */
const CLOSES_WITHIN_MS = 3_600_000

/**
 * The last run ended, and the row tells of another state, or is too old to tell of that run: each run flushes once at
 * least, and one that settles does so last of all. The same state may be that of the run before, with another revision.
 */
const isUnlikeEnded = (row: SeenRow, last: EndedRun): boolean =>
  row.state !== last.state ||
  row.updatedAtMs < last.startedAtMs ||
  (isSettled(row.state) && row.updatedAtMs < last.endedAtMs - CLOSES_WITHIN_MS)

const oldestFirst = (a: Candidate, b: Candidate): number => a.sinceMs - b.sinceMs || a.cycle.localeCompare(b.cycle)

/** By id, from behind the last one on, and round again. */
function inTurnAfter(cycles: CycleId[], after: string | null, count: number): CycleId[] {
  const sorted = cycles.toSorted()
  const next = after === null ? 0 : sorted.findIndex((cycle) => cycle > after)
  const from = Math.max(0, next)
  return [...sorted.slice(from), ...sorted.slice(0, from)].slice(0, count)
}
