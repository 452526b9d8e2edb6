// Holidays by rule. In: a draft, rules. Out: the draft closed on each date on which one is observed.
// Never: two holidays moved onto one day: the second goes on to the next open one, as on Boxing Day.
import type { HolidayRule, Move } from './calendar-file.ts'
import { type CalendarDefinition, weekOf } from '../calendars.ts'
import { asksForBusinessDays, type DateRule, dayOfRule, parseDateRule } from './date-rule.ts'
import { type DayNumber, toDate, weekdayOf } from '../day-numbers.ts'
import { close, isCovered, isOpenOn, isValidOn, yearsOf } from './draft.ts'

/** When the holidays of a document are observed, for rules that name one. */
export interface Observed {
  names: string[]
  /** Null for a year in which it falls on a day that is closed anyway, and is not moved. */
  dayOf(name: string, year: number): DayNumber | null
}

const SATURDAY = 6

/** Those that stay where they are come first: a moved one has to make way. */
export function observeHolidays(draft: CalendarDefinition, rules: readonly HolidayRule[]): Observed {
  const days = new Map<string, DayNumber>()
  const moved: { rule: HolidayRule; move: Move; day: DayNumber; year: number }[] = []
  // Closed days beyond what is covered count for the moves, and go again at the end.
  for (const rule of rules) {
    const parsed = parseDateRule(rule.on)
    if (!parsed || whyNoHoliday(parsed)) continue
    for (const year of yearsOf(draft)) {
      const day = dayOfRule(parsed, year, NOTHING_KNOWN)
      if (day === null || !isValidOn(toDate(day), rule)) continue
      const move = moveOf(rule, day)
      if (move !== 'none') moved.push({ rule, move, day, year })
      else if (isWorkday(draft, day)) {
        days.set(keyOf(rule.name, year), day)
        if (isOpenOn(draft, day)) close(draft, toDate(day), rule.name)
      }
    }
  }
  for (const { rule, move, day, year } of moved.sort((a, b) => a.day - b.day)) {
    const observed = observedOn(draft, day, move)
    days.set(keyOf(rule.name, year), observed)
    if (isOpenOn(draft, observed)) close(draft, toDate(observed), `${rule.name}, observed`)
  }
  for (const date of Object.keys(draft.closed)) if (!isCovered(draft, date)) delete draft.closed[date]
  const names = rules.map(({ name }) => name)
  return { names, dayOf: (name, year) => days.get(keyOf(name, year)) ?? null }
}

const isWorkday = (draft: CalendarDefinition, day: DayNumber): boolean =>
  weekOf(draft, toDate(day)).includes(weekdayOf(day))

const keyOf = (name: string, year: number): string => `${year} ${name}`

const NOTHING_KNOWN = { holiday: () => null, isOpen: () => false }

/** Why a rule cannot be that of a holiday. */
export function whyNoHoliday(rule: DateRule): string | undefined {
  if (asksForBusinessDays(rule)) return 'a holiday decides what a business day is, so it cannot be beside one'
  if (rule.kind === 'beside') return whyNoHoliday(rule.of)
  return rule.kind === 'holiday' ? `"${rule.name}" is another holiday; write its rule instead` : undefined
}

function moveOf({ saturday = 'none', sunday = 'none' }: HolidayRule, day: DayNumber): Move {
  const weekday = weekdayOf(day)
  if (weekday < SATURDAY) return 'none'
  if (weekday > SATURDAY) return sunday
  if (saturday !== 'previous-unless-month-end') return saturday
  const isFirstOfMonth = toDate(day).endsWith('-01')
  return isFirstOfMonth ? 'none' : 'previous'
}

/** The longest run of holidays; a calendar that is closed for longer moves nothing. */
const MOST_AWAY = 14

function observedOn(draft: CalendarDefinition, day: DayNumber, move: Move): DayNumber {
  const step = move === 'next' ? 1 : -1
  for (let away = 1; away <= MOST_AWAY; away++) if (isOpenOn(draft, day + step * away)) return day + step * away
  return day
}
