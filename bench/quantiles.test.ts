// Quantiles by nearest rank: each is a sample, whatever the order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quantile, summarise } from './quantiles.ts'

test('of the numbers 1 to 100 each quantile is its rank', () => {
  const samples = Array.from({ length: 100 }, (_, at) => 100 - at)
  expect(summarise(samples)).toEqual({ n: 100, p50: 50, p90: 90, p99: 99, max: 100 })
})

test('of one sample every quantile is that sample, of none there is none', () => {
  expect(summarise([7])).toEqual({ n: 1, p50: 7, p90: 7, p99: 7, max: 7 })
  expect(quantile([], 0.5)).toBeNaN()
})

test('at least the share asked for does not exceed the quantile, and it is one of the samples', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (samples, share) => {
        const found = quantile(samples, share)
        expect(samples).toContain(found)
        expect(samples.filter((sample) => sample <= found).length).toBeGreaterThanOrEqual(share * samples.length)
      },
    ),
  )
})
