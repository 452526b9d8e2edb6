// `sluice logs`: what the Glue runs of a cycle said.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseCycle, stackOption } from '../options.ts'

export const createLogsCommand = () =>
  new Command('logs')
    .description('Show the Glue runs of a cycle and where their logs are; on a local stack the logs themselves')
    .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 0 also when it has had no run yet; 1 when the mirror does not know the cycle.\n\nExamples:\n  sluice logs d1/ds2/2026-11-20\n  sluice logs d1/ds2/2026-11-20 -o json',
    )
    .action(async (cycle, options) => {
      const { logs } = await import('../logs.ts')
      process.exitCode = await logs(cycle, options)
    })
