// `sluice upgrade`: let open cycles go by the definition that is in force now.
import { Command } from '@commander-js/extra-typings'
import { actorOption, outputOption, parseCycle, parseProduct, reasonOption, stackOption } from '../options.ts'

export const createUpgradeCommand = () =>
  new Command('upgrade')
    .description('Let an open cycle that has not begun go by the present version of its definition')
    .argument('[cycle]', 'such as d1/ds3/2026-11-20', parseCycle)
    .option('--product <product>', 'all its open cycles that have not begun and carry an older version', parseProduct)
    .option('--dry-run', 'say what would change, and change nothing', false)
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
An edit never changes an open cycle by itself: it goes on with the version it was opened with. An upgrade keeps the arrivals
of inputs that are still needed, waits for new ones and recalls what was published of them.

Exit code 4 when the one cycle named cannot be upgraded; the refusal says why, and is audited as the upgrade would be.

Examples:
  sluice upgrade d1/ds3/2026-11-20 --reason "raw/rd9 is not delivered any more"
  sluice upgrade --product d1/ds3 --dry-run --reason "new input"`,
    )
    .action(async (cycle, { product, ...options }) => {
      const { upgrade } = await import('../upgrade.ts')
      process.exitCode = await upgrade(cycle, { ...options, ...(product && { product }) })
    })
