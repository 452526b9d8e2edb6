// Executes a .sql job with DuckDB. In: argv as Glue gives it: the script's s3:// address, then `--name value` pairs.
// Out: part-0.parquet under --sluice_output and one JSON line on stdout. The convention stands in README.md.
// Never: reaches the network but for the sandbox's S3, or files outside of the run's folder.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, StatementType } from '@duckdb/node-api'
import { type JobFiles, openJobFiles, parseArguments } from './job-files.ts'
import { runAsChild } from './runner.ts'

interface Input {
  product: string
  location: string
}

await runAsChild(async () => {
  const [script = '', ...pairs] = process.argv.slice(2)
  const values = parseArguments(pairs)
  const output = requireOutput(values.get('--sluice_output'))
  const folder = process.cwd()
  const files = openJobFiles()
  const [connection, views] = await Promise.all([
    openDuckDb(folder),
    fetchViews(files, values, folder),
    files.download(script, join(folder, 'job.sql')),
  ])
  for (const [name, source] of views) await connection.run(`create view ${quoteName(name)} as select * from ${source}`)
  await setVariables(connection, values)
  const sql = await readFile(join(folder, 'job.sql'), 'utf8')
  const rows = await writeResult(connection, sql, join(folder, 'part-0.parquet'))
  await files.upload(join(folder, 'part-0.parquet'), `${output}part-0.parquet`)
  const { size } = await stat(join(folder, 'part-0.parquet'))
  console.log(JSON.stringify({ rows, output: `${output}part-0.parquet`, bytes: size }))
})

function requireOutput(output: string | undefined): string {
  if (output === undefined)
    throw new Error('The run has no --sluice_output; a SQL job needs the s3:// location to write.')
  return output.endsWith('/') ? output : `${output}/`
}

async function openDuckDb(folder: string): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '256MB',
    temp_directory: folder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  await connection.run(`set allowed_directories = [${quoteText(folder)}]`)
  await connection.run('set enable_external_access = false')
  return connection
}

/** A view per input product and per `--source…` argument: its name, and what it selects from. */
async function fetchViews(files: JobFiles, values: Map<string, string>, folder: string): Promise<[string, string][]> {
  const inputs = parseInputs(values.get('--sluice_inputs') ?? '[]')
  const products = [...new Set(inputs.map((input) => input.product))]
  const sources = [...values].filter(([name]) => name.startsWith('--source'))
  return Promise.all([
    ...products.map((product) => fetchProduct(files, product, inputs, folder)),
    ...sources.map(([name, address]) => fetchSource(files, name, address, folder)),
  ])
}

function parseInputs(text: string): Input[] {
  const inputs: unknown = JSON.parse(text)
  if (!Array.isArray(inputs)) throw new Error(`--sluice_inputs is not a JSON list: ${text.slice(0, 200)}`)
  return inputs.filter((input: Partial<Input>): input is Input => {
    if (typeof input.product !== 'string') throw new Error(`An input names no product: ${JSON.stringify(input)}`)
    // A product that publishes no data has no location, and no view.
    return typeof input.location === 'string'
  })
}

/** Several cycles of one product are one view. */
async function fetchProduct(
  files: JobFiles,
  product: string,
  inputs: Input[],
  folder: string,
): Promise<[string, string]> {
  const view = product.replace(/[^A-Za-z0-9]/g, '_')
  const locations = inputs.filter((input) => input.product === product).map((input) => input.location)
  const parts = await Promise.all(
    locations.map((location, index) => files.downloadAll(location, join(folder, `${view}-${index}`), '.parquet')),
  )
  const empty = locations.find((_, index) => parts[index]?.length === 0)
  if (empty !== undefined) throw new Error(`The input ${product} has no .parquet object under ${empty}.`)
  return [view, `read_parquet([${parts.flat().map(quoteText).join(', ')}], union_by_name = true)`]
}

async function fetchSource(files: JobFiles, name: string, address: string, folder: string): Promise<[string, string]> {
  const view = name.slice('--'.length)
  const suffix = /\.(csv|parquet)$/.exec(address)?.[1]
  if (suffix === undefined) throw new Error(`${name} must name a .csv or .parquet object; found "${address}".`)
  const file = join(folder, `${view}.${suffix}`)
  await files.download(address, file)
  return [view, `${suffix === 'csv' ? 'read_csv' : 'read_parquet'}(${quoteText(file)})`]
}

/** Plain arguments, for `getvariable('business_date')`. */
async function setVariables(connection: DuckDBConnection, values: Map<string, string>): Promise<void> {
  for (const [name, value] of values) {
    if (name.startsWith('--source') || !name.startsWith('--') || name === '--') continue
    await connection.run(`set variable ${quoteName(name.slice('--'.length))} = ${quoteText(value)}`)
  }
}

/** As a view, so that the script may end in a semicolon or a comment. */
async function writeResult(connection: DuckDBConnection, sql: string, file: string): Promise<number> {
  const statements = await connection.extractStatements(sql)
  const isSelect = statements.count === 1 && (await statements.prepare(0)).statementType === StatementType.SELECT
  if (!isSelect) throw new Error(`A SQL job is one SELECT; the script holds ${statements.count} statements.`)
  await connection.run(`create temp view job_result as\n${sql}`)
  const result = await connection.run(`copy job_result to ${quoteText(file)} (format parquet)`)
  return result.rowsChanged
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
