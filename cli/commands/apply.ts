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
    .addHelpText(
      'after',
      `
Prints what changes, as versions. Open cycles go on by the version that they carry: sluice upgrade. Applied again without a
change, nothing happens.

Exit code 0 when it was applied or nothing had changed; 1 when there are problems, and then nothing was applied; 4 for a reason or
an actor that says nothing, is too long or has control characters.

Examples:
  sluice apply examples/mesh --reason "ds4 for the risk report"
  sluice apply mesh --prune --reason "raw/rd9 is not delivered any more"`,
    )
    .action(async (paths, options) => {
      const { apply } = await import('../apply.ts')
      process.exitCode = await apply(paths, options)
    })
