// The words that say on which day of a year a holiday is: `12-25`, `third monday of january`, `easter -2`,
// `friday after fourth thursday of november`, `business day before Independence Day`.
// In: the words, a year. Out: the rule; its day. Never: which days are business days; whoever asks brings that.
import { WEEKDAY_WORDS } from './calendar-file.ts'
import { type DayNumber, dayAt, weekdayOf } from '../day-numbers.ts'

export type DateRule =
  | { kind: 'fixed'; month: number; day: number }
  | { kind: 'nth'; nth: number; weekday: number; month: number }
  | { kind: 'easter'; offset: number }
  /** The nearest such day before or after another, which itself does not count. */
  | { kind: 'beside'; what: 'day' | 'business day' | number; side: 'before' | 'after'; of: DateRule }
  /** As observed; the name is one of the holidays of the same document. */
  | { kind: 'holiday'; name: string }

const MONTH_WORDS = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
]
const ORDINALS: Record<string, number> = { first: 1, second: 2, third: 3, fourth: 4, fifth: 5, last: -1 }

/** Undefined for a text that is no rule; anything else than the known forms is taken for the name of a holiday. */
export function parseDateRule(text: string): DateRule | undefined {
  const beside = /^(day|business day|[a-z]+day) (before|after) (.+)$/.exec(text)
  if (beside) return parseBeside(beside)
  const fixed = /^(\d{2})-(\d{2})$/.exec(text)
  if (fixed) return parseFixed(Number(fixed[1]), Number(fixed[2]))
  const easter = /^easter(?: ?([+-]) ?(\d{1,3}))?$/.exec(text)
  if (easter) return { kind: 'easter', offset: Number(`${easter[1] ?? ''}${easter[2] ?? 0}`) }
  const nth = /^(\w+) (\w+) of (\w+)$/.exec(text)
  if (nth) return parseNth(nth)
  return /^[A-Z]/.test(text) ? { kind: 'holiday', name: text } : undefined
}

function parseBeside([, what = '', side, of = '']: RegExpExecArray): DateRule | undefined {
  const rule = parseDateRule(of)
  const weekday = WEEKDAY_WORDS.findIndex((word) => word === what) + 1
  if (!rule || (weekday === 0 && what !== 'day' && what !== 'business day')) return undefined
  const found = weekday === 0 ? (what as 'day' | 'business day') : weekday
  return { kind: 'beside', what: found, side: side as 'before' | 'after', of: rule }
}

function parseFixed(month: number, day: number): DateRule | undefined {
  // In a leap year, so that 02-29 is one: it is no date in the others.
  const found = new Date(Date.UTC(2000, month - 1, day))
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day ? { kind: 'fixed', month, day } : undefined
}

function parseNth([, ordinal = '', weekdayWord, monthWord = '']: RegExpExecArray): DateRule | undefined {
  const nth = ORDINALS[ordinal]
  const weekday = WEEKDAY_WORDS.findIndex((word) => word === weekdayWord) + 1
  const month = MONTH_WORDS.indexOf(monthWord) + 1
  return nth && weekday && month ? { kind: 'nth', nth, weekday, month } : undefined
}

/** Every name of a holiday and every business day that the rule needs; null when there is none that year. */
export interface Surroundings {
  holiday(name: string, year: number): DayNumber | null
  isOpen(day: DayNumber): boolean
}

/** No calendar is closed for longer; where one is, there is no business day beside it. */
const MOST_CLOSED_DAYS = 366

/** The day of the rule in a year; null when that year has none (02-29, a fifth Monday). */
export function dayOfRule(rule: DateRule, year: number, around: Surroundings): DayNumber | null {
  switch (rule.kind) {
    case 'fixed':
      return isInMonth(year, rule) ? dayAt(year, rule.month, rule.day) : null
    case 'nth':
      return nthWeekday(rule, year)
    case 'easter':
      return easterOf(year) + rule.offset
    case 'holiday':
      return around.holiday(rule.name, year)
    case 'beside':
      return besideOf(rule, year, around)
  }
}

const isInMonth = (year: number, { month, day }: { month: number; day: number }): boolean =>
  dayAt(year, month, day) < dayAt(year, month + 1, 1)

function nthWeekday({ nth, weekday, month }: { nth: number; weekday: number; month: number }, year: number) {
  const first = dayAt(year, month, 1)
  const next = dayAt(year, month + 1, 1)
  if (nth < 0) return next - 1 - ((weekdayOf(next - 1) - weekday + 7) % 7)
  const found = first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1)
  return found < next ? found : null
}

function besideOf(rule: DateRule & { kind: 'beside' }, year: number, around: Surroundings): DayNumber | null {
  const of = dayOfRule(rule.of, year, around)
  if (of === null) return null
  const step = rule.side === 'before' ? -1 : 1
  const { what } = rule
  const isMeant = (day: DayNumber): boolean =>
    what === 'day' || (what === 'business day' ? around.isOpen(day) : weekdayOf(day) === what)
  for (let away = 1; away <= MOST_CLOSED_DAYS; away++) if (isMeant(of + step * away)) return of + step * away
  return null
}

/** Western Easter Sunday, by the rule of Meeus, Jones and Butcher. */
function easterOf(year: number): DayNumber {
  const golden = year % 19
  const century = Math.floor(year / 100)
  const ofCentury = year % 100
  const moonShift = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3)
  const epact = (19 * golden + century - Math.floor(century / 4) - moonShift + 15) % 30
  const toSunday = (32 + 2 * (century % 4) + 2 * Math.floor(ofCentury / 4) - epact - (ofCentury % 4)) % 7
  const late = Math.floor((golden + 11 * epact + 22 * toSunday) / 451)
  const days = epact + toSunday - 7 * late + 114
  return dayAt(year, Math.floor(days / 31), (days % 31) + 1)
}

/** Whether the rule asks which days are open: a holiday may not, since it decides that. */
export const asksForBusinessDays = (rule: DateRule): boolean =>
  rule.kind === 'beside' && (rule.what === 'business day' || asksForBusinessDays(rule.of))

/** The holiday that the rule starts from, if it names one. */
export const holidayIn = (rule: DateRule): string | undefined =>
  rule.kind === 'holiday' ? rule.name : rule.kind === 'beside' ? holidayIn(rule.of) : undefined
