import { InvalidArgumentError } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { parseCount, parseCycle, parseDate, parseLocation, parsePort, parseRevision } from './options.ts'

test('a cycle is a product and a key', () => {
  expect(parseCycle('d1/ds3/2026-11-20')).toEqual({ product: 'd1/ds3', key: '2026-11-20' })
})

test.each(['', 'd1/ds3', 'd1/ds3/', 'd1/ds3/2026-11-31', 'd1/ds3/2026-11-20/r1', 'D1/ds3/2026-11-20'])(
  '"%s" is no cycle, and the answer shows one',
  (text) => {
    expect(() => parseCycle(text)).toThrow(InvalidArgumentError)
    expect(() => parseCycle(text)).toThrow('such as d1/ds3/2026-11-20; the cycle is a date')
  },
)

test.each([
  [parseCount, '7', 7],
  [parseDate, '2026-12-31', '2026-12-31'],
  [parsePort, '1', 1],
  [parsePort, '65535', 65_535],
  [parseRevision, '2', 2],
  [parseLocation, 's3://example-raw/rd1/2026-11-20/', 's3://example-raw/rd1/2026-11-20/'],
])('%o takes %s', (parse, text, value) => {
  expect(parse(text)).toBe(value)
})

test.each([
  [parseCount, ['0', '-1', '1.5', 'many', '', '1e400']],
  [parseDate, ['2026-11-31', '20261120', 'today', '']],
  [parsePort, ['0', '65536', '-1', 'http', '']],
  [parseRevision, ['0', '-1', '1.5', '99999999999', '']],
  [parseLocation, ['foo', '', 'https://example.com/x']],
])('%o refuses anything else', (parse, texts) => {
  for (const text of texts) expect(() => parse(text)).toThrow(InvalidArgumentError)
})
