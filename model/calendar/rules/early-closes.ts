// Early closes. In: a draft on which open and closed are decided, the entries of `earlyClose:`. Out: the draft with them.
// Never: an early close of a closed date; by a rule it is passed over, a date that is said by itself is an error.
import { didYouMean } from '../../nearest.ts'
import type { EarlyCloseRule } from './calendar-file.ts'
import { WEEKDAY_WORDS } from './calendar-file.ts'
import { type CalendarDefinition, dayOf } from '../calendars.ts'
import { dayOfRule, holidayIn, parseDateRule } from './date-rule.ts'
import { toDate, weekdayOf } from '../day-numbers.ts'
import { type Fault, isCovered, isOpenOn, isValidOn, whyNotCovered, yearsOf } from './draft.ts'
import type { Observed } from './holidays.ts'

/** Of two rules for one date the first in the file counts, and a date that is said by itself before both. */
export function closeEarly(draft: CalendarDefinition, entries: readonly EarlyCloseRule[], observed: Observed): Fault[] {
  const faults: Fault[] = []
  const byRule = new Map<string, EarlyCloseRule>()
  const byDate = new Map<string, EarlyCloseRule>()
  for (const [index, entry] of entries.entries()) {
    const { date } = entry
    const fault = date === undefined ? whyNoRule(entry, observed) : whyNoDate(draft, date, byDate)
    if (fault) faults.push({ path: ['earlyClose', index, date === undefined ? 'on' : 'date'], message: fault })
    else if (date !== undefined) byDate.set(date, entry)
    else for (const found of datesOf(draft, entry, observed)) if (!byRule.has(found)) byRule.set(found, entry)
  }
  for (const [date, { at, name, why }] of [...byRule, ...byDate]) {
    draft.earlyClose[date] = { at, rule: why ?? name ?? 'Early close' }
  }
  return faults
}

function whyNoRule({ on = '' }: EarlyCloseRule, { names }: Observed): string | undefined {
  const rule = parseDateRule(on)
  const holiday = rule && holidayIn(rule)
  if (holiday === undefined || names.includes(holiday)) return undefined
  return `there is no holiday "${holiday}" in this calendar${didYouMean(holiday, names)}`
}

function whyNoDate(draft: CalendarDefinition, date: string, seen: ReadonlyMap<string, unknown>): string | undefined {
  if (seen.has(date)) return `${date} stands here twice`
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
