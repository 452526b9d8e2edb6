// Calendar documents as an author writes them: what they mean, and the exact lines a terminal shows where they are wrong.
import { describe, expect, test } from 'vitest'
import { type CalendarDefinition, type Calendars, dayOf } from '../model/calendar/calendars.ts'
import { sortProblems, toProblemText } from './problem.ts'
import { parseMesh } from './read-mesh.ts'
import { lay, resolveCalendars } from './resolve-calendars.ts'

/** Texts by the name of their file. */
function resolve(files: Record<string, string>) {
  const parsed = parseMesh(Object.entries(files).map(([file, text]) => ({ file, text })))
  const resolved = resolveCalendars(parsed.calendars, { isFaulty: (name) => parsed.faulty.names.includes(name) })
  return {
    ...resolved,
    problems: sortProblems([...parsed.problems, ...resolved.problems]).map(toProblemText),
    notes: sortProblems(resolved.notes).map(toProblemText),
  }
}

/** The calendar of that name; the files must be right. */
function calendarOf(text: string, name = 'own'): CalendarDefinition {
  const { calendars, problems } = resolve({ a: text })
  expect(problems).toEqual([])
  const found = calendars.get(name)
  if (!found) throw new Error(`No calendar ${name}.`)
  return found
}

/** The problems of one file, without its name. */
const problemsIn = (text: string): string[] => resolve({ a: text }).problems.map((line) => line.replace(/^a:/, ''))

const openIn = (calendar: CalendarDefinition, dates: string[]): string[] =>
  dates.filter((date) => dayOf(calendar, date).open)

const BASE = `calendar: own
covers: { from: 2026-01-01, to: 2026-12-31 }
week: [monday, tuesday, wednesday, thursday, friday]
`

describe('a calendar of its own', () => {
  test('is open on its weekdays, but for holidays', () => {
    const calendar = calendarOf(`${BASE}holidays:\n  - { name: Labour Day, on: 05-01 }\n`)
    expect(openIn(calendar, ['2026-04-30', '2026-05-01', '2026-05-02', '2026-05-04'])).toEqual([
      '2026-04-30',
      '2026-05-04',
    ])
    expect(dayOf(calendar, '2026-05-01').rule).toBe('Labour Day')
    expect([calendar.from, calendar.to]).toEqual(['2026-01-01', '2026-12-31'])
  })

  test('may have another week from some date on', () => {
    const calendar = calendarOf(`calendar: own
covers: { from: 2026-01-01, to: 2026-12-31 }
week:
  - { from: 2026-01-01, to: 2026-06-30, open: [sunday, monday, tuesday, wednesday, thursday] }
  - { from: 2026-07-01, open: [monday, tuesday, wednesday, thursday, friday] }
`)
    const dates = ['2026-06-26', '2026-06-28', '2026-07-03', '2026-07-05']
    expect(openIn(calendar, dates)).toEqual(['2026-06-28', '2026-07-03'])
  })

  test.each([
    ['none', 'none', '2021-12-24 2021-12-27 2022-12-23 2022-12-26'],
    ['previous', 'next', '2021-12-27 2022-12-23'],
    ['next', 'previous', '2021-12-24 2022-12-26'],
    ['previous-unless-month-end', 'next', '2021-12-27 2022-12-23'],
  ])('observes a Saturday %s and a Sunday %s', (saturday, sunday, open) => {
    const calendar = calendarOf(`calendar: own
covers: { from: 2021-01-01, to: 2022-12-31 }
week: [monday, tuesday, wednesday, thursday, friday]
holidays: [{ name: Christmas Day, on: 12-25, saturday: ${saturday}, sunday: ${sunday} }]
`)
    expect(openIn(calendar, ['2021-12-24', '2021-12-27', '2022-12-23', '2022-12-26']).join(' ')).toBe(open)
  })

  test('closes for a holiday that is moved over the end of what it covers', () => {
    const calendar = calendarOf(`calendar: own
covers: { from: 2021-01-01, to: 2021-12-31 }
week: [monday, tuesday, wednesday, thursday, friday]
holidays: [{ name: "New Year's Day", on: 01-01, saturday: previous }]
`)
    expect(dayOf(calendar, '2021-12-31')).toMatchObject({ open: false, rule: "New Year's Day, observed" })
    expect(Object.keys(calendar.closed)).toEqual(['2021-01-01', '2021-12-31'])
  })

  test('moves two holidays of one weekend to two days', () => {
    const calendar = calendarOf(`calendar: own
covers: { from: 2021-01-01, to: 2022-12-31 }
week: [monday, tuesday, wednesday, thursday, friday]
holidays:
  - { name: Christmas Day, on: 12-25, saturday: next, sunday: next }
  - { name: Boxing Day, on: 12-26, saturday: next, sunday: next }
`)
    expect(calendar.closed).toEqual({
      '2021-12-27': 'Christmas Day, observed',
      '2021-12-28': 'Boxing Day, observed',
      '2022-12-26': 'Boxing Day',
      '2022-12-27': 'Christmas Day, observed',
    })
  })

  test('keeps a holiday to the years that its dates say', () => {
    const calendar = calendarOf(`calendar: own
covers: { from: 2020-01-01, to: 2026-12-31 }
week: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
holidays: [{ name: Juneteenth, on: 06-19, since: 2022-01-01, until: 2025-12-31, except: [2024] }]
`)
    expect(Object.keys(calendar.closed)).toEqual(['2022-06-19', '2023-06-19', '2025-06-19'])
  })

  test('takes dates as an author types them, with and without a reason', () => {
    const calendar = calendarOf(`${BASE}remove:
  - 2026-12-09
  - "2026-12-10"
  - { date: 2026-12-11, why: Move of the office }
add: [2026-12-12]
`)
    expect(calendar.closed).toEqual({
      '2026-12-09': 'Closed ad hoc',
      '2026-12-10': 'Closed ad hoc',
      '2026-12-11': 'Move of the office',
    })
    expect(calendar.opened).toEqual({ '2026-12-12': 'Open ad hoc' })
  })

  test('closes early by rule where it is open, and of two rules by the first', () => {
    const calendar = calendarOf(`${BASE}holidays: [{ name: Christmas Day, on: 12-25 }]
earlyClose:
  - { name: Eves, on: business day before Christmas Day, at: "13:00" }
  - { name: Thursdays, on: 12-24, weekdays: [thursday], at: "14:00" }
  - { name: Mondays, on: 12-23, weekdays: [monday], at: "14:00" }
  - { name: Closed, on: 12-25, at: "14:00" }
  - { why: Fire drill, date: 2026-03-04, at: "11:30" }
`)
    expect(calendar.earlyClose).toEqual({
      '2026-03-04': { at: '11:30', rule: 'Fire drill' },
      '2026-12-24': { at: '13:00', rule: 'Eves' },
    })
  })
})

describe('a calendar that extends another', () => {
  const closure = `calendar: us-equities
extends: us-equities
remove: [{ date: 2026-12-09, why: National day of mourning }]
`

  test('of its own name is the shipped one with one edit, for this mesh', () => {
    const before = resolve({}).calendars.get('us-equities')
    const after = calendarOf(closure, 'us-equities')
    expect(after).toEqual({ ...before, closed: { ...before?.closed, '2026-12-09': 'National day of mourning' } })
    expect(dayOf(resolve({}).calendars.get('us-equities') ?? after, '2026-12-09').open).toBe(true)
  })

  test('sees the edit when it extends the edited one', () => {
    const calendar = calendarOf(`${closure}---\ncalendar: own\nextends: us-equities\nadd: [2026-12-12]\n`)
    expect(openIn(calendar, ['2026-12-09', '2026-12-10', '2026-12-12'])).toEqual(['2026-12-10', '2026-12-12'])
  })

  test('may come before the one it extends', () => {
    const calendar = calendarOf(`calendar: own\nextends: other\n---\n${BASE.replace('own', 'other')}`)
    expect([calendar.calendar, calendar.from]).toEqual(['own', '2026-01-01'])
  })

  test('may re-open what the other closes, and says why', () => {
    const calendar = calendarOf(`calendar: own\nextends: us-equities\nadd: [{ date: 2026-12-25, why: Year-end run }]\n`)
    expect(dayOf(calendar, '2026-12-25')).toEqual({
      date: '2026-12-25',
      open: true,
      earlyClose: null,
      rule: 'Year-end run',
    })
  })

  test('may change, add or take away an early close', () => {
    const calendar = calendarOf(`calendar: own
extends: us-equities
remove: [2026-11-27]
earlyClose:
  - { name: Christmas Eve, on: 12-24, at: "12:00" }
  - { why: Fire drill, date: 2026-12-29, at: "15:00" }
`)
    const early = ['2026-11-27', '2026-12-24', '2026-12-29'].map((date) => dayOf(calendar, date).earlyClose)
    expect(early).toEqual([null, '12:00', '15:00'])
  })

  test('may add holidays, for the part of it that it covers', () => {
    const calendar = calendarOf(`calendar: own
description: The office
extends: weekdays
covers: { from: 2026-01-01, to: 2026-12-31 }
holidays: [{ name: Founders' Day, on: first monday of march }]
`)
    expect(calendar).toEqual({
      calendar: 'own',
      description: 'The office',
      from: '2026-01-01',
      to: '2026-12-31',
      weeks: [{ from: '2026-01-01', open: [1, 2, 3, 4, 5] }],
      closed: { '2026-03-02': "Founders' Day" },
      opened: {},
      earlyClose: {},
    })
  })
})

describe('several calendars as one', () => {
  const days = ['2026-04-03', '2026-10-12', '2026-11-11', '2026-11-25', '2026-11-26']

  test('all: open where each of them is, until the first closes', () => {
    const calendar = calendarOf('calendar: own\nextends: { all: [us-equities, us-bonds, us-banking] }\n')
    expect(openIn(calendar, days)).toEqual(['2026-11-25'])
    expect(dayOf(calendar, '2026-10-12').rule).toBe('Columbus Day (us-bonds)')
    expect(dayOf(calendar, '2026-11-27')).toMatchObject({ earlyClose: '13:00', rule: 'Day after Thanksgiving Day' })
  })

  test('any: open where one of them is, until the last closes', () => {
    const calendar = calendarOf('calendar: own\nextends: { any: [us-equities, us-bonds] }\n')
    expect(openIn(calendar, days)).toEqual(['2026-04-03', '2026-10-12', '2026-11-11', '2026-11-25'])
    expect(dayOf(calendar, '2026-11-26').rule).toBe('Thanksgiving Day (us-equities)')
    expect(dayOf(calendar, '2026-11-27').earlyClose).toBe('14:00')
    expect(dayOf(calendar, '2026-04-03').earlyClose).toBe('12:00')
    expect(dayOf(calendar, '2026-07-02').earlyClose).toBeNull()
  })

  test('they cover what all of them cover, each with the week it has then', () => {
    const calendar = calendarOf(`calendar: own
extends: { any: [us-equities, gulf] }
---
calendar: gulf
covers: { from: 2021-06-01, to: 2040-12-31 }
week:
  - { from: 2021-06-01, to: 2021-12-31, open: [sunday, monday, tuesday, wednesday, thursday] }
  - { from: 2022-01-01, open: [monday, tuesday, wednesday, thursday, friday] }
`)
    expect([calendar.from, calendar.to]).toEqual(['2021-06-01', '2028-12-31'])
    expect(openIn(calendar, ['2021-12-26', '2022-01-02', '2022-01-07'])).toEqual(['2021-12-26', '2022-01-07'])
  })
})

describe('what is wrong is said with its place', () => {
  const rule =
    'is no rule: "12-25", "third monday of january", "last monday of may", "easter -2", "friday after fourth thursday of november" or "business day before Christmas Day"'

  test.each<[name: string, text: string, says: string[]]>([
    [
      'a calendar of nothing',
      'calendar: own\n',
      [
        '1:1: covers and week missing: a calendar says which dates it covers and which weekdays are open, or extends another',
      ],
    ],
    ['a key that is none', `${BASE}holiday: []\n`, ['4:1: unknown key "holiday"; did you mean "holidays"?']],
    [
      'a name that is none',
      BASE.replace('own', 'Our_Days'),
      [
        '1:11: calendar: "Our_Days" is no name of a calendar: lower-case letters, digits and hyphens inside, such as "us-equities"; at most 63',
      ],
    ],
    [
      'an unknown calendar',
      'calendar: own\nextends: us-equites\n',
      ['2:10: extends: there is no calendar "us-equites"; did you mean "us-equities"?'],
    ],
    [
      'an unknown calendar of several',
      'calendar: own\nextends: { all: [us-equities, moon] }\n',
      ['2:31: extends.all[2]: there is no calendar "moon"; known: us-equities, us-bonds, us-banking, weekdays'],
    ],
    [
      'only one of several',
      'calendar: own\nextends: { any: [weekdays] }\n',
      ['2:17: extends.any: names at least two calendars'],
    ],
    ['itself', 'calendar: own\nextends: own\n', ['2:10: extends: it extends itself, and no calendar "own" is shipped']],
    [
      'a loop',
      'calendar: a\nextends: b\n---\ncalendar: b\nextends: { any: [c, weekdays] }\n---\ncalendar: c\nextends: a\n',
      ['8:10: extends: a loop, so none of these has any dates: a extends b extends c extends a'],
    ],
    ['two of one name', `${BASE}---\n${BASE}`, ['5:11: calendar "own" is defined already, at a:1']],
    [
      'a date that does not exist',
      `${BASE}remove: [2026-02-30]\n`,
      ['4:10: remove[1]: 2026-02-30 is a date that does not exist'],
    ],
    [
      'a date of a block that does not exist',
      `${BASE}remove:\n  - { date: 2026-13-01, why: x }\n`,
      ['5:13: remove[1].date: 2026-13-01 is a date that does not exist'],
    ],
    [
      'a date in another order',
      `${BASE}remove: [09.12.2026]\n`,
      ['4:10: remove[1]: "09.12.2026" is no date: year, month, day as 2026-12-09'],
    ],
    [
      'a date twice',
      `${BASE}remove:\n  - 2026-12-09\n  - { date: 2026-12-09 }\n`,
      ['6:13: remove[2].date: 2026-12-09 stands here twice'],
    ],
    [
      'a date removed and added',
      `${BASE}remove: [2026-12-09]\nadd: [2026-12-09]\n`,
      ['5:7: add[1]: 2026-12-09 stands in remove too; keep one of them'],
    ],
    [
      'a closure of a holiday',
      `${BASE}holidays: [{ name: Christmas Day, on: 12-25 }]\nremove: [2026-12-25, 2026-12-26]\n`,
      [
        '5:10: remove[1]: 2026-12-25 is closed already: Christmas Day',
        '5:22: remove[2]: 2026-12-26 is closed already: Saturday',
      ],
    ],
    [
      'a closure of a holiday that it adds itself to what it extends',
      `calendar: own\nextends: us-equities\nholidays: [{ name: Boxing Day, on: 12-26, saturday: next }]\nremove: [2026-12-28]\n`,
      ['4:10: remove[1]: 2026-12-28 is closed already: Boxing Day, observed'],
    ],
    [
      'an early close of a date that it removes, though what it extends closes it too',
      'calendar: own\nextends: us-equities\nremove: [2026-12-25]\nearlyClose: [{ date: 2026-12-25, at: "13:00" }]\n',
      ['4:22: earlyClose[1].date: 2026-12-25 is closed: Christmas Day; it cannot close early'],
    ],
    [
      'several things at once, each once',
      `${BASE}holidays: [{ name: A, on: business day before 12-25 }]
remove: [2026-12-09, 2026-12-09, 2027-01-04, 2026-12-12]
add: [2026-12-08, 2026-12-09]
earlyClose:
  - { on: day before Boxing Day, at: "13:00" }
  - { date: 2026-12-13, at: "13:00" }
`,
      [
        '4:27: holidays[1].on: a holiday decides what a business day is, so it cannot be beside one',
        '5:22: remove[2]: 2026-12-09 stands here twice',
        '5:34: remove[3]: 2027-01-04 is not covered: own covers 2026-01-01 to 2026-12-31',
        '5:46: remove[4]: 2026-12-12 is closed already: Saturday',
        '6:7: add[1]: 2026-12-08 is open already: Tuesday',
        '6:19: add[2]: 2026-12-09 stands in remove too; keep one of them',
        '8:11: earlyClose[1].on: there is no holiday "Boxing Day" in this calendar',
        '9:13: earlyClose[2].date: 2026-12-13 is closed: Sunday; it cannot close early',
      ],
    ],
    [
      'a frame that is wrong in several ways, and dates twice in it',
      `calendar: own\nextends: us-equites\ncovers: { from: 2026-12-31, to: 2026-01-01 }\nweek: [monday]\nadd: [2026-12-12, 2026-12-12]\n`,
      [
        '2:10: extends: there is no calendar "us-equites"; did you mean "us-equities"?',
        '3:33: covers.to: 2026-01-01 is before 2026-12-31, where the calendar begins',
        '4:7: week: a calendar that extends another has its week; leave out week, or extends',
        '5:19: add[2]: 2026-12-12 stands here twice',
      ],
    ],
    ['an open date added', `${BASE}add: [2026-12-09]\n`, ['4:7: add[1]: 2026-12-09 is open already: Wednesday']],
    [
      'a date that is not covered',
      'calendar: own\nextends: us-equities\nremove: [2030-01-02]\nearlyClose: [{ date: 1999-12-31, at: "13:00" }]\n',
      [
        '3:10: remove[1]: 2030-01-02 is not covered: own covers 2000-01-01 to 2028-12-31',
        '4:22: earlyClose[1].date: 1999-12-31 is not covered: own covers 2000-01-01 to 2028-12-31',
      ],
    ],
    [
      'an early close of a closed date',
      'calendar: own\nextends: us-equities\nearlyClose:\n  - { date: 2026-12-29, at: "13:00" }\n  - { date: 2026-12-28, at: "13:00" }\n  - { date: 2026-12-28, at: "13:30" }\nremove: [2026-12-29]\n',
      [
        '4:13: earlyClose[1].date: 2026-12-29 is closed: Closed ad hoc; it cannot close early',
        '6:13: earlyClose[3].date: 2026-12-28 stands here twice',
      ],
    ],
    [
      'an early close without a time, at no time, of nothing, of both',
      `${BASE}earlyClose:
  - { date: 2026-12-24 }
  - { date: 2026-12-24, at: 13 }
  - { date: 2026-12-24, at: "1pm" }
  - { at: "13:00" }
  - { at: "13:00", date: 2026-12-24, on: 12-24 }
  - { at: "13:00", date: 2026-12-24, weekdays: [monday] }
`,
      [
        '5:5: earlyClose[1].at is missing: when the day ends, in the time of the market',
        '6:29: earlyClose[2].at: 13 is a number in YAML; quote it: at: "13"',
        '7:29: earlyClose[3].at: "1pm" is no time of day: HH:MM, such as "13:00"',
        '8:5: earlyClose[4]: write either on (a rule) or date (one date)',
        '9:5: earlyClose[5]: write either on (a rule) or date (one date)',
        '10:48: earlyClose[6].weekdays: belongs to a rule (on), not to a date',
      ],
    ],
    ['a rule that is none', `${BASE}holidays: [{ name: A, on: xmas }]\n`, [`4:27: holidays[1].on: "xmas" ${rule}`]],
    [
      'rules that end before they begin',
      `${BASE}holidays: [{ name: A, on: 12-25, since: 2026-02-01, until: 2026-01-01 }]
earlyClose: [{ on: 12-24, at: "13:00", since: 2026-02-01, until: 2026-01-01 }]
`,
      [
        '4:60: holidays[1].until: 2026-01-01 is before 2026-02-01, where the rule begins',
        '5:66: earlyClose[1].until: 2026-01-01 is before 2026-02-01, where the rule begins',
      ],
    ],
    [
      'a holiday beside a business day',
      `${BASE}holidays: [{ name: A, on: business day before 12-25 }]\n`,
      ['4:27: holidays[1].on: a holiday decides what a business day is, so it cannot be beside one'],
    ],
    [
      'a holiday of a holiday',
      `${BASE}holidays: [{ name: A, on: Christmas Day }]\n`,
      ['4:27: holidays[1].on: "Christmas Day" is another holiday; write its rule instead'],
    ],
    [
      'an early close by a holiday that is none',
      `${BASE}holidays: [{ name: Christmas Day, on: 12-25 }]\nearlyClose: [{ on: day before Christmas Dya, at: "13:00" }]\n`,
      ['5:20: earlyClose[1].on: there is no holiday "Christmas Dya" in this calendar; did you mean "Christmas Day"?'],
    ],
    [
      'an observance that is none',
      `${BASE}holidays: [{ name: A, on: 12-25, saturday: friday }]\n`,
      ['4:44: holidays[1].saturday: expected none, previous, next or previous-unless-month-end, found "friday"'],
    ],
    [
      'a range backwards',
      BASE.replace('to: 2026-12-31', 'to: 2025-12-31'),
      ['2:33: covers.to: 2025-12-31 is before 2026-01-01, where the calendar begins'],
    ],
    [
      'a hundred years and more of holidays',
      `calendar: own\nextends: weekdays\nholidays: [{ name: A, on: 12-25 }]\n`,
      [
        '3:1: holidays: weekdays covers 1900-01-01 to 2199-12-31, and rules are worked out for at most 100 years; write covers: { from: …, to: … }',
      ],
    ],
    [
      'a hundred years and more that it says itself',
      `calendar: own\nextends: weekdays\ncovers: { from: 1950-01-01, to: 2050-12-31 }\nearlyClose: [{ on: 12-24, at: "13:00" }]\n`,
      ['3:9: covers: 1950-01-01 to 2050-12-31 is too long: with holidays at most 100 years'],
    ],
    [
      'more than the other covers',
      'calendar: own\nextends: us-equities\ncovers: { from: 2020-01-01, to: 2040-12-31 }\n',
      ['3:33: covers.to: us-equities covers 2000-01-01 to 2028-12-31 only'],
    ],
    [
      'a week of its own and of another',
      'calendar: own\nextends: us-equities\nweek: [monday]\n',
      ['3:7: week: a calendar that extends another has its week; leave out week, or extends'],
    ],
    [
      'a weekday that is none',
      BASE.replace('tuesday', 'teusday'),
      [
        '3:16: week[2]: expected monday, tuesday, wednesday, thursday, friday, saturday or sunday or a block of keys, found "teusday"',
      ],
    ],
    [
      'calendars that have no date in common',
      `calendar: all\nextends: { all: [us-equities, later] }\n---\ncalendar: later\ncovers: { from: 2030-01-01, to: 2030-12-31 }\nweek: [monday]\n`,
      [
        '2:17: extends.all: these cover no date together: us-equities 2000-01-01 to 2028-12-31, later 2030-01-01 to 2030-12-31',
      ],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })

  const weeks = (...periods: string[]): string =>
    `calendar: own\ncovers: { from: 2026-01-01, to: 2026-12-31 }\nweek:\n${periods.map((period) => `  - { ${period}, open: [monday] }\n`).join('')}`

  test.each<[name: string, text: string, says: string[]]>([
    [
      'a gap at the beginning',
      weeks('from: 2026-02-01'),
      ['4:13: week[1].from: a gap: no week says which days are open from 2026-01-01 to 2026-01-31'],
    ],
    [
      'a gap between two weeks',
      weeks('from: 2026-01-01, to: 2026-03-31', 'from: 2026-04-03'),
      ['5:13: week[2].from: a gap: no week says which days are open from 2026-04-01 to 2026-04-02'],
    ],
    [
      'a gap at the end',
      weeks('from: 2026-01-01, to: 2026-12-30'),
      ['4:29: week[1].to: a gap: no week says which days are open from 2026-12-31 to 2026-12-31'],
    ],
    [
      'an overlap',
      weeks('from: 2026-01-01, to: 2026-03-31', 'from: 2026-03-31'),
      ['5:13: week[2].from: 2026-03-31 is in the week before this one too, which lasts to 2026-03-31'],
    ],
    [
      'two weeks that begin together',
      weeks('from: 2026-01-01', 'from: 2026-01-01'),
      ['5:13: week[2].from: 2026-01-01 is not after 2026-01-01, where the week before this one begins'],
    ],
    [
      'a week that ends before it begins',
      weeks('from: 2026-01-01, to: 2025-12-30', 'from: 2026-01-01'),
      [
        '4:29: week[1].to: 2025-12-30 is before 2026-01-01, where this week begins',
        '5:13: week[2].from: a gap: no week says which days are open from 2025-12-31 to 2025-12-31',
      ],
    ],
    [
      'weekdays and weeks mixed',
      'calendar: own\ncovers: { from: 2026-01-01, to: 2026-12-31 }\nweek: [monday, { from: 2026-02-01, open: [tuesday] }]\n',
      ['3:7: week: mixes weekdays with blocks of from and open; write one kind'],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })

  test('once: what builds on a calendar with faults is not blamed for them', () => {
    const { problems, names } = resolve({
      a: 'calendar: a\nextends: b\n',
      b: `calendar: b\nextends: us-equities\nremove: [2029-12-25]\n`,
      c: 'calendar: c\nextends: d\n',
      d: 'calendar: d\nweak: [monday]\n',
    })
    expect(problems).toEqual([
      'b:3:10: remove[1]: 2029-12-25 is not covered: b covers 2000-01-01 to 2028-12-31',
      'd:2:1: unknown key "weak"; did you mean "week"?',
    ])
    expect([...names]).toEqual(['a', 'b', 'c', 'us-equities', 'us-bonds', 'us-banking', 'weekdays'])
  })
})

test('what it extends may come to say the same as the document: that is noted, and the calendar counts', () => {
  const { problems, notes, calendars } = resolve({
    base: 'calendar: us-equities\nextends: us-equities\nremove: [{ date: 2026-12-09, why: Mourning }]\nadd: [2026-12-12]\n',
    desk: `calendar: desk
extends: us-equities
remove: [2026-12-09, { date: 2026-12-25 }, 2026-12-16]
add: [{ date: 2026-12-12, why: Stock taking }, 2026-12-19]
earlyClose: [{ date: 2026-11-26, at: "13:00" }, { date: 2026-12-10, at: "13:00" }]
`,
  })
  expect(problems).toEqual([])
  expect(notes).toEqual([
    'desk:3:10: remove[1]: 2026-12-09 is closed already: Mourning; this changes nothing',
    'desk:3:30: remove[2].date: 2026-12-25 is closed already: Christmas Day; this changes nothing',
    'desk:4:15: add[1].date: 2026-12-12 is open already: Open ad hoc; this changes nothing',
    'desk:5:22: earlyClose[1].date: 2026-11-26 is closed: Thanksgiving Day; it cannot close early',
  ])
  const desk = calendars.get('desk')
  const days = ['2026-12-09', '2026-12-10', '2026-12-12', '2026-12-16', '2026-12-19']
  expect(desk && days.map((date) => dayOf(desk, date).rule)).toEqual([
    ...['Mourning', 'Early close', 'Open ad hoc', 'Closed ad hoc', 'Open ad hoc'],
  ])
})

test('a map of calendars answers as a map does, and holds none that is faulty', () => {
  const { calendars } = resolve({ a: `${BASE}---\ncalendar: us-bonds\nextends: own\nremove: [2027-12-26]\n` })
  expect([...calendars.keys()]).toEqual(['own', 'us-equities', 'us-banking', 'weekdays'])
  expect([...calendars].map(([name, { calendar }]) => name === calendar)).toEqual([true, true, true, true])
  expect([calendars.size, [...calendars.values()].length, new Map(calendars).size]).toEqual([4, 4, 4])
  expect([calendars.has('us-bonds'), calendars.get('us-bonds'), calendars.has('weekdays')]).toEqual([
    false,
    undefined,
    true,
  ])
})

test('calendars laid over others come first, and none is made before it is asked for', () => {
  const asked: string[] = []
  const make = (name: string): CalendarDefinition => ({ ...calendarOf(BASE), calendar: name, description: 'below' })
  const below: Calendars = Object.assign(
    new Map([
      ['own', make('own')],
      ['other', make('other')],
    ]),
    {
      get: (name: string) => (asked.push(name), make(name)),
    },
  )
  const laid = lay(new Map([['own', calendarOf(BASE)]]), below)
  expect([[...laid.keys()], laid.get('own')?.description, asked]).toEqual([['own', 'other'], '', []])
  expect([laid.get('other')?.description, laid.get('third'), asked]).toEqual(['below', undefined, ['other']])
})
