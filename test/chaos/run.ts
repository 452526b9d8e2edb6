// In: the checkout, and the files wanted (`npm run test:chaos -- rows-glue`), else all. Out: every fault, five runs each
// unless told, the table fault × runs × violations, the closing line, the exit code. Never: the name of a fault that did
// not run in the table.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { closingLine, runRing } from '../steps.ts'
import type { TallyLine } from './cases.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-chaos-tallies-'))
const file = path.join(folder, 'tallies.jsonl')
process.env['SLUICE_CHAOS_RUNS'] ??= '5'
process.env['SLUICE_CHAOS_TALLIES'] = file

const tally = await runRing('chaos', process.argv.slice(2))
for (const line of toTable(readTallies())) console.log(line)
console.log(closingLine('chaos', tally))
process.exitCode = tally.failed > 0 ? 1 : 0
rmSync(folder, { recursive: true, force: true })

function readTallies(): TallyLine[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as TallyLine)
}

function toTable(tallies: TallyLine[]): string[] {
  const faults = Map.groupBy(tallies, ({ row, name }) => `${String(row).padStart(3)}  ${name}`)
  const width = Math.max(20, ...[...faults.keys()].map((fault) => fault.length))
  const byName = [...faults].toSorted(([a], [b]) => a.localeCompare(b))
  const rows = byName.map(([fault, runs]) => {
    const violations = runs.reduce((sum, run) => sum + run.violations, 0)
    return `${fault.padEnd(width)}  ${String(runs.length).padStart(4)}  ${String(violations).padStart(10)}`
  })
  return ['', `${'row  fault'.padEnd(width)}  runs  violations`, ...rows, '']
}
