// What an author says of a calendar, as model/calendar-file.schema.ts reads it: rules, not yet dates (expand.ts).

export const WEEKDAY_WORDS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type WeekdayWord = (typeof WEEKDAY_WORDS)[number]

/** Where a holiday is observed that falls on a Saturday; the last is rule 7.2 of the NYSE. */
export const SATURDAY_MOVES = ['none', 'previous', 'next', 'previous-unless-month-end'] as const
export const SUNDAY_MOVES = ['none', 'previous', 'next'] as const
export type Move = (typeof SATURDAY_MOVES)[number]

export interface WeekPeriod {
  from: string
  /** Last date; absent: until the next period begins. */
  to?: string | undefined
  open: WeekdayWord[]
}

export interface HolidayRule {
  name: string
  /** Words that date-rule.ts reads. */
  on: string
  since?: string | undefined
  until?: string | undefined
  /** Years without it. */
  except?: number[] | undefined
  saturday?: Move | undefined
  sunday?: Move | undefined
}

export type AdHocDate = string | { date: string; why?: string | undefined }

export interface EarlyCloseRule {
  name?: string | undefined
  why?: string | undefined
  /** Words that date-rule.ts reads; else `date`. */
  on?: string | undefined
  date?: string | undefined
  /** Wall time `HH:MM`. */
  at: string
  /** Only when it falls on one of these. */
  weekdays?: WeekdayWord[] | undefined
  since?: string | undefined
  until?: string | undefined
  except?: number[] | undefined
}

export interface CalendarFile {
  calendar: string
  description?: string | undefined
  covers?: { from: string; to: string } | undefined
  /** Of a calendar that extends none: it has `covers` and `week`. */
  week?: (WeekdayWord | WeekPeriod)[] | undefined
  extends?: string | { all?: string[] | undefined; any?: string[] | undefined } | undefined
  holidays: HolidayRule[]
  remove: AdHocDate[]
  add: AdHocDate[]
  earlyClose: EarlyCloseRule[]
}

/** What is wrong with a calendar beyond its grammar; `path` leads to the place in its document. */
export interface CalendarFault {
  calendar: string
  path: (string | number)[]
  /** The place is that of the key, not of what it holds. */
  on?: 'key'
  message: string
  /** Said, and allowed: what the document extends says so already, which its author may not know of. */
  isNote?: true
}

/** Names of the calendars that a document builds on. */
export function basesOf({ extends: others }: CalendarFile): string[] {
  if (others === undefined) return []
  return typeof others === 'string' ? [others] : (others.all ?? others.any ?? [])
}

export const dateOf = (entry: AdHocDate): string => (typeof entry === 'string' ? entry : entry.date)
/** Where the date stands in an entry. */
export const pathOfDate = (entry: AdHocDate): string[] => (typeof entry === 'string' ? [] : ['date'])
export const whyOf = (entry: AdHocDate): string | undefined => (typeof entry === 'string' ? undefined : entry.why)

/** These, and what they build on, directly or through others; nearest first. Of a name without a document nothing follows. */
export function withBases(
  names: Iterable<string>,
  fileOf: (name: string) => CalendarFile | undefined,
): ReadonlySet<string> {
  const reached = new Set(names)
  // A set that grows while it is gone through hands out what came.
  for (const name of reached) {
    const file = fileOf(name)
    for (const base of file ? basesOf(file) : []) reached.add(base)
  }
  return reached
}
