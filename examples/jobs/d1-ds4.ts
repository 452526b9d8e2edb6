// d1/ds4: two measures of one volatility compared: realised (from closes) and Parkinson's (from highs and lows).
// In: d1/ds3 and d2/ds1, the Parquet folders named in `--sluice_inputs`. Out: `part-0.parquet` in `--sluice_output`,
// one row per trading day that both have:
//   realised_vol   sqrt(252) * standard deviation (sample, n - 1) of the 20 daily log returns up to and including the
//                  day, annualised by 252 trading days; a fraction; null until there are 20 returns
//   parkinson_vol  as d2/ds1 has it
//   ratio          parkinson_vol / realised_vol; below 1 where much moved between close and open, which ranges do not see
//   drawdown, volume_zscore, heavy_volume  as d1/ds3 has them
// Never: reads anything but its declared inputs; writes outside of its working directory.
// Glue jobs are one file each, so this one imports packages only.
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** Over the views `d1_ds3` and `d2_ds1`. */
export const COMPARISON_SQL = `
  WITH volatilities AS (
    SELECT
      business_date,
      date,
      CASE WHEN count(log_return) OVER month = 20 THEN sqrt(252) * stddev_samp(log_return) OVER month END AS realised_vol,
      parkinson_vol,
      drawdown,
      volume_zscore,
      heavy_volume
    FROM d1_ds3
    JOIN d2_ds1 USING (business_date, date)
    WINDOW month AS (ORDER BY date ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
  )
  SELECT
    business_date, date, realised_vol, parkinson_vol, parkinson_vol / realised_vol AS ratio,
    drawdown, volume_zscore, heavy_volume
  FROM volatilities
  ORDER BY date`

interface Input {
  product: string
  location: string
}

async function main(argv: string[]): Promise<void> {
  const { inputs, output } = readArguments(argv)
  const s3 = new S3Client({})
  const folder = await mkdtemp(path.resolve('d1-ds4-'))
  try {
    const connection = await (await DuckDBInstance.create()).connect()
    for (const product of ['d1/ds3', 'd2/ds1']) await createView(connection, s3, inputOf(inputs, product), folder)
    const part = path.join(folder, 'part-0.parquet')
    const { rowsChanged: rows } = await connection.run(`COPY (${COMPARISON_SQL}) TO ${quote(part)} (FORMAT parquet)`)
    connection.closeSync()
    const { bucket, key } = parseS3(output)
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${key}part-0.parquet`, Body: await readFile(part) }))
    console.log(JSON.stringify({ rows, output: `${output}part-0.parquet` }))
  } finally {
    await rm(folder, { recursive: true, force: true })
    s3.destroy()
  }
}

function readArguments(argv: string[]): { inputs: Input[]; output: string } {
  const options = { sluice_inputs: { type: 'string' }, sluice_output: { type: 'string' } } as const
  // Not strict: Glue hands over arguments of its own and every other one that Sluice sets.
  const { values } = parseArgs({ args: argv, options, strict: false, allowPositionals: true })
  const { sluice_inputs: inputs, sluice_output: output } = values
  if (typeof inputs !== 'string' || typeof output !== 'string')
    throw new Error('d1-ds4 needs --sluice_inputs and --sluice_output: let Sluice start it, or pass both.')
  return { inputs: JSON.parse(inputs), output }
}

function inputOf(inputs: Input[], product: string): Input {
  const input = inputs.find((candidate) => candidate.product === product)
  if (input) return input
  const given = inputs.map((candidate) => candidate.product).join(', ') || 'none'
  throw new Error(`d1-ds4 reads ${product}, but --sluice_inputs has: ${given}. Add it to dependsOn of d1/ds4.`)
}

/** Downloads the input's Parquet files and makes them the view `<domain>_<product>`. */
async function createView(connection: DuckDBConnection, s3: S3Client, input: Input, folder: string): Promise<void> {
  const { bucket, key: prefix } = parseS3(input.location)
  const name = input.product.replaceAll(/[^A-Za-z0-9]/g, '_')
  const files: string[] = []
  for (const key of await listParquet(s3, bucket, prefix)) {
    const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    if (!body) throw new Error(`s3://${bucket}/${key} of ${input.product} came without a body: rerun the cycle.`)
    const file = path.join(folder, `${name}-${files.length}.parquet`)
    await writeFile(file, await body.transformToByteArray())
    files.push(file)
  }
  if (files.length === 0)
    throw new Error(`No Parquet file in ${input.location} of ${input.product}: look at the run that published it.`)
  await connection.run(`CREATE VIEW ${name} AS FROM read_parquet([${files.map(quote).join(', ')}])`)
}

async function listParquet(s3: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) }),
    )
    for (const { Key: key } of page.Contents ?? []) if (key?.endsWith('.parquet')) keys.push(key)
    token = page.NextContinuationToken
  } while (token)
  return keys
}

function parseS3(location: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? []
  if (bucket && key) return { bucket, key }
  throw new Error(`"${location}" is not a folder in S3: expected s3://bucket/folder/.`)
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`

// Run by Glue, but only looked at by a test.
if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2))
