// `sluice explain`: why a cycle stands where it stands.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseCycle, stackOption } from '../options.ts'

export const createExplainCommand = () =>
  new Command('explain')
    .description('Say why a cycle stands where it stands: arrived, missing, attempts, what comes next')
    .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nAsks the running workflow; for a closed cycle, or without Temporal, the mirror.\n\nExample:\n  sluice explain d1/ds3/2026-11-20',
    )
    .action(async (cycle, options) => {
      const { explain } = await import('../explain.ts')
      process.exitCode = await explain(cycle, options)
    })
