// `sluice rerun`: run a cycle again, open or closed.
import { Command } from '@commander-js/extra-typings'
import { actorOption, outputOption, parseCycle, reasonOption, stackOption } from '../options.ts'

export const createRerunCommand = () =>
  new Command('rerun')
    .description('Run a product again for a cycle: a failed one, or a completed one as a new revision')
    .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 4 when the cycle cannot be rerun now; the refusal says why and is audited.\n\nExample:\n  sluice rerun d1/ds2/2026-11-20 --reason "disk was full, enlarged"',
    )
    .action(async (cycle, options) => {
      const { rerun } = await import('../rerun.ts')
      process.exitCode = await rerun(cycle, options)
    })
