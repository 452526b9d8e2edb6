// Dates that are closed or open by decree. In: a draft, the entries of `remove:` and `add:`. Out: the draft with them.
// Never: an entry without effect; it is a slip of its author, who is told by which rule the date is so already.
import { type AdHocDate, dateOf, whyOf } from './calendar-file.ts'
import { type CalendarDefinition, dayOf } from '../calendars.ts'
import { close, type Fault, whyNotCovered } from './draft.ts'

export const removeDates = (draft: CalendarDefinition, entries: readonly AdHocDate[]): Fault[] =>
  eachDate(draft, { key: 'remove', entries }, (date, why = 'Closed ad hoc') => {
    const { open, rule } = dayOf(draft, date)
    if (!open) return `is closed already: ${rule}`
    close(draft, date, why)
    return undefined
  })

export const addDates = (draft: CalendarDefinition, entries: readonly AdHocDate[]): Fault[] =>
  eachDate(draft, { key: 'add', entries }, (date, why = 'Open ad hoc') => {
    const { open, rule } = dayOf(draft, date)
    if (open) return `is open already: ${rule}`
    delete draft.closed[date]
    draft.opened[date] = why
    return undefined
  })

function eachDate(
  draft: CalendarDefinition,
  { key, entries }: { key: string; entries: readonly AdHocDate[] },
  change: (date: string, why: string | undefined) => string | undefined,
): Fault[] {
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    const date = dateOf(entry)
    const path = typeof entry === 'string' ? [key, index] : [key, index, 'date']
    const fault = seen.has(date) ? 'stands here twice' : (whyNotCovered(draft, date) ?? change(date, whyOf(entry)))
    seen.add(date)
    return fault ? [{ path, message: `${date} ${fault}` }] : []
  })
}
