// An edit of a calendar in words: which dates appear and vanish, by which rule, and what becomes of the cycles.
// Never: more lines than a person reads; how many are left out is said.
import type { DayChange } from '../model/calendar/compare.ts'
import type { CycleEffect } from './calendar-effects.ts'
import type { CalendarChange } from './plan-calendars.ts'
import type { FieldChange } from './plan-words.ts'

const MOST_LINES = 12
const MOST_KEYS = 4

type Changed = Extract<CalendarChange, { kind: 'changed' }>

/** Keys of the calendar's file where one differs as a whole. */
export function fieldsOfCalendar({ before, definition, from }: Changed): FieldChange[] {
  const range = (of: { from: string; to: string }): string => `${of.from} to ${of.to}`
  const fields: FieldChange[] = [
    { field: 'source', from: before.from, to: from },
    {
      field: 'description',
      from: JSON.stringify(before.definition.description),
      to: JSON.stringify(definition.description),
    },
    { field: 'covers', from: range(before.definition), to: range(definition) },
  ]
  return fields.filter((field) => field.from !== field.to)
}

/** Dates first, then the cycles. */
export function calendarLines(change: Changed): string[] {
  const { days, effects } = change
  if (days.length === 0 && fieldsOfCalendar(change).length === 0) return ['its rules have other words, no date changes']
  return [...atMost(days.map(dayWords), 'dates'), ...atMost(effects.map(effectWords), 'products')]
}

/** `2026-12-09 vanishes: National day of mourning`. */
export function dayWords({ date, change, before, after }: DayChange): string {
  switch (change) {
    case 'appears': {
      const close = after.earlyClose === null ? '' : `, closes ${after.earlyClose}`
      return `${date} appears: ${after.rule}${close}${before.rule === after.rule ? '' : ` (was ${before.rule})`}`
    }
    case 'vanishes':
      return `${date} vanishes: ${after.rule}`
    case 'early-close': {
      const rule = after.earlyClose === null ? before.rule : after.rule
      return `${date} closes ${closeWords(after)} instead of ${closeWords(before)}: ${rule}`
    }
  }
}

const closeWords = ({ earlyClose }: DayChange['after']): string => earlyClose ?? 'at the usual time'

/** `d1/ds3: loses 2026-12-09`. */
export function effectWords({ product, gains, loses, moves }: CycleEffect): string {
  const moved = moves.map(({ key, from, to }) => `${key} from ${from} to ${to}`)
  const parts = [
    ['loses', loses],
    ['gains', gains],
    ['moves', moved],
  ] as const
  return `${product}: ${parts.flatMap(([verb, keys]) => (keys.length > 0 ? [`${verb} ${keysWords(keys)}`] : [])).join('; ')}`
}

function keysWords(keys: readonly string[]): string {
  if (keys.length <= MOST_KEYS) return keys.join(', ')
  const shown = keys.slice(0, MOST_KEYS - 1)
  return `${keys.length} cycles: ${shown.join(', ')} and ${keys.length - shown.length} more`
}

function atMost(lines: string[], what: string): string[] {
  if (lines.length <= MOST_LINES) return lines
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more ${what}`]
}
