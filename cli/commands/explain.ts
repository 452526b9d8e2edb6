// `sluice explain`: why a cycle stands where it stands.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseCycle, stackOption } from '../options.ts'

const EXAMPLES = `
Asks the running workflow, and the mirror for what it waits for, down to the root; for a closed cycle, or without Temporal,
the mirror alone. How to read it: docs/explain.md

Examples:
  sluice explain d1/ds3/2026-11-20
  sluice explain d1/ds3/2026-11-26                              # why there is none
  sluice explain d1/ds3/2026-11-20 --at 2026-11-20T22:05:00Z    # what it waited for then
  sluice explain d1/ds3/2026-11-20 --at "2026-11-20 17:05"      # in the zone of its definition`

export const createExplainCommand = () =>
  new Command('explain')
    .description('Say why a cycle stands where it stands: the root it waits for, whose that is, what would unblock it')
    .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
    .option('--at <time>', 'what it waited for then: an instant, or a wall time in the zone of its definition')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (cycle, options) => {
      const { explain } = await import('../explain.ts')
      process.exitCode = await explain(cycle, options)
    })
