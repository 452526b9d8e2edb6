// `sluice release`: what was held goes on.
import { Command, Option } from '@commander-js/extra-typings'
import { parseCycleOrProduct, withActionOptions } from '../options.ts'

export const createReleaseCommand = () =>
  withActionOptions(
    new Command('release')
      .description('End a hold of a cycle or a product, and choose which held cycles run')
      .argument('<cycle or product>', 'such as d1/ds3/2026-11-20 or d1/ds3', parseCycleOrProduct)
      .addOption(
        new Option(
          '--run <which>',
          'of several held cycles of a product: which go on; the others stay held one by one',
        ).choices(['all', 'latest', 'none']),
      ),
  )
    .addHelpText(
      'after',
      `
Exit code 4 when nothing is held, or several cycles are and --run does not say which go on.

Examples:
  sluice release d1/ds3/2026-11-20 --reason "vendor has confirmed"
  sluice release d1/ds3 --run latest --reason "prices are right again; older days are skipped"`,
    )
    .action(async (what, { run, ...options }) => {
      const { release } = await import('../holds.ts')
      process.exitCode = await release(what, { ...options, ...(run && { run }) })
    })
