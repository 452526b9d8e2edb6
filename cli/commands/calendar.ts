// `sluice calendar`: which dates a calendar is open, and by which rule.
import { Command, Option } from '@commander-js/extra-typings'
import { outputOption, parseCount, parseDate } from '../options.ts'

const filesOption = () =>
  new Option('--files <paths...>', 'files or folders of .yaml definitions, whose calendars count too')

const createList = () =>
  new Command('list')
    .description('List the calendars that come with Sluice, and those of definition files')
    .addOption(filesOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  sluice calendar list\n  sluice calendar list --files my-mesh')
    .action(async (options) => {
      const { list } = await import('../calendar.ts')
      process.exitCode = await list(options)
    })

const createShow = () =>
  new Command('show')
    .description('Show each date of a calendar: open, closed or closing early, and by which rule')
    .argument('<name>', 'the calendar, such as us-equities')
    .option('--from <date>', 'first date; else the first of the year', parseDate)
    .option('--to <date>', 'last date; else the last of the year', parseDate)
    .addOption(filesOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nWithout dates it shows this year. JSON is an array of { date, open, earlyClose, rule }.\n\nExamples:\n  sluice calendar show us-equities --from 2026-12-21 --to 2026-12-31\n  sluice calendar show us-bonds --from 2027-01-01 -o json',
    )
    .action(async (name, options) => {
      const { show } = await import('../calendar.ts')
      process.exitCode = await show(name, options)
    })

const createNext = () =>
  new Command('next')
    .description('List the next dates on which a calendar is open')
    .argument('<name>', 'the calendar, such as us-equities')
    .option('--after <date>', 'the date before the first that may be listed; else today', parseDate)
    .option('--count <n>', 'how many', parseCount, 5)
    .addOption(filesOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  sluice calendar next us-equities --after 2026-12-23 --count 3')
    .action(async (name, options) => {
      const { next } = await import('../calendar.ts')
      process.exitCode = await next(name, options)
    })

const createDiff = () =>
  new Command('diff')
    .description('Show which dates appear, vanish or close at another time from one calendar to another')
    .argument('<name>', 'the calendar to compare; alone, as it is shipped')
    .argument('[other]', 'with which; else the calendar of the same name in --files')
    .option('--from <date>', 'first date; else the first that both cover', parseDate)
    .option('--to <date>', 'last date; else the last that both cover', parseDate)
    .addOption(filesOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA date appears when only the second is open, and vanishes when only the first is.\n\nExamples:\n  sluice calendar diff us-equities us-bonds --from 2026-01-01 --to 2026-12-31\n  sluice calendar diff us-equities --files my-mesh',
    )
    .action(async (name, other, options) => {
      const { diff } = await import('../calendar.ts')
      process.exitCode = await diff(name, other, options)
    })

export const createCalendarCommand = () =>
  new Command('calendar')
    .description('Which dates are business days, by which rule, and what an edit of a calendar changes')
    .addHelpText('after', '\nExample:\n  sluice calendar show us-equities')
    .addCommand(createList())
    .addCommand(createShow())
    .addCommand(createNext())
    .addCommand(createDiff())
