// The servers under a run: PostgreSQL, and a Temporal server over it (or the development server, which is then said).
// In: a folder. Out: addresses, and servers that can be killed and started again. Never: one left running.
import path from 'node:path'
import { openPostgres } from '../clients/postgres.ts'
import { cacheFolder } from '../sandbox/cache-folder.ts'
import { type RunningPostgres, startPostgres } from '../sandbox/postgres/server.ts'
import type { RunningProcess } from '../sandbox/processes.ts'
import { findTemporal } from '../sandbox/temporal/find.ts'
import { startTemporal } from '../sandbox/temporal/server.ts'
import { buildTemporal, TEMPORAL_VERSION } from './temporal-binaries.ts'
import { startTemporalOverPostgres } from './temporal-server.ts'

export type Say = (line: string) => void

export interface Ground {
  temporalAddress: string
  /** As a reader of the results must know it. */
  temporalWords: string
  /** Undefined for the development server. */
  metricsUrl: string | undefined
  postgres(): RunningPostgres
  temporal(): RunningProcess
  /** kill -9 of both. */
  kill(): Promise<void>
  /** Both again, with the data they had. */
  startAgain(): Promise<void>
  stop(): Promise<void>
}

interface TemporalServer {
  address: string
  words: string
  metricsUrl: string | undefined
  process(): RunningProcess
  startAgain(): Promise<void>
}

export async function openGround(folder: string, say: Say): Promise<Ground> {
  let postgres = await startCounting(folder)
  const temporal = await openTemporalServer(postgres, folder, say).catch(async (error: unknown) => {
    await postgres.stop()
    throw error
  })
  return {
    temporalAddress: temporal.address,
    temporalWords: temporal.words,
    metricsUrl: temporal.metricsUrl,
    postgres: () => postgres,
    temporal: temporal.process,
    async kill() {
      await Promise.all([temporal.process().kill(), postgres.kill()])
    },
    async startAgain() {
      postgres = await startDatabase(folder, postgres.port)
      await temporal.startAgain()
    },
    async stop() {
      await temporal.process().stop()
      await postgres.stop()
    },
  }
}

/** `durable`: what is measured is what a production database does, fsync included. */
const startDatabase = (folder: string, port?: number): Promise<RunningPostgres> =>
  startPostgres({
    folder: path.join(folder, 'postgres'),
    logFile: path.join(folder, 'postgres.log'),
    durable: true,
    ...(port === undefined ? {} : { port }),
  })

/** With `pg_stat_statements`, which a server loads only at its start; each database that is asked then makes it known. */
async function startCounting(folder: string): Promise<RunningPostgres> {
  const first = await startDatabase(folder)
  await onDatabase(first, `alter system set shared_preload_libraries = 'pg_stat_statements'`)
  await first.stop()
  return startDatabase(folder, first.port)
}

async function onDatabase(postgres: RunningPostgres, sql: string): Promise<void> {
  const db = openPostgres(postgres.url, { applicationName: 'sluice bench' })
  try {
    await db.rows(sql)
  } finally {
    await db.end()
  }
}

async function openTemporalServer(postgres: RunningPostgres, folder: string, say: Say): Promise<TemporalServer> {
  try {
    const started = await startTemporalOverPostgres(await buildTemporal(say), postgres, folder)
    return { ...started, words: `Temporal server ${TEMPORAL_VERSION} over the same PostgreSQL (fsync on)` }
  } catch (error) {
    say(
      `No Temporal server over PostgreSQL (${(error as Error).message.slice(0, 400)}); the development server takes its place.`,
    )
    return openDevelopmentServer(folder, say)
  }
}

async function openDevelopmentServer(folder: string, say: Say): Promise<TemporalServer> {
  const found = await findTemporal({ cacheFolder: cacheFolder(), onProgress: say })
  const start = (port?: number) =>
    startTemporal({
      ...{ executable: found.path, namespace: 'default', headless: true, searchAttributes: {} },
      ...{ dbFile: path.join(folder, 'temporal.db'), logFile: path.join(folder, 'temporal.log') },
      ...(port === undefined ? {} : { port }),
    })
  let server = await start()
  return {
    address: server.address,
    words: `**the development server** of Temporal ${found.version}, SQLite with WAL, instead of one over PostgreSQL`,
    metricsUrl: undefined,
    process: () => server.process,
    async startAgain() {
      server = await start(Number(server.address.split(':')[1]))
    },
  }
}
