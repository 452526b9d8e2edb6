// `sluice open`: a cycle by hand.
import { Command } from '@commander-js/extra-typings'
import { actorOption, outputOption, parseCycle, reasonOption, stackOption } from '../options.ts'

export const createOpenCommand = () =>
  new Command('open')
    .description('Open a cycle now that the scheduler does not open, such as one of the past')
    .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
    .addOption(reasonOption())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nIt starts when its upstreams have arrived. Exit code 5 when the cycle exists already.\n\nExample:\n  sluice open raw/rd1/2026-11-20',
    )
    .action(async (cycle, options) => {
      const { open } = await import('../open.ts')
      process.exitCode = await open(cycle, options)
    })
