// In: what a run found. Out: docs/benchmarks/raw/<scenario>.json, and of all that are there the summary and the chart.
// Never: a name or an address of the machine in what is kept.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { toChart } from './chart.ts'
import { type KeptRun, type RunFacts, toReport } from './report.ts'
import type { RunOptions } from './stage.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = path.join(ROOT, 'docs', 'benchmarks')
const RAW_FOLDER = path.join(FOLDER, 'raw')

/** Asked before the run, so that the load is that of the machine and not ours. */
export const toFacts = ({ seed, isQuick }: RunOptions): Omit<RunFacts, 'temporal' | 'postgres'> => ({
  at: new Date().toISOString(),
  commit: readCommit(),
  machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
  node: process.versions.node,
  ...{ seed, isQuick },
  load: loadavg()
    .map((load) => load.toFixed(2))
    .join(', '),
})

export function keepRun(run: KeptRun): void {
  mkdirSync(RAW_FOLDER, { recursive: true })
  writeFileSync(path.join(RAW_FOLDER, `${run.finding.scenario}.json`), `${JSON.stringify(run)}\n`)
}

export function writeSummary(): void {
  const files = readdirSync(RAW_FOLDER).filter((file) => file.endsWith('.json'))
  const runs = files.toSorted().map((file) => JSON.parse(readFileSync(path.join(RAW_FOLDER, file), 'utf8')) as KeptRun)
  const rows = runs.flatMap(({ finding }) =>
    finding.series.map((series) => ({ label: `${finding.scenario} ${series.name}`, series })),
  )
  writeFileSync(path.join(FOLDER, 'results.md'), toReport(runs))
  writeFileSync(path.join(FOLDER, 'results.svg'), toChart(rows))
}

/** With a plus when the checkout differs from it. */
function readCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, stdio: 'pipe' }).toString().trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', '.', ':!docs') === '' ? '' : '+'}`
  } catch {
    return 'unknown (no git here)'
  }
}
