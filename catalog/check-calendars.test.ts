// Calendars on which nothing, or nearly nothing, comes due. From 2026-11-20 on (samples.test-data.ts).
import { describe, expect, test } from 'vitest'
import { domainText, notesIn, problemsIn, productText } from './samples.test-data.ts'

const WEEK = 'week: [monday, tuesday, wednesday, thursday, friday]\n'
const covering = (from: string, to: string, week = WEEK): string =>
  `calendar: own\ncovers: { from: ${from}, to: ${to} }\n${week}`

describe('a calendar that is dead is noted', () => {
  test.each<[string, string, string[]]>([
    [
      'it ended',
      covering('2020-01-01', '2026-11-19'),
      ['c.yaml:2:33: covers.to: calendar "own" ended on 2026-11-19; nothing that goes by it comes due any more'],
    ],
    ['it ends today', covering('2020-01-01', '2026-11-20'), []],
    [
      'what it extends ended',
      `${covering('2020-01-01', '2025-12-31')}---\ncalendar: desk\nextends: own\n`,
      [
        'c.yaml:2:33: covers.to: calendar "own" ended on 2025-12-31; nothing that goes by it comes due any more',
        'c.yaml:6:10: extends: calendar "desk" ended on 2025-12-31; nothing that goes by it comes due any more',
      ],
    ],
    [
      'it covers one day',
      covering('2026-12-09', '2026-12-09'),
      ['c.yaml:2:9: covers: calendar "own" covers one day only, 2026-12-09'],
    ],
    [
      'it has no weekday',
      covering('2020-01-01', '2030-12-31', 'week: []\n').replace('week: []', 'week: [{ from: 2020-01-01, open: [] }]'),
      ['c.yaml:3:7: week: calendar "own" has no open day from 2026-11-20 to 2030-12-31'],
    ],
    [
      'it has no open day any more',
      covering('2020-01-01', '2030-12-31').replace(
        WEEK,
        'week:\n  - { from: 2020-01-01, open: [monday] }\n  - { from: 2026-11-17, open: [] }\n',
      ),
      ['c.yaml:4:3: week: calendar "own" has no open day from 2026-11-20 to 2030-12-31'],
    ],
    [
      'all of weeks that have no day in common',
      `${covering('2020-01-01', '2030-12-31', 'week: [saturday]\n')}---\ncalendar: both\nextends: { all: [own, weekdays] }\n`,
      ['c.yaml:6:17: extends.all: calendar "both" has no open day from 2026-11-20 to 2030-12-31'],
    ],
    [
      'of what it extends it opens one day',
      `${covering('2020-01-01', '2030-12-31', 'week: [{ from: 2020-01-01, open: [] }]\nadd: [2027-01-04]\n')}`,
      [],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn({ 'c.yaml': text })).toEqual([])
    expect(notesIn({ 'c.yaml': text })).toEqual(says)
  })
})

describe('a product', () => {
  const around = (product: string, calendar = '') => ({
    ...{ 'domain.yaml': domainText('d1'), 'a.yaml': product },
    ...(calendar ? { 'c.yaml': calendar } : {}),
  })

  test.each<[string, Record<string, string>, string[]]>([
    [
      'of a business day that no month has',
      around(
        productText('d1/a', 'calendar: own\n', 'nth-business-day(6)'),
        covering('2020-01-01', '2030-12-31', 'week: [monday]\n'),
      ),
      [
        'a.yaml:2:8: every: d1/a would have no cycle from 2026-11-20 to 2028-11-19, not in 2026-11: own has fewer than 6 business days in it',
      ],
    ],
    [
      'whose last cycle was due this month',
      around(productText('d1/a', 'calendar: own\n', 'nth-business-day(3)'), covering('2020-01-01', '2026-11-25')),
      [
        'a.yaml:2:8: every: d1/a would have no cycle from 2026-11-20 to 2028-11-19; calendar own covers 2020-01-01 to 2026-11-25',
      ],
    ],
    [
      'of a calendar that ended',
      around(productText('d1/a', 'calendar: own\n', 'business-day'), covering('2020-01-01', '2026-01-31')),
      [
        'a.yaml:4:11: calendar: d1/a would have no cycle from 2026-11-20 to 2028-11-19: calendar own has no open day then',
      ],
    ],
    [
      'of the calendar of its domain, that has no open day',
      {
        ...around(
          productText('d1/a', '', 'month-end(business)'),
          covering('2020-01-01', '2030-12-31', 'week: [{ from: 2020-01-01, open: [] }]\n'),
        ),
        'domain.yaml': domainText('d1', ['weekdays', 'own']),
      },
      ['a.yaml:2:8: every: d1/a would have no cycle from 2026-11-20 to 2028-11-19: calendar own has no open day then'],
    ],
    [
      'that skips each of its days',
      around(
        productText('d1/a', 'calendar: own\nonNonBusinessDay: skip\n'),
        covering('2020-01-01', '2030-12-31', 'week: [{ from: 2020-01-01, open: [] }]\n'),
      ),
      [
        'a.yaml:4:11: calendar: d1/a would have no cycle from 2026-11-20 to 2028-11-19: calendar own has no open day then',
      ],
    ],
    [
      'of each day, whatever the calendar',
      around(productText('d1/a', 'calendar: own\n'), covering('2020-01-01', '2026-01-31')),
      [],
    ],
    [
      'of a calendar that begins within two years',
      around(productText('d1/a', 'calendar: own\n', 'business-day'), covering('2028-01-01', '2030-12-31')),
      [],
    ],
  ])('%s', (_, files, says) => {
    expect(problemsIn(files)).toEqual(says)
  })

  const closes = (dates: string): string =>
    `${covering('2020-01-01', '2030-12-31', 'week: [{ from: 2020-01-01, open: [] }]\n')}add: [${dates}]\n`
  const quarterly = '2026-09-30, 2026-12-31, 2027-03-31, 2027-06-30, 2027-09-30, 2027-12-31, 2028-03-31, 2028-06-30'

  test.each<[string, string, string, string[]]>([
    [
      'forward',
      'next',
      `${quarterly}, 2028-12-29`,
      [
        'a.yaml:5:19: onNonBusinessDay: d1/a would never open its cycle 2027-01: own is closed so long that "next" moves it to 2027-03-31, more than 31 days after it ends',
      ],
    ],
    [
      'backward',
      'previous',
      `${quarterly}, 2028-12-29`,
      [
        'a.yaml:5:19: onNonBusinessDay: d1/a would never open its cycle 2027-02: own is closed so long that "previous" moves it to 2026-12-31, more than 31 days before it begins',
      ],
    ],
  ])('that a row of closed days would move farther %s than anybody looks is refused', (_, shift, dates, says) => {
    const files = around(productText('d1/a', `calendar: own\nonNonBusinessDay: ${shift}\n`, 'month'), closes(dates))
    expect(problemsIn(files)).toEqual(says)
    expect(problemsIn({ ...files, 'a.yaml': productText('d1/a', 'calendar: own\n', 'month') })).toEqual([])
  })

  test('that a row of closed days moves by a month is right', () => {
    const monthEnds = ['2026-11-30', '2026-12-30', '2027-01-30', '2027-03-02', '2027-03-31', '2027-04-30']
    const files = around(
      productText('d1/a', 'calendar: own\nonNonBusinessDay: next\n', 'month'),
      closes(monthEnds.join(', ')),
    )
    expect(problemsIn(files)).toEqual([])
  })

  test('of a business day is not blamed for months that its calendar does not cover', () => {
    const files = around(
      productText('d1/a', 'calendar: own\n', 'nth-business-day(3)'),
      covering('2020-01-01', '2027-06-30'),
    )
    expect([...problemsIn(files), ...notesIn(files)]).toEqual([])
  })

  test.each([
    [19, []],
    [
      22,
      [
        'a.yaml:2:8: every: nth-business-day(22) comes in 9 of 25 months only, not in 2026-11: us-equities has fewer than 22 business days in it',
      ],
    ],
    [
      23,
      [
        'a.yaml:2:8: every: nth-business-day(23) comes in 2 of 25 months only, not in 2026-11: us-equities has fewer than 23 business days in it',
      ],
    ],
  ])('of the %ith business day is noted where not every month has it', (nth, says) => {
    const files = around(productText('d1/a', 'calendar: us-equities\n', `nth-business-day(${nth})`))
    expect(problemsIn(files)).toEqual([])
    expect(notesIn(files)).toEqual(says)
  })
})
