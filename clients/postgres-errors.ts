// In: an error that came out of a statement or a connect. Out: worth trying again or final; one sentence for people.
// Never: a password in that sentence.

/** SQLSTATE classes and codes that time heals: connections, resources (disk, memory, connections), shutdown, locks. */
const OUTAGE_STATES = /^(08|53|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03)/
const OUTAGE_CODES =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN)$/
/** What `pg` says without a code. */
const OUTAGE_TEXTS =
  /^(Connection terminated|Query read timeout|timeout e(xpired|xceeded)|Client has encountered a connection error|Client was closed)/

/** True when the same statement may succeed later; else it is final and a person must act. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code !== undefined) return OUTAGE_STATES.test(code) || OUTAGE_CODES.test(code)
  return OUTAGE_TEXTS.test(error.message) || isOutage(error.cause)
}

/** Could not connect; `code` is the SQLSTATE or the system's code, when there was one. */
export class PostgresConnectError extends Error {
  override readonly name = 'PostgresConnectError'
  readonly code: string | undefined

  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.code = codeOf(cause)
  }
}

export function toConnectError(cause: unknown, url: string): PostgresConnectError {
  const code = codeOf(cause) ?? ''
  const found = foundOf(cause) || code
  return new PostgresConnectError(
    `Could not connect to PostgreSQL at ${withoutPassword(url)}: ${found}. ${adviceFor(code)}`,
    cause,
  )
}

/** The URL as it may be shown and logged. */
export function withoutPassword(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed) return 'an unreadable URL'
  return `${parsed.protocol}//${parsed.username ? `${parsed.username}@` : ''}${parsed.host}${parsed.pathname}`
}

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** Node tries each address of a name and then gives one error for all of them, which has no message. */
function foundOf(error: unknown): string {
  const text = error instanceof AggregateError ? String(error.errors[0]?.message ?? '') : (error as Error).message
  return text.replace(/\.$/, '')
}

function adviceFor(code: string): string {
  if (code === '3D000') return 'Create the database, or correct its name at the end of the URL.'
  if (code.startsWith('28')) return 'Check the user and the password in the URL.'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'Check the host name in the URL.'
  return 'Check that the server runs there and takes connections from here.'
}
