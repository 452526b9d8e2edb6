// Early closes. In: a draft on which open and closed are decided, the entries of `earlyClose:`. Out: the draft with them.
// Never: an early close of a closed date; by a rule it is passed over, a date that is said by itself is an error.
import { type CalendarFile, dateOf, type EarlyCloseRule, WEEKDAY_WORDS } from './calendar-file.ts'
import { type CalendarDefinition, dayOf } from '../calendars.ts'
import { dayOfRule, parseDateRule } from './date-rule.ts'
import { toDate, weekdayOf } from '../day-numbers.ts'
import { type Draft, type Fault, isCovered, isOpenOn, isValidOn, wasOpen, whyNotCovered, yearsOf } from './draft.ts'
import type { Observed } from './holidays.ts'

/** Of two rules for one date the first in the file counts, and a date that is said by itself before both. */
export function closeEarly(
  { draft, base }: Draft,
  { earlyClose, remove }: Pick<CalendarFile, 'earlyClose' | 'remove'>,
  observed: Observed,
): Fault[] {
  const removed = new Set(remove.map(dateOf))
  const faults: Fault[] = []
  const byRule = new Map<string, EarlyCloseRule>()
  const byDate = new Map<string, EarlyCloseRule>()
  for (const [index, entry] of earlyClose.entries()) {
    const { date } = entry
    const message = date === undefined ? undefined : whyNoDate(draft, date)
    // What it extends may have come to close that date.
    const isNote = date !== undefined && !removed.has(date) && wasOpen(base, date) === false
    if (message) faults.push({ path: ['earlyClose', index, 'date'], message, ...(isNote ? { isNote } : {}) })
    else if (date !== undefined) byDate.set(date, byDate.get(date) ?? entry)
    else for (const found of datesOf(draft, entry, observed)) if (!byRule.has(found)) byRule.set(found, entry)
  }
  for (const [date, { at, name, why }] of [...byRule, ...byDate]) {
    draft.earlyClose[date] = { at, rule: why ?? name ?? 'Early close' }
  }
  return faults
}

function whyNoDate(draft: CalendarDefinition, date: string): string | undefined {
  const fault = whyNotCovered(draft, date)
  if (fault) return `${date} ${fault}`
  const { open, rule } = dayOf(draft, date)
  return open ? undefined : `${date} is closed: ${rule}; it cannot close early`
}

function datesOf(draft: CalendarDefinition, entry: EarlyCloseRule, observed: Observed): string[] {
  const { on = '', weekdays } = entry
  const rule = parseDateRule(on)
  if (!rule) return []
  const around = { holiday: observed.dayOf, isOpen: (day: number) => isOpenOn(draft, day) }
  return yearsOf(draft).flatMap((year) => {
    const day = dayOfRule(rule, year, around)
    if (day === null || !isOpenOn(draft, day)) return []
    const weekday = WEEKDAY_WORDS[weekdayOf(day) - 1]
    const isMeant = !weekdays || weekdays.some((word) => word === weekday)
    const date = toDate(day)
    return isMeant && isCovered(draft, date) && isValidOn(date, entry) ? [date] : []
  })
}
