// Servers that a case kills and starts again, each a direct child. In: nothing. Out: the same data at the same address,
// as often as asked. Never: one that outlives its test file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { type RunningPostgres, startPostgres } from '../../sandbox/postgres/server.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { type RunningTemporal, startTemporal, type TemporalOptions } from '../../sandbox/temporal/server.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'
import { MINUTE_MS } from './row-stage.ts'
import type { StageOrder } from './stage.ts'

export interface KeptServer<Settings = void> {
  /** The first start; what `useRowStage` asks for. */
  open(): Promise<StageOrder['servers']>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Where it was, with what it had. */
  start(settings: Settings): Promise<void>
}

/** To be called before `useRowStage`: hooks that end are called in the reverse order. */
export function useKeptTemporal(): KeptServer<TemporalOptions['dynamicConfig'] | void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-temporal-'))
  let running: RunningTemporal | undefined
  let executable = ''
  const start = async (dynamicConfig: TemporalOptions['dynamicConfig'] | void): Promise<void> => {
    const port = running && Number(running.address.split(':')[1])
    running = await startTemporal({
      ...{ executable, headless: true, namespace: 'default', searchAttributes: SEARCH_ATTRIBUTES },
      ...{ dbFile: path.join(folder, 'temporal.db'), logFile: path.join(folder, 'temporal.log') },
      ...(port && { port }),
      ...(dynamicConfig && { dynamicConfig }),
    })
  }
  afterAll(async () => {
    await running?.kill()
    rmSync(folder, { recursive: true, force: true })
  }, MINUTE_MS)
  return {
    async open() {
      const explicit = process.env['SLUICE_TEMPORAL_CLI']
      const wish = { cacheFolder: cacheFolder(), onProgress: () => undefined, ...(explicit && { explicit }) }
      executable = (await findTemporal(wish)).path
      await start()
      return { temporalAddress: running?.address ?? '' }
    },
    kill: async () => running?.kill(),
    start,
  }
}

/** To be called before `useRowStage`, like the one above. */
export function useKeptPostgres(): KeptServer {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-postgres-'))
  let running: RunningPostgres | undefined
  const start = async (): Promise<void> => {
    running = await startPostgres({
      ...{ folder: path.join(folder, 'postgres'), logFile: path.join(folder, 'postgres.log') },
      ...(running && { port: running.port }),
    })
  }
  afterAll(async () => {
    await running?.kill()
    removeData(path.join(folder, 'postgres'))
    rmSync(folder, { recursive: true, force: true })
  }, MINUTE_MS)
  return {
    async open() {
      await start()
      return { databaseUrl: (await running?.createDatabase('sluice_chaos')) ?? '' }
    },
    kill: async () => running?.kill(),
    start,
  }
}
