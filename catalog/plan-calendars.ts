// In: the calendars applied, those of the files, who goes by them. Out: what apply would do to each calendar. Pure.
// Never: a calendar removed that something goes by; an ad hoc closure taken back because a folder does not know of it.
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import { compareCalendars, type DayChange } from '../model/calendar/compare.ts'
import { withBases } from '../model/calendar/rules/calendar-file.ts'
import { type CycleEffect, effectsOf, type Goer } from './calendar-effects.ts'
import type { CalendarVersion, CurrentMesh, MeshCalendar } from './mesh.ts'
import { isSame } from './stable-json.ts'

export type CalendarChange =
  | ({ kind: 'created' | 'unchanged' } & CalendarVersion)
  | ({ kind: 'changed' } & CalendarEdit & CalendarVersion)
  /** Nothing goes by it. `version` is its last. */
  | ({ kind: 'removed' } & CalendarVersion)
  /** Applied from files, but in none of these; stays until somebody prunes. */
  | ({ kind: 'kept' } & CalendarVersion)

interface CalendarEdit {
  before: MeshCalendar
  /** Of the dates that both cover those that open, close, or end at another time. */
  days: DayChange[]
  /** What becomes of the cycles that go by it. */
  effects: CycleEffect[]
}

export interface CalendarOrder {
  current: CurrentMesh
  calendars: MeshCalendar[]
  /** Names that the files define. */
  defined: readonly string[]
  /** Everything that will be applied, by name of calendar. */
  goers: readonly Goer[]
  /** Calendars that domains name for products to come. */
  named: readonly string[]
  prune: boolean
}

/** Shipped ones that nothing goes by any more stay where they are, and are not spoken of unless they are to go. */
export function planCalendars(order: CalendarOrder): CalendarChange[] {
  const inUse = inUseOf(order)
  const calendars = order.calendars.filter(({ definition }) => !order.prune || inUse.has(definition.calendar))
  const given = new Set(calendars.map(({ definition }) => definition.calendar))
  const gone = order.current.calendars
    .filter(({ definition: { calendar } }) => !given.has(calendar))
    .flatMap((version): CalendarChange[] => {
      if (order.prune && !inUse.has(version.definition.calendar)) return [{ kind: 'removed', ...version }]
      return version.from === 'files' ? [{ kind: 'kept', ...version }] : []
    })
  return [...calendars.map((calendar) => planCalendar(calendar, order)), ...gone].sort((a, b) =>
    a.definition.calendar < b.definition.calendar ? -1 : 1,
  )
}

/** What a calendar of files builds on is in use as long as that one is. */
function inUseOf({ calendars, goers, named, defined }: CalendarOrder): ReadonlySet<string> {
  const ofFiles = new Map(
    calendars.flatMap(({ definition, from, file }) => (from === 'files' ? [[definition.calendar, file]] : [])),
  )
  const names = [...goers.map(({ calendar }) => calendar), ...named, ...defined]
  const bases = [...withBases(names, (name) => ofFiles.get(name))].filter((name) => ofFiles.has(name))
  return new Set([...names, ...bases])
}

function planCalendar(given: MeshCalendar, order: CalendarOrder): CalendarChange {
  const { definition, from } = given
  const { calendar } = definition
  const applied = order.current.calendars.find((version) => version.definition.calendar === calendar)
  const version = (order.current.lastVersions[calendar] ?? 0) + 1
  if (!applied) return { kind: 'created', version, ...given }
  const before: MeshCalendar = { definition: applied.definition, from: applied.from }
  if (isSame(before, { definition, from }) && isSame(applied.file ?? null, given.file ?? null)) {
    const isKept = from === 'files' && !order.defined.includes(calendar)
    return { kind: isKept ? 'kept' : 'unchanged', version: applied.version, ...given }
  }
  const days = daysThatChange(before.definition, definition)
  const dates = days.flatMap(({ date, change }) => (change === 'early-close' ? [] : [date]))
  const goers = order.goers.filter((goer) => goer.calendar === calendar)
  const effects = effectsOf({ before: before.definition, after: definition, dates }, goers)
  return { kind: 'changed', version, ...given, before, days, effects }
}

/** Only where the two say something different: a calendar may cover three hundred years. */
function daysThatChange(before: CalendarDefinition, after: CalendarDefinition): DayChange[] {
  const from = before.from > after.from ? before.from : after.from
  const to = before.to < after.to ? before.to : after.to
  const isCovered = (date: string): boolean => date >= from && date <= to
  if (!isSame(before.weeks, after.weeks)) return from <= to ? compareCalendars(before, after, { from, to }) : []
  const touched = datesThatDiffer(before, after).filter(isCovered)
  return touched.flatMap((date) => compareCalendars(before, after, { from: date, to: date }))
}

function datesThatDiffer(before: CalendarDefinition, after: CalendarDefinition): string[] {
  const lists = (['closed', 'opened', 'earlyClose'] as const).flatMap((list) => {
    const dates = new Set([...Object.keys(before[list]), ...Object.keys(after[list])])
    return [...dates].filter((date) => !isSame(before[list][date], after[list][date]))
  })
  return [...new Set(lists)].sort()
}
