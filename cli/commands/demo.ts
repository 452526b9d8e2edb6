// `sluice demo`, which is `npm start`: everything on this machine, real events, until every product has completed.
import { Command, Option } from '@commander-js/extra-typings'
import { OUTPUTS } from '../output.ts'
import { databaseUrlOption, temporalAddressOption } from '../options.ts'

export const createDemoCommand = () =>
  new Command('demo')
    .description('Start a local stack, run the example mesh on real events, show what happens')
    .option('--once', 'stop everything at the end, also on a terminal; exit code 0 only if all is right')
    .addOption(
      new Option('-o, --output <format>', 'how to print the result at the end')
        .choices(OUTPUTS)
        .default('table' as const),
    )
    .addOption(temporalAddressOption('use this Temporal server; a namespace of its own is made'))
    .addOption(databaseUrlOption('use this PostgreSQL server; a database of its own is made'))
    .addHelpText(
      'after',
      `
Runs Temporal, PostgreSQL and an AWS sandbox on 127.0.0.1, with a worker and a bridge per domain, for five business
dates of the mesh in examples/mesh. On a terminal the stack stays up until Ctrl-C.

Examples:
  sluice demo
  sluice demo --once -o json > demo.json`,
    )
    .action(async (options) => {
      const { demo } = await import('../demo/demo.ts')
      process.exitCode = await demo({ ...options, isTerminal: process.stdout.isTTY === true })
    })
