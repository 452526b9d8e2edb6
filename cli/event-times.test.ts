import { InvalidArgumentError } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { parseFrom, parseTo } from './event-times.ts'

test('a date is the whole of it, in UTC', () => {
  expect([parseFrom('2026-11-20'), parseTo('2026-11-20')]).toEqual([
    '2026-11-20T00:00:00.000Z',
    '2026-11-21T00:00:00.000Z',
  ])
})

test.each(['2026-11-20T17:00:00-05:00', '2026-11-20T22:00Z', '2026-11-20T22:00:00.000Z'])(
  '%s is an instant',
  (text) => {
    expect([parseFrom(text), parseTo(text)]).toEqual(['2026-11-20T22:00:00.000Z', '2026-11-20T22:00:00.000Z'])
  },
)

test.each(['', 'yesterday', '2026-11-31', '2026-11-20T17:00', '17:00', '2026-11-20T25:00Z'])('"%s" is none', (text) => {
  expect(() => parseFrom(text)).toThrow(InvalidArgumentError)
})
