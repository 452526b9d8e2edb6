// Options and arguments that several commands take, each written once. In: text. Out: what it means, or a clear error.
import { userInfo } from 'node:os'
import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { isLocation, MAX_REVISION } from '../model/event-values.ts'
import { type CycleParts, parseCycleId, parseProductId, type ProductId, SUCH_KEYS } from '../model/ids.ts'
import { OUTPUTS } from './output.ts'

export const outputOption = () =>
  new Option('-o, --output <format>', 'how to print it').choices(OUTPUTS).default('table' as const)

export const stackOption = () => new Option('--stack <id>', 'the local stack to use; needed when several run here')

export const actorOption = () =>
  new Option('--actor <who>', 'who does this, for the audit').env('SLUICE_ACTOR').default(userName(), 'your user name')

export const temporalAddressOption = (what: string) =>
  new Option('--temporal-address <host:port>', what).env('TEMPORAL_ADDRESS')

export const databaseUrlOption = (what: string) => new Option('--database-url <url>', what).env('DATABASE_URL')

export const reasonOption = () => new Option('--reason <text>', 'why, for the audit')

/** `d1/ds3/2026-11-20`. */
export function parseCycle(text: string): CycleParts {
  const parts = parseCycleId(text)
  if (parts) return parts
  throw new InvalidArgumentError(
    `Expected <domain>/<product>/<cycle>, such as d1/ds3/2026-11-20; the cycle is a date, hour, week, month or quarter that exists: ${SUCH_KEYS}.`,
  )
}

/** `d1/ds3`. */
export function parseProduct(text: string): ProductId {
  const product = parseProductId(text)
  if (product) return product
  throw new InvalidArgumentError('Expected <domain>/<product>, such as d1/ds3.')
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
