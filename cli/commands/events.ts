// `sluice events`: the ledger, and events by hand.
import { Command } from '@commander-js/extra-typings'
import { outputOption, parseCount, parseCycle, stackOption } from '../options.ts'

const createTail = () =>
  new Command('tail')
    .description('Show what became of events, as the ledger is written, until Ctrl-C')
    .option('--domain <domain>', 'only events that reached this domain')
    .option('--last <n>', 'begin with that many of the past', parseCount, 20)
    .option('--once', 'end after those of the past', false)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nJSON is one line per event.\n\nExample:\n  sluice events tail --domain d1 --last 50 --once',
    )
    .action(async (options) => {
      const { tail } = await import('../events.ts')
      process.exitCode = await tail(options)
    })

const createSend = () =>
  new Command('send')
    .description('Put a refresh event on the bus of its product, as the account that owns it')
    .argument('<cycle>', 'the upstream cycle that has refreshed, such as raw/rd1/2026-11-20', parseCycle)
    .option('--revision <n>', 'its revision', parseCount, 1)
    .option('--location <s3-url>', 'where its data is')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nFor a refresh that happened outside of Sluice, and to try things out; its cycle is not touched.\n\nExample:\n  sluice events send raw/rd1/2026-11-20',
    )
    .action(async (cycle, options) => {
      const { send } = await import('../events.ts')
      process.exitCode = await send(cycle, options)
    })

const createUnmatched = () =>
  new Command('unmatched')
    .description('List events that no cycle took, or that the bridge refused, with the reason')
    .option('--domain <domain>', 'only those of this domain')
    .option('--last <n>', 'how many, newest first', parseCount, 50)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  sluice events unmatched --domain d1 -o json')
    .action(async (options) => {
      const { unmatched } = await import('../events.ts')
      process.exitCode = await unmatched(options)
    })

const createRedrive = () =>
  new Command('redrive')
    .description("Put events that no cycle took, or the dead letters, on the domain's queue again")
    .argument('<domain>', 'whose queue')
    .argument('[ids...]', 'event ids, as `events unmatched` prints them')
    .option('--dead-letters', "all messages of the domain's dead-letter queue", false)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  sluice events redrive d1 raw/rd9/2026-11-20/r1\n  sluice events redrive d1 --dead-letters',
    )
    .action(async (domain, ids, options) => {
      const { redrive } = await import('../events.ts')
      process.exitCode = await redrive(domain, ids, options)
    })

export const createEventsCommand = () =>
  new Command('events')
    .description('Look at events and what became of them; send one; send one again')
    .addCommand(createTail())
    .addCommand(createSend())
    .addCommand(createUnmatched())
    .addCommand(createRedrive())
    .addHelpText(
      'after',
      `
Examples:
  sluice events tail --domain d1
  sluice events send raw/rd1/2026-11-20
  sluice events unmatched
  sluice events redrive d1 raw/rd9/2026-11-20/r1`,
    )
