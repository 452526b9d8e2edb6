// In: the checkout. Out: the part of the gate that needs no server, a line per step, and the tally of its steps.
// Never: takes a minute; passes because a tool found nothing to do.
import path from 'node:path'
import { countIn, installed, root, runStep, type Step, type Tally } from './steps.ts'

const ours = (name: string, args: string[], sawIn: Step['sawIn']): Step => ({
  name,
  command: process.execPath,
  args,
  sawIn,
})

/** What the compiler knows of files that have not changed since: it counts them too. */
const CHECKED_BEFORE = ['--tsBuildInfoFile', path.join(root, '.sluice', 'types.tsbuildinfo')]

const steps: Step[] = [
  ours('format', [installed('@biomejs/biome/bin/biome'), 'format', '.'], countIn(/Checked (\d+) files?/, 'files')),
  ours(
    'lint',
    [installed('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '.'],
    countIn(/on (\d+) files? with \d+ rules/, 'files'),
  ),
  ours('house rules', ['test/house-rules.ts'], countIn(/^(\d+) files read/m, 'files')),
  ours(
    'types',
    [installed('typescript7/bin/tsc'), '-p', '.', '--extendedDiagnostics', '--incremental', ...CHECKED_BEFORE],
    countIn(/^Files:\s+(\d+)/m, 'files'),
  ),
  ours(
    'import arrows',
    [installed('dependency-cruiser/bin/dependency-cruiser.mjs'), '--config', '.dependency-cruiser.cjs', '.'],
    countIn(/\((\d+) modules, [1-9]\d* dependencies cruised\)/, 'modules'),
  ),
  ours(
    'unused code',
    [installed('knip/bin/knip.js'), '--no-progress', '--performance'],
    countIn(/^parseFile\s+(\d+)/m, 'files'),
  ),
  ours(
    'pure tests',
    [installed('vitest/vitest.mjs'), 'run', '--project', 'pure', '--no-color'],
    countIn(/^\s*Tests\s.*?(\d+) passed/m, 'tests'),
  ),
]

export async function check(): Promise<Tally> {
  const failures: string[] = []
  for (const step of steps) {
    const failure = await runStep(step)
    if (failure !== undefined) failures.push(failure)
  }
  return { passed: steps.length - failures.length, failed: failures.length, failures }
}
