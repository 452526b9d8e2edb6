// `sluice cancel`: stop a cycle.
import { Command } from '@commander-js/extra-typings'
import { parseCycle, withActionOptions } from '../options.ts'

export const createCancelCommand = () =>
  withActionOptions(
    new Command('cancel')
      .description('Stop the Glue run of a cycle and end it as CANCELLED')
      .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle),
  )
    .addHelpText(
      'after',
      `
Consumers are told, and go on waiting; a rerun brings it back. In Temporal such a run is Completed, with the state CANCELLED.

Exit code 4 when it makes no sense now; the refusal says why and is audited.

Example:
  sluice cancel d1/ds3/2026-11-20 --reason "reads the wrong bucket"`,
    )
    .action(async (cycle, options) => {
      const { cancel } = await import('../cycle-actions.ts')
      process.exitCode = await cancel(cycle, options)
    })
