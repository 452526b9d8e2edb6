// `sluice worker <domain>` and `sluice bridge <domain>`: one role of one domain, alone.
import { Command } from '@commander-js/extra-typings'
import { stackOption } from '../options.ts'

const createRoleCommand = (role: 'worker' | 'bridge', description: string) =>
  new Command(role)
    .description(description)
    .argument('<domain>', 'such as d1')
    .addOption(stackOption())
    .addHelpText(
      'after',
      `
Works against any Temporal, PostgreSQL and AWS that its environment names (AWS_*, TEMPORAL_*, DATABASE_URL, SLUICE_*);
on a machine with a local stack and none of these set, against that stack. SIGTERM stops it after the work in hand.

Example:
  sluice ${role} d1`,
    )
    .action(async (domain, options) => {
      const { runRole } = await import('../role.ts')
      process.exitCode = await runRole(role, domain, options)
    })

export const createWorkerCommand = () =>
  createRoleCommand('worker', "Run a domain's cycles and activities until stopped")
export const createBridgeCommand = () =>
  createRoleCommand('bridge', "Take a domain's events from its queue until stopped")
