// Entry: `node bench/main.ts S1 [--n 2000] [--quick] [--seed 1] [-o json]`. Measures one scenario, keeps samples and
// environment as JSON in docs/benchmarks/raw/ and writes summary and chart anew. A quick run is kept nowhere.
import { parseArgs } from 'node:util'
import { keepRun, toFacts, writeSummary } from './keep.ts'
import { toReport } from './report.ts'
import { measureMemory } from './memory.ts'
import { measureArrivalToStart } from './s1-arrival-to-start.ts'
import { measureFanIn } from './s2-fan-in.ts'
import { measureChain } from './s3-chain.ts'
import { measureManyWaiting } from './s4-many-waiting.ts'
import { measureFlood } from './s5-flood.ts'
import { measureColdStart } from './s6-cold-start.ts'
import { measureCostPerCycle } from './s7-cost-per-cycle.ts'
import { measureCostPerEvent } from './s8-cost-per-event.ts'
import type { Measured, RunOptions } from './stage.ts'

const SCENARIOS: Record<string, (options: RunOptions) => Promise<Measured>> = {
  S1: measureArrivalToStart,
  S2: measureFanIn,
  S3: measureChain,
  S4: measureManyWaiting,
  S5: measureFlood,
  S6: measureColdStart,
  S7: measureCostPerCycle,
  S8: measureCostPerEvent,
  memory: measureMemory,
}

const USAGE = `Usage: npm run bench -- ${Object.keys(SCENARIOS).join('|')} [--n N] [--quick] [--seed N] [-o json]\n`

const { positionals, values } = parse()
if (values.help) {
  process.stdout.write(`${USAGE}How to read the results: docs/benchmarks/README.md\n`)
  process.exit(0)
}
const measure = SCENARIOS[positionals[0] ?? '']
const n = values.n === undefined ? undefined : Number(values.n)
if (!measure || positionals.length > 1 || (n !== undefined && !(Number.isInteger(n) && n > 0))) {
  process.stderr.write(USAGE)
  process.exit(2)
}
const options: RunOptions = {
  ...{ n, isQuick: values.quick, seed: Number(values.seed) },
  say: (line) => void process.stderr.write(`${line}\n`),
}
const facts = toFacts(options)
const { servers, ...finding } = await measure(options)
const run = { facts: { ...facts, ...servers }, finding }
if (!options.isQuick) {
  keepRun(run)
  writeSummary()
}
process.stdout.write(values.output === 'json' ? `${JSON.stringify(run)}\n` : toReport([run]))

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        n: { type: 'string' },
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    return process.exit(2)
  }
}
