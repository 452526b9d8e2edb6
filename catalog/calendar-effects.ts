// What a calendar that changes does to the cycles of a product. In: the calendar before and after, who goes by it, the
// dates that differ. Out: per product the keys that come, go, or move to another date. Never: a guess from dates alone.
import { toCadence } from '../model/calendar/cadence.ts'
import { type CalendarDefinition, toCalendars } from '../model/calendar/calendars.ts'
import { MOST_SHIFTED_DAYS, placeCycle } from '../model/calendar/cycles.ts'
import { addDays, keysOver } from '../model/calendar/dates.ts'
import type { Schedule } from '../model/definition.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'
import { toStableJson } from './stable-json.ts'

/** Whoever has cycles: a product, or an external. */
export type Goer = Schedule & { product: ProductId }

export interface CycleEffect {
  product: ProductId
  gains: CycleKey[]
  loses: CycleKey[]
  /** The cycle stays, and is of or on another date. */
  moves: { key: CycleKey; from: string; to: string }[]
}

type Effect = Omit<CycleEffect, 'product'>

interface CalendarEdit {
  before: CalendarDefinition
  after: CalendarDefinition
  /** Dates that open or close. */
  dates: string[]
}

/** Those that anything happens to; many products go by one schedule, which is looked at once. */
export function effectsOf(edit: CalendarEdit, goers: readonly Goer[]): CycleEffect[] {
  const known = new Map<string, Effect>()
  return goers.flatMap(({ product, every, calendar, timezone, onNonBusinessDay }) => {
    const schedule: Schedule = { every, calendar, timezone, ...(onNonBusinessDay ? { onNonBusinessDay } : {}) }
    const name = toStableJson(schedule)
    const effect = known.get(name) ?? effectOn(edit, schedule)
    known.set(name, effect)
    return effect.gains.length + effect.loses.length + effect.moves.length > 0 ? [{ product, ...effect }] : []
  })
}

function effectOn({ before, after, dates }: CalendarEdit, schedule: Schedule): Effect {
  const [old, now] = [toCalendars([before]), toCalendars([after])]
  const effect: Effect = { gains: [], loses: [], moves: [] }
  for (const key of keysNear(schedule, dates)) {
    const [was, is] = [placeCycle(old, schedule, key), placeCycle(now, schedule, key)]
    if (was.kind === 'none' && is.kind === 'due') effect.gains.push(key)
    if (was.kind === 'due' && is.kind === 'none') effect.loses.push(key)
    if (was.kind === 'none' || is.kind === 'none') continue
    if (was.dueDate !== is.dueDate) effect.moves.push({ key, from: was.dueDate, to: is.dueDate })
  }
  return effect
}

/** The keys that may be touched, oldest first; none of a schedule that no business day counts for. */
function keysNear({ every, onNonBusinessDay }: Schedule, dates: string[]): CycleKey[] {
  const { period, on } = toCadence(every)
  if (on !== 'business-day' && onNonBusinessDay === undefined) return []
  const isShifted = onNonBusinessDay === 'next' || onNonBusinessDay === 'previous'
  // An hour is named in UTC, and may be of the day before or after in its zone.
  const margin = isShifted ? MOST_SHIFTED_DAYS : period === 'hour' ? 1 : 0
  const near = dates.flatMap((date) => keysOver(period, addDays(date, -margin), addDays(date, margin)))
  return [...new Set(near)].sort()
}
