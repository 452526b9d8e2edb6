import { describe, expect, test } from 'vitest'
import type { ProductDefinition } from '../definition.ts'
import { calendarOf, definitionOf, NOON_MS, timetableOf } from '../samples.test-data.ts'
import { daysIn, listRange } from './backfill-range.ts'

const over = (from: string, to: string, change: Partial<ProductDefinition> = {}) =>
  listRange(timetableOf(), definitionOf('d1/ds1', [], change), { from, to }, NOON_MS)

describe('the cycles of a range', () => {
  test('are those of the schedule, oldest first, and each date without one says why', () => {
    const { keys, notScheduled } = over('2026-11-05', '2026-11-10')
    expect(keys).toEqual(['2026-11-05', '2026-11-06', '2026-11-09', '2026-11-10'])
    expect(notScheduled).toEqual([
      { key: '2026-11-07', reason: expect.stringContaining('not a business day of weekdays') },
      { key: '2026-11-08', reason: expect.stringContaining('not a business day of weekdays') },
    ])
  })

  test.each([
    ['month', { every: 'month' }, '2026-01-15', '2026-03-30', ['2026-01', '2026-02']],
    ['week', { every: 'week' }, '2026-11-08', '2026-11-15', ['2026-W45', '2026-W46']],
    ['close', { every: 'month-end(business)' }, '2026-01-30', '2026-02-27', ['2026-01', '2026-02']],
    ['quarter', { every: 'quarter' }, '2026-03-31', '2026-06-29', ['2026-Q1']],
  ] as const)('of a %s belong to the date they are about', (_what, change, from, to, keys) => {
    expect(over(from, to, change).keys).toEqual(keys)
  })

  test('of hours are those of the dates in the product’s zone', () => {
    const { keys } = over('2026-11-05', '2026-11-05', { every: 'hour' })
    expect(keys).toHaveLength(24)
    expect([keys[0], keys.at(-1)]).toEqual(['2026-11-05T05Z', '2026-11-06T04Z'])
  })

  test('of a holiday that moves them belong to the date they are about all the same', () => {
    const change = { every: 'day', calendar: 'equities', onNonBusinessDay: 'previous' } as const
    expect(over('2025-11-22', '2025-11-22', change).keys).toEqual(['2025-11-22'])
  })

  test('of a day that has not begun open by themselves, however soon that is', () => {
    const { keys, notYet } = over('2026-11-20', '2026-11-21', { every: 'day' })
    expect([keys, notYet]).toEqual([['2026-11-20'], [{ key: '2026-11-21', dueMs: Date.parse('2026-11-21T05:00:00Z') }]])
  })

  test('that open by themselves are told apart, with when', () => {
    const { keys, notYet } = over('2026-11-20', '2026-11-24')
    expect(keys).toEqual(['2026-11-20'])
    expect(notYet).toEqual([
      { key: '2026-11-23', dueMs: Date.parse('2026-11-23T05:00:00Z') },
      { key: '2026-11-24', dueMs: Date.parse('2026-11-24T05:00:00Z') },
    ])
  })

  test('of which the calendar says nothing are not taken for closed', () => {
    const timetable = timetableOf({}, [{ ...calendarOf('weekdays'), from: '2026-11-09' }])
    const { keys, uncovered, notScheduled } = listRange(
      ...[timetable, definitionOf('d1/ds1')],
      { from: '2026-11-06', to: '2026-11-09' },
      NOON_MS,
    )
    expect(keys).toEqual(['2026-11-09'])
    expect(uncovered.map(({ key }) => key)).toEqual(['2026-11-06', '2026-11-07', '2026-11-08'])
    expect(notScheduled).toEqual([])
  })
})

test('both ends count', () => {
  expect(daysIn({ from: '2026-02-28', to: '2026-03-01' })).toBe(2)
})
