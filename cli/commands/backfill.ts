// `sluice backfill`: the cycles of a range, opened or made anew, oldest first, so many at a time.
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { RERUN_CHOICES } from '../../model/backfill-rerun.ts'
import {
  actorOption,
  outputOption,
  parseCount,
  parseDate,
  parseProduct,
  reasonOption,
  stackOption,
} from '../options.ts'

const HELP = `
Opens each cycle of the range that is not there yet, oldest first, by the definition in force now. It runs as a workflow: it
goes on when this command ends, and the same command again follows it or, after its end, goes on with what is left. Its
cycles come behind all other work, page nobody and are never late. A week, month or quarter belongs to its last date.

With --rerun it also makes anew what is there: those that failed, that completed, or all of both, each once, as sluice rerun
would. What is at work, waits, was skipped or cancelled is left alone, and so is what was made since --made-before: so the same
command again, with that instant, goes on with what is left. Where it ends early it prints that command.

It ends when all are opened and none is at work any more. Cycles that wait for an upstream hold up no others; they start
when it comes. Cycles that fail are left to you: sluice rerun, or --rerun failed for all of them.

Progress goes to stderr. Ctrl-C only stops following it. Exit code 0 when all have come to their end, 1 when some failed,
wait or were not opened, 4 when it is refused, 130 when you stopped following. A refusal is in the audit, but for a dry run's
and of what names no actor or no reason; so is who asked second for a range that is under way, and follows it.

Examples:
  sluice backfill d1/ds1 --from 2026-01-01 --to 2026-03-31 --dry-run
  sluice backfill d1/ds1 --from 2026-01-01 --to 2026-03-31 --reason "new column" --parallel 8
  sluice backfill d1/ds1 --from 2026-03-01 --to 2026-05-31 --rerun completed --dry-run
  sluice backfill d1/ds1 --from 2026-03-01 --to 2026-05-31 --rerun all --reason "wrong currency since March"
  sluice backfill d1/ds1 --stop --dry-run
  sluice backfill d1/ds1 --stop --reason "the vendor resends March"`

export const createBackfillCommand = () =>
  new Command('backfill')
    .description('Open all cycles of a product in a range of dates, or make them anew, a few at a time')
    .argument('<product>', 'such as d1/ds1', parseProduct)
    .option('--from <date>', 'the first date', parseDate)
    .option('--to <date>', 'the last date, included', parseDate)
    .addOption(
      new Option(
        '--rerun <which>',
        'also make anew what is there already: what failed, what completed, or both',
      ).choices(RERUN_CHOICES),
    )
    .option('--made-before <instant>', 'rerun only what was made, or failed, before then; unless told, now')
    .addOption(reasonOption())
    .option('--parallel <n>', 'how many may be at work at a time', parseParallel, 4)
    .option('--stop-after <failures>', 'open no more once so many have failed', parseCount, 10)
    .option('--dry-run', 'say what would happen, cycle by cycle, or what --stop would stop, and do nothing', false)
    .option('--no-wait', 'start it and do not follow it')
    .option('--stop', 'end the one that runs; cycles that are open go on', false)
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (product, { rerun, madeBefore, ...options }) => {
      const { backfill } = await import('../backfill.ts')
      process.exitCode = await backfill(product, {
        ...{ ...options, ...(rerun && { rerun }) },
        ...(madeBefore !== undefined && { madeBefore }),
      })
    })

/** The account's quota of Glue is far below. */
const MOST_PARALLEL = 100

function parseParallel(text: string): number {
  const count = parseCount(text)
  if (count <= MOST_PARALLEL) return count
  throw new InvalidArgumentError(`Expected a whole number, 1 to ${MOST_PARALLEL}.`)
}
