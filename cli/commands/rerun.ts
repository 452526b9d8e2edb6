// `sluice rerun`: run a cycle again, open or closed.
import { Command, Option } from '@commander-js/extra-typings'
import { parseCascade, parseCycle, withActionOptions } from '../options.ts'

export const createRerunCommand = () =>
  withActionOptions(
    new Command('rerun')
      .description('Run a product again for a cycle: a failed one, or a completed one as a new revision')
      .argument('<cycle>', 'such as d1/ds3/2026-11-20', parseCycle)
      .option('--no-publish', 'make the data anew, and tell nobody: consumers keep what they have')
      .addOption(
        new Option(
          '--definition <which>',
          'by the version that the cycle carries, or by the one in force; unless told, its own while its run is open, else the one in force',
        ).choices(['cycle', 'current']),
      )
      .option(
        '--cascade <products>',
        'consumers that run again for the new revision, whatever their onRevision says: all, or a list such as d1/ds4,d1/ds5',
        parseCascade,
      ),
  )
    .addHelpText(
      'after',
      `
Consumers that have used the last revision are flagged as outdated, unless their definition says otherwise (onRevision) or
--cascade names them. A cascade goes on to their own consumers; in other domains it is a request, and their onRevision decides.

Exit code 4 when the cycle cannot be rerun now; the refusal says why and is audited.

Examples:
  sluice rerun d1/ds2/2026-11-20 --reason "disk was full, enlarged"
  sluice rerun d1/ds2/2026-11-20 --dry-run --cascade all --reason "vendor corrected a price"`,
    )
    .action(async (cycle, { definition, cascade, ...options }) => {
      const { rerun } = await import('../rerun.ts')
      process.exitCode = await rerun(cycle, {
        ...options,
        ...(definition && { definition }),
        ...(cascade && { cascade }),
      })
    })
