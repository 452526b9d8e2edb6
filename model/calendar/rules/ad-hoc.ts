// Dates that are closed or open by decree. In: a draft, the entries of `remove:` and `add:`. Out: the draft with them.
// Never: an entry without effect that is not told, with the rule by which the date is so already; a date said twice
// (document-faults.ts tells).
import { type AdHocDate, dateOf, pathOfDate, whyOf } from './calendar-file.ts'
import { type CalendarDefinition, dayOf } from '../calendars.ts'
import { close, type Draft, type Fault, wasOpen, whyNotCovered } from './draft.ts'

export const removeDates = ({ draft, base }: Draft, entries: readonly AdHocDate[]): Fault[] =>
  eachDate(draft, { key: 'remove', entries }, (date, why = 'Closed ad hoc') => {
    const { open, rule } = dayOf(draft, date)
    if (!open) return without(`is closed already: ${rule}`, wasOpen(base, date) === false)
    close(draft, date, why)
    return undefined
  })

export const addDates = ({ draft, base }: Draft, entries: readonly AdHocDate[]): Fault[] =>
  eachDate(draft, { key: 'add', entries }, (date, why = 'Open ad hoc') => {
    const { open, rule } = dayOf(draft, date)
    if (open) return without(`is open already: ${rule}`, wasOpen(base, date) === true)
    delete draft.closed[date]
    draft.opened[date] = why
    return undefined
  })

type Effect = Pick<Fault, 'message' | 'isNote'> | undefined

/** An entry without effect: a slip of its author, unless what the document extends has come to say the same. */
const without = (message: string, isOfBase: boolean): Effect =>
  isOfBase ? { message: `${message}; this changes nothing`, isNote: true } : { message }

function eachDate(
  draft: CalendarDefinition,
  { key, entries }: { key: string; entries: readonly AdHocDate[] },
  change: (date: string, why: string | undefined) => Effect,
): Fault[] {
  const seen = new Set<string>()
  return entries.flatMap((entry, index): Fault[] => {
    const date = dateOf(entry)
    if (seen.has(date)) return []
    seen.add(date)
    const notCovered = whyNotCovered(draft, date)
    const fault: Effect = notCovered === undefined ? change(date, whyOf(entry)) : { message: notCovered }
    return fault ? [{ ...fault, path: [key, index, ...pathOfDate(entry)], message: `${date} ${fault.message}` }] : []
  })
}
