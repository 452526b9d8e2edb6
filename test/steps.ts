// In: commands of the gate. Out: one line each (name, seconds, ok or failed), the output only of those that failed.
// Never: counts a step as passed whose tool looked at nothing.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(fileURLToPath(import.meta.url), '..', '..')

/** A file of an installed package; run by path, because `npx` asks a registry. */
export const installed = (file: string) => path.join(root, 'node_modules', file)

export interface Step {
  name: string
  command: string
  args: string[]
  /** From what was printed: how much was looked at, e.g. `31 files`; undefined when that was nothing. */
  sawIn: (output: string) => string | undefined
}

export interface Tally {
  passed: number
  failed: number
  /** What failed, each with the first lines of why: read at the end, where a log is cut last. */
  failures: string[]
}

/** What is read of vitest's JSON report of a ring. */
interface RingReport {
  numPassedTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

const MOST_LINES = 12

/** Reads "N files" out of a tool's closing line; 0 counts as nothing. */
export const countIn =
  (pattern: RegExp, what: string) =>
  (output: string): string | undefined => {
    const count = Number(pattern.exec(output)?.[1] ?? 0)
    return count > 0 ? `${count} ${what}` : undefined
  }

/** The failure in a few lines, or undefined when all was well; the whole output of a failure is on screen. */
export async function runStep(step: Step): Promise<string | undefined> {
  const startedAt = performance.now()
  const { code, output } = await run(step.command, step.args)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)
  const saw = step.sawIn(output)
  const ok = code === 0 && saw !== undefined
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${seconds} s  ${step.name}${saw ? ` (${saw})` : ''}`)
  if (ok) return undefined
  console.log(output.trimEnd())
  const sawNothing = `${step.name} ended well but says of no file that it looked at it: see ${step.args[0]}.`
  if (code === 0) console.log(sawNothing)
  const lines = code === 0 ? [sawNothing] : output.trimEnd().split('\n').slice(-MOST_LINES)
  return [step.name, ...lines].join('\n  ')
}

/** Runs one ring of tests, or some files of it, with its output on screen and counts from vitest's own report. */
export async function runRing(name: string, files: string[] = []): Promise<Tally> {
  const report = path.join(tmpdir(), `sluice-ring-${name}-${process.pid}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = [installed('vitest/vitest.mjs'), 'run', '--project', name, ...reporters, ...files]
  const { code } = await run(process.execPath, args, 'inherit')
  try {
    return toTally(name, JSON.parse(readFileSync(report, 'utf8')), code)
  } catch (error) {
    const unreadable = `vitest left no readable report of ${name}: ${String(error)}`
    console.log(unreadable)
    return { passed: 0, failed: 1, failures: [unreadable] }
  } finally {
    rmSync(report, { force: true })
  }
}

/** A ring that ends badly with no failed test (a leaked error, a broken set-up) has failed all the same. */
function toTally(name: string, report: RingReport, code: number): Tally {
  const failures = report.testResults.flatMap(toFailures)
  if (failures.length === 0 && code !== 0) failures.push(`${name} ended with ${code}, though none of its tests failed`)
  return { passed: report.numPassedTests, failed: failures.length, failures }
}

function toFailures(file: RingReport['testResults'][number]): string[] {
  const at = path.relative(root, file.name)
  const failed = file.assertionResults.filter(({ status }) => status === 'failed')
  const ofFile =
    file.message || (failed.length === 0 && file.status === 'failed' ? 'a hook failed: see its output' : '')
  return (ofFile ? [toFailure(at, ofFile)] : []).concat(
    failed.map((test) => toFailure(`${at} > ${test.fullName}`, test.failureMessages.join('\n'))),
  )
}

/** Of the stack only what is our own. */
function toFailure(what: string, why: string): string {
  const isOurs = (line: string) => !/^\s+at /.test(line) || (line.includes(root) && !line.includes('node_modules'))
  return [what, ...why.trim().split('\n').filter(isOurs).slice(0, MOST_LINES)].join('\n  ')
}

/** `N passed, N failed`: the form in which runners are read by machines. */
export const closingLine = (name: string, tally: Tally) => `${name}: ${tally.passed} passed, ${tally.failed} failed`

export async function run(command: string, args: string[], output: 'inherit' | 'pipe' = 'pipe', cwd = root) {
  // Colours would hide the counts from the patterns that look for them.
  const env = output === 'pipe' ? { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } : process.env
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', output, output] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode) => resolve(exitCode ?? 1))
  })
  return { code, output: text }
}
