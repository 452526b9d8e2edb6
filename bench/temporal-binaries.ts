// In: the Go tool chain. Out: a Temporal server and its schema tool, built once into the cache folder.
// Never: half a build found by the next run (one rename); a version other than the one named here.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../sandbox/cache-folder.ts'

export const TEMPORAL_VERSION = '1.32.1'
const PACKAGES = ['cmd/server', 'cmd/tools/sql'].map((name) => `go.temporal.io/server/${name}@v${TEMPORAL_VERSION}`)

export interface TemporalBinaries {
  server: string
  sql: string
}

/** The first build takes about ten minutes on two cores. @throws Error when Go is not there or cannot build it. */
export async function buildTemporal(say: (line: string) => void): Promise<TemporalBinaries> {
  const folder = path.join(cacheFolder(), `temporal-server-${TEMPORAL_VERSION}`)
  const binaries = { server: path.join(folder, 'server'), sql: path.join(folder, 'sql') }
  if (existsSync(binaries.server) && existsSync(binaries.sql)) return binaries
  say(`building Temporal server ${TEMPORAL_VERSION} with go install (once, about ten minutes)`)
  mkdirSync(cacheFolder(), { recursive: true })
  const temporary = mkdtempSync(path.join(cacheFolder(), 'temporal-build-'))
  try {
    for (const name of PACKAGES) await install(name, temporary)
    if (!existsSync(binaries.server)) renameSync(temporary, folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return binaries
}

async function install(name: string, folder: string): Promise<void> {
  const env = `GOBIN=${folder}`
  try {
    await promisify(execFile)('env', [env, 'go', 'install', name], { maxBuffer: 64 * 1_048_576 })
  } catch (cause) {
    throw new Error(`Could not build ${name}: ${(cause as Error).message.slice(0, 500)}. Is Go installed?`, { cause })
  }
}
