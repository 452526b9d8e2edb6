// `sluice external test`: declared mappings tried out on events.
import { Command } from '@commander-js/extra-typings'
import { outputOption } from '../options.ts'

export const createExternalCommand = () =>
  new Command('external')
    .description('Upstreams outside the mesh: what their mappings make of events')
    .addHelpText('after', '\nExample:\n  sluice external test mesh --event event.json')
    .addCommand(
      new Command('test')
        .description('Say what declared mappings make of EventBridge events, without a connection to anything')
        .argument('<paths...>', 'files or folders of .yaml definitions')
        .requiredOption('--event <file>', 'events as EventBridge sends them, JSON or JSON Lines; - reads stdin')
        .addOption(outputOption())
        .addHelpText(
          'after',
          '\nExit code 1 when one of them means nothing.\n\nExample:\n  sluice external test mesh --event event.json',
        )
        .action(async (paths, options) => {
          const { testExternals } = await import('../external.ts')
          process.exitCode = await testExternals(paths, options)
        }),
    )
