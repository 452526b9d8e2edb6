// Which of the cycles that fell due a tick opens, and which it leaves out: after an outage, as each product's `catchUp` says.
// In: definitions, which of their cycles there are, the time. Out: the same answer for the scheduler and for doctor.
// Never: a cycle left out by one tick and opened by the next; one that a living scheduler had no time to open taken for
// missed.
import type { DefinitionVersion } from '../definition.ts'
import { type CycleKey, type ProductId, toCycleId } from '../ids.ts'
import { dueAtMs, type Timetable } from './cycles.ts'
import { keysToOpen } from './due.ts'

export interface DueKeys {
  version: DefinitionVersion
  /** Oldest first. */
  keys: CycleKey[]
}

export interface ListedDue {
  due: DueKeys[]
  /** Why definitions cannot be followed: their calendar or zone is not known here. */
  notFollowed: Map<ProductId, string>
}

/** What falls due by each definition. */
export function listDue(timetable: Timetable, versions: DefinitionVersion[], atMs: number): ListedDue {
  const notFollowed = new Map<ProductId, string>()
  const due = versions.flatMap((version) => {
    try {
      return [{ version, keys: keysToOpen(timetable, version, atMs) }]
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      notFollowed.set(version.definition.product, error.message)
      return []
    }
  })
  return { due, notFollowed }
}

/**
 * A cycle that is due this long and not open was missed: ticks come every ten minutes and open it ahead of its time, so
 * several have failed. Less is a deployment, a restart or a server away for a moment, which nobody calls an outage.
 */
const GRACE_MS = 3_600_000

/** Where ticks are set to come rarely, two of them. */
export const missedAfterMs = (tickMs = 0): number => Math.max(GRACE_MS, 2 * tickMs)

export interface TickView {
  atMs: number
  /** How often the scheduler ticks; undefined: far more often than once an hour. */
  tickMs: number | undefined
  /** The ids of the cycles that there are, open or ended, whoever opened them. */
  known: ReadonlySet<string>
}

export interface Openings {
  toOpen: CycleKey[]
  leftOut: CycleKey[]
}

/** By place among all that are due, known or not: so what one tick leaves out, the next one does too. */
export function planOpenings({ calendars }: Timetable, { version, keys }: DueKeys, view: TickView): Openings {
  const { product, catchUp = 'all' } = version.definition
  const firstAppliedMs = Date.parse(version.firstAppliedAt)
  const missedUntilMs = view.atMs - missedAfterMs(view.tickMs)
  // No scheduler could open what was due before anybody knew of the product: that is its first day, and no outage.
  const isMissed = (key: CycleKey): boolean =>
    Math.max(dueAtMs(calendars, version.definition, key), firstAppliedMs) <= missedUntilMs
  const missed = catchUp === 'all' ? 0 : keys.findLastIndex(isMissed) + 1
  const isTooOld = (at: number): boolean => at < (catchUp === 'latest' ? missed - 1 : missed)
  const unknown = keys.map((key, at) => ({ key, at })).filter(({ key }) => !view.known.has(toCycleId(product, key)))
  return {
    toOpen: unknown.filter(({ at }) => !isTooOld(at)).map(({ key }) => key),
    leftOut: unknown.filter(({ at }) => isTooOld(at)).map(({ key }) => key),
  }
}
