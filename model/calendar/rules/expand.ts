// Calendars as their authors wrote them become calendars with every date decided. In: documents, and the shipped
// calendars that they may build on. Out: definitions; faults, each with its place. Never: a date guessed beside a fault.
import { didYouMean } from '../../nearest.ts'
import { addDates, removeDates } from './ad-hoc.ts'
import type { CalendarFault, CalendarFile } from './calendar-file.ts'
import type { CalendarDefinition } from '../calendars.ts'
import { combine } from './combine.ts'
import { faultsOfDocument } from './document-faults.ts'
import { draftOf, type Fault } from './draft.ts'
import { closeEarly } from './early-closes.ts'
import { observeHolidays } from './holidays.ts'
import { narrow, toWeeks, whyNoRange, whyNotInside } from './weeks.ts'

/** Calendars that come with Sluice; one is made when it is first asked for. */
export interface ShippedCalendars {
  names: readonly string[]
  find(name: string): CalendarDefinition | undefined
}

export const NONE_SHIPPED: ShippedCalendars = { names: [], find: () => undefined }

export interface Expanded {
  calendars: CalendarDefinition[]
  faults: CalendarFault[]
}

/** Whether a document that could not be read may define the name: then it is not unknown. */
export type IsFaulty = (name: string) => boolean

interface Expansion {
  files: ReadonlyMap<string, CalendarFile>
  shipped: ShippedCalendars
  isFaulty: IsFaulty
  /** Null for a calendar that has faults. */
  done: Map<string, CalendarDefinition | null>
  faults: CalendarFault[]
}

/** The definitions of the documents without faults; of two documents with one name the first counts. */
export function expandCalendars(
  files: readonly CalendarFile[],
  shipped: ShippedCalendars,
  isFaulty: IsFaulty = () => false,
): Expanded {
  const byName = new Map(files.toReversed().map((file) => [file.calendar, file]))
  const expansion: Expansion = { files: byName, shipped, isFaulty, done: new Map(), faults: [] }
  for (const file of files) expandOnce(expansion, file.calendar, [])
  return { calendars: [...expansion.done.values()].filter((made) => made !== null), faults: expansion.faults }
}

function expandOnce(expansion: Expansion, name: string, trail: readonly string[]): CalendarDefinition | null {
  const before = expansion.done.get(name)
  const file = expansion.files.get(name)
  if (before !== undefined || !file) return before ?? null
  const made = make(expansion, file, [...trail, name])
  for (const fault of made.faults) expansion.faults.push({ calendar: name, ...fault })
  const calendar = made.faults.every(({ isNote }) => isNote) ? made.calendar : null
  expansion.done.set(name, calendar)
  return calendar
}

/** No calendar and no fault: what it builds on has faults of its own, or faultsOfDocument told them. */
interface Made {
  calendar: CalendarDefinition | null
  faults: Fault[]
}

function make(expansion: Expansion, file: CalendarFile, trail: readonly string[]): Made {
  const said = faultsOfDocument(file)
  const base = file.extends === undefined ? toBase(file) : extendOthers(expansion, file, trail)
  const faults = [...said, ...base.faults]
  if (!base.calendar || base.faults.length > 0) return { calendar: null, faults }
  const tooLong = whyTooLong(file, base.calendar)
  if (tooLong) return { calendar: null, faults: [...faults, tooLong] }
  const draft = draftOf({ ...base.calendar, calendar: file.calendar })
  draft.description = file.description ?? draft.description
  const order = { draft, base: file.extends === undefined ? null : base.calendar }
  const observed = observeHolidays(draft, file.holidays)
  faults.push(...removeDates(order, file.remove), ...addDates(order, file.add))
  faults.push(...closeEarly(order, file, observed))
  return { calendar: sorted(draft), faults }
}

/** By date, so that the same rules are the same text wherever they are written down. */
function sorted(draft: CalendarDefinition): CalendarDefinition {
  const byDate = <T>(dates: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(dates).sort(([a], [b]) => (a < b ? -1 : 1)))
  const { closed, opened, earlyClose } = draft
  return { ...draft, closed: byDate(closed), opened: byDate(opened), earlyClose: byDate(earlyClose) }
}

function toBase({ covers, week, calendar, description = '' }: CalendarFile): Made {
  if (!covers || !week || whyNoRange(covers)) return { calendar: null, faults: [] }
  const { weeks, faults } = toWeeks(week, covers)
  return { calendar: { calendar, description, ...covers, weeks, closed: {}, opened: {}, earlyClose: {} }, faults }
}

function extendOthers(expansion: Expansion, file: CalendarFile, trail: readonly string[]): Made {
  const { covers } = file
  const base = baseOf(expansion, file, trail)
  if (!base.calendar || !covers) return base
  if (whyNoRange(covers)) return { calendar: null, faults: [] }
  const fault = whyNotInside(covers, base.calendar)
  return fault ? { calendar: null, faults: [fault] } : { calendar: narrow(base.calendar, covers), faults: [] }
}

function baseOf(expansion: Expansion, file: CalendarFile, trail: readonly string[]): Made {
  const { extends: others = '' } = file
  if (typeof others === 'string') return findBase(expansion, { file, name: others, path: ['extends'], trail })
  const how = others.all ? 'all' : 'any'
  const names = others[how] ?? []
  const found = names.map((name, index) => findBase(expansion, { file, name, path: ['extends', how, index], trail }))
  const faults = found.flatMap((made) => made.faults)
  const members = found.flatMap(({ calendar }) => calendar ?? [])
  if (members.length < names.length) return { calendar: null, faults }
  const combined = combine(members, how)
  if (combined)
    return { calendar: { ...combined, description: `Open where ${how} of ${names.join(', ')} is` }, faults: [] }
  const ranges = members.map(({ calendar, from, to }) => `${calendar} ${from} to ${to}`).join(', ')
  return { calendar: null, faults: [{ path: ['extends', how], message: `these cover no date together: ${ranges}` }] }
}

interface Wanted {
  file: CalendarFile
  name: string
  path: Fault['path']
  trail: readonly string[]
}

/** The name of the document itself means the shipped calendar that it replaces. */
function findBase(expansion: Expansion, { file, name, path, trail }: Wanted): Made {
  const { files, shipped } = expansion
  const fault = (message: string): Made => ({ calendar: null, faults: [{ path, message }] })
  if (name === file.calendar) {
    const base = shipped.find(name)
    return base ? { calendar: base, faults: [] } : fault(`it extends itself, and no calendar "${name}" is shipped`)
  }
  if (trail.includes(name)) {
    const loop = [...trail.slice(trail.indexOf(name)), name].join(' extends ')
    return fault(`a loop, so none of these has any dates: ${loop}`)
  }
  if (files.has(name)) return { calendar: expandOnce(expansion, name, trail), faults: [] }
  const base = shipped.find(name)
  if (base || expansion.isFaulty(name)) return { calendar: base ?? null, faults: [] }
  const known = [...new Set([...files.keys(), ...shipped.names])].filter((other) => other !== file.calendar)
  return fault(`there is no calendar "${name}"${didYouMean(name, known) || `; known: ${known.join(', ')}`}`)
}

const MOST_YEARS = 100

/** Every date that is decided by a rule is written into the catalog. */
function whyTooLong(
  { holidays, earlyClose, covers }: CalendarFile,
  { calendar, from, to }: CalendarDefinition,
): Fault | undefined {
  const hasRules = holidays.length > 0 || earlyClose.some(({ on }) => on !== undefined)
  const last = `${String(Number(from.slice(0, 4)) + MOST_YEARS)}${from.slice(4)}`
  if (!hasRules || to < last) return undefined
  if (covers) {
    return { path: ['covers'], message: `${from} to ${to} is too long: with holidays at most ${MOST_YEARS} years` }
  }
  const message = `${calendar || 'what it extends'} covers ${from} to ${to}, and rules are worked out for at most ${MOST_YEARS} years; write covers: { from: …, to: … }`
  return { path: [holidays.length > 0 ? 'holidays' : 'earlyClose'], on: 'key', message }
}
