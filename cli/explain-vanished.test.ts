import { expect, test } from 'vitest'
import { applyArrival } from '../model/cycle/arrivals.ts'
import { openRun } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import {
  arrivalOf,
  calendarOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  toProduct,
  versionOf,
} from '../model/samples.test-data.ts'
import { vanishedLines } from './explain-vanished.ts'

const definition = definitionOf('d1/ds3', ['raw/rd1', 'raw/gone'])
const cycle = openRun(inputOf(definition), NOON_MS)
const schedule = { every: 'business-day' as const, calendar: 'weekdays', timezone: 'UTC' }
const knowing = (closed: Record<string, string>, to = '2030-12-31') => ({
  products: [versionOf({ ...definition, ...schedule })],
  calendars: [{ ...calendarOf('weekdays', closed), to }],
  schedules: { 'raw/rd1': schedule },
})

test('a day that was closed since is named for the cycle and for what it still waits for', () => {
  const storm = knowing({ '2026-11-20': 'Storm' })
  expect(vanishedLines(storm, cycle)).toEqual([
    'the definitions of now have no d1/ds3/2026-11-20: not a business day of weekdays (Storm); it waits as before',
    'raw/rd1/2026-11-20 comes only if it was open already: not a business day of weekdays (Storm)',
  ])
  expect(vanishedLines(storm, applyArrival(cycle, arrivalOf('raw/rd1'), NOON_MS))).toHaveLength(1)
})

test('what had no cycle when it opened has not gone since', () => {
  const expected = [{ product: toProduct('raw/rd1'), key: KEY, isAbsent: true as const }]
  const waiting = openRun({ ...inputOf(definition), expected }, NOON_MS)
  expect(vanishedLines(knowing({ '2026-11-20': 'Storm' }), waiting)).toHaveLength(1)
})

test('nothing is said of a day that is open, of one that is not covered, and once the cycle has begun', () => {
  expect(vanishedLines(knowing({}), cycle)).toEqual([])
  expect(vanishedLines(knowing({}, '2026-11-01'), cycle)).toEqual([])
  expect(vanishedLines(knowing({ '2026-11-20': 'Storm' }), applyFact(cycle, { kind: 'begun' }, NOON_MS))).toEqual([])
})
