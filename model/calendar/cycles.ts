// Which cycles a product has, and on which dates. In: calendars, a schedule, a key. Out: its dates, or why there is none.
// Never: a cycle named by anything but its key; a date outside what the calendar covers taken for closed.

import type { Held } from '../cycle/cycle.ts'
import type { Schedule } from '../definition.ts'
import { type CycleKey, periodOf } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { type Calendars, dayOf, isOpen, requireCalendar } from './calendars.ts'
import { addBusinessDays, addDays, datesOf, hourAt, hourMs, keysOver } from './dates.ts'
import { dateAt, startOfDayMs } from './wall-time.ts'

/** Calendars, and the schedules of the products that somebody waits for. */
export interface Timetable {
  calendars: Calendars
  /** Undefined for a product of which only the name is known. */
  scheduleOf(product: string): ProductSchedule | undefined
  /** Who holds the product; undefined: nobody does. Absent where nothing is opened. */
  heldBy?(product: string): Held | undefined
}

export interface ProductSchedule extends Schedule {
  /** The product's first date: it has no cycle before it that would be opened by itself. Absent: not known. */
  firstDate?: string
}

export type PlacedCycle =
  /** `businessDate` is what the cycle is about; on `dueDate` it is due: another one where a holiday moves it. */
  | { kind: 'due'; businessDate: string; dueDate: string }
  /** `isUncovered`: the calendar says nothing so far away, so whether there is one is not known. */
  | { kind: 'none'; reason: string; isUncovered?: true }

const none = (reason: string): PlacedCycle => ({ kind: 'none', reason })
const on = (date: string): PlacedCycle => ({ kind: 'due', businessDate: date, dueDate: date })

/** Where the schedule has the cycle of this key; the reason completes "has no cycle …:". */
export function placeCycle(calendars: Calendars, schedule: Schedule, key: CycleKey): PlacedCycle {
  const cadence = toCadence(schedule.every)
  if (periodOf(key) !== cadence.period) return none(`its cycles are named by ${cadence.period}`)
  const natural = cadence.on === 'business-day' ? null : naturalDate(schedule, key)
  try {
    if (natural !== null) return shifted(calendars, schedule, natural)
    return cadence.period === 'day' ? onBusinessDay(calendars, schedule, key) : onClose(calendars, schedule, key)
  } catch (error) {
    // A calendar that does not exist is a fault of the definition; of one that does, only dates may be too far away.
    if (!(error instanceof RangeError) || !calendars.has(schedule.calendar)) throw error
    return { kind: 'none', reason: error.message.replace(/\.$/, ''), isUncovered: true }
  }
}

/** The date of the key by itself, before a holiday moves it. */
export const naturalDate = ({ timezone }: Schedule, key: CycleKey): string =>
  periodOf(key) === 'hour' ? dateOfHour(key, timezone) : datesOf(key).last

/** From the beginnings of days, which are remembered. */
function dateOfHour(key: CycleKey, timezone: string): string {
  const atMs = hourMs(key)
  const utc = key.slice(0, 10)
  const next = addDays(utc, 1)
  if (atMs >= startOfDayMs(next, timezone)) return next
  return atMs >= startOfDayMs(utc, timezone) ? utc : addDays(utc, -1)
}

function onBusinessDay(calendars: Calendars, { calendar }: Schedule, key: CycleKey): PlacedCycle {
  return isOpen(calendars, calendar, key) ? on(key) : none(whyClosed(calendars, calendar, key))
}

/** The words of the rule are left out where they only repeat the day of the week of `weekdays`. */
function whyClosed(calendars: Calendars, calendar: string, date: string): string {
  const { rule } = dayOf(requireCalendar(calendars, calendar), date)
  return `not a business day of ${calendar} (${rule})`
}

/** Counted within the period only: what lies beyond says nothing of it. */
function onClose(calendars: Calendars, { every, calendar }: Schedule, key: CycleKey): PlacedCycle {
  const { nth } = toCadence(every)
  const { first, last } = datesOf(key)
  let left = Math.abs(nth)
  for (let date = nth < 0 ? last : first; date >= first && date <= last; date = addDays(date, Math.sign(nth))) {
    if (isOpen(calendars, calendar, date)) left -= 1
    if (left === 0) return on(date)
  }
  return none(`${calendar} has ${nth < 0 ? 'no business day' : `fewer than ${nth} business days`} in it`)
}

/** The cycle keeps its business date; only when it is due moves. */
function shifted(calendars: Calendars, { calendar, onNonBusinessDay }: Schedule, date: string): PlacedCycle {
  if (onNonBusinessDay === undefined || isOpen(calendars, calendar, date)) return on(date)
  if (onNonBusinessDay === 'skip') return none(whyClosed(calendars, calendar, date))
  const dueDate = addBusinessDays(calendars, calendar, { date, n: onNonBusinessDay === 'next' ? 1 : -1 })
  return { kind: 'due', businessDate: date, dueDate }
}

/** Whether the schedule has a cycle of this key. */
export const hasCycle = (calendars: Calendars, schedule: Schedule, key: CycleKey): boolean =>
  placeCycle(calendars, schedule, key).kind === 'due'

/** @throws RangeError when there is no such cycle. */
export function requirePlaced(calendars: Calendars, schedule: Schedule, key: CycleKey) {
  const placed = placeCycle(calendars, schedule, key)
  if (placed.kind === 'none') throw new RangeError(`There is no cycle ${key}: ${placed.reason}.`)
  return placed
}

/** When the scheduler opens it at the latest: the first instant of its due date in the zone, or of its hour. */
export const dueAtMs = (calendars: Calendars, schedule: Schedule, key: CycleKey): number =>
  dueMsOn(schedule, key, requirePlaced(calendars, schedule, key).dueDate)

/** The same where the due date is known. */
export const dueMsOn = ({ timezone }: Schedule, key: CycleKey, dueDate: string): number =>
  periodOf(key) === 'hour' ? hourMs(key) : startOfDayMs(dueDate, timezone)

/** The longest that a row of holidays may move a cycle. */
export const MOST_SHIFTED_DAYS = 31

/** The keys that fall due in `[fromMs, toMs)`, oldest first. */
export function dueKeys(
  calendars: Calendars,
  schedule: Schedule,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): CycleKey[] {
  if (fromMs >= toMs) return []
  const { period } = toCadence(schedule.every)
  if (period === 'hour') return dueHours(calendars, schedule, { fromMs, toMs })
  const margin =
    schedule.onNonBusinessDay === 'next' || schedule.onNonBusinessDay === 'previous' ? MOST_SHIFTED_DAYS : 0
  const from = addDays(dateAt(fromMs, schedule.timezone), -margin)
  const to = addDays(dateAt(toMs, schedule.timezone), margin)
  return keysOver(period, from, to).filter((key) => {
    if (!hasCycle(calendars, schedule, key)) return false
    const atMs = dueAtMs(calendars, schedule, key)
    return atMs >= fromMs && atMs < toMs
  })
}

const HOUR_MS = 3_600_000

function dueHours(
  calendars: Calendars,
  schedule: Schedule,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): CycleKey[] {
  const keys: CycleKey[] = []
  for (let atMs = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; atMs < toMs; atMs += HOUR_MS) {
    const key = hourAt(atMs)
    if (hasCycle(calendars, schedule, key)) keys.push(key)
  }
  return keys
}

/** Farther away than this nobody looks for the next cycle of a calendar that is closed for long. */
const MOST_STEPS = 400

/** The schedule's nearest cycle before the key, which need not be one of its own; undefined when there is none near. */
export const cycleBefore = (calendars: Calendars, schedule: Schedule, key: CycleKey): CycleKey | undefined =>
  nearest(calendars, schedule, { key, step: -1 })

/** The schedule's nearest cycle after the key. */
export const cycleAfter = (calendars: Calendars, schedule: Schedule, key: CycleKey): CycleKey | undefined =>
  nearest(calendars, schedule, { key, step: 1 })

function nearest(calendars: Calendars, schedule: Schedule, { key, step }: { key: CycleKey; step: 1 | -1 }) {
  let found = key
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    found = neighbour(found, step)
    if (hasCycle(calendars, schedule, found)) return found
  }
  return undefined
}

/** The key of the period before or after. */
export function neighbour(key: CycleKey, step: 1 | -1): CycleKey {
  const period = periodOf(key)
  if (period === 'hour') return hourAt(hourMs(key) + step * HOUR_MS)
  const { first, last } = datesOf(key)
  const date = step > 0 ? addDays(last, 1) : addDays(first, -1)
  return keysOver(period, date, date)[0] ?? key
}
