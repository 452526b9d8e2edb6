// `sluice hold`: a cycle, or all of a product, starts nothing.
import { Command } from '@commander-js/extra-typings'
import { parseCycleOrProduct, withActionOptions } from '../options.ts'

export const createHoldCommand = () =>
  withActionOptions(
    new Command('hold')
      .description('Keep a cycle, or all cycles of a product, from starting; arrivals are recorded all the same')
      .argument('<cycle or product>', 'such as d1/ds3/2026-11-20 or d1/ds3', parseCycleOrProduct),
  )
    .addHelpText(
      'after',
      `
A Glue run that is at work goes on, and is published. Deadlines and cutoffs count as before. A held product also holds the
cycles that open from then on, and what would run again by itself; that is written to the catalog, so it needs the rights of
sluice apply.

Exit code 4 when it makes no sense now; the refusal says why and is audited.

Examples:
  sluice hold d1/ds3/2026-11-20 --reason "waiting for a word from the vendor"
  sluice hold d1/ds3 --reason "prices are wrong since noon"`,
    )
    .action(async (what, options) => {
      const { hold } = await import('../holds.ts')
      process.exitCode = await hold(what, options)
    })
