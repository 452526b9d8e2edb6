// A calendar that is being made (expand.ts says in which order its rules are applied).
// In: a definition. Out: a copy to change, and what rules ask of it. Never: a change of the calendar that it came from.
import type { CalendarFault } from './calendar-file.ts'
import { type CalendarDefinition, dayOf, weekOf } from '../calendars.ts'
import { type DayNumber, toDate, weekdayOf } from '../day-numbers.ts'

export type Fault = Omit<CalendarFault, 'calendar'>

export interface Draft {
  draft: CalendarDefinition
  /** What the document extends, before any of its own rules; null when it extends nothing. */
  base: CalendarDefinition | null
}

/** Whether what the document extends is open then; undefined when it extends nothing. */
export const wasOpen = (base: CalendarDefinition | null, date: string): boolean | undefined =>
  base && isCovered(base, date) ? dayOf(base, date).open : undefined

export const draftOf = (definition: CalendarDefinition): CalendarDefinition => ({
  ...definition,
  closed: { ...definition.closed },
  opened: { ...definition.opened },
  earlyClose: { ...definition.earlyClose },
})

export const isCovered = ({ from, to }: CalendarDefinition, date: string): boolean => date >= from && date <= to

export const whyNotCovered = (draft: CalendarDefinition, date: string): string | undefined =>
  isCovered(draft, date) ? undefined : `is not covered: ${draft.calendar} covers ${draft.from} to ${draft.to}`

/** Also for dates beyond what it covers, by its first or last week: a holiday may be moved over the edge. */
export function isOpenOn(draft: CalendarDefinition, day: DayNumber): boolean {
  const date = toDate(day)
  if (draft.closed[date] !== undefined) return false
  return draft.opened[date] !== undefined || weekOf(draft, date).includes(weekdayOf(day))
}

export function close(draft: CalendarDefinition, date: string, rule: string): void {
  draft.closed[date] = rule
  delete draft.opened[date]
  delete draft.earlyClose[date]
}

/** The years whose holidays may touch what it covers: one more on each side, as holidays are moved. */
export function yearsOf({ from, to }: CalendarDefinition): number[] {
  const first = Number(from.slice(0, 4)) - 1
  return Array.from({ length: Number(to.slice(0, 4)) + 2 - first }, (_none, index) => first + index)
}

interface Validity {
  since?: string | undefined
  until?: string | undefined
  except?: number[] | undefined
}

/** Whether a rule counts on that date. */
export const isValidOn = (date: string, { since, until, except = [] }: Validity): boolean =>
  (since === undefined || date >= since) &&
  (until === undefined || date <= until) &&
  !except.includes(Number(date.slice(0, 4)))
