// What is wrong with a calendar's document whatever its dates turn out to be. In: one document. Out: all of it at once.
// Never: anything that another document or a decided date is needed for (expand.ts).
import { didYouMean } from '../../nearest.ts'
import { type AdHocDate, type CalendarFile, dateOf, pathOfDate } from './calendar-file.ts'
import { holidayIn, parseDateRule } from './date-rule.ts'
import type { Fault } from './draft.ts'
import { whyNoHoliday } from './holidays.ts'
import { whyNoRange } from './weeks.ts'

export const faultsOfDocument = (file: CalendarFile): Fault[] => [
  ...faultsOfFrame(file),
  ...faultsOfHolidays(file),
  ...datesTwice('remove', file.remove),
  ...datesTwice('add', file.add),
  ...datesInBoth(file),
  ...faultsOfEarlyCloses(file),
]

/** What it covers, and its week. */
function faultsOfFrame({ covers, week, extends: others }: CalendarFile): Fault[] {
  const range = (covers && whyNoRange(covers)) ?? []
  if (others !== undefined) {
    const message = 'a calendar that extends another has its week; leave out week, or extends'
    return [range, week ? { path: ['week'], message } : []].flat()
  }
  const missing = [covers ? '' : 'covers', week ? '' : 'week'].filter((key) => key !== '')
  const message = `${missing.join(' and ')} missing: a calendar says which dates it covers and which weekdays are open, or extends another`
  return [range, missing.length > 0 ? { path: [], message } : []].flat()
}

const faultsOfHolidays = ({ holidays }: CalendarFile): Fault[] =>
  holidays.flatMap(({ on }, index) => {
    const rule = parseDateRule(on)
    const message = rule && whyNoHoliday(rule)
    return message ? [{ path: ['holidays', index, 'on'], message }] : []
  })

function datesTwice(key: string, entries: readonly AdHocDate[]): Fault[] {
  const dates = entries.map(dateOf)
  return entries.flatMap((entry, index) =>
    dates.indexOf(dateOf(entry)) < index
      ? [{ path: [key, index, ...pathOfDate(entry)], message: `${dateOf(entry)} stands here twice` }]
      : [],
  )
}

function datesInBoth({ remove, add }: CalendarFile): Fault[] {
  const removed = new Set(remove.map(dateOf))
  return add.flatMap((entry, index) =>
    removed.has(dateOf(entry))
      ? [{ path: ['add', index], message: `${dateOf(entry)} stands in remove too; keep one of them` }]
      : [],
  )
}

function faultsOfEarlyCloses({ earlyClose, holidays }: CalendarFile): Fault[] {
  const names = holidays.map(({ name }) => name)
  const dates = earlyClose.map(({ date }) => date)
  return earlyClose.flatMap(({ date, on = '' }, index): Fault[] => {
    if (date !== undefined) {
      const isTwice = dates.indexOf(date) < index
      return isTwice ? [{ path: ['earlyClose', index, 'date'], message: `${date} stands here twice` }] : []
    }
    const rule = parseDateRule(on)
    const holiday = rule && holidayIn(rule)
    if (holiday === undefined || names.includes(holiday)) return []
    const message = `there is no holiday "${holiday}" in this calendar${didYouMean(holiday, names)}`
    return [{ path: ['earlyClose', index, 'on'], message }]
  })
}
