import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { comparisonProblems, demoDates, expectedComparison, type PriceDay, readPrices, vendorFile } from './feed.ts'

const prices = readPrices()

describe('readPrices', () => {
  test('the file holds the S&P 500 daily from 2000-01-03 to 2020-04-17, oldest first', () => {
    const dates = prices.map(({ date }) => date)
    expect(dates).toHaveLength(5105)
    expect([dates[0], dates.at(-1)]).toEqual(['2000-01-03', '2020-04-17'])
    expect(dates).toEqual([...new Set(dates)].sort())
  })

  test('every day is complete, and its close lies between low and high', () => {
    const broken = prices.filter(
      ({ open, high, low, close, volume }) =>
        !(low > 0 && low < high && low <= close && close <= high && open && volume),
    )
    expect(broken).toEqual([])
  })
})

describe('demoDates', () => {
  test('on a Tuesday: the five weekdays before it, oldest first', () => {
    const weekdays = ['2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-23']
    expect(demoDates('2026-11-24')).toEqual(weekdays)
  })

  test.each(['2026-11-21', '2026-11-22', '2026-11-23'])('%s comes right after Friday the 20th', (today) => {
    expect(demoDates(today)).toEqual(['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'])
  })

  test('crosses the end of a year and a leap day', () => {
    expect(demoDates('2027-01-01')[4]).toBe('2026-12-31')
    expect(demoDates('2028-03-01')[4]).toBe('2028-02-29')
  })
})

describe('vendorFile', () => {
  test('the last day is the file of the package, byte for byte', () => {
    const entry = fileURLToPath(import.meta.resolve('vega-datasets'))
    const original = readFileSync(path.join(path.dirname(entry), '..', 'data', 'sp500-2000.csv'), 'utf8')
    expect(vendorFile(prices, 1).trimEnd()).toBe(original.trimEnd())
  })

  test('the fifth day from the end ends five trading days before the end of the file', () => {
    const lines = vendorFile(prices, 5).trimEnd().split('\n')
    expect(lines).toHaveLength(1 + 5101)
    expect(lines.at(-1)).toMatch(/^2020-04-13,/)
  })

  test.each([0, 5106, 1.5])('there is no day %s from the end', (i) => {
    expect(() => vendorFile(prices, i)).toThrow(/1 is the last/)
  })
})

describe('expectedComparison', () => {
  test('a month whose every day doubles within itself has the Parkinson volatility of the formula', () => {
    const [row] = expectedComparison(
      month(() => 100),
      1,
    ).slice(-1)
    // ln 2 squared, twenty times the same, over 4 ln 2: what remains is ln 2 / 4 a day.
    expect(row?.parkinson_vol).toBeCloseTo(Math.sqrt((252 * Math.LN2) / 4), 12)
    expect(row).toMatchObject({ realised_vol: 0, drawdown: 0 })
  })

  test('returns of +1 % and -1 % in turns have a sample deviation of 1 % times the root of 20/19', () => {
    const [row] = expectedComparison(
      month((day) => (day % 2 === 0 ? 100 : 100 * Math.exp(0.01))),
      1,
    ).slice(-1)
    expect(row?.realised_vol).toBeCloseTo(Math.sqrt(252) * 0.01 * Math.sqrt(20 / 19), 12)
    expect(row?.drawdown).toBeCloseTo(Math.exp(-0.01) - 1, 12)
  })

  test('volumes of 9 and 11 before a day of 13: three above a mean of 10, deviation the root of 20/19', () => {
    const days = month(() => 100).map((day, index) => ({ ...day, volume: index === 20 ? 13 : index % 2 ? 9 : 11 }))
    const [row] = expectedComparison(days, 1).slice(-1)
    expect(row?.volume_zscore).toBeCloseTo(3 / Math.sqrt(20 / 19), 12)
    expect(row?.heavy_volume).toBe(true)
  })

  test('nothing is said of a window that is not full', () => {
    const rows = expectedComparison(prices, 1)
    expect(rows[18]).toMatchObject({ realised_vol: null, parkinson_vol: null, ratio: null, volume_zscore: null })
    expect(rows[19]).toMatchObject({ realised_vol: null, parkinson_vol: expect.any(Number), ratio: null })
    expect(rows[20]).toMatchObject({ realised_vol: expect.any(Number), heavy_volume: expect.any(Boolean) })
  })
})

test('comparisonProblems names the day and the column, and a missing row', () => {
  const expected = expectedComparison(prices, 5)
  const shifted = expected.map((row) => (row.date === '2020-04-13' ? { ...row, ratio: (row.ratio ?? 0) + 1e-6 } : row))
  expect(comparisonProblems(shifted, expected)).toEqual([
    expect.stringMatching(/^2020-04-13 ratio: 0\.\d+, expected 0\./),
  ])
  expect(comparisonProblems(expected.slice(1), expected)).toEqual(['5100 rows, expected 5101'])
})

/** 21 days, just enough for every window; each ranges from 70 to 140. */
const month = (closeOf: (day: number) => number): PriceDay[] =>
  Array.from({ length: 21 }, (_, day) => {
    const close = closeOf(day)
    const date = `2000-01-${String(day + 1).padStart(2, '0')}`
    return { date, open: close, high: 140, low: 70, close, adjclose: close, volume: 10 + (day % 2) }
  })
