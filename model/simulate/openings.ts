// When the scheduler opens which cycles, and with what. In: definitions, a span of time. Out: for each instant the cycles
// that fall due; the input of each.
// Never: a rule of its own (keysToOpen is the scheduler's, openCycle everybody's); the same schedule worked out once for
// each product.
import { dueAtMs, requirePlaced, type Timetable } from '../calendar/cycles.ts'
import { firstDateOf, keysToOpen, LOOK_BACK_MS, openCycle, type Opening } from '../calendar/due.ts'
import { isGroup } from '../calendar/match.ts'
import { resolveWallTime, startOfDayMs } from '../calendar/wall-time.ts'
import type { CycleInput } from '../cycle/cycle.ts'
import type { DefinitionVersion, DependencyDefinition, WallTime } from '../definition.ts'
import type { CycleKey } from '../ids.ts'

export interface DueKey {
  key: CycleKey
  dueMs: number
}

/** Of a definition the cycles that fall due until `endMs`, or soon after; alike schedules share the answer. */
export function createDueKeys(timetable: Timetable, endMs: number): (version: DefinitionVersion) => DueKey[] {
  const known = new Map<string, DueKey[]>()
  return (version) => {
    const { every, calendar, timezone, onNonBusinessDay } = version.definition
    const alike = JSON.stringify([every, calendar, timezone, onNonBusinessDay, version.firstAppliedAt])
    const found = known.get(alike) ?? dueKeysOf(timetable, version, endMs)
    known.set(alike, found)
    return found
  }
}

/** Tick by tick, each as far after the one before as a tick looks back: none falls between them. */
function dueKeysOf(timetable: Timetable, version: DefinitionVersion, endMs: number): DueKey[] {
  const { definition } = version
  const due = new Map<CycleKey, number>()
  const firstMs = startOfDayMs(firstDateOf(version), definition.timezone)
  for (let fromMs = firstMs; fromMs < endMs; fromMs += LOOK_BACK_MS) {
    for (const key of keysToOpen(timetable, version, fromMs + LOOK_BACK_MS)) {
      due.set(key, dueAtMs(timetable.calendars, definition, key))
    }
  }
  return [...due].map(([key, dueMs]) => ({ key, dueMs }))
}

/**
 * As any cycle is opened; but a time that counts business days beyond what the calendar covers is later than all that can
 * be simulated, instead of no time at all.
 */
export function openWithin(
  timetable: Timetable,
  version: DefinitionVersion,
  opening: Opening & { key: CycleKey },
): CycleInput {
  try {
    return openCycle(timetable, version, opening)
  } catch (error) {
    // Tried first, since only the last days of a calendar know less.
    if (!(error instanceof RangeError)) throw error
    return openCycle(timetable, withFarTimes(timetable, version, opening.key), opening)
  }
}

/** A thousand years. */
const FAR: WallTime = { unit: 'minute', minutes: 1_000 * 366 * 1_440 }

function withFarTimes({ calendars }: Timetable, version: DefinitionVersion, key: CycleKey): DefinitionVersion {
  const { definition } = version
  const { calendar, timezone: zone, notBefore, availableBy, cutoff, dependsOn } = definition
  const base = { date: requirePlaced(calendars, definition, key).dueDate, dueMs: 0, calendar, zone }
  const toKnown = (wall: WallTime): WallTime => {
    try {
      resolveWallTime(calendars, wall, base)
      return wall
    } catch {
      return FAR
    }
  }
  const toDependency = (one: DependencyDefinition): DependencyDefinition => ({
    ...(isGroup(one) ? { ...one, of: one.of.map(toDependency) } : one),
    ...(one.optionalAfter && { optionalAfter: toKnown(one.optionalAfter) }),
  })
  const known = {
    notBefore: notBefore && toKnown(notBefore),
    availableBy: availableBy && toKnown(availableBy),
    cutoff: cutoff && { ...cutoff, at: toKnown(cutoff.at) },
    dependsOn: dependsOn.map(toDependency),
  }
  return { ...version, definition: { ...definition, ...known } }
}
