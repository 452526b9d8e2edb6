// `sluice status`: products × dates.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import { outputOption, parseCount, parseDate, stackOption } from '../options.ts'

const HELP = `
A cell has a sign, the word of the state and what is to be known beside it: the step that failed, the revision (r2), held,
late, a retry. Hatched: the product has no cycle there by its calendar. A dot: one is due and not open, or not yet. Empty:
its cycles are of other periods, or it is younger. Where the locale is not UTF-8 the signs are ASCII. An open cycle that
goes on by an older version of its definition than the one in force is marked with it: v6.

The last days are shown, closed ones too, and before them older dates on which a cycle is open still. With --state or --late it is
the newest dates that have such a cycle, however old; with --date only the days up to it.
JSON is an array of cycles, newest first; with --watch one such array a line, for each change.

Exit code 1 for a domain, owner, product or state that is not known; 130 when --watch was ended by Ctrl-C.

Examples:
  sluice status
  sluice status --domain d1 --dates 14
  sluice status --state ERROR WAITING --owner wealth-data
  sluice status --late -o json
  sluice status --product 'd1/*' --date 2026-11-20 --watch`

/** Over a year; for more the database is too slow, and no screen wide enough. */
const MOST_DATES = 400

export const createStatusCommand = () =>
  new Command('status')
    .description('Show the state of cycles, products × dates, as last reported to the mirror')
    .option('--domain <domain>', 'only products of this domain')
    .option('--owner <owner>', 'only products of this team or mail address')
    .option('--product <product>', 'only products like this, such as d1/ds3 or d1/*')
    .option('--state <state...>', 'only cycles in one of these states, such as ERROR')
    .option('--late', 'only cycles that are late, or completed late', false)
    .option('--date <date>', 'the last date to show; else the newest that has cycles', parseDate)
    .option('--dates <n>', `how many dates, newest first, at most ${MOST_DATES}`, parseDates, 7)
    .option('--watch', 'show it again whenever something changed, until Ctrl-C', false)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { status } = await import('../status.ts')
      process.exitCode = await status(options)
    })

function parseDates(text: string): number {
  const count = parseCount(text)
  if (count <= MOST_DATES) return count
  throw new InvalidArgumentError(`Expected a whole number, 1 to ${MOST_DATES}.`)
}
