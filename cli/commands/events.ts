// `sluice events`: the ledger, and events by hand.
import { Command, Option } from '@commander-js/extra-typings'
import { DELIVERY_OUTCOMES, LEDGER_OUTCOMES } from '../../model/states.ts'
import { parseFrom, parseTo } from '../event-times.ts'
import {
  actorOption,
  dryRunOption,
  outputOption,
  parseCount,
  parseCycle,
  parseLocation,
  parseRevision,
  reasonOption,
  stackOption,
} from '../options.ts'

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
      '\nJSON is one line per event. Exit code 130 when Ctrl-C ended it.\n\nExample:\n  sluice events tail --domain d1 --last 50 --once',
    )
    .action(async (options) => {
      const { tail } = await import('../events.ts')
      process.exitCode = await tail(options)
    })

const createList = () =>
  new Command('list')
    .description('List events and what each did, newest first')
    .option('--domain <domain>', 'only events that reached this domain')
    .option('--product <product>', 'only refreshes of this product, such as raw/rd1')
    .option('--cycle <cycle>', 'only events of this cycle, and those that came to it', parseCycle)
    .addOption(new Option('--outcome <outcome>', 'only those that the domain judged so').choices(LEDGER_OUTCOMES))
    .addOption(new Option('--delivery <outcome>', 'only those that were this to a cycle').choices(DELIVERY_OUTCOMES))
    .option('--from <time>', 'first seen then or later: a UTC date or an instant', parseFrom)
    .option('--to <time>', 'first seen before this instant, or on this UTC date or earlier', parseTo)
    .option('--last <n>', 'how many, newest first', parseCount, 50)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nJSON is an array of events, each with its deliveries.\n\nExamples:\n  sluice events list --cycle d1/ds3/2026-11-20\n  sluice events list --delivery correction --from 2026-11-20 --to 2026-11-20 -o json',
    )
    .action(async (options) => {
      const { list } = await import('../events-list.ts')
      process.exitCode = await list(options)
    })

const createShow = () =>
  new Command('show')
    .description('Show all of one event: whence, what it did to each cycle, by whose word, and what to do next')
    .argument('<event>', 'its id, as `events list` prints it, such as raw/rd1/2026-11-20/r1')
    .option('--domain <domain>', 'only as this domain received it')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 1 when no ledger has it; the nearest ids are named.\n\nExample:\n  sluice events show raw/rd1/2026-11-20/r1',
    )
    .action(async (id, options) => {
      const { showEvent } = await import('../events-show.ts')
      process.exitCode = await showEvent(id, options)
    })

const createSend = () =>
  new Command('send')
    .description('Put a refresh event on the bus of its product, as the account that owns it')
    .argument('<cycle>', 'the upstream cycle that has refreshed, such as raw/rd1/2026-11-20', parseCycle)
    .option('--revision <n>', 'its revision', parseRevision, 1)
    .option('--location <s3-url>', 'where its data is', parseLocation)
    .addOption(reasonOption())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nFor a refresh that happened outside of Sluice, and to try things out; its cycle is not touched.\nIt warns, and sends all the same, when a cycle of the product may publish the same event id, and when nobody waits for it.\n\nExample:\n  sluice events send raw/rd1/2026-11-20 --reason "the vendor called"',
    )
    .action(async (cycle, options) => {
      const { send } = await import('../events-send.ts')
      process.exitCode = await send(cycle, options)
    })

const createWithdraw = () =>
  new Command('withdraw')
    .description('Take a refresh back: who has not used it waits for another revision, who has is flagged')
    .argument('<event>', 'id of the refresh event, such as raw/rd1/2026-11-20/r1')
    .requiredOption('--reason <text>', 'why; consumers see it')
    .addOption(dryRunOption())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nAs the account that owns the product; with that revision those before it are gone too. The next revision counts again.\n\n' +
        'Example:\n  sluice events withdraw raw/rd1/2026-11-20/r1 --reason "the file of another day"',
    )
    .action(async (event, options) => {
      const { withdraw } = await import('../events-withdraw.ts')
      process.exitCode = await withdraw(event, options)
    })

const createUnmatched = () =>
  new Command('unmatched')
    .description('List events that no cycle took, or that the bridge refused, with the reason')
    .option('--domain <domain>', 'only those of this domain')
    .option('--last <n>', 'how many, newest first', parseCount, 50)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nOnce a definition waits for it, or what it was refused for is put right: sluice events redrive.\n\nExample:\n  sluice events unmatched --domain d1 -o json',
    )
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
      '\nThe bridge judges each anew. Exit code 1 when one of the ids could not be sent: no ledger row, or no body kept.\n\nExamples:\n  sluice events redrive d1 raw/rd9/2026-11-20/r1\n  sluice events redrive d1 --dead-letters',
    )
    .action(async (domain, ids, options) => {
      const { redrive } = await import('../events.ts')
      process.exitCode = await redrive(domain, ids, options)
    })

export const createEventsCommand = () =>
  new Command('events')
    .description('Look at events and what became of them; send one; send one again')
    .addCommand(createList())
    .addCommand(createShow())
    .addCommand(createTail())
    .addCommand(createSend())
    .addCommand(createWithdraw())
    .addCommand(createUnmatched())
    .addCommand(createRedrive())
    .addHelpText(
      'after',
      `
Examples:
  sluice events list --domain d1
  sluice events show raw/rd1/2026-11-20/r1
  sluice events tail --domain d1
  sluice events send raw/rd1/2026-11-20
  sluice events unmatched
  sluice events redrive d1 raw/rd9/2026-11-20/r1`,
    )
