// Of a cycle that does not exist: why, and the ones around it.
import { expect, test } from 'vitest'
import { calendarOf, definitionOf, timetableOf, toKey } from '../model/samples.test-data.ts'
import { toNotScheduled } from './explain-unknown.ts'

const definition = definitionOf('d1/ds3', [], { calendar: 'us-equities' })
const timetable = timetableOf({}, [
  { ...calendarOf('us-equities', { '2026-11-26': 'Thanksgiving Day' }), to: '2027-12-31' },
])
const said = (key: string) => toNotScheduled(timetable, definition, toKey(key))

test('the holiday, the calendar, and the cycles around it', () => {
  expect(said('2026-11-26')).toBe(
    'd1/ds3/2026-11-26 is not scheduled: 2026-11-26 is Thanksgiving Day in us-equities. The cycles around it: d1/ds3/2026-11-25 and d1/ds3/2026-11-27.',
  )
  expect(said('2026-11-27')).toBeNull()
})

test('of a key of another kind, how its cycles are named', () => {
  expect(said('2026-11')).toBe(
    'd1/ds3/2026-11 is not scheduled: its cycles are named by day. Such as d1/ds3/2026-11-30.',
  )
})

test('so far away that no calendar says anything', () => {
  expect(said('2090-01-02')).toBe(
    'd1/ds3/2090-01-02 is not scheduled: Calendar "us-equities" covers 1900-01-01 to 2027-12-31; it says nothing about 2090-01-02.',
  )
})
