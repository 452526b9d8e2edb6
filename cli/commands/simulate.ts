// `sluice simulate`: what definitions would do with given events, without a connection to anything.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import { outputOption, parseDate } from '../options.ts'

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** In milliseconds. */
function parseDuration(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const each = UNITS[unit]
  if (count !== undefined && each !== undefined) return Number(count) * each
  throw new InvalidArgumentError('Expected a duration, such as 0s, 90s, 10m, 2h or 1d.')
}

const HELP = `
The events file holds a line of JSON for each refresh event, and for each run that does not succeed:

  {"at":"2026-11-20T17:05:00-05:00","product":"raw/rd1","cycle":"2026-11-20"}
  {"at":"2026-11-20T17:05:00-05:00","run":"d1/ds1","cycle":"2026-11-20","result":"FAILED"}

A product with events in the file is driven by them: its own cycles are not simulated. All others run by themselves.
JSON is { cycles: [{ product, cycle, openedAt, openedBy, state, startedAt, completedAt, revision, dependencies: [{
product, cycles, state, arrivedAt }], reason }], events: [{ line, outcomes: [{ consumer, cycle, outcome }] }] }; the
page docs/simulate.md says what each means.

Exit code 0 when it was simulated, whatever came of it; 1 when definitions or events have problems.

Examples:
  sluice simulate examples/mesh --events events.jsonl --from 2026-11-20 --to 2026-11-24
  cat events.jsonl | sluice simulate examples/mesh --events - --from 2026-11-20 --to 2026-11-24 -o json`

export const createSimulateCommand = () =>
  new Command('simulate')
    .description('Play timed events against definitions, in virtual time and without a connection to anything')
    .argument('<paths...>', 'files or folders of .yaml definitions')
    .requiredOption('--events <file>', 'the events, JSON Lines; - reads them from stdin')
    .requiredOption('--from <date>', 'first date; cycles due before it open only by events', parseDate)
    .requiredOption('--to <date>', 'last date; cycles open at its end in UTC stay as they are', parseDate)
    .option('--duration <time>', 'how long each run takes', parseDuration, 0)
    .option('--product <names...>', 'tell only of these products')
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (paths, options) => {
      const { simulateFiles } = await import('../simulate.ts')
      process.exitCode = await simulateFiles(paths, options)
    })
