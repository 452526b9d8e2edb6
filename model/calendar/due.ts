// How a cycle is opened, and which cycles a definition opens by itself. Whoever opens a cycle (bridge, scheduler, a
// person, a test) comes through openCycle, so that all deadlines are resolved once, here. Never imported by workflows.
import type { CycleInput, CycleSettings, OpenedBy } from '../cycle/cycle.ts'
import type { DefinitionVersion, ProductDefinition, WallTime } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { dueKeys, dueMsOn, placeCycle, requirePlaced, type Timetable } from './cycles.ts'
import { type Consumer, expectedOf } from './match.ts'
import { dateAt, resolveWallTime, startOfDayMs } from './wall-time.ts'

/** Why there is no such cycle, in words; null when there is. */
export function whyNotDue({ calendars }: Timetable, definition: ProductDefinition, key: CycleKey): string | null {
  const placed = placeCycle(calendars, definition, key)
  return placed.kind === 'due' ? null : `${definition.product} has no cycle ${key}: ${placed.reason}`
}

export const DAY_MS = 86_400_000

/** How far back a tick looks: an outage shorter than this, a long weekend included, loses no cycle. */
export const LOOK_BACK_MS = 7 * DAY_MS
/** Cycles are opened this much before their date begins, so that a late tick is still early. */
const AHEAD_MS = 15 * 60_000

/** The keys that a tick opens. A new definition opens no past: it begins with the day on which it was first applied. */
export function keysToOpen({ calendars }: Timetable, version: DefinitionVersion, atMs: number): CycleKey[] {
  const { definition } = version
  const firstMs = startOfDayMs(firstDateOf(version), definition.timezone)
  return dueKeys(calendars, definition, { fromMs: Math.max(atMs - LOOK_BACK_MS, firstMs), toMs: atMs + AHEAD_MS })
}

/** The first date of the product, in its zone. */
export const firstDateOf = ({ firstAppliedAt, definition }: DefinitionVersion): string =>
  dateAt(Date.parse(firstAppliedAt), definition.timezone)

export function toConsumer(version: DefinitionVersion): Consumer {
  const known = consumers.get(version)
  if (known) return known
  const found = { ...version.definition, firstDate: firstDateOf(version) }
  consumers.set(version, found)
  return found
}

/** A version never changes, and each of its cycles is opened by it. */
const consumers = new WeakMap<DefinitionVersion, Consumer>()

/** Wall times of a definition as instants of one of its cycles. */
export function resolverOf(
  calendars: Timetable['calendars'],
  definition: ProductDefinition,
  { key, dueDate }: { key: CycleKey; dueDate: string },
): (wall: WallTime) => number {
  const { calendar, timezone: zone } = definition
  const base = { date: dueDate, dueMs: dueMsOn(definition, key, dueDate), calendar, zone }
  return (wall) => resolveWallTime(calendars, wall, base)
}

export interface Opening {
  openedBy: OpenedBy
  settings: CycleSettings
}

/** Nothing was promised for a time at which nobody had applied the product yet. */
export const promisedBy = ({ firstAppliedAt }: DefinitionVersion, availableByMs: number | null): number | null =>
  availableByMs !== null && availableByMs > Date.parse(firstAppliedAt) ? availableByMs : null

/** The input of a cycle's first run. @throws RangeError when the definition has no such cycle. */
export function openCycle(
  timetable: Timetable,
  version: DefinitionVersion,
  { key, openedBy, settings }: Opening & { key: CycleKey },
): CycleInput {
  const { definition } = version
  const { calendars } = timetable
  const { businessDate, dueDate } = requirePlaced(calendars, definition, key)
  const toMs = resolverOf(calendars, definition, { key, dueDate })
  const resolve = (wall: WallTime | null): number | null => wall && toMs(wall)
  const held = timetable.heldBy?.(definition.product)
  return {
    product: definition.product,
    key,
    businessDate,
    definition,
    definitionVersion: version.version,
    openedBy,
    ...expectedOf(timetable, toConsumer(version), { key, toMs }),
    notBeforeMs: resolve(definition.notBefore),
    cutoffMs: resolve(definition.cutoff?.at ?? null),
    availableByMs: promisedBy(version, resolve(definition.availableBy)),
    settings,
    ...(held && { held }),
    past: null,
  }
}
