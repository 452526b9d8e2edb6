// Instants as PostgreSQL takes them, and locations as Glue may be given them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLocation, toInstant } from './event-values.ts'

test.each([
  ['2026-11-20T21:59:00Z', '2026-11-20T21:59:00.000Z'],
  ['2026-11-20T21:59Z', '2026-11-20T21:59:00.000Z'],
  ['2026-11-20T10:00:00.123456+23:00', '2026-11-19T11:00:00.123Z'],
  ['2026-11-20T10:00:00-16:00', '2026-11-21T02:00:00.000Z'],
  ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
])('%s is the instant %s', (text, instant) => {
  expect(toInstant(text)).toBe(instant)
})

test.each([
  ['no time at all', 'yesterday'],
  ['the year 0', '0000-01-01T00:00:00Z'],
  ['the year 0 once the offset is taken off', '0001-01-01T00:00:00+01:00'],
  ['the year 10000 once the offset is taken off', '9999-12-31T23:30:00-01:00'],
  ['a year of six digits', '+020000-01-01T00:00:00Z'],
  ['a time without an offset, which each worker would read as its own', '2026-11-20T21:59:00'],
  ['a date in words, which has none either', 'Nov 20 2026'],
  ['a month that is none', '2026-13-01T00:00:00Z'],
])('%s is no instant', (_what, text) => {
  expect(toInstant(text)).toBeUndefined()
})

test('an instant is its own normal form', () => {
  const dates = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
  fc.assert(
    fc.property(dates, (date) => {
      expect(toInstant(date.toISOString())).toBe(date.toISOString())
    }),
  )
})

test.each([
  ['a folder', 's3://example-raw/rd1/2026-11-20/', true],
  ['letters of any alphabet', 's3://example/daten-für-ds1/数据/', true],
  ['another scheme', 'https://example.com/rd1', false],
  ['no bucket', 's3://', false],
  ['a further argument behind a space', 's3://example/x --conf spark.x=y', false],
  ['a further line', 's3://example/x\n--extra-py-files', false],
  ['a space that is not in ASCII', 's3://example/\u00a0x', false],
  ['a character nobody sees', 's3://example/\u202ex', false],
  ['half a surrogate pair', 's3://example/\ud800', false],
  ['more than 2,000 characters', `s3://example/${'x'.repeat(2_000)}`, false],
])('a location: %s', (_what, location, isTaken) => {
  expect(isLocation(location)).toBe(isTaken)
})
