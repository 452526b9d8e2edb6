// `sluice status`: products × dates.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseCount, stackOption } from '../options.ts'

export const createStatusCommand = () =>
  new Command('status')
    .description('Show the state of cycles, products × dates, as last reported to the mirror')
    .option('--domain <domain>', 'only products of this domain')
    .option('--state <state>', 'only cycles in this state, such as ERROR', (text) => text.toUpperCase())
    .option('--dates <n>', 'how many dates, newest first', parseCount, 7)
    .option('--watch', 'show it again whenever something changed, until Ctrl-C', false)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nAn open cycle that goes on by an older version of its definition than the one in force is marked with it: v6.\n' +
        '\nExamples:\n  sluice status\n  sluice status --state ERROR -o json\n  sluice status --watch',
    )
    .action(async (options) => {
      const { status } = await import('../status.ts')
      process.exitCode = await status(options)
    })
