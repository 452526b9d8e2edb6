// When the scheduler opens which cycles. In: definitions, a span of time. Out: for each instant the cycles that fall due.
// Never: a rule of its own (keysToOpen is the scheduler's); the same schedule worked out once for each product.
import { dueAtMs, type Timetable } from '../calendar/cycles.ts'
import { firstDateOf, keysToOpen, LOOK_BACK_MS } from '../calendar/due.ts'
import { startOfDayMs } from '../calendar/wall-time.ts'
import type { DefinitionVersion } from '../definition.ts'
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
