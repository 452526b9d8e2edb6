// Which dates a calendar is open. In: a calendar's name and a date. Never: today's date; whoever asks brings it.
import type { Temporal } from 'temporal-polyfill'

type IsOpen = (date: Temporal.PlainDate) => boolean

/** Monday to Friday, no holidays; the base that market calendars take days from. */
const weekdays: IsOpen = (date) => date.dayOfWeek <= 5

const CALENDARS: Record<string, IsOpen> = { weekdays }

export const CALENDAR_NAMES: readonly string[] = Object.keys(CALENDARS)

/** @throws RangeError for a calendar that does not exist; definitions are checked for that before they are applied. */
export function isOpen(calendar: string, date: Temporal.PlainDate): boolean {
  const rule = CALENDARS[calendar]
  if (!rule) throw new RangeError(`There is no calendar "${calendar}"; known: ${CALENDAR_NAMES.join(', ')}.`)
  return rule(date)
}

/** The n-th open date after `date` (n >= 1); with n = 0 the date itself, open or not. */
export function addBusinessDays(calendar: string, date: Temporal.PlainDate, n: number): Temporal.PlainDate {
  let found = date
  for (let left = n; left > 0; left -= isOpen(calendar, found) ? 1 : 0) found = found.add({ days: 1 })
  return found
}
