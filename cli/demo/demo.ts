// From the command to the exit code: stack up, demo, report, stack down. In: the command's options.
// Never: leaves something running; says that all is right when it is not.
import { fileURLToPath } from 'node:url'
import pc from 'picocolors'
import { INTERRUPTED, untilInterrupted } from '../dev/interrupt.ts'
import { keepUp } from '../dev/keep-up.ts'
import { type LocalStack, startLocalStack } from '../dev/local-stack.ts'
import { showOn } from '../dev/show.ts'
import { lagMs, toTable, toTableText } from './report.ts'
import { DEMO_SETTINGS, type DemoResult, runDemo } from './run-demo.ts'

export interface DemoOptions {
  once?: true
  output: string
  temporalAddress?: string
  databaseUrl?: string
  isTerminal: boolean
}

const NEXT = `On a terminal \`npm start\` keeps the stack up: open its Temporal UI, or try status, explain and rerun.
A mesh of your own: node sluice.mjs init my-mesh`

const MESH = fileURLToPath(new URL('../../examples/mesh', import.meta.url))

/** The exit code. Talk goes to stderr when data is asked for on stdout. */
export async function demo(options: DemoOptions): Promise<number> {
  const out = options.output === 'json' ? process.stderr : process.stdout
  return untilInterrupted(async (signal) => {
    const startedMs = performance.now()
    const stack = await startLocalStack({
      name: 'demo',
      workingFolder: process.cwd(),
      meshFolder: MESH,
      settings: DEMO_SETTINGS,
      actor: 'sluice demo',
      show: showOn(out),
      temporalCli: process.env['SLUICE_TEMPORAL_CLI'],
      temporalAddress: options.temporalAddress,
      databaseUrl: options.databaseUrl,
      isIsolated: true,
      signal,
    })
    try {
      const say = (line: string): void => void out.write(`${line}\n`)
      say('')
      const result = await runDemo({ stack, nowMs: Date.now(), say, signal })
      report(result, options, say)
      say(pc.dim(`\n${((performance.now() - startedMs) / 1_000).toFixed(0)} s in all, from nothing running to here.`))
      if (options.isTerminal && !options.once && !signal.aborted) {
        hint(stack, result, say)
        if ((await keepUp(stack, { say, signal, again: 'npm start' })) === 'ended') return 1
      } else say(`\n${NEXT}`)
      return result.problems.length === 0 ? 0 : 1
    } catch (error) {
      if (signal.aborted) return INTERRUPTED
      throw error
    } finally {
      out.write('Stopping everything …\n')
      await stack.stop()
    }
  })
}

function report(result: DemoResult, options: DemoOptions, say: (line: string) => void): void {
  const rows = toTable(result.reports)
  if (options.output === 'json') {
    const { keys, problems } = result
    process.stdout.write(`${JSON.stringify({ dates: keys, problems, cycles: rows }, undefined, 2)}\n`)
    return
  }
  say(`\n${toTableText(rows)}\n`)
  for (const [key, note] of Object.entries(result.script.notes)) say(`${key}  ${pc.dim(note)}`)
  const lags = result.reports
    .map(lagMs)
    .filter((lag) => lag !== null)
    .sort((a, b) => a - b)
  const median = lags[Math.floor(lags.length / 2)] ?? 0
  say(
    `\nLast arrival to Glue start: median ${(median / 1_000).toFixed(2)} s, longest ${((lags.at(-1) ?? 0) / 1_000).toFixed(2)} s.`,
  )
  if (result.problems.length === 0) {
    say(pc.green(`All ${rows.length} cycles completed; every figure of d1/ds4 equals the independent computation.`))
  } else {
    say(pc.red(`${result.problems.length} problem(s):`))
    for (const problem of result.problems) say(`  ${problem}`)
  }
}

function hint(stack: LocalStack, result: DemoResult, say: (line: string) => void): void {
  const ui = stack.servers.temporalUi
  const waiting = encodeURIComponent('SluiceState = "WAITING"')
  const mixed = result.script.repeatedKey
  say(`
The stack stays up until Ctrl-C. From another terminal, in this folder:
  node sluice.mjs status                                   products × dates
  node sluice.mjs explain d1/ds3/${mixed}                what arrived when, what each event meant
  node sluice.mjs rerun d1/ds2/${mixed} --reason "try"   revision 2, and corrections downstream
  node sluice.mjs events tail                              the ledger: one outcome for each event
  node sluice.mjs doctor
  eval "$(node sluice.mjs dev env)"                        then psql "$DATABASE_URL", temporal, aws
${ui ? `Temporal UI: ${ui}\n  which products wait, and for what: ${ui}/namespaces/default/workflows?query=${waiting}` : ''}`)
}
