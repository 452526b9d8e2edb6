// The calendars that a mesh goes by. In: its own calendar documents. Out: those and the shipped ones, every date decided;
// what is wrong with its own, each with its place. Never: the dates of a shipped calendar that nobody asks for.
import type { CalendarDefinition, Calendars } from '../model/calendar/calendars.ts'
import { expandCalendars, type IsFaulty } from '../model/calendar/rules/expand.ts'
import type { CalendarFile } from '../model/calendar-file.schema.ts'
import type { Problem } from './problem.ts'
import type { Placed } from './read-mesh.ts'
import { shippedCalendars } from './shipped-calendars.ts'

export interface ResolvedCalendars {
  /** A document replaces the shipped calendar of its name. Not in here: documents with problems. */
  calendars: Calendars
  /** Also of those with problems, which are not "unknown" to whoever names them. */
  names: ReadonlySet<string>
  problems: Problem[]
}

/** `isFaulty`: whether a document that could not be read may define that name. */
export function resolveCalendars(
  parsed: readonly Placed<CalendarFile>[],
  isFaulty: IsFaulty = () => false,
): ResolvedCalendars {
  const first = new Map<string, Placed<CalendarFile>>()
  const problems: Problem[] = []
  for (const item of parsed) {
    const { calendar } = item.file
    const before = first.get(calendar)?.placeOf(['calendar'])
    if (!before) first.set(calendar, item)
    else {
      const message = `calendar "${calendar}" is defined already, at ${before.file}:${before.line}`
      problems.push({ ...item.placeOf(['calendar']), message })
    }
  }
  const files = [...first.values()].map(({ file }) => file)
  const { calendars, faults } = expandCalendars(files, shippedCalendars, isFaulty)
  for (const { calendar, path, message } of faults) {
    const placed = first.get(calendar)
    if (placed) problems.push({ ...placed.placeOf(path), message: inWords(path, message) })
  }
  const own = new Map(calendars.map((definition) => [definition.calendar, definition]))
  const names = new Set([...first.keys(), ...shippedCalendars.names])
  return { calendars: lazily(own, first), names, problems }
}

/** As the grammar's own findings say it: where in the document, then what is wrong. */
function inWords(path: (string | number)[], message: string): string {
  const where = path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${part}`)).join('')
  return where === '' ? message : `${where.slice(1)}: ${message}`
}

/** A shipped calendar is read and expanded when it is asked for: few meshes go by more than one of them. */
function lazily(own: Calendars, files: ReadonlyMap<string, unknown>): Calendars {
  const unchanged = shippedCalendars.names.filter((name) => !files.has(name))
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
