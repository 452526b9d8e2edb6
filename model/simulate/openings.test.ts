// The last days that a calendar covers.
import { describe, expect, test } from 'vitest'
import { openCycle } from '../calendar/due.ts'
import type { ProductDefinition, WallTime } from '../definition.ts'
import { CALENDARS, definitionOf, inputOf, KEY, timetableOf, toKey, versionOf } from '../samples.test-data.ts'
import { openWithin } from './openings.ts'

/** Until the 20th, a Friday. */
const timetable = timetableOf(
  {},
  CALENDARS.map((calendar) => ({ ...calendar, to: '2026-11-20' })),
)
const { settings } = inputOf(definitionOf('d1/ds1'))
const opening = { key: KEY, openedBy: 'scheduler' as const, settings }
const nextDay = (days: number): WallTime => ({ time: '06:00', days, unit: 'business-day' })
const endOfTime = Date.parse('2900-01-01T00:00:00Z')

const open = (change: Partial<ProductDefinition>, key = KEY) =>
  openWithin(timetable, versionOf(definitionOf('d1/ds1', ['raw/rd1'], change)), { ...opening, key })

describe('a time on a business day that the calendar does not cover', () => {
  test.each([
    ['cutoffMs', { cutoff: { at: nextDay(1), then: 'skip' } }],
    ['availableByMs', { availableBy: nextDay(1) }],
    ['notBeforeMs', { notBefore: nextDay(1) }],
  ] as const)('is later than what can be simulated: %s', (field, change) => {
    expect(open(change)[field]).toBeGreaterThan(endOfTime)
  })

  test('leaves those alone that are known', () => {
    const input = open({ cutoff: { at: nextDay(1), then: 'skip' }, availableBy: nextDay(5) }, toKey('2026-11-19'))
    expect(input.cutoffMs).toBe(Date.parse('2026-11-20T11:00:00Z'))
    expect(input.availableByMs).toBeGreaterThan(endOfTime)
  })

  test('makes an optional input one that is waited for', () => {
    const optional = { product: definitionOf('raw/rd1').product, optionalAfter: nextDay(1) }
    const { condition } = open({ dependsOn: [{ atLeast: 1, of: [optional] }] })
    expect(JSON.stringify(condition)).toContain('"kind":"optional"')
    const [afterMs] = /"afterMs":(\d+)/.exec(JSON.stringify(condition))?.slice(1).map(Number) ?? []
    expect(afterMs).toBeGreaterThan(endOfTime)
  })
})

test('where all is known, it opens as everybody does', () => {
  const version = versionOf(definitionOf('d1/ds1', ['raw/rd1'], { cutoff: { at: nextDay(1), then: 'skip' } }))
  const key = toKey('2026-11-19')
  expect(openWithin(timetable, version, { ...opening, key })).toEqual(
    openCycle(timetable, version, { ...opening, key }),
  )
})

test('what is no cycle stays none', () => {
  expect(() => open({}, toKey('2026-11-21'))).toThrow('There is no cycle 2026-11-21')
})
