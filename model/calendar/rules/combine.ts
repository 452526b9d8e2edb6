// Several calendars as one. In: their definitions, `all` or `any`. Out: open where all of them are, or where one is.
// Never: a date that one of them does not cover.
import { type CalendarDay, type CalendarDefinition, dayOf, weekOf } from '../calendars.ts'

export type Combination = 'all' | 'any'

/** Null when there is no date that each of them covers. */
export function combine(members: readonly CalendarDefinition[], how: Combination): CalendarDefinition | null {
  const from = members.map((member) => member.from).reduce((a, b) => (a > b ? a : b))
  const to = members.map((member) => member.to).reduce((a, b) => (a < b ? a : b))
  if (from > to) return null
  const combined: CalendarDefinition = {
    ...{ calendar: '', description: '', from, to },
    weeks: weeksOf(members, how, { from, to }),
    ...{ closed: {}, opened: {}, earlyClose: {} },
  }
  for (const date of specialDates(members)) if (date >= from && date <= to) decide(combined, { members, how, date })
  return combined
}

function weeksOf(members: readonly CalendarDefinition[], how: Combination, { from, to }: { from: string; to: string }) {
  const begins = members.flatMap(({ weeks }) => weeks.map((week) => (week.from < from ? from : week.from)))
  const sorted = [...new Set(begins)].filter((begin) => begin <= to).sort()
  return sorted.map((begin) => {
    const open = members.map((member) => weekOf(member, begin))
    const isOpen = (weekday: number): boolean =>
      how === 'all' ? open.every((days) => days.includes(weekday)) : open.some((days) => days.includes(weekday))
    return { from: begin, open: [1, 2, 3, 4, 5, 6, 7].filter(isOpen) }
  })
}

/** On all other dates the weeks decide. */
const specialDates = (members: readonly CalendarDefinition[]): Set<string> =>
  new Set(members.flatMap(({ closed, opened, earlyClose }) => [closed, opened, earlyClose].flatMap(Object.keys)))

function decide(
  combined: CalendarDefinition,
  { members, how, date }: { members: readonly CalendarDefinition[]; how: Combination; date: string },
): void {
  const days = members.map((member) => ({ ...dayOf(member, date), of: member.calendar }))
  const open = days.filter((day) => day.open)
  const isOpen = how === 'all' ? open.length === days.length : open.length > 0
  const special = days.find((day) => day.open === isOpen)
  const rule = special ? `${special.rule} (${special.of})` : ''
  // What the combined week says of an ordinary day.
  const usual = dayOf(combined, date).open
  if (usual && !isOpen) combined.closed[date] = rule
  if (!usual && isOpen) combined.opened[date] = rule
  const early = isOpen ? earliestOrLatest(open, how) : undefined
  if (early?.earlyClose) combined.earlyClose[date] = { at: early.earlyClose, rule: early.rule }
}

/** Where all must be open, the first that closes ends the day; where one is enough, the last. */
function earliestOrLatest(open: readonly CalendarDay[], how: Combination): CalendarDay | undefined {
  const END = '24:00'
  const closeOf = ({ earlyClose }: CalendarDay): string => earlyClose ?? END
  const sorted = open.toSorted((a, b) => (closeOf(a) < closeOf(b) ? -1 : 1))
  return how === 'all' ? sorted[0] : sorted.at(-1)
}
