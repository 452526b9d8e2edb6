// What every role does alike: read its settings, log, say when it is ready, stop on a signal, end with an exit code.
// Never: a stack trace for what a person can mend; a role that outlives the SIGTERM it was sent.
import pino, { type Logger } from 'pino'
import { ConfigError, type RoleConfig, readConfig } from '../clients/config.ts'

export interface Role {
  config: RoleConfig
  log: Logger
  /** Resolves once the process was told to stop. */
  stopping: Promise<void>
  /** Says on standard output, as one JSON line, that the role works now. */
  ready(facts: Record<string, unknown>): void
}

/** Runs the role named for the domain of the first argument; exit code 1 and one clear sentence when it cannot. */
export async function runRole(name: string, work: (role: Role) => Promise<void>): Promise<void> {
  try {
    const config = readConfig(process.env, process.argv[2] ?? '')
    const log = pino({
      level: config.logLevel,
      base: { role: name, domain: config.domain },
      timestamp: pino.stdTimeFunctions.isoTime,
    })
    const ready = (facts: Record<string, unknown>): void =>
      void process.stdout.write(
        `${JSON.stringify({ ready: name, domain: config.domain, pid: process.pid, ...facts })}\n`,
      )
    await work({ config, log, stopping: untilSignal(), ready })
    process.exitCode = 0
  } catch (error) {
    process.stderr.write(`${name}: ${toMessage(error)}\n`)
    process.exitCode = 1
  }
  // Whatever still holds the process (a socket in a time-out) must not keep a stopped role alive.
  setImmediate(() => process.exit())
}

const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })

function toMessage(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}
