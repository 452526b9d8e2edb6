// In: a file that may be a Temporal CLI. Out: which versions it says it is. Never: trusts a file that did not run.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The first server with worker deployments in general availability. */
export const LEAST_SERVER = [1, 29, 1] as const

export type Versions =
  | { kind: 'ok'; cli: string; server: string }
  | { kind: 'absent' }
  | { kind: 'bad'; reason: string }

export async function readVersions(file: string): Promise<Versions> {
  if (!existsSync(file)) return { kind: 'absent' }
  try {
    const { stdout } = await execute(file, ['--version'], { timeout: 20_000 })
    return parseVersions(stdout) ?? { kind: 'bad', reason: `${file} says it is "${stdout.trim().slice(0, 80)}"` }
  } catch (error) {
    return { kind: 'bad', reason: `${file} does not run (${(error as Error).message.split('\n')[0]})` }
  }
}

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`; one that was built by Go may say `0.0.0-DEV` for itself. */
export function parseVersions(text: string): Versions | undefined {
  const match = /temporal version (\S+) \(Server (\d+\.\d+\.\d+)/i.exec(text)
  return match ? { kind: 'ok', cli: String(match[1]), server: String(match[2]) } : undefined
}

export function isNewEnough(server: string): boolean {
  const parts = server.split('.').map(Number)
  for (const [index, least] of LEAST_SERVER.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}
