// In: the checkout. Out: `npm test`: the check, then each ring from cheap to dear, what failed, a closing line per
// runner, the exit code.
// Never: two heavy rings at once (two cores, real servers); a ring without files counted as passed.
import { globSync } from 'node:fs'
import { check } from './gate.ts'
import { closingLine, root, runRing, type Tally } from './steps.ts'

/** Of the fault suite the most telling files; all of it is `npm run test:chaos`. */
const CHAOS = ['effects', 'crash-points', 'rows-glue', 'rows-poison', 'tally', 'tcp-proxy', 'wanted-files'].map(
  (name) => `test/chaos/${name}.test.ts`,
)

if (process.argv.length > 2) {
  const rest = 'the longer ones are test:chaos, test:mutants, contract and bench, each with --help.'
  console.error(`Usage: npm test (no arguments). It runs the check and every ring; ${rest}`)
  process.exit(process.argv.includes('--help') ? 0 : 2)
}

const rings: { name: string; files: string[]; only?: string[] }[] = [
  { name: 'simulation', files: ['test/simulation/**/*.test.ts'] },
  { name: 'contract', files: ['test/contract/**/*.test.ts'] },
  { name: 'services', files: ['test/services/**/*.test.ts'] },
  { name: 'workflows', files: ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts'] },
  { name: 'chaos', files: CHAOS, only: CHAOS },
  { name: 'end-to-end', files: ['test/end-to-end/**/*.test.ts'] },
]

const tallies: { name: string; tally: Tally }[] = [{ name: 'check', tally: await check() }]
for (const { name, files, only } of rings) {
  console.log(`\n${name}`)
  tallies.push({ name, tally: await runIfThere(name, files, only) })
}

console.log('')
for (const failure of tallies.flatMap(({ tally }) => tally.failures)) console.log(`FAILED ${failure}\n`)
for (const { name, tally } of tallies) console.log(closingLine(name, tally))
const sum = (of: 'passed' | 'failed') => tallies.reduce((all, { tally }) => all + tally[of], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 ? 1 : 0

async function runIfThere(name: string, files: string[], only?: string[]): Promise<Tally> {
  if (globSync(files, { cwd: root }).length > 0) return runRing(name, only)
  console.log(`No test file in this ring yet (${files.join(', ')}): nothing was run.`)
  return { passed: 0, failed: 0, failures: [] }
}
