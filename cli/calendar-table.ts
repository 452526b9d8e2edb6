// Days of a calendar as a person reads them. In: days, changes. Out: tables, a sentence. Pure.
import pc from 'picocolors'
import type { CalendarDay } from '../model/calendar/calendars.ts'
import type { DayChange } from '../model/calendar/compare.ts'
import { toDayNumber, weekdayOf } from '../model/calendar/day-numbers.ts'
import { toCount, toTable } from './output.ts'

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const weekday = (date: string): string => WEEKDAYS[weekdayOf(toDayNumber(date)) - 1] ?? ''

/** The name of the weekday is no news beside the weekday itself. */
const reason = ({ date, rule }: CalendarDay): string => (rule === weekday(date) ? '' : rule)

function state(day: CalendarDay): string {
  if (day.earlyClose) return pc.yellow(`until ${day.earlyClose}`)
  if (day.open) return 'open'
  return reason(day) === '' ? pc.dim('closed') : pc.red('closed')
}

export const toDayTable = (days: CalendarDay[]): string =>
  toTable(
    ['date', 'day', 'state', 'rule'],
    days.map((day) => [day.date, weekday(day.date), state(day), reason(day)]),
  )

const inWords = (day: CalendarDay): string => [state(day), reason(day)].filter((part) => part !== '').join(', ')

/** Verbs for one date, for none or several. */
const VERBS = {
  appears: ['appears', 'appear'],
  vanishes: ['vanishes', 'vanish'],
  'early-close': ['closes at another time', 'close at another time'],
} as const

export const toChangeTable = (changes: DayChange[]): string =>
  toTable(
    ['date', 'day', 'change', 'before', 'after'],
    changes.map(({ date, change, before, after }) => [
      ...[date, weekday(date), VERBS[change][0]],
      ...[inWords(before), inWords(after)],
    ]),
  )

export function sumUp(changes: DayChange[], { from, to }: { from: string; to: string }): string {
  const range = `from ${from} to ${to}`
  if (changes.length === 0) return `No difference ${range}.`
  const parts = (['appears', 'vanishes', 'early-close'] as const).map((kind) => {
    const { length: count } = changes.filter(({ change }) => change === kind)
    return `${count} ${VERBS[kind][count === 1 ? 0 : 1]}`
  })
  return `${toCount(changes.length, 'date')} ${range}: ${parts.join(', ')}.`
}
