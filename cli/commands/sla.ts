// `sluice sla`: what was promised for a day.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseDate, stackOption } from '../options.ts'

const HELP = `
A commitment is a cycle whose definition has availableBy; it belongs to the day, in UTC, of that instant. Those that nobody has
opened yet are listed too. What counts is when a cycle first completed: a rerun makes nothing late. Margin: time before its
commitment, or left; "usual" is the middle one of the product's last cycles, where there are enough. Nobody counts on a cycle
that was skipped or cancelled, or that a person opened after its time.

JSON is { date, summary: { met, missed, late, open, none }, commitments: [{ cycle, product, key, domain, owner, expectedBy,
state, step, held, doneAt, usualAt, verdict, marginSeconds, note }] }; marginSeconds is below 0 when it was, or is, too late.

Exit code 0 whatever is missed; 1 for a domain, owner or product that is not known.

Examples:
  sluice sla
  sluice sla --date 2026-11-20 --domain d1
  sluice sla --owner wealth-data -o json`

export const createSlaCommand = () =>
  new Command('sla')
    .description('List the commitments of a day, what became of them, and with what margin')
    .option('--date <date>', 'the day, in UTC; else today', parseDate)
    .option('--domain <domain>', 'only products of this domain')
    .option('--owner <owner>', 'only products of this team or mail address')
    .option('--product <product>', 'only products like this, such as d1/ds3 or d1/*')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { sla } = await import('../sla.ts')
      process.exitCode = await sla(options)
    })
