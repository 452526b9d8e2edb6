// What the demo feeds into the example mesh, and what must come out. In: the S&P 500 file of the npm package
// vega-datasets, today's date. Out: the demo's dates, the vendor's file for each, the figures that d1/ds4 must show.
// Never: asks for the date of today; computes a figure by DuckDB or from an intermediate product.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Cycles of one demo; the i-th from the end reads the i-th trading day from the end of the file. */
export const DEMO_DAYS = 5

const COLUMNS = 'date,open,high,low,close,adjclose,volume'
const TRADING_DAYS_PER_YEAR = 252
const WINDOW = 20
const HEAVY_ZSCORE = 2

/** One trading day as the vendor has it: index points, volume in shares. */
export interface PriceDay {
  /** ISO date of the trading day. */
  date: string
  open: number
  high: number
  low: number
  close: number
  adjclose: number
  volume: number
}

/** One row of d1/ds4, by its Parquet columns (`date` cast to text); null = the window is not full yet. */
export interface ComparisonRow {
  /** ISO date of the trading day. */
  date: string
  realised_vol: number | null
  parkinson_vol: number | null
  ratio: number | null
  drawdown: number
  volume_zscore: number | null
  heavy_volume: boolean | null
}

/** Oldest first. */
export function readPrices(): PriceDay[] {
  const packageEntry = fileURLToPath(import.meta.resolve('vega-datasets'))
  const file = path.join(path.dirname(packageEntry), '..', 'data', 'sp500-2000.csv')
  const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/)
  if (header !== COLUMNS)
    throw new Error(`${file} has the columns "${header}", not "${COLUMNS}": install the vega-datasets of package.json.`)
  return lines.map(parseLine)
}

function parseLine(line: string): PriceDay {
  const [date = '', ...cells] = line.split(',')
  const [open = NaN, high = NaN, low = NaN, close = NaN, adjclose = NaN, volume = NaN] = cells.map(Number)
  return { date, open, high, low, close, adjclose, volume }
}

/** The five weekdays before `todayDate` (ISO date), oldest first: element n is the (5 - n)-th from the end. */
export function demoDates(todayDate: string): string[] {
  const dates: string[] = []
  const day = new Date(`${todayDate}T00:00:00Z`)
  while (dates.length < DEMO_DAYS) {
    day.setUTCDate(day.getUTCDate() - 1)
    if (day.getUTCDay() % 6 !== 0) dates.unshift(day.toISOString().slice(0, 10))
  }
  return dates
}

/** The vendor's CSV with all history up to and including the i-th trading day from the end (1 = the last). */
export function vendorFile(prices: PriceDay[], i: number): string {
  const lines = historyUpTo(prices, i).map(({ date, open, high, low, close, adjclose, volume }) =>
    [date, ...[open, high, low, close, adjclose].map((price) => price.toFixed(6)), volume].join(','),
  )
  return `${[COLUMNS, ...lines].join('\n')}\n`
}

/** What d1/ds4 must hold for the i-th trading day from the end: every row, straight from the prices. */
export function expectedComparison(prices: PriceDay[], i: number): ComparisonRow[] {
  const history = historyUpTo(prices, i)
  let peak = 0
  return history.map((today, day) => {
    peak = Math.max(peak, today.close)
    const realised = realisedVol(history, day)
    const parkinson = parkinsonVol(history, day)
    const zscore = volumeZscore(history, day)
    return {
      date: today.date,
      realised_vol: realised,
      parkinson_vol: parkinson,
      ratio: realised === null || parkinson === null ? null : parkinson / realised,
      drawdown: today.close / peak - 1,
      volume_zscore: zscore,
      heavy_volume: zscore === null ? null : zscore > HEAVY_ZSCORE,
    }
  })
}

function historyUpTo(prices: PriceDay[], i: number): PriceDay[] {
  if (Number.isInteger(i) && i >= 1 && i <= prices.length) return prices.slice(0, prices.length - i + 1)
  throw new RangeError(`There is no trading day ${i} from the end: the file has ${prices.length}, 1 is the last.`)
}

/** The first return is that of day 1, so the first full window ends on day 20. */
function realisedVol(history: PriceDay[], day: number): number | null {
  if (day < WINDOW) return null
  const closes = history.slice(day - WINDOW, day + 1).map(({ close }) => close)
  const returns = closes.slice(1).map((close, index) => Math.log(close / (closes[index] ?? NaN)))
  return Math.sqrt(TRADING_DAYS_PER_YEAR) * deviation(returns)
}

function parkinsonVol(history: PriceDay[], day: number): number | null {
  if (day < WINDOW - 1) return null
  const squares = history.slice(day - WINDOW + 1, day + 1).map(({ high, low }) => Math.log(high / low) ** 2)
  return Math.sqrt((TRADING_DAYS_PER_YEAR * mean(squares)) / (4 * Math.LN2))
}

function volumeZscore(history: PriceDay[], day: number): number | null {
  const today = history[day]
  if (day < WINDOW || !today) return null
  const before = history.slice(day - WINDOW, day).map(({ volume }) => volume)
  return (today.volume - mean(before)) / deviation(before)
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Of a sample: n - 1. */
function deviation(values: number[]): number {
  const center = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1))
}

/**
 * How far two right computations may differ, per 1 + |figure|. Both work on the same doubles (unit 1.1e-16), but sum in
 * another order: some 20 roundings a window, which a z-score magnifies by volume / deviation (at most 26 in this file),
 * so below 1e-13; 1.2e-15 was measured. A wrong formula is far off: n for n - 1, or 250 days for 252, is above 1e-3.
 */
export const COMPARISON_TOLERANCE = 1e-9

/** Where d1/ds4's rows are not the expected ones, in words; empty = right. */
export function comparisonProblems(actual: ComparisonRow[], expected: ComparisonRow[]): string[] {
  if (actual.length !== expected.length) return [`${actual.length} rows, expected ${expected.length}`]
  return expected.flatMap((row, index) => {
    const found = actual[index] ?? row
    return (Object.keys(row) as (keyof ComparisonRow)[])
      .filter((column) => !isSame(found[column], row[column]))
      .map((column) => `${row.date} ${column}: ${found[column]}, expected ${row[column]}`)
  })
}

function isSame(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== 'number' || typeof expected !== 'number') return actual === expected
  return Math.abs(actual - expected) <= COMPARISON_TOLERANCE * (1 + Math.abs(expected))
}
