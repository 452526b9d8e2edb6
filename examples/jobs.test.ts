// The whole chain of jobs on an in-memory DuckDB, held against figures that never saw DuckDB.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ComparisonRow,
  comparisonProblems,
  demoDates,
  expectedComparison,
  type PriceDay,
  readPrices,
  vendorFile,
} from './feed.ts'
import { COMPARISON_SQL } from './jobs/d1-ds4.ts'

const SQL_JOBS = ['raw-rd1', 'raw-rd2', 'raw-rd3', 'd1-ds1', 'd1-ds2', 'd1-ds3', 'd2-ds1']
const prices = readPrices()
const [oldest = '', latest = ''] = [0, 4].map((n) => demoDates('2026-11-24')[n])
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'example-jobs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test.each([
  { i: 5, date: oldest },
  { i: 1, date: latest },
])('d1/ds4 of $date has the figures computed straight from the prices', async ({ i, date }) => {
  const { businessDates, rows } = await runJobs(prices, i, date)
  expect(comparisonProblems(rows, expectedComparison(prices, i))).toEqual([])
  expect(businessDates).toEqual([date])
})

test.each(['close', 'high', 'low', 'volume'] as const)('one wrong %s at the vendor shows in d1/ds4', async (column) => {
  const perturbed = prices.map((day) => (day.date === '2020-04-09' ? { ...day, [column]: day[column] * 1.0001 } : day))
  const { rows } = await runJobs(perturbed, 5, oldest)
  expect(comparisonProblems(rows, expectedComparison(prices, 5))).not.toEqual([])
})

test('inputs of another cycle find no partner', async () => {
  const connection = await open(prices, 5, oldest)
  await connection.run(
    "CREATE OR REPLACE TABLE raw_rd2 AS SELECT * REPLACE (date '2026-11-18' AS business_date) FROM raw_rd2",
  )
  const reader = await connection.runAndReadAll(sqlOf('d1-ds1'))
  expect(reader.currentRowCount).toBe(0)
  connection.closeSync()
})

async function runJobs(given: PriceDay[], i: number, date: string) {
  const connection = await open(given, i, date)
  await connection.run(`CREATE TABLE d1_ds4 AS ${COMPARISON_SQL}`)
  const dates = await connection.runAndReadAll('SELECT DISTINCT CAST(business_date AS VARCHAR) FROM d1_ds4')
  const reader = await connection.runAndReadAll(
    'SELECT * EXCLUDE business_date REPLACE (CAST(date AS VARCHAR) AS date) FROM d1_ds4',
  )
  connection.closeSync()
  return { businessDates: dates.getRows().flat(), rows: reader.getRowObjectsJS() as unknown as ComparisonRow[] }
}

/** A database in which every SQL job ran once, each result a table by the name its consumers use. */
async function open(given: PriceDay[], i: number, date: string): Promise<DuckDBConnection> {
  const file = path.join(folder, `${date}.csv`)
  await writeFile(file, vendorFile(given, i))
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`SET VARIABLE business_date = '${date}'`)
  await connection.run(`CREATE VIEW source AS FROM read_csv('${file}')`)
  for (const job of SQL_JOBS) await connection.run(`CREATE TABLE ${job.replace('-', '_')} AS ${sqlOf(job)}`)
  return connection
}

const sqlOf = (job: string) => readFileSync(new URL(`jobs/${job}.sql`, import.meta.url), 'utf8')
