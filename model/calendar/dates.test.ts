import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { addDays, keysOver } from './dates.ts'

const aDate = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

describe('dates', () => {
  test('days are added as Temporal adds them, in every year of four digits and beyond', () => {
    fc.assert(
      fc.property(aDate, fc.integer({ min: -500, max: 500 }), (date, days) => {
        expect(addDays(date, days)).toBe(Temporal.PlainDate.from(date).add({ days }).toString())
      }),
      { numRuns: 500 },
    )
    expect(addDays('9999-12-31', 1)).toBe('+010000-01-01')
  })

  test.each([
    ['day', ['9999-12-30', '9999-12-31']],
    ['month', ['9999-12']],
    ['quarter', ['9999-Q4']],
  ] as const)('%s: the keys of the last dates there are come to an end', (period, keys) => {
    expect(keysOver(period, '9999-12-30', '9999-12-31')).toEqual(keys)
  })
})
