// In: the checkout as it stands. Out: for each mutant whether the tests saw it, `killed/total`, exit code 1 if one lives.
// Never: edits the checkout; takes a suite that could not be loaded for one that turned red.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { installed, root, run } from '../steps.ts'
import { type Edit, MUTANTS, type Mutant } from './mutants.ts'

const HELP = `Usage: npm run test:mutants -- [--only TEXT] [--simulation] [--list]

Breaks the product in a scratch copy, one fence at a time, and demands that the tests turn red.
  --only TEXT   the mutants whose name contains TEXT
  --simulation  asks the seeded simulation alone, of those that it can see (SLUICE_SIM_SEEDS=n: how many worlds)
  --list        names them, with what sees them, and runs nothing
`

const values = parse()
const SIMULATION = { project: 'simulation', files: ['test/simulation/seeds.test.ts'] }
const named = MUTANTS.filter(({ name }) => name.includes(values.only ?? ''))
const chosen = values.simulation
  ? named.filter(({ unseen }) => unseen === undefined).map((mutant) => ({ ...mutant, suite: SIMULATION }))
  : named
if (values.help) console.log(HELP)
else if (chosen.length === 0) {
  console.error(`No mutant is named "${values.only}": see --list.`)
  process.exitCode = 2
} else if (values.list) for (const mutant of chosen) console.log(toLine(mutant))
else process.exitCode = await runMutants(chosen)

function parse() {
  try {
    const flags = { simulation: { type: 'boolean' }, list: { type: 'boolean' } } as const
    const help = { type: 'boolean', short: 'h' } as const
    return parseArgs({ options: { only: { type: 'string' }, ...flags, help } }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n${HELP}`)
    return process.exit(2)
  }
}

function toLine({ name, harm, suite, unseen }: Mutant): string {
  const simulation = unseen === undefined ? 'and the simulation' : `the simulation cannot: ${unseen}`
  return `${name}: ${harm}\n  seen by ${suite.files.join(', ')}; ${simulation}`
}

async function runMutants(mutants: Mutant[]): Promise<number> {
  const scratch = copyCheckout()
  try {
    const red = await findRedSuites(scratch, mutants)
    if (red.length > 0) {
      console.log(`Red without any mutant, so nothing can be said: ${red.join('; ')}`)
      return 1
    }
    let killed = 0
    for (const [at, mutant] of mutants.entries()) {
      const startedAt = performance.now()
      const verdict = await judge(scratch, mutant)
      if (verdict.kind === 'killed') killed += 1
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)
      console.log(
        `${String(at + 1).padStart(2)}/${mutants.length} ${seconds} s  ${verdict.kind.padEnd(8)} ${mutant.name}`,
      )
      console.log(`             ${verdict.says}`)
    }
    console.log(`\n${killed} of ${mutants.length} mutants killed`)
    console.log(`mutants: ${killed} passed, ${mutants.length - killed} failed`)
    return killed === mutants.length ? 0 : 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The control: each suite once on the product as it is. */
async function findRedSuites(scratch: string, mutants: Mutant[]): Promise<string[]> {
  const suites = new Map(mutants.map((mutant) => [JSON.stringify(mutant.suite), mutant]))
  const red: string[] = []
  for (const mutant of suites.values()) {
    const verdict = await runSuite(scratch, mutant)
    if (verdict.kind !== 'SURVIVED') red.push(`${mutant.suite.files.join(', ')}: ${verdict.says}`)
  }
  console.log(`control: ${suites.size - red.length} of ${suites.size} suites green without a mutant`)
  return red
}

/** All files that git knows or would know, and the installed packages by a link. */
function copyCheckout(): string {
  const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-mutants-'))
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  // One that was deleted is still known until the commit.
  const files = listed.stdout
    .toString('utf8')
    .split('\0')
    .filter((file) => file && existsSync(path.join(root, file)))
  for (const file of files) {
    mkdirSync(path.dirname(path.join(scratch, file)), { recursive: true })
    cpSync(path.join(root, file), path.join(scratch, file))
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(scratch, 'node_modules'))
  return scratch
}

interface Verdict {
  kind: 'killed' | 'SURVIVED' | 'BROKEN'
  says: string
}

async function judge(scratch: string, mutant: Mutant): Promise<Verdict> {
  const originals = new Map(mutant.edits.map(({ file }) => [file, readFileSync(path.join(scratch, file), 'utf8')]))
  const unfit = mutant.edits.find(({ file, find }) => (originals.get(file) ?? '').split(find).length !== 2)
  if (unfit) return { kind: 'BROKEN', says: `${unfit.file} does not hold exactly once: ${unfit.find.trim()}` }
  try {
    for (const edit of mutant.edits) apply(scratch, edit)
    return await runSuite(scratch, mutant)
  } finally {
    for (const [file, text] of originals) writeFileSync(path.join(scratch, file), text)
  }
}

function apply(scratch: string, { file, find, replace }: Edit): void {
  const at = path.join(scratch, file)
  writeFileSync(
    at,
    readFileSync(at, 'utf8').replace(find, () => replace),
  )
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: { assertionResults: { status: string; fullName: string; failureMessages?: string[] }[] }[]
}

async function runSuite(scratch: string, { suite }: Mutant): Promise<Verdict> {
  const file = path.join(scratch, 'mutant-report.json')
  const vitest = installed('vitest/vitest.mjs')
  const reporters = ['--reporter=json', `--outputFile=${file}`]
  const { output } = await run(
    process.execPath,
    [vitest, 'run', '--project', suite.project, ...reporters, ...suite.files],
    'pipe',
    scratch,
  )
  try {
    return toVerdict(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return { kind: 'BROKEN', says: `the suite left no report: ${output.trim().split('\n').at(-1)}` }
  } finally {
    rmSync(file, { force: true })
  }
}

function toVerdict({ numPassedTests, numFailedTests, testResults }: Report): Verdict {
  const red = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
  const first = red[0]
  const why = first?.failureMessages?.[0]?.split('\n')[0]?.slice(0, 120) ?? ''
  if (first) return { kind: 'killed', says: `${numFailedTests} red, e.g. "${first.fullName.trim()}": ${why}` }
  if (numPassedTests === 0) return { kind: 'BROKEN', says: 'no test ran: the suite could not be loaded' }
  return { kind: 'SURVIVED', says: `${numPassedTests} tests passed with it` }
}
