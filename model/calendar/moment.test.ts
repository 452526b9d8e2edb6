// Times as people write them.
import { expect, test } from 'vitest'
import { parseMoment, toMomentMs } from './moment.ts'

const instantOf = (text: string): string | undefined => {
  const moment = parseMoment(text)
  return moment && new Date(toMomentMs(moment, 'America/New_York')).toISOString()
}

test.each([
  ['2026-11-20T22:05:00Z', '2026-11-20T22:05:00.000Z'],
  ['2026-11-20T22:05Z', '2026-11-20T22:05:00.000Z'],
  ['2026-11-20T17:05-05:00', '2026-11-20T22:05:00.000Z'],
  ['2026-11-20 17:05', '2026-11-20T22:05:00.000Z'],
  ['2026-11-20T17:05:30', '2026-11-20T22:05:30.000Z'],
  // A gap: the first instant after it. An overlap: the first of the two.
  ['2026-03-08 02:30', '2026-03-08T07:00:00.000Z'],
  ['2026-11-01 01:30', '2026-11-01T05:30:00.000Z'],
])('%s', (text, instant) => {
  expect(instantOf(text)).toBe(instant)
})

test.each([
  'yesterday',
  '2026-11-20',
  '2026-11-31 10:00',
  '2026-11-20 25:00',
  '22:05',
  '',
  '1795212300',
  '2026-11-20T22:05:00Z ',
])('no time: %j', (text) => {
  expect(parseMoment(text)).toBeUndefined()
})
