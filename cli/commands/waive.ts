// `sluice waive`: a cycle goes without an input.
import { Command } from '@commander-js/extra-typings'
import { parseCycle, parseProducts, withActionOptions } from '../options.ts'

export const createWaiveCommand = () =>
  withActionOptions(
    new Command('waive')
      .description('Let a cycle that has not begun go without an input')
      .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
      .option('--dependency <products>', 'the input, such as raw/rd2; several by commas', parseProducts)
      .option('--all', 'whatever it still waits for', false),
  )
    .addHelpText(
      'after',
      `
The input counts as WAIVED, and what is published says that it was built without. One that comes all the same before the cycle
begins is taken.

Exit code 4 when it makes no sense now; the refusal says why and is audited.

Examples:
  sluice waive d1/ds3/2026-11-20 --dependency raw/rd2 --reason "vendor is down, agreed with risk"
  sluice waive d1/ds3/2026-11-20 --all --dry-run --reason "month-end must go out"`,
    )
    .action(async (cycle, { dependency, ...options }) => {
      const { waive } = await import('../cycle-actions.ts')
      process.exitCode = await waive(cycle, { ...options, ...(dependency && { dependency }) })
    })
