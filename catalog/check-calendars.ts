// Calendars on which nothing comes due, and products that would never have a cycle because of it. In: the calendars of
// the files, the products of the files, a first date. Out: notes and problems, each at its place.
// Never: a calendar refused that nothing goes by; a word about one whose file is not here.
import { toCadence } from '../model/calendar/cadence.ts'
import { type CalendarDefinition, type Calendars, dayOf } from '../model/calendar/calendars.ts'
import type { CalendarFile } from '../model/calendar/rules/calendar-file.ts'
import { MOST_SHIFTED_DAYS, type PlacedCycle, placeCycle } from '../model/calendar/cycles.ts'
import { addDays, datesOf, keysOver } from '../model/calendar/dates.ts'
import type { ProductDefinition, Schedule } from '../model/definition.ts'
import type { CycleKey } from '../model/ids.ts'
import type { Products } from './edges.ts'
import type { Problem } from './problem.ts'
import type { Placed } from './read-mesh.ts'
import { inWords } from './resolve-calendars.ts'
import { toStableJson } from './stable-json.ts'

/** As far as schedules and match rules are tried out. */
export const LOOKED_AT_DAYS = 730

interface Finding {
  path: (string | number)[]
  message: string
}

/** Of calendars of the files those that are dead, or as good as dead. */
export const notesOnCalendars = (
  files: readonly Placed<CalendarFile>[],
  calendars: Calendars,
  today: string,
): Problem[] =>
  files.flatMap(({ file, placeOf }) => {
    const calendar = calendars.get(file.calendar)
    const found = calendar && whyDead(file, calendar, today)
    return found ? [{ ...placeOf(found.path), message: inWords(found.path, found.message) }] : []
  })

function whyDead(file: CalendarFile, calendar: CalendarDefinition, today: string): Finding | undefined {
  const { from, to } = calendar
  const name = `calendar "${calendar.calendar}"`
  const { covers } = file
  if (to < today) {
    const message = `${name} ended on ${to}; nothing that goes by it comes due any more`
    return { path: covers ? ['covers', 'to'] : pathOfDays(file), message }
  }
  if (from === to) {
    return { path: covers ? ['covers'] : pathOfDays(file), message: `${name} covers one day only, ${from}` }
  }
  const first = from > today ? from : today
  if (hasOpenDay(calendar, { from: first, to })) return undefined
  return { path: pathOfDays(file), message: `${name} has no open day from ${first} to ${to}` }
}

/** Where a document says which days are open. */
function pathOfDays({ extends: others }: CalendarFile): string[] {
  if (others === undefined) return ['week']
  return typeof others === 'string' ? ['extends'] : ['extends', others.all ? 'all' : 'any']
}

function hasOpenDay(calendar: CalendarDefinition, { from, to }: { from: string; to: string }): boolean {
  for (let date = from; date <= to; date = addDays(date, 1)) if (dayOf(calendar, date).open) return true
  return false
}

/** Nobody plans farther, though a calendar may go on for ever. */
const PLANNED_DAYS = 20 * 365

/** From which date on a calendar is closed for the longest, the last open one; undefined when it never is. */
export function longestClosureOf(calendar: CalendarDefinition, after: string): string | undefined {
  const { from, to } = within(calendar, { from: after, to: addDays(after, PLANNED_DAYS) })
  let longest = { from: '', days: 0 }
  let days = 0
  for (let date = from; date <= to; date = addDays(date, 1)) {
    days = dayOf(calendar, date).open ? 0 : days + 1
    if (days > longest.days) longest = { from: addDays(date, -days), days }
  }
  return longest.from || undefined
}

export interface CycleChecks {
  /** The products of the files. */
  resolved: readonly ProductDefinition[]
  products: Products
  calendars: Calendars
  today: string
  problems: Problem[]
  notes: Problem[]
}

/** A product without any cycle is a slip; one of a business day that not every month has may be meant. */
export function checkCycles({ resolved, products, calendars, today, problems, notes }: CycleChecks): void {
  const known = new Map<string, Outlook>()
  for (const { product, every, calendar, timezone, onNonBusinessDay } of resolved) {
    const schedule: Schedule = { every, calendar, timezone, ...(onNonBusinessDay ? { onNonBusinessDay } : {}) }
    const name = toStableJson(schedule)
    const outlook = known.get(name) ?? outlookOf(calendars, schedule, today)
    known.set(name, outlook)
    const placed = products.get(product)
    if (!placed || outlook.kind === 'sound') continue
    const path = pathOf(placed.file, outlook.of)
    const words = outlook.kind === 'never' ? `${product} ${outlook.message}` : outlook.message
    const list = outlook.kind === 'never' ? problems : notes
    list.push({ ...placed.placeOf(path), message: inWords(path, words) })
  }
}

/** The product's own key if it has it; else what made it so stands in another document. */
function pathOf(file: { every?: unknown; calendar?: unknown }, of: Culprit): string[] {
  if (of === 'onNonBusinessDay') return [of]
  const keys = of === 'every' ? (['every', 'calendar'] as const) : (['calendar', 'every'] as const)
  return [keys.find((key) => file[key] !== undefined) ?? 'product']
}

type Culprit = 'every' | 'calendar' | 'onNonBusinessDay'
type Outlook = { kind: 'sound' } | { kind: 'never' | 'rare'; of: Culprit; message: string }
type LookedAt = { key: CycleKey } & PlacedCycle
const SOUND: Outlook = { kind: 'sound' }

function outlookOf(calendars: Calendars, schedule: Schedule, today: string): Outlook {
  const { every, calendar, onNonBusinessDay } = schedule
  const { period, on, nth } = toCadence(every)
  if (on !== 'business-day' && onNonBusinessDay === undefined) return SOUND
  const last = addDays(today, LOOKED_AT_DAYS)
  const cycles = keysOver(period, today, last).map((key) => ({ key, ...placeCycle(calendars, schedule, key) }))
  const lacking = cycles.find((cycle) => cycle.kind === 'none' && !cycle.isUncovered)
  if (!cycles.some((cycle) => cycle.kind === 'due' && cycle.dueDate >= today)) {
    const message = `would have no cycle from ${today} to ${last}`
    const definition = calendars.get(calendar)
    const isOpen = definition && hasOpenDay(definition, within(definition, { from: today, to: last }))
    if (!isOpen)
      return { kind: 'never', of: 'calendar', message: `${message}: calendar ${calendar} has no open day then` }
    const why = suchAs(lacking) || `; calendar ${calendar} covers ${definition.from} to ${definition.to}`
    return { kind: 'never', of: 'every', message: `${message}${why}` }
  }
  const message = period === 'hour' ? null : whyTooFar(cycles, schedule, today)
  if (message !== null) return { kind: 'never', of: 'onNonBusinessDay', message }
  if (nth <= 0 || !lacking) return SOUND
  const [due, covered] = [
    cycles.filter(({ kind }) => kind === 'due'),
    cycles.filter((cycle) => cycle.kind === 'due' || !cycle.isUncovered),
  ]
  const share = `${due.length} of ${covered.length} months only`
  return { kind: 'rare', of: 'every', message: `${every} comes in ${share}${suchAs(lacking)}` }
}

/** The scheduler looks for what is due among the cycles near the day; one that moves farther is never found. */
function whyTooFar(cycles: LookedAt[], { onNonBusinessDay, calendar }: Schedule, today: string): string | null {
  for (const cycle of cycles) {
    if (cycle.kind === 'none' || cycle.dueDate < today) continue
    const { first, last } = datesOf(cycle.key)
    const isBefore = cycle.dueDate < addDays(first, -MOST_SHIFTED_DAYS)
    if (!isBefore && cycle.dueDate <= addDays(last, MOST_SHIFTED_DAYS)) continue
    const far = `more than ${MOST_SHIFTED_DAYS} days ${isBefore ? 'before it begins' : 'after it ends'}`
    return `would never open its cycle ${cycle.key}: ${calendar} is closed so long that "${onNonBusinessDay}" moves it to ${cycle.dueDate}, ${far}`
  }
  return null
}

const suchAs = (lacking: LookedAt | undefined): string =>
  lacking?.kind === 'none' ? `, not in ${lacking.key}: ${lacking.reason}` : ''

const within = ({ from, to }: CalendarDefinition, range: { from: string; to: string }) => ({
  from: from > range.from ? from : range.from,
  to: to < range.to ? to : range.to,
})
