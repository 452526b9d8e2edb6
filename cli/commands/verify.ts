// `sluice verify`: do the invariants hold, by ledgers and histories?
import { Command } from '@commander-js/extra-typings'
import { outputOption, stackOption } from '../options.ts'

export const createVerifyCommand = () =>
  new Command('verify')
    .description('Check from ledgers, histories and rows that no event was lost, invented, early or done twice')
    .option('--domain <domain...>', 'only these domains; on a local stack all of them unless told')
    .option('--replay', 'also replay every history on the present build of the workflows', false)
    .option('--save <file>', 'keep the evidence in this file, as JSON')
    .option('--from <file>', 'judge evidence that was kept, and ask no server')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nTake it when all is quiet: what is under way has not reached every witness yet.\n' +
        'Exit code 1 when an invariant is violated, and when there is nothing to judge yet.\n\n' +
        'Examples:\n  sluice verify\n  sluice verify --domain d1 --save evidence.json\n  sluice verify --from evidence.json --replay',
    )
    .action(async (options) => {
      const { verify } = await import('../verify.ts')
      process.exitCode = await verify(options)
    })
