// How a command ends badly. In: what was thrown. Out: one clear text, an exit code (docs: README, "Exit codes").

/** 0 is success; 2 is left to tools that compare. */
export const EXIT = { failed: 1, notAllowed: 4, conflict: 5, interrupted: 130 } as const

/** A command that could not do what it was asked to, with another exit code than 1. */
export class CommandFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.name = 'CommandFailure'
    this.exitCode = exitCode
  }
}

export const toExitCode = (error: unknown): number => {
  if (error instanceof CommandFailure) return error.exitCode
  return error instanceof Error && error.name === 'AbortError' ? EXIT.interrupted : EXIT.failed
}

/** The message, with the innermost cause where that says more. */
export function toSentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  let cause: unknown = error.cause
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (NOT_MIGRATED.has(codeOf(cause) ?? codeOf(error) ?? ''))
    return `The database is not as this version needs it (${error.message}). Bring it there: sluice migrate`
  const isNews = cause instanceof Error && cause.message !== '' && !error.message.includes(cause.message)
  return isNews ? `${error.message} (${(cause as Error).message})` : error.message
}

/** PostgreSQL's codes for a table or a column that is not there. */
const NOT_MIGRATED = new Set(['42P01', '42703'])

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
