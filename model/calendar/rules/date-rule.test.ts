import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOfRule, parseDateRule } from './date-rule.ts'
import { isDate, toDate, toDayNumber, weekdayOf } from '../day-numbers.ts'

/** Monday to Friday; Christmas Day is the only holiday that has a name. */
const around = {
  holiday: (name: string, year: number) => (name === 'Christmas Day' ? toDayNumber(`${year}-12-25`) : null),
  isOpen: (day: number) => weekdayOf(day) < 6,
}

function dateOf(text: string, year: number): string | null | undefined {
  const rule = parseDateRule(text)
  const day = rule && dayOfRule(rule, year, around)
  return typeof day === 'number' ? toDate(day) : day
}

test.each([
  ['12-25', 2026, '2026-12-25'],
  ['02-29', 2024, '2024-02-29'],
  ['02-29', 2026, null],
  ['first monday of september', 2026, '2026-09-07'],
  ['third monday of january', 2026, '2026-01-19'],
  ['fourth thursday of november', 2026, '2026-11-26'],
  ['last monday of may', 2026, '2026-05-25'],
  ['fifth monday of may', 2026, null],
  ['fifth friday of may', 2026, '2026-05-29'],
  ['easter', 2000, '2000-04-23'],
  ['easter', 2008, '2008-03-23'],
  ['easter', 2011, '2011-04-24'],
  ['easter', 2026, '2026-04-05'],
  ['easter', 2038, '2038-04-25'],
  ['easter -2', 2027, '2027-03-26'],
  ['easter +1', 2027, '2027-03-29'],
  ['easter-2', 2028, '2028-04-14'],
  ['friday after fourth thursday of november', 2026, '2026-11-27'],
  ['day after fourth thursday of november', 2026, '2026-11-27'],
  ['friday before last monday of may', 2026, '2026-05-22'],
  ['monday before 05-25', 2026, '2026-05-18'],
  ['monday after monday after 05-25', 2026, '2026-06-08'],
  ['business day before 01-01', 2026, '2025-12-31'],
  ['business day before 01-01', 2028, '2027-12-31'],
  ['business day after 12-25', 2026, '2026-12-28'],
  ['business day before Christmas Day', 2028, '2028-12-22'],
  ['day before Boxing Day', 2028, null],
])('%s in %i is %s', (text, year, date) => {
  expect(dateOf(text, year)).toBe(date)
})

test.each([
  ...['', '13-01', '02-30', '2-3', 'sixth monday of may', 'first moonday of may', 'first monday of mai'],
  ...['easter -', 'easter 2', 'monday before', 'noday before 12-25', 'day before', 'day before 13-01', 'third monday'],
])('"%s" is no rule', (text) => {
  expect(parseDateRule(text)).toBeUndefined()
})

test('law: Easter is a Sunday from 22 March to 25 April', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1900, max: 2199 }), (year) => {
      const date = dateOf('easter', year) ?? ''
      expect(weekdayOf(toDayNumber(date))).toBe(7)
      expect(date >= `${year}-03-22` && date <= `${year}-04-25`).toBe(true)
    }),
  )
})

test('law: a date is a day number and back, with the weekday of the Gregorian calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: -30_000, max: 90_000 }), (day) => {
      const date = toDate(day)
      expect(toDayNumber(date)).toBe(day)
      expect(isDate(date)).toBe(true)
      expect(weekdayOf(day) % 7).toBe(new Date(`${date}T00:00:00Z`).getUTCDay())
    }),
  )
})

test.each(['2026-02-30', '2026-13-01', '2026-2-3', '26-02-03', '2026-02-03T00:00', ''])('"%s" is no date', (text) => {
  expect(isDate(text)).toBe(false)
})
