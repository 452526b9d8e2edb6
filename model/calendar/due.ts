// Which cycles a definition has, and how one is opened. Whoever opens a cycle (bridge, scheduler, a person, a test)
// comes through openCycle, so that all deadlines are resolved once, here. Never imported by workflows.
import { Temporal } from 'temporal-polyfill'
import type { CycleInput, CycleSettings, OpenedBy } from '../cycle/cycle.ts'
import type { DefinitionVersion, ProductDefinition, WallTime } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { expectedCycles } from '../match.ts'
import { isOpen } from './calendars.ts'
import { dateAt, resolveWallTime, startOfDayMs } from './wall-time.ts'

/** Whether the definition has a cycle of this key. */
export function isDue(definition: ProductDefinition, key: CycleKey): boolean {
  return definition.every === 'day' || isOpen(definition.calendar, Temporal.PlainDate.from(key))
}

/** Why there is no such cycle, in words; null when there is. */
export const whyNotDue = (definition: ProductDefinition, key: CycleKey): string | null =>
  isDue(definition, key)
    ? null
    : `${definition.product} has no cycle ${key}: not a business day of ${definition.calendar}`

/** When the scheduler opens a cycle at the latest: the first instant of its date in the definition's zone. */
export const dueAtMs = (definition: ProductDefinition, key: CycleKey): number => startOfDayMs(key, definition.timezone)

/** The keys that fall due in `[fromMs, toMs)`, oldest first. */
export function dueKeys(definition: ProductDefinition, fromMs: number, toMs: number): CycleKey[] {
  const keys: CycleKey[] = []
  const last = dateAt(toMs, definition.timezone)
  for (let date = dateAt(fromMs, definition.timezone); date <= last; date = nextDate(date)) {
    const key = date as CycleKey
    const atMs = dueAtMs(definition, key)
    if (atMs >= fromMs && atMs < toMs && isDue(definition, key)) keys.push(key)
  }
  return keys
}

/** The input of a cycle's first run. */
export function openCycle(
  version: DefinitionVersion,
  key: CycleKey,
  openedBy: OpenedBy,
  settings: CycleSettings,
): CycleInput {
  const { definition } = version
  const resolve = (wall: WallTime | null): number | null =>
    wall && resolveWallTime(wall, key, definition.calendar, definition.timezone)
  return {
    product: definition.product,
    key,
    definition,
    definitionVersion: version.version,
    openedBy,
    expected: expectedCycles(definition, key),
    notBeforeMs: resolve(definition.notBefore),
    cutoffMs: resolve(definition.cutoff?.at ?? null),
    availableByMs: resolve(definition.availableBy),
    settings,
    past: null,
  }
}

const nextDate = (date: string): string => Temporal.PlainDate.from(date).add({ days: 1 }).toString()
