// Options and arguments that several commands take, each written once. In: text. Out: what it means, or a clear error.
import { userInfo } from 'node:os'
import {
  type Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from '@commander-js/extra-typings'
import { isDate } from '../model/calendar/day-numbers.ts'
import { isLocation, MAX_REVISION } from '../model/event-values.ts'
import { type CycleParts, parseCycleId, parseProductId, type ProductId, SUCH_KEYS } from '../model/ids.ts'
import type { Cascade } from '../model/refresh-event.ts'
import { OUTPUTS } from './output.ts'

export const outputOption = () =>
  new Option('-o, --output <format>', 'how to print it').choices(OUTPUTS).default('table' as const)

export const stackOption = () => new Option('--stack <id>', 'the local stack to use; needed when several run here')

/** The default is that of a local stack; on AWS it gives way to the caller's identity (actor.ts). */
export const actorOption = () =>
  new Option('--actor <who>', 'who does this, for the audit')
    .env('SLUICE_ACTOR')
    .default(userName(), 'your AWS caller identity, on a local stack your user name')

export const temporalAddressOption = (what: string) =>
  new Option('--temporal-address <host:port>', what).env('TEMPORAL_ADDRESS')

export const databaseUrlOption = (what: string) => new Option('--database-url <url>', what).env('DATABASE_URL')

/** What every action of an operator takes. */
export const dryRunOption = () =>
  new Option('--dry-run', 'say exactly what would happen, data and consumers included, and do nothing').default(false)

/** What every action of an operator takes, after what is its own. */
export const withActionOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) =>
  command
    .addOption(dryRunOption())
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(actorOption())
    .addOption(stackOption())
    .addOption(outputOption())

export const reasonOption = () => new Option('--reason <text>', 'why, for the audit')

/**
 * A text that was forgotten takes the next option for its value, and `--reason --dry-run` would act for real. Of options with
 * a parser or a choice that one says so already.
 */
export function refuseOptionsAsTexts(options: readonly CommandUnknownOpts['options'][number][]): void {
  for (const option of options) {
    if (!option.required || option.parseArg) continue
    const { variadic } = option
    const parse = (text: string, before: unknown): string | string[] => {
      if (!IS_LIKE_AN_OPTION.test(text)) return variadic ? [...(Array.isArray(before) ? before : []), text] : text
      throw new InvalidArgumentError(`Its value is missing: ${text} stands where it should, and is like an option.`)
    }
    option.argParser(parse as never)
  }
}

const IS_LIKE_AN_OPTION = /^--?[a-z][\w-]*(=|$)/i

/** `d1/ds3/2026-11-20`. */
export function parseCycle(text: string): CycleParts {
  const parts = parseCycleId(text)
  if (parts) return parts
  throw new InvalidArgumentError(
    `Expected <domain>/<product>/<cycle>, such as d1/ds3/2026-11-20; the cycle is a date, hour, week, month or quarter that exists: ${SUCH_KEYS}.`,
  )
}

/** `d1/ds3/2026-11-20` or `d1/ds3`. */
export function parseCycleOrProduct(text: string): CycleParts | ProductId {
  return parseCycleId(text) ?? parseProductId(text) ?? refuseName()
}

function refuseName(): never {
  throw new InvalidArgumentError(
    'Expected a cycle, such as d1/ds3/2026-11-20, or a product with all its cycles, such as d1/ds3.',
  )
}

/** `d1/ds4,d1/ds5`, or all. */
export function parseCascade(text: string, before: Cascade | undefined): Cascade {
  if (text === 'all' || before === 'all') return 'all'
  return [...(before ?? []), ...text.split(',').map((name) => parseProduct(name.trim()))]
}

/** Repeatable, and by commas. */
export const parseProducts = (text: string, before: ProductId[] | undefined): ProductId[] => [
  ...(before ?? []),
  ...text.split(',').map((name) => parseProduct(name.trim())),
]

/** `d1/ds3`. */
export function parseProduct(text: string): ProductId {
  const product = parseProductId(text)
  if (product) return product
  throw new InvalidArgumentError('Expected <domain>/<product>, such as d1/ds3.')
}

export function parseDate(text: string): string {
  if (isDate(text)) return text
  throw new InvalidArgumentError('Expected a date that exists, such as 2026-12-31.')
}

export function parseCount(text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new InvalidArgumentError('Expected a whole number above 0.')
}

/** Of a refresh: as high as the bridge reads. */
export function parseRevision(text: string): number {
  const revision = Number(text)
  if (Number.isInteger(revision) && revision > 0 && revision <= MAX_REVISION) return revision
  throw new InvalidArgumentError(`Expected a whole number, 1 to ${MAX_REVISION}.`)
}

/** Of data. */
export function parseLocation(text: string): string {
  if (isLocation(text)) return text
  throw new InvalidArgumentError('Expected where data lies, such as s3://example-raw/rd1/2026-11-20/.')
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new InvalidArgumentError('Expected a port, 1 to 65535.')
}

/** In a container the number of the user may have no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
