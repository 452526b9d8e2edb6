// What outsiders see of a cycle at its start: a list that Temporal takes, however many and long the names are.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrivalOf, definitionOf, inputOf } from '../model/samples.test-data.ts'
import { toCycleStart, toWaitingFor, WAITING_FOR_ATTRIBUTE } from './contract.ts'

const longName = (at: number): string => `raw-${String(at).padStart(2, '0')}`.padEnd(63, 'x').padEnd(127, '/ds')

test('a few names are listed as they are', () => {
  expect(toWaitingFor(['d1/ds1', 'raw/rd2'])).toEqual(['d1/ds1', 'raw/rd2'])
  expect(toWaitingFor([])).toEqual([])
})

test('of many names the rest is counted', () => {
  const names = Array.from({ length: 30 }, (_none, at) => `raw/rd${at}`)
  expect(toWaitingFor(names)).toEqual([...names.slice(0, 24), '+6 more'])
})

test('of names as long as can be, as many are listed as a search attribute holds', () => {
  const names = Array.from({ length: 24 }, (_none, at) => longName(at))
  expect(toWaitingFor(names)).toEqual([...names.slice(0, 13), '+11 more'])
})

test('whatever the names, the list fits and counts each of them', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 127 }), { maxLength: 200 }), (names) => {
      const listed = toWaitingFor(names)
      expect(Buffer.byteLength(JSON.stringify(listed))).toBeLessThan(2_048)
      const more = Number(/^\+(\d+) more$/.exec(listed.at(-1) ?? '')?.[1] ?? 0)
      expect(more > 0 ? listed.length - 1 + more : listed.length).toBe(names.length)
    }),
  )
})

test('a start that brings arrivals says what is missing then, so that nothing has to be set again', () => {
  const input = inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2']))
  const waitingFor = (arrivals: ReturnType<typeof arrivalOf>[]) =>
    toCycleStart(input, arrivals).typedSearchAttributes.get(WAITING_FOR_ATTRIBUTE)
  expect(waitingFor([])).toEqual(['d1/ds1', 'raw/rd2'])
  expect(waitingFor([arrivalOf('d1/ds1')])).toEqual(['raw/rd2'])
})
