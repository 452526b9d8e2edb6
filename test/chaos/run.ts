// In: the files wanted (`npm run test:chaos -- rows-glue`), else all; `--runs n` of each fault, else five; `--nightly` for
// full-length outages and nightly sizes; `--table` for the table of the last run, also one that was cut short.
// Out: every fault, the table, the closing line, the exit code. Never: a fault in the table that did not run;
// a run of nothing, where a name matches no file.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { closingLine, root, runRing } from '../steps.ts'
import { parseTallies, toTable } from './tally.ts'
import { findUnmatched, toNames } from './wanted-files.ts'

const TALLIES = path.join(root, '.sluice', 'chaos', 'tallies.jsonl')

const USAGE = 'Usage: npm run test:chaos -- [FILE …] [--runs N] [--nightly] [--table]'
const { values, positionals } = parse()
const runs = values.runs ?? process.env['SLUICE_CHAOS_RUNS'] ?? '5'
const files = readdirSync(path.join(root, 'test', 'chaos')).filter((file) => file.endsWith('.test.ts'))
const unmatched = findUnmatched(positionals, files)
if (values.help) console.log(USAGE)
else if (values.table) printTable()
else if (!/^[1-9]\d*$/.test(runs)) {
  console.error(`--runs takes a whole number from 1 on, not "${runs}".`)
  process.exitCode = 1
} else if (unmatched.length > 0) {
  const names = toNames(files).map((name) => `  ${name}`)
  console.error([`No file of test/chaos matches ${unmatched.join(', ')}. There are:`, ...names].join('\n'))
  process.exitCode = 2
} else await runFaults(positionals)

function parse() {
  try {
    const flags = {
      nightly: { type: 'boolean' },
      table: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ allowPositionals: true, options: { runs: { type: 'string' }, ...flags } })
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return process.exit(2)
  }
}

async function runFaults(wanted: string[]): Promise<void> {
  mkdirSync(path.dirname(TALLIES), { recursive: true })
  writeFileSync(TALLIES, '')
  process.env['SLUICE_CHAOS_TALLIES'] = TALLIES
  process.env['SLUICE_CHAOS_RUNS'] = runs
  if (values.nightly) process.env['SLUICE_CHAOS_FULL'] = '1'
  const tally = await runRing('chaos', wanted)
  printTable()
  console.log(closingLine('chaos', tally))
  process.exitCode = tally.failed > 0 ? 1 : 0
}

function printTable(): void {
  const tallies = existsSync(TALLIES) ? parseTallies(readFileSync(TALLIES, 'utf8')) : []
  const lines = tallies.length > 0 ? toTable(tallies) : ['No fault was played.']
  for (const line of ['', ...lines, '']) console.log(line)
}
