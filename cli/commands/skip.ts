// `sluice skip`: a cycle goes without data.
import { Command } from '@commander-js/extra-typings'
import { parseCycle, withActionOptions } from '../options.ts'

export const createSkipCommand = () =>
  withActionOptions(
    new Command('skip')
      .description('End a cycle without data: it is SKIPPED, and consumers are told')
      .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle),
  )
    .addHelpText(
      'after',
      `
A cycle that is WAITING, in ERROR or CANCELLED can be skipped, also after its run has closed; one that is running is cancelled
first, one that has published is taken back (sluice events withdraw). A consumer goes on as its ifNone says.

Exit code 4 when it makes no sense now; the refusal says why and is audited.

Example:
  sluice skip d1/ds3/2026-11-20 --reason "vendor delivers nothing for this day"`,
    )
    .action(async (cycle, options) => {
      const { skip } = await import('../cycle-actions.ts')
      process.exitCode = await skip(cycle, options)
    })
