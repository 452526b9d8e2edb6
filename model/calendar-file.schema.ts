// The grammar of a document of kind `calendar`, once: it gives the parser, the types, the editors' JSON Schema.
// In: a YAML document as plain values. Out: the file's typed content, or all its faults by path.
// Never: anything that needs the dates themselves or a second calendar (calendar/expand.ts).
import { z } from 'zod'
import { type CalendarFile, SATURDAY_MOVES, SUNDAY_MOVES, WEEKDAY_WORDS } from './calendar/rules/calendar-file.ts'
import { parseDateRule } from './calendar/rules/date-rule.ts'
import { isDate } from './calendar/day-numbers.ts'
import type { Checked } from './definition.schema.ts'
import { plainText } from './definition-parts.schema.ts'
import { type SourceOf, toFindings } from './findings.schema.ts'
import { isName } from './ids.ts'

export type { CalendarFile } from './calendar/rules/calendar-file.ts'

const textWith = (faultOf: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = faultOf(text)
    if (message) context.addIssue({ code: 'custom', message })
  })

const calendarName = textWith((text) =>
  isName(text)
    ? undefined
    : `"${text.slice(0, 70)}" is no name of a calendar: lower-case letters, digits and hyphens inside, such as "us-equities"; at most 63`,
)

const EARLIEST = '1900-01-01'
const LATEST = '2199-12-31'

const date = textWith((text) => {
  if (!isDate(text)) {
    const looksRight = /^\d{4}-\d{2}-\d{2}$/.test(text)
    return looksRight ? `${text} is a date that does not exist` : `"${text}" is no date: year, month, day as 2026-12-09`
  }
  return text < EARLIEST || text > LATEST ? `${text} is out of range: ${EARLIEST} to ${LATEST}` : undefined
})

const dateRule = textWith((text) =>
  parseDateRule(text)
    ? undefined
    : `"${text}" is no rule: "12-25", "third monday of january", "last monday of may", "easter -2", "friday after fourth thursday of november" or "business day before Christmas Day"`,
)

const time = textWith((text) =>
  /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? undefined : `"${text}" is no time of day: HH:MM, such as "13:00"`,
)

const weekdayWord = z.enum(WEEKDAY_WORDS)
const why = plainText(200).meta({
  description: 'Why, in words that a reader sees beside the date',
  examples: ['National day of mourning'],
})
const since = date.optional().meta({ description: 'First date of the rule', examples: ['"2022-01-01"'] })
const until = date.optional().meta({ description: 'Last date of the rule', examples: ['"2012-12-31"'] })
const except = z
  .array(z.int())
  .optional()
  .meta({ description: 'Years in which the rule does not count', examples: ['[2010]'] })

const week = z.array(
  z.union([
    weekdayWord,
    z.strictObject({
      from: date.meta({ description: 'First date of this week', examples: ['"2000-01-01"'] }),
      to: date.optional().meta({
        description: 'Last date of this week; without it until the next begins',
        examples: ['"2013-06-28"'],
      }),
      open: z.array(weekdayWord).meta({
        description: 'Weekdays that are open',
        examples: ['[monday, tuesday, wednesday, thursday, friday]'],
      }),
    }),
  ]),
)

/** A rule without effect is a slip. */
function checkOrder(
  { since, until }: { since?: string | undefined; until?: string | undefined },
  context: z.RefinementCtx,
) {
  if (since !== undefined && until !== undefined && until < since)
    context.addIssue({ code: 'custom', message: `${until} is before ${since}, where the rule begins`, path: ['until'] })
}

const holiday = z
  .strictObject({
    name: plainText(200).meta({ description: 'What people call it', examples: ['Christmas Day'] }),
    on: dateRule.meta({
      description: 'On which day of each year',
      examples: ['"12-25"', 'third monday of january', 'last monday of may', 'easter -2'],
    }),
    since,
    until,
    except,
    saturday: z
      .enum(SATURDAY_MOVES)
      .optional()
      .meta({
        description:
          'Where it is observed when it falls on a Saturday: not at all (`none`, also without this key), on the open date ' +
          'before or after, or before unless that ends a month (rule 7.2 of the NYSE)',
        examples: ['previous-unless-month-end'],
      }),
    sunday: z
      .enum(SUNDAY_MOVES)
      .optional()
      .meta({
        description: 'Where it is observed when it falls on a Sunday',
        examples: ['next'],
      }),
  })
  .superRefine(checkOrder)

const adHocDate = z.union([
  date,
  z.strictObject({ date: date.meta({ description: 'The date', examples: ['"2025-01-09"'] }), why: why.optional() }),
])

const earlyClose = z
  .strictObject({
    name: plainText(200)
      .optional()
      .meta({ description: 'What people call that day', examples: ['Christmas Eve'] }),
    why: why.optional(),
    on: dateRule.optional().meta({
      description: 'On which day of each year; passed over where that is closed',
      examples: ['"12-24"', 'friday after fourth thursday of november', 'business day before Christmas Day'],
    }),
    date: date.optional().meta({ description: 'Or one date', examples: ['"2003-12-26"'] }),
    at: time.meta({ description: 'When the day ends, in the time of the market', examples: ['"13:00"'] }),
    weekdays: z
      .array(weekdayWord)
      .optional()
      .meta({ description: 'Only when it falls on one of these', examples: ['[monday, tuesday, thursday]'] }),
    since,
    until,
    except,
  })
  .superRefine(checkOrder)
  .superRefine((entry, context) => {
    const { on, date } = entry
    const say = (message: string, ...path: string[]): void => context.addIssue({ code: 'custom', message, path })
    if ((on === undefined) === (date === undefined)) say('write either on (a rule) or date (one date)')
    for (const key of ['weekdays', 'since', 'until', 'except'] as const)
      if (date !== undefined && on === undefined && entry[key] !== undefined)
        say('belongs to a rule (on), not to a date', key)
  })

const combination = z
  .strictObject({
    all: z
      .array(calendarName)
      .min(2, { error: 'names at least two calendars' })
      .optional()
      .meta({
        description: 'Open where all of these are',
        examples: ['[us-equities, us-banking]'],
      }),
    any: z
      .array(calendarName)
      .min(2, { error: 'names at least two calendars' })
      .optional()
      .meta({
        description: 'Open where one of these is',
        examples: ['[us-equities, us-bonds]'],
      }),
  })
  .superRefine(({ all, any }, context) => {
    if ((all === undefined) === (any === undefined))
      context.addIssue({ code: 'custom', message: 'write either all or any', path: [] })
  })

const MOST_DATES = 2_000
const MOST_RULES = 200

export const calendarFile = z
  .strictObject({
    calendar: calendarName.meta({
      description: 'Name of the calendar; that of a shipped one replaces it in this mesh',
      examples: ['us-equities'],
    }),
    description: plainText(2_000)
      .optional()
      .meta({ description: 'Whose days these are', examples: ['Days on which the New York Stock Exchange trades'] }),
    extends: z
      .union([calendarName, combination])
      .optional()
      .meta({
        description: 'The calendar or calendars that it builds on; its own name means the shipped one',
        examples: ['us-equities', '{ all: [us-equities, us-banking] }'],
      }),
    covers: z
      .strictObject({
        from: date.meta({ description: 'First date it says anything about', examples: ['"2000-01-01"'] }),
        to: date.meta({ description: 'Last date it says anything about', examples: ['"2028-12-31"'] }),
      })
      .optional()
      .meta({ description: 'The dates it decides; compulsory unless it extends another' }),
    week: week
      .min(1, { error: 'names no weekday' })
      .superRefine((parts, context) => {
        const isPlain = parts.map((part) => typeof part === 'string')
        if (isPlain.includes(true) && isPlain.includes(false))
          context.addIssue({ code: 'custom', message: 'mixes weekdays with blocks of from and open; write one kind' })
      })
      .optional()
      .meta({
        description: 'Weekdays that are open, or several such weeks with the dates from which they count',
        examples: ['[monday, tuesday, wednesday, thursday, friday]'],
      }),
    holidays: z
      .array(holiday)
      .max(MOST_RULES, { error: `has more than ${MOST_RULES} holidays` })
      .default([])
      .meta({ description: 'Days of each year that are closed' }),
    remove: z
      .array(adHocDate)
      .max(MOST_DATES, { error: `has more than ${MOST_DATES} dates` })
      .default([])
      .meta({
        description: 'Dates that are closed though the rules say open',
        examples: ['["2026-12-09"]', '[{ date: "2025-01-09", why: National day of mourning }]'],
      }),
    add: z
      .array(adHocDate)
      .max(MOST_DATES, { error: `has more than ${MOST_DATES} dates` })
      .default([])
      .meta({
        description: 'Dates that are open though the rules say closed',
        examples: ['[{ date: "2026-11-28", why: Stock taking }]'],
      }),
    earlyClose: z
      .array(earlyClose)
      .max(MOST_DATES, { error: `has more than ${MOST_DATES} early closes` })
      .default([])
      .meta({
        description: 'Open dates that end before the usual time',
        examples: ['[{ name: Christmas Eve, on: "12-24", at: "13:00" }]'],
      }),
  })
  .meta({ title: 'Calendar', description: 'Which dates are business days: rules, and dates that differ from them' })

/** The document of a calendar, typed, or everything that is wrong with it. */
export function checkCalendarFile(value: unknown, sourceOf: SourceOf): Checked<CalendarFile> {
  const result = calendarFile.safeParse(value)
  return result.success
    ? { kind: 'valid', file: result.data }
    : { kind: 'invalid', findings: toFindings(result.error.issues, { schema: calendarFile, value, sourceOf }) }
}
