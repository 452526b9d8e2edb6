// `sluice apply`: definitions become versions, rows and catalog objects; the scheduler hears of it at once.
import { Command } from '@commander-js/extra-typings'
import { actorOption, outputOption, reasonOption, stackOption } from '../options.ts'

export const createApplyCommand = () =>
  new Command('apply')
    .description('Apply definition files: versioned, audited, in force for cycles opened from then on')
    .argument('<paths...>', 'files or folders of .yaml definitions')
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(actorOption())
    .option(
      '--prune',
      'also remove products and externals of these domains that are in no file any more, and calendars',
      false,
    )
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  sluice apply examples/mesh --reason "ds4 for the risk report"')
    .action(async (paths, options) => {
      const { apply } = await import('../apply.ts')
      process.exitCode = await apply(paths, options)
    })
