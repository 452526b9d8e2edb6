// In: names of calendars, definition files, dates. Out: their dates, the next open ones, what differs between two.
// Never: a connection to anything; a date that the calendar does not cover.
import { sortProblems, toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { resolveCalendars } from '../catalog/resolve-calendars.ts'
import { shippedCalendars } from '../catalog/shipped-calendars.ts'
import { type CalendarDay, type CalendarDefinition, type Calendars, dayOf } from '../model/calendar/calendars.ts'
import { compareCalendars } from '../model/calendar/compare.ts'
import { dayAt, toDate, toDayNumber } from '../model/calendar/day-numbers.ts'
import { didYouMean } from '../model/nearest.ts'
import { sumUp, toChangeTable, toDayTable } from './calendar-table.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toTable } from './output.ts'

interface FilesOptions {
  files?: string[]
  output: Output
}

interface RangeOptions extends FilesOptions {
  from?: string
  to?: string
}

/** All that the shipped market calendars cover, and more; a slip in a year is beyond it. */
const MOST_DAYS = 20_000

export async function list({ files, output }: FilesOptions): Promise<number> {
  const { calendars, own } = await openCalendars(files)
  const rows = [...calendars.values()].map(({ calendar, from, to, description }) => ({
    ...{ calendar, from, to },
    source: own.has(calendar) ? 'files' : 'shipped',
    description,
  }))
  if (output === 'json') printJson(rows)
  else
    print(
      toTable(
        ['calendar', 'from', 'to', 'source', 'description'],
        rows.map((row) => [row.calendar, row.from, row.to, row.source, row.description]),
      ),
    )
  return 0
}

export async function show(name: string, options: RangeOptions): Promise<number> {
  const calendar = requireCalendar((await openCalendars(options.files)).calendars, name)
  const days = daysOf(calendar, requireRange(calendar, options, yearAround(options, calendar)))
  if (options.output === 'json') printJson(days)
  else print(toDayTable(days))
  return 0
}

export async function next(name: string, options: FilesOptions & { after?: string; count: number }): Promise<number> {
  const calendar = requireCalendar((await openCalendars(options.files)).calendars, name)
  const after = options.after ?? today()
  const first = toDate(toDayNumber(after) + 1)
  if (first < calendar.from || first > calendar.to) throw notCovered(calendar, first)
  if (options.count > MOST_DAYS) throw tooMany(`--count ${options.count}`)
  const found: CalendarDay[] = []
  let date = first
  for (; found.length < options.count && date <= calendar.to; date = toDate(toDayNumber(date) + 1)) {
    const day = dayOf(calendar, date)
    if (day.open) found.push(day)
  }
  if (options.output === 'json') printJson(found)
  else if (found.length > 0) print(toDayTable(found))
  if (found.length < options.count) talk(`No more: ${calendar.calendar} covers ${calendar.from} to ${calendar.to}.`)
  return 0
}

export async function diff(name: string, other: string | undefined, options: RangeOptions): Promise<number> {
  const { calendars, own } = await openCalendars(options.files)
  const [before, after] = other
    ? [requireCalendar(calendars, name), requireCalendar(calendars, other)]
    : withFiles(name, calendars, own)
  const from = before.from > after.from ? before.from : after.from
  const to = before.to < after.to ? before.to : after.to
  const both: CalendarDefinition = { ...after, from, to }
  if (from > to) throw new CommandFailure(EXIT.failed, `${name} and ${other ?? name} cover no date together.`)
  const range = requireRange(both, options, { from, to })
  const changes = compareCalendars(before, after, range)
  if (options.output === 'json') printJson(changes)
  else if (changes.length > 0) print(toChangeTable(changes))
  talk(sumUp(changes, range))
  return 0
}

function withFiles(
  name: string,
  calendars: Calendars,
  own: ReadonlySet<string>,
): [CalendarDefinition, CalendarDefinition] {
  const shipped = shippedCalendars.find(name)
  if (shipped && own.has(name)) return [shipped, requireCalendar(calendars, name)]
  const why = shipped
    ? `No file defines the calendar ${name}: name a second calendar, or files that define it (--files).`
    : `No calendar ${name} is shipped that it could be compared with${didYouMean(name, shippedCalendars.names)}.`
  throw new CommandFailure(EXIT.failed, why)
}

/** @throws when the files have problems: what they mean is not known then. */
async function openCalendars(files: string[] = []): Promise<{ calendars: Calendars; own: ReadonlySet<string> }> {
  const parsed = files.length > 0 ? await readMesh(...files) : { calendars: [], problems: [] }
  const { calendars, problems } = resolveCalendars(parsed.calendars)
  const all = [...parsed.problems, ...problems]
  if (all.length > 0) throw new CommandFailure(EXIT.failed, sortProblems(all).map(toProblemText).join('\n'))
  return { calendars, own: new Set(parsed.calendars.map(({ file }) => file.calendar)) }
}

function requireCalendar(calendars: Calendars, name: string): CalendarDefinition {
  const calendar = calendars.get(name)
  if (calendar) return calendar
  const known = [...calendars.keys()]
  const hint = didYouMean(name, known) || `; known: ${known.join(', ')}.`
  throw new CommandFailure(EXIT.failed, `There is no calendar "${name}"${hint}`)
}

interface Range {
  from: string
  to: string
}

/** Where the reader is. */
function today(): string {
  const now = new Date()
  return toDate(dayAt(now.getFullYear(), now.getMonth() + 1, now.getDate()))
}

/** The year that the other end is in, or this year; what of it the calendar covers. */
function yearAround({ from, to }: RangeOptions, calendar: CalendarDefinition): Range {
  const year = (from ?? to ?? today()).slice(0, 4)
  const [first, last] = [`${year}-01-01`, `${year}-12-31`]
  const isCovered = first <= calendar.to && last >= calendar.from
  if (!isCovered) return { from: first, to: last }
  return { from: first > calendar.from ? first : calendar.from, to: last < calendar.to ? last : calendar.to }
}

function requireRange(calendar: CalendarDefinition, options: RangeOptions, otherwise: Range): Range {
  const { from = otherwise.from, to = otherwise.to } = options
  if (from > to) throw new CommandFailure(EXIT.failed, `--from ${from} is after --to ${to}.`)
  const beyond = [from, to].find((date) => date < calendar.from || date > calendar.to)
  if (beyond) throw notCovered(calendar, beyond)
  const days = toDayNumber(to) - toDayNumber(from) + 1
  if ((options.from || options.to) && days > MOST_DAYS) throw tooMany(`${from} to ${to} is ${days} days`)
  return { from, to }
}

const notCovered = ({ calendar, from, to }: CalendarDefinition, date: string): CommandFailure =>
  new CommandFailure(EXIT.failed, `Calendar ${calendar} covers ${from} to ${to}; it says nothing about ${date}.`)

const tooMany = (what: string): CommandFailure =>
  new CommandFailure(EXIT.failed, `${what}: at most ${MOST_DAYS} days at once; ask for them in parts.`)

const daysOf = (calendar: CalendarDefinition, { from, to }: Range): CalendarDay[] =>
  Array.from({ length: toDayNumber(to) - toDayNumber(from) + 1 }, (_none, index) =>
    dayOf(calendar, toDate(toDayNumber(from) + index)),
  )
