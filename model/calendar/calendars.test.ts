import { expect, test } from 'vitest'
import { type CalendarDefinition, dayOf, isOpen, requireCalendar, toCalendars } from './calendars.ts'

/** Open Monday to Friday, from 2026-06-01 on Monday to Thursday only. */
const office: CalendarDefinition = {
  calendar: 'office',
  description: 'An office',
  from: '2026-01-01',
  to: '2026-12-31',
  weeks: [
    { from: '2026-01-01', open: [1, 2, 3, 4, 5] },
    { from: '2026-06-01', open: [1, 2, 3, 4] },
  ],
  closed: { '2026-11-26': 'Thanksgiving Day' },
  opened: { '2026-11-28': 'Stock taking' },
  earlyClose: { '2026-11-25': { at: '13:00', rule: 'Day before Thanksgiving' } },
}
const calendars = toCalendars([office])

test.each([
  ['2026-11-24', true, null, 'Tuesday'],
  ['2026-11-25', true, '13:00', 'Day before Thanksgiving'],
  ['2026-11-26', false, null, 'Thanksgiving Day'],
  ['2026-11-27', false, null, 'Friday'],
  ['2026-11-28', true, null, 'Stock taking'],
  ['2026-11-29', false, null, 'Sunday'],
  ['2026-05-29', true, null, 'Friday'],
  ['2026-06-05', false, null, 'Friday'],
])('%s: open %s, early close %s, by the rule "%s"', (date, open, earlyClose, rule) => {
  expect(dayOf(office, date)).toEqual({ date, open, earlyClose, rule })
  expect(isOpen(calendars, 'office', date)).toBe(open)
})

test.each(['2025-12-31', '2027-01-01'])('about %s, which it does not cover, a calendar says nothing', (date) => {
  const words = `Calendar "office" covers 2026-01-01 to 2026-12-31; it says nothing about ${date}.`
  expect(() => dayOf(office, date)).toThrow(new RangeError(words))
  expect(() => isOpen(calendars, 'office', date)).toThrow(new RangeError(words))
})

test('a calendar that does not exist is an error that names those that do', () => {
  const words = 'There is no calendar "us-moon"; known: office.'
  expect(() => requireCalendar(calendars, 'us-moon')).toThrow(new RangeError(words))
  expect(() => isOpen(calendars, 'us-moon', '2026-11-20')).toThrow(new RangeError(words))
})
