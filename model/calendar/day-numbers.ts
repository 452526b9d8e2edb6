// Dates as counts of days, for rules that step through many years. In: ISO dates, years, months. Out: numbers and back.
// Never: a time or a zone; a day number is a date of the Gregorian calendar, and nothing else.

/** Days since 1970-01-01. */
export type DayNumber = number

const DAY_MS = 86_400_000

/** `month` from 1; a day past the end of the month runs into the next one. */
export const dayAt = (year: number, month: number, day: number): DayNumber => Date.UTC(year, month - 1, day) / DAY_MS

export const toDayNumber = (date: string): DayNumber => {
  const known = numbers.get(date)
  if (known !== undefined) return known
  const found = dayAt(Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10)))
  remember(numbers, date, found)
  return found
}

export const toDate = (day: DayNumber): string => {
  const known = dates.get(day)
  if (known !== undefined) return known
  const found = new Date(day * DAY_MS).toISOString().slice(0, 10)
  remember(dates, day, found)
  return found
}

/** The same few years are asked for again and again. */
const numbers = new Map<string, DayNumber>()
const dates = new Map<DayNumber, string>()
const MOST_REMEMBERED = 20_000

function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  if (known.size >= MOST_REMEMBERED) known.clear()
  known.set(key, value)
}

/** ISO weekday, 1 = Monday. */
export const weekdayOf = (day: DayNumber): number => ((((day + 3) % 7) + 7) % 7) + 1

/** An ISO date that exists: neither 2026-02-30 nor 2026-2-3. */
export const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && toDate(toDayNumber(text)) === text
