// Cycle keys and dates. In: keys, ISO dates. Out: the dates of a key's period, the keys of dates; business days counted.
// Never: which of them a product has (cycles.ts). All dates are ISO text, which sorts as it should.
import { Temporal } from 'temporal-polyfill'
import type { Period } from '../definition.ts'
import { type CycleKey, periodOf } from '../ids.ts'
import { type Calendars, isOpen } from './calendars.ts'
import { dayAt, toDate, toDayNumber } from './day-numbers.ts'

export interface Dates {
  first: string
  last: string
}

/** In years of four digits without Temporal, which takes a hundred times as long. */
export function addDays(date: string, days: number): string {
  const isPlain = date.length === 10 && date >= '0100'
  const day = isPlain ? toDayNumber(date) + days : LAST_DAY + 1
  return day >= FIRST_DAY && day <= LAST_DAY ? toDate(day) : Temporal.PlainDate.from(date).add({ days }).toString()
}

const FIRST_DAY = dayAt(100, 1, 1)
const LAST_DAY = dayAt(9999, 12, 31)
const LAST_DATE = '9999-12-31'

/** First and last date of the key's period; of an hour its UTC date. */
export function datesOf(key: CycleKey): Dates {
  switch (periodOf(key)) {
    case 'week':
      return datesOfWeek(key)
    case 'month':
      return datesOfMonths(`${key}-01`, 1)
    case 'quarter':
      return datesOfMonths(`${key.slice(0, 4)}-${String(Number(key.slice(6)) * 3 - 2).padStart(2, '0')}-01`, 3)
    default:
      return { first: key.slice(0, 10), last: key.slice(0, 10) }
  }
}

function datesOfWeek(key: CycleKey): Dates {
  const [year = '', week = ''] = key.split('-W')
  // 4 January is always in week 1 (ISO 8601).
  const inFirst = Temporal.PlainDate.from(`${year}-01-04`)
  const monday = inFirst.subtract({ days: inFirst.dayOfWeek - 1 }).add({ weeks: Number(week) - 1 })
  return { first: monday.toString(), last: monday.add({ days: 6 }).toString() }
}

function datesOfMonths(first: string, months: number): Dates {
  return { first, last: Temporal.PlainDate.from(first).add({ months }).subtract({ days: 1 }).toString() }
}

/** The key whose period holds the date; for an hour, its first hour in UTC. */
export function keyAt(period: Period, date: string): CycleKey {
  switch (period) {
    case 'hour':
      return `${date}T00Z` as CycleKey
    case 'day':
      return date as CycleKey
    case 'week':
      return weekAt(date)
    case 'month':
      return date.slice(0, 7) as CycleKey
    case 'quarter':
      return `${date.slice(0, 4)}-Q${Math.ceil(Number(date.slice(5, 7)) / 3)}` as CycleKey
  }
}

function weekAt(date: string): CycleKey {
  const { yearOfWeek, weekOfYear } = Temporal.PlainDate.from(date)
  return `${String(yearOfWeek).padStart(4, '0')}-W${String(weekOfYear).padStart(2, '0')}` as CycleKey
}

/** The keys of the period whose dates touch `[from, to]`, oldest first; hours by their UTC date. */
export function keysOver(period: Period, from: string, to: string): CycleKey[] {
  const keys: CycleKey[] = []
  for (let date = from; date <= to; ) {
    const key = keyAt(period, date)
    if (period === 'hour') keys.push(...hoursOf(date))
    else keys.push(key)
    const { last } = datesOf(key)
    // The date after the last that ISO text can sort would count as one before.
    if (last >= LAST_DATE) break
    date = addDays(last, 1)
  }
  return keys
}

const hoursOf = (date: string): CycleKey[] =>
  Array.from({ length: 24 }, (_none, hour) => `${date}T${String(hour).padStart(2, '0')}Z` as CycleKey)

/** The beginning of an hour in epoch milliseconds. */
export const hourMs = (key: CycleKey): number => Date.parse(`${key.slice(0, 13)}:00:00Z`)

/** The hour that begins then, or holds the instant. */
export const hourAt = (atMs: number): CycleKey => `${new Date(atMs).toISOString().slice(0, 13)}Z` as CycleKey

/** The n-th open date after `date` (n > 0) or before it (n < 0); with n = 0 the date itself, open or not. */
export const addBusinessDays = (calendars: Calendars, calendar: string, from: { date: string; n: number }): string =>
  addBusinessDaysWithin(calendars, calendar, { ...from, days: Infinity }) as string

/** The same, but null when it is more calendar days away than that: some calendars are closed for years. */
export function addBusinessDaysWithin(
  calendars: Calendars,
  calendar: string,
  { date, n, days }: { date: string; n: number; days: number },
): string | null {
  const step = Math.sign(n)
  let found = date
  let left = Math.abs(n)
  for (let gone = 0; left > 0; left -= isOpen(calendars, calendar, found) ? 1 : 0) {
    gone += 1
    if (gone > days) return null
    found = addDays(found, step)
  }
  return found
}
