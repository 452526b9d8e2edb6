// Are the figures right? In: the last product's Parquet in S3, an independent computation from the vendor's prices.
// Out: what differs, in words; empty = right.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { DuckDBInstance } from '@duckdb/node-api'
import { type ComparisonRow, comparisonProblems, expectedComparison, readPrices } from '../../examples/feed.ts'
import { clientOptions, type Endpoint } from '../../sandbox/cloudformation/account.ts'

/** `keys`: the demo's dates, oldest first; `account` owns the bucket. */
export async function checkFigures(
  endpoint: Endpoint,
  account: string,
  keys: string[],
): Promise<Map<string, string[]>> {
  const s3 = new S3Client(clientOptions(endpoint, account))
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-figures-'))
  const prices = readPrices()
  try {
    const problems = new Map<string, string[]>()
    for (const [n, key] of keys.entries()) {
      const rows = await readComparison(s3, folder, key)
      problems.set(
        key,
        typeof rows === 'string' ? [rows] : comparisonProblems(rows, expectedComparison(prices, keys.length - n)),
      )
    }
    return problems
  } finally {
    await rm(folder, { recursive: true, force: true })
    s3.destroy()
  }
}

/** The rows, or why there are none. */
async function readComparison(s3: S3Client, folder: string, key: string): Promise<ComparisonRow[] | string> {
  const place = { Bucket: 'example-d1-products', Prefix: `ds4/${key}/` }
  const found = await s3.send(new ListObjectsV2Command(place))
  const objects = found.Contents?.flatMap(({ Key }) => (Key?.endsWith('.parquet') ? [Key] : [])) ?? []
  const [object, ...more] = objects
  if (object === undefined || more.length > 0)
    return `s3://${place.Bucket}/${place.Prefix} has ${objects.length} Parquet files`
  const answer = await s3.send(new GetObjectCommand({ Bucket: place.Bucket, Key: object }))
  const file = path.join(folder, `${key}.parquet`)
  await writeFile(file, (await answer.Body?.transformToByteArray()) ?? new Uint8Array())
  return queryRows(file, key)
}

async function queryRows(file: string, key: string): Promise<ComparisonRow[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const select = `SELECT * EXCLUDE business_date REPLACE (CAST(date AS VARCHAR) AS date)
      FROM read_parquet('${file.replaceAll("'", "''")}') WHERE business_date = DATE '${key}' ORDER BY date`
    const result = await connection.runAndReadAll(select)
    return result.getRowObjectsJS() as unknown as ComparisonRow[]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
