// In: the environment and the folder a person is in. Out: how he calls this program from there, for hints he can copy.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../sluice.mjs', import.meta.url))

/** `sluice` when the shell would find it, else `node` and the launcher's path, from that folder or from anywhere. */
export function toCommandName(searchPath: string, folder?: string): string {
  const places = searchPath.split(path.delimiter).filter((place) => place !== '')
  if (places.some((place) => existsSync(path.join(place, 'sluice')))) return 'sluice'
  const relative = folder === undefined ? LAUNCHER : path.relative(folder, LAUNCHER)
  return `node ${quote(relative.length < LAUNCHER.length ? relative : LAUNCHER)}`
}

/** For a script that is read in any folder. */
export const nameFromAnywhere = (): string => toCommandName(process.env['PATH'] ?? '')

export const commandName = (): string => toCommandName(process.env['PATH'] ?? '', process.cwd())

/** For a POSIX shell, only where it is needed. */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
