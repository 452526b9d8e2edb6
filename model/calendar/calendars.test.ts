import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { aKey } from '../samples.test-data.ts'
import { addBusinessDays, CALENDAR_NAMES, isOpen } from './calendars.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
/** Without the calendar's own arithmetic. */
const isWeekday = (text: string): boolean => ![0, 6].includes(new Date(`${text}T00:00:00Z`).getUTCDay())

test('weekdays are Monday to Friday, holidays included', () => {
  const week = ['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29']
  expect(week.filter((text) => isOpen('weekdays', date(text)))).toEqual(week.slice(0, 5))
})

test.each([
  ['2026-11-20', 0, '2026-11-20'],
  ['2026-11-21', 0, '2026-11-21'],
  ['2026-11-19', 1, '2026-11-20'],
  ['2026-11-20', 1, '2026-11-23'],
  ['2026-11-21', 1, '2026-11-23'],
  ['2026-11-22', 1, '2026-11-23'],
  ['2026-11-20', 5, '2026-11-27'],
  ['2026-12-31', 1, '2027-01-01'],
])('%s and %i business days is %s', (from, n, to) => {
  expect(addBusinessDays('weekdays', date(from), n).toString()).toBe(to)
})

test('a calendar that does not exist is an error that names those that do', () => {
  expect(() => isOpen('us-moon', date('2026-11-20'))).toThrow(
    `There is no calendar "us-moon"; known: ${CALENDAR_NAMES.join(', ')}.`,
  )
})

test('law: the n-th business day is open, and exactly n days up to it are', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CALENDAR_NAMES), aKey, fc.integer({ min: 1, max: 60 }), (calendar, key, n) => {
      const end = addBusinessDays(calendar, date(key), n)
      let open = 0
      for (
        let day = date(key).add({ days: 1 });
        Temporal.PlainDate.compare(day, end) <= 0;
        day = day.add({ days: 1 })
      ) {
        if (calendar === 'weekdays' ? isWeekday(day.toString()) : isOpen(calendar, day)) open++
      }
      expect(open).toBe(n)
      expect(isOpen(calendar, end)).toBe(true)
    }),
  )
})

test('law: n days and then m more are n + m days', () => {
  const aCount = fc.integer({ min: 0, max: 40 })
  fc.assert(
    fc.property(fc.constantFrom(...CALENDAR_NAMES), aKey, aCount, aCount, (calendar, key, n, m) => {
      const inTwo = addBusinessDays(calendar, addBusinessDays(calendar, date(key), n), m)
      expect(inTwo.toString()).toBe(addBusinessDays(calendar, date(key), n + m).toString())
    }),
  )
})
