// What holds for every calendar. How documents read, and what is wrong with them: catalog/resolve-calendars.test.ts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CalendarFile, WEEKDAY_WORDS } from './calendar-file.ts'
import { type CalendarDefinition, dayOf } from '../calendars.ts'
import { combine } from './combine.ts'
import { compareCalendars } from '../compare.ts'
import { toDate, toDayNumber } from '../day-numbers.ts'
import { expandCalendars, NONE_SHIPPED } from './expand.ts'
import { narrow } from './weeks.ts'

const fileOf = (change: Partial<CalendarFile>): CalendarFile => ({
  calendar: 'own',
  covers: { from: '2026-01-01', to: '2027-12-31' },
  week: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
  holidays: [],
  remove: [],
  add: [],
  earlyClose: [],
  ...change,
})

const expand = (...files: CalendarFile[]) => expandCalendars(files, NONE_SHIPPED)

function calendarOf(...files: CalendarFile[]): CalendarDefinition {
  const { calendars, faults } = expand(...files)
  expect(faults).toEqual([])
  const calendar = calendars.find((made) => made.calendar === 'own')
  if (!calendar) throw new Error('Not made.')
  return calendar
}

const extending = (change: Partial<CalendarFile>): CalendarFile =>
  fileOf({ covers: undefined, week: undefined, ...change })

test('a holiday that is not observed has no day before it', () => {
  const calendar = calendarOf(
    fileOf({
      holidays: [{ name: 'Independence Day', on: '07-04', sunday: 'next' }],
      earlyClose: [{ name: 'Eve', on: 'business day before Independence Day', at: '14:00' }],
    }),
  )
  // In 2026 it is a Saturday, in 2027 a Sunday.
  expect(calendar.earlyClose).toEqual({ '2027-07-02': { at: '14:00', rule: 'Eve' } })
})

test('a date that is closed after all keeps nothing of its early close', () => {
  const base = fileOf({ calendar: 'base', earlyClose: [{ why: 'Snow', date: '2026-12-16', at: '14:00' }] })
  const calendar = calendarOf(base, extending({ extends: 'base', remove: ['2026-12-16'] }))
  expect(calendar.earlyClose).toEqual({})
})

test('an early close that is said of one date counts before a rule', () => {
  const calendar = calendarOf(
    fileOf({
      earlyClose: [
        { why: 'Snow', date: '2026-12-24', at: '11:00' },
        { name: 'Christmas Eve', on: '12-24', at: '13:00' },
      ],
    }),
  )
  expect(calendar.earlyClose).toEqual({
    '2026-12-24': { at: '11:00', rule: 'Snow' },
    '2027-12-24': { at: '13:00', rule: 'Christmas Eve' },
  })
})

test('of two documents with one name the first counts', () => {
  expect(calendarOf(fileOf({ description: 'first' }), fileOf({ description: 'second' })).description).toBe('first')
})

test('dates stand in their order, however they were written', () => {
  const calendar = calendarOf(
    fileOf({
      holidays: [{ name: 'A', on: '12-25' }],
      remove: ['2026-12-09', '2026-03-02'],
      add: ['2026-12-26', '2026-02-07'],
    }),
  )
  expect(Object.keys(calendar.closed)).toEqual(['2026-03-02', '2026-12-09', '2026-12-25'])
  expect(Object.keys(calendar.opened)).toEqual(['2026-02-07', '2026-12-26'])
})

const FIRST = toDayNumber('2026-01-01')
const DAYS = 730
const dates = Array.from({ length: DAYS }, (_none, index) => toDate(FIRST + index))

const aDate = fc.integer({ min: 0, max: DAYS - 1 }).map((index) => toDate(FIRST + index))
const aTime = fc.constantFrom('11:00', '13:00', '14:30')
const aWeek = fc.subarray([...WEEKDAY_WORDS])
const aRule = fc.constantFrom(
  '12-25',
  '02-29',
  'easter -2',
  'last monday of may',
  'day after fourth thursday of november',
)
const aMove = fc.constantFrom('none' as const, 'previous' as const, 'next' as const)

/** Ad hoc dates that contradict the rules would be refused: those that do are left out. */
const aCalendar = fc
  .record({
    from: fc.integer({ min: 0, max: 60 }),
    week: aWeek,
    later: aWeek,
    holidays: fc.array(fc.record({ name: fc.constantFrom('A', 'B'), on: aRule, saturday: aMove, sunday: aMove }), {
      maxLength: 4,
    }),
    adHoc: fc.uniqueArray(aDate, { maxLength: 10 }),
    early: fc.uniqueArray(fc.record({ date: aDate, at: aTime }), { maxLength: 10, selector: ({ date }) => date }),
  })
  .map(({ from, week, later, holidays, adHoc, early }) => {
    const covers = { from: toDate(FIRST + from), to: '2027-12-31' }
    const weeks = [
      { from: covers.from, open: week },
      { from: '2027-01-01', open: later },
    ]
    const plain = calendarOf(fileOf({ covers, week: weeks, holidays }))
    const inRange = adHoc.filter((date) => date >= covers.from)
    const remove = inRange.filter((date) => dayOf(plain, date).open)
    const add = inRange.filter((date) => !dayOf(plain, date).open)
    const changed = calendarOf(fileOf({ covers, week: weeks, holidays, remove, add }))
    const earlyClose = early.filter(({ date }) => date >= covers.from && dayOf(changed, date).open)
    return calendarOf(fileOf({ covers, week: weeks, holidays, remove, add, earlyClose }))
  })

const someCalendars = fc.array(aCalendar, { minLength: 1, maxLength: 3 })

/** A week for each date it covers, and none for others. */
function expectSoundWeeks({ weeks, from, to }: CalendarDefinition): void {
  const begins = weeks.map((week) => week.from)
  expect(begins[0]).toBe(from)
  expect(begins).toEqual([...new Set(begins)].sort().filter((begin) => begin <= to))
}

test.each(['all', 'any'] as const)('law: %s of several calendars is that of their days, on every date', (how) => {
  fc.assert(
    fc.property(someCalendars, (members) => {
      const combined = combine(members, how)
      expect(combined).not.toBeNull()
      if (!combined) return
      expectSoundWeeks(combined)
      for (const date of dates.filter((covered) => covered >= combined.from)) {
        const days = members.map((member) => dayOf(member, date))
        const open = days.filter((day) => day.open)
        const ends = open.map(({ earlyClose }) => earlyClose ?? '24:00').sort()
        const end = how === 'all' ? ends[0] : ends.at(-1)
        const isOpen = how === 'all' ? open.length === days.length : open.length > 0
        const earlyClose = isOpen && end !== '24:00' ? (end ?? null) : null
        expect(dayOf(combined, date)).toMatchObject({ open: isOpen, earlyClose })
      }
    }),
    { numRuns: 50 },
  )
})

test('law: a calendar for fewer dates says the same of each of them', () => {
  fc.assert(
    fc.property(aCalendar, aDate, aDate, (calendar, one, other) => {
      const [first = '', last = ''] = [one, other].sort()
      const from = first < calendar.from ? calendar.from : first
      const to = last < from ? from : last
      const few = narrow(calendar, { from, to })
      expect([few.from, few.to]).toEqual([from, to])
      expectSoundWeeks(few)
      expect(compareCalendars(calendar, few, { from, to })).toEqual([])
      const dated = [few.closed, few.opened, few.earlyClose].flatMap(Object.keys)
      expect(dated.every((date) => date >= from && date <= to)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('law: what differs from the calendar it extends is what the document says', () => {
  fc.assert(
    fc.property(aCalendar, fc.uniqueArray(aDate, { maxLength: 12 }), (base, adHoc) => {
      const inRange = adHoc.filter((date) => date >= base.from).sort()
      const remove = inRange.filter((date) => dayOf(base, date).open)
      const add = inRange.filter((date) => !dayOf(base, date).open)
      const shipped = { names: ['own'], find: () => base }
      const { calendars, faults } = expandCalendars([extending({ extends: 'own', remove, add })], shipped)
      expect(faults).toEqual([])
      const [edited = base] = calendars
      const changes = compareCalendars(base, edited, base)
      expect(changes.map(({ date, change }) => [date, change])).toEqual(
        inRange.map((date) => [date, add.includes(date) ? 'appears' : 'vanishes']),
      )
    }),
    { numRuns: 50 },
  )
})
