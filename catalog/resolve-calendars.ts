// The calendars that a mesh goes by. In: its own calendar documents, those applied from other files. Out: all of them and
// the shipped ones as one set, every date decided; what is wrong with its own, or would be with the others, each with its
// place. Never: the dates of a shipped calendar that nobody asks for.
import type { CalendarDefinition, Calendars } from '../model/calendar/calendars.ts'
import type { CalendarFault } from '../model/calendar/rules/calendar-file.ts'
import type { IsFaulty } from '../model/calendar/rules/expand.ts'
import type { CalendarFile } from '../model/calendar-file.schema.ts'
import { expandTogether } from './expand-together.ts'
import type { MeshCalendar } from './mesh.ts'
import type { Problem } from './problem.ts'
import type { Placed } from './read-mesh.ts'
import { shippedCalendars } from './shipped-calendars.ts'

export interface ResolvedCalendars {
  /** A document replaces the shipped calendar of its name. Not in here: documents with problems. */
  calendars: Calendars
  /** Also of those with problems, which are not "unknown" to whoever names them. */
  names: ReadonlySet<string>
  problems: Problem[]
  /** Said, and allowed. */
  notes: Problem[]
}

export interface Around {
  /** Whether a document that could not be read may define that name. */
  isFaulty?: IsFaulty
  /** Applied from files that are not these, and to stay; none has the name of one of the documents. */
  kept?: readonly MeshCalendar[]
}

export function resolveCalendars(
  parsed: readonly Placed<CalendarFile>[],
  { isFaulty = () => false, kept = [] }: Around = {},
): ResolvedCalendars {
  const problems: Problem[] = []
  const first = firstOfEach(parsed, problems)
  const files = [...first.values()].map(({ file }) => file)
  const { calendars, faults, faultsOfKept } = expandTogether(files, kept, isFaulty)
  const notes = faults.filter(({ isNote }) => isNote).flatMap((fault) => placed(first, fault) ?? [])
  problems.push(...faults.filter(({ isNote }) => !isNote).flatMap((fault) => placed(first, fault) ?? []))
  for (const { builtOn, calendar, path, message } of faultsOfKept) {
    const found = `calendar "${calendar}", applied from other files, builds on it and would be wrong: ${inWords(path, message)}`
    const place = first.get(builtOn)?.placeOf(['calendar'])
    if (place) problems.push({ ...place, message: `${found}; put its file into this folder too, changed` })
  }
  const own = new Map(calendars.map((definition) => [definition.calendar, definition]))
  const known = [...first.keys(), ...kept.map(({ definition }) => definition.calendar)]
  const names = new Set([...known, ...shippedCalendars.names])
  return { calendars: lazily(own, new Set(known)), names, problems, notes }
}

function firstOfEach(
  parsed: readonly Placed<CalendarFile>[],
  problems: Problem[],
): ReadonlyMap<string, Placed<CalendarFile>> {
  const first = new Map<string, Placed<CalendarFile>>()
  for (const item of parsed) {
    const { calendar } = item.file
    const before = first.get(calendar)?.placeOf(['calendar'])
    if (!before) first.set(calendar, item)
    else {
      const message = `calendar "${calendar}" is defined already, at ${before.file}:${before.line}`
      problems.push({ ...item.placeOf(['calendar']), message })
    }
  }
  return first
}

function placed(
  files: ReadonlyMap<string, Placed<CalendarFile>>,
  { calendar, path, on, message }: CalendarFault,
): Problem | undefined {
  const place = files.get(calendar)?.placeOf(path, on)
  return place && { ...place, message: inWords(path, message) }
}

/** As the grammar's own findings say it: where in the document, then what is wrong. */
export function inWords(path: readonly (string | number)[], message: string): string {
  const where = path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${part}`)).join('')
  return where === '' ? message : `${where.slice(1)}: ${message}`
}

/** A shipped calendar is read and expanded when it is asked for: few meshes go by more than one of them. */
function lazily(own: Calendars, names: ReadonlySet<string>): Calendars {
  const unchanged = shippedCalendars.names.filter((name) => !names.has(name))
  return lay(
    own,
    toLazyCalendars(unchanged, (name) => shippedCalendars.find(name)),
  )
}

/** Those of `top`, and of `below` the others; none of `below` is made before it is asked for. */
export const lay = (top: Calendars, below: Calendars): Calendars =>
  toLazyCalendars([...new Set([...top.keys(), ...below.keys()])], (name) => top.get(name) ?? below.get(name))

function toLazyCalendars(names: readonly string[], find: (name: string) => CalendarDefinition | undefined): Calendars {
  const known = new Set(names)
  const get = (name: string): CalendarDefinition | undefined => (known.has(name) ? find(name) : undefined)
  const all = (): Map<string, CalendarDefinition> =>
    new Map(names.flatMap((name) => [get(name) ?? []].flat().map((found) => [name, found] as const)))
  return {
    size: names.length,
    has: (name) => known.has(name),
    get,
    keys: () => known.keys(),
    values: () => all().values(),
    entries: () => all().entries(),
    forEach: (visit) => all().forEach((value, key, map) => visit(value, key, map)),
    [Symbol.iterator]: () => all().entries(),
  }
}
