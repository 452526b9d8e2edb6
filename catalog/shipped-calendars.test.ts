// Golden lists: typed in from what the publishers say (NYSE, SIFMA, the Reserve Banks), never from the output.
import { describe, expect, test } from 'vitest'
import { readPrices } from '../examples/feed.ts'
import { type CalendarDefinition, dayOf } from '../model/calendar/calendars.ts'
import { toDate, toDayNumber } from '../model/calendar/day-numbers.ts'
import { shippedCalendars } from './shipped-calendars.ts'

function shipped(name: string): CalendarDefinition {
  const calendar = shippedCalendars.find(name)
  if (!calendar) throw new Error(`No calendar ${name}.`)
  return calendar
}

const datesFrom = (from: string, to: string): string[] =>
  Array.from({ length: toDayNumber(to) - toDayNumber(from) + 1 }, (_none, index) => toDate(toDayNumber(from) + index))

const datesOf = (year: number): string[] => datesFrom(`${year}-01-01`, `${year}-12-31`)

const isWeekday = (date: string): boolean => ![0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay())

/** Closed weekdays as `MM-DD`. */
const holidays = (name: string, year: number): string[] =>
  datesOf(year)
    .filter((date) => isWeekday(date) && !dayOf(shipped(name), date).open)
    .map((date) => date.slice(5))

/** `MM-DD` and, where it is not the usual one, the hour. */
const earlyCloses = (name: string, year: number, usual: string): string[] =>
  datesOf(year).flatMap((date) => {
    const { earlyClose } = dayOf(shipped(name), date)
    return earlyClose ? [earlyClose === usual ? date.slice(5) : `${date.slice(5)} ${earlyClose}`] : []
  })

describe('us-equities', () => {
  test.each<[year: number, closed: string, early: string]>([
    [2000, '01-17 02-21 04-21 05-29 07-04 09-04 11-23 12-25', '07-03 11-24'],
    [2001, '01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25', '07-03 11-23 12-24'],
    [2002, '01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25', '07-05 11-29 12-24'],
    [2003, '01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25', '07-03 11-28 12-24 12-26'],
    [2004, '01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24', '11-26'],
    [2007, '01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25', '07-03 11-23 12-24'],
    [2010, '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24', '11-26'],
    [2012, '01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25', '07-03 11-23 12-24'],
    [2013, '01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25', '07-03 11-29 12-24'],
    [2018, '01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25', '07-03 11-23 12-24'],
    [2019, '01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25', '07-03 11-29 12-24'],
    [2021, '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24', '11-26'],
    [2022, '01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26', '11-25'],
    [2024, '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25', '07-03 11-29 12-24'],
    [2025, '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25', '07-03 11-28 12-24'],
    [2026, '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25', '11-27 12-24'],
    [2027, '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24', '11-26'],
    [2028, '01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25', '07-03 11-24'],
  ])('%i', (year, closed, early) => {
    expect(holidays('us-equities', year).join(' ')).toBe(closed)
    expect(earlyCloses('us-equities', year, '13:00').join(' ')).toBe(early)
  })

  test('the S&P 500 traded on its open dates and no others, 2000-01-03 to 2020-04-17', () => {
    const traded = readPrices().map(({ date }) => date)
    const [first = '', last = ''] = [traded[0], traded.at(-1)]
    expect([first, last]).toEqual(['2000-01-03', '2020-04-17'])
    const open = datesFrom(first, last).filter((date) => dayOf(shipped('us-equities'), date).open)
    expect(open).toEqual(traded)
  })

  test('as many days a year as the exchange counts', () => {
    const counted = Array.from(
      { length: 29 },
      (_none, index) => datesOf(2000 + index).filter((date) => dayOf(shipped('us-equities'), date).open).length,
    )
    expect(counted).toEqual([
      ...[252, 248, 252, 252, 252, 252, 251, 251, 253, 252],
      ...[252, 252, 250, 252, 252, 252, 252, 251, 251, 252],
      ...[253, 252, 251, 250, 252, 250, 251, 251, 251],
    ])
  })

  test.each([
    ['2026-04-03', 'Good Friday'],
    ['2027-12-24', 'Christmas Day, observed'],
    ['2027-07-05', 'Independence Day, observed'],
    ['2025-01-09', 'National day of mourning for President Carter'],
    ['2026-11-27', 'Day after Thanksgiving Day'],
    ['2026-11-24', 'Tuesday'],
    ['2026-11-28', 'Saturday'],
  ])('%s: %s', (date, rule) => {
    expect(dayOf(shipped('us-equities'), date).rule).toBe(rule)
  })
})

describe('us-banking', () => {
  test.each<[year: number, closed: string]>([
    [2000, '01-17 02-21 05-29 07-04 09-04 10-09 11-23 12-25'],
    [2001, '01-01 01-15 02-19 05-28 07-04 09-03 10-08 11-12 11-22 12-25'],
    [2004, '01-01 01-19 02-16 05-31 07-05 09-06 10-11 11-11 11-25'],
    [2021, '01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25'],
    [2022, '01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26'],
    [2025, '01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25'],
    [2026, '01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25'],
    [2027, '01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25'],
  ])('%i', (year, closed) => {
    expect(holidays('us-banking', year).join(' ')).toBe(closed)
  })

  test('it never closes early', () => {
    expect(shipped('us-banking').earlyClose).toEqual({})
  })
})

describe('us-bonds', () => {
  test.each<[year: number, closed: string, early: string]>([
    [2010, '01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 12-24', '04-02 12:00 05-28 11-26 12-23'],
    [
      2012,
      '01-02 01-16 02-20 05-28 07-04 09-03 10-08 10-30 11-12 11-22 12-25',
      '04-06 12:00 05-25 10-29 12:00 11-23 12-24 12-31',
    ],
    [
      2018,
      '01-01 01-15 02-19 03-30 05-28 07-04 09-03 10-08 11-12 11-22 12-05 12-25',
      '03-29 05-25 07-03 11-23 12-24 12-31',
    ],
    [2021, '01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 12-24', '04-02 12:00 05-28 07-02 11-26 12-23 12-31'],
    [2022, '01-17 02-21 04-15 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26', '04-14 05-27 07-01 11-25 12-23 12-30'],
    [
      2025,
      '01-01 01-20 02-17 04-18 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25',
      '01-09 04-17 05-23 07-03 11-28 12-24 12-31',
    ],
  ])('%i', (year, closed, early) => {
    expect(holidays('us-bonds', year).join(' ')).toBe(closed)
    expect(earlyCloses('us-bonds', year, '14:00').join(' ')).toBe(early)
  })

  test.each([
    ['2000-11-10', true, 'Veterans Day on a Saturday'],
    ['2001-09-12', false, 'the day after the attack'],
    ['2001-09-13', true, 'the day on which bonds traded again'],
    ['2004-06-11', false, 'the mourning for President Reagan'],
    ['2004-12-31', true, "New Year's Day on a Saturday"],
    ['2007-01-02', true, 'the mourning for President Ford'],
    ['2017-11-10', true, 'Veterans Day on a Saturday'],
    ['2021-06-18', true, 'Juneteenth in the week of its law'],
  ])('%s is open: %s (%s), as the yields of that day say', (date, open) => {
    expect(dayOf(shipped('us-bonds'), date).open).toBe(open)
  })
})

describe('the calendars differ', () => {
  const open = (date: string): string =>
    ['us-equities', 'us-bonds', 'us-banking'].filter((name) => dayOf(shipped(name), date).open).join(' ')

  test.each([
    ['Veterans Day', '2026-11-11', 'us-equities'],
    ['Columbus Day', '2026-10-12', 'us-equities'],
    ['Good Friday', '2027-03-26', 'us-banking'],
    ['Good Friday with the employment report', '2026-04-03', 'us-bonds us-banking'],
    ['the mourning for President Carter', '2025-01-09', 'us-bonds us-banking'],
    ['the attack of 2001', '2001-09-11', 'us-banking'],
    ['Juneteenth on a Saturday', '2027-06-18', 'us-banking'],
    ['Christmas Day on a Saturday', '2027-12-24', 'us-banking'],
    ["New Year's Day on a Saturday", '2027-12-31', 'us-equities us-bonds us-banking'],
    ['a day like any other', '2026-11-24', 'us-equities us-bonds us-banking'],
  ])('%s', (_, date, names) => {
    expect(open(date)).toBe(names)
  })
})

test('weekdays are Monday to Friday, holidays included, for three hundred years', () => {
  const weekdays = shipped('weekdays')
  expect([weekdays.from, weekdays.to]).toEqual(['1900-01-01', '2199-12-31'])
  const dates = [...datesOf(1900), ...datesOf(2026), ...datesOf(2199)]
  expect(dates.filter((date) => dayOf(weekdays, date).open)).toEqual(dates.filter(isWeekday))
})

test('each has its name, a description and the years that are promised', () => {
  for (const name of shippedCalendars.names) {
    const { calendar, description, from, to } = shipped(name)
    expect(calendar).toBe(name)
    expect(description).not.toBe('')
    expect(from <= '2000-01-01' && to >= '2028-12-31').toBe(true)
  }
  expect(shippedCalendars.find('us-moon')).toBeUndefined()
})

test('what the catalog carries is JSON, and no larger than it need be', () => {
  for (const name of shippedCalendars.names) {
    const calendar = shipped(name)
    const text = JSON.stringify(calendar)
    expect(JSON.parse(text)).toEqual(calendar)
    expect(text.length).toBeLessThan(50_000)
  }
})
