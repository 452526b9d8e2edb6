// In: a folder. Out: a PostgreSQL of our own on loopback, a direct child, serving; the same data at the next start.
// Never: reachable from another machine; forgets a commit it acknowledged because it was killed.
import pg from 'pg'
import { freePort, LOOPBACK, onFreePort, requireFreePort } from '../ports.ts'
import { type RunningProcess, startProcess, waitUntilReady } from '../processes.ts'
import { findBinaries } from './binaries.ts'
import { type DataFolder, prepareDataFolder, SUPERUSER } from './data-folder.ts'
import { chooseServerUser, SERVER_ENV, type ServerUser } from './server-user.ts'

export interface PostgresOptions {
  /** Holds the data and the password; made when missing, found again at the next start. */
  folder: string
  logFile: string
  port?: number
  /** True: a power cut loses nothing (fsync). Off for tests and the local stack: twice as fast, and no kill loses anything. */
  durable?: boolean
}

export interface RunningPostgres {
  /** Of the database `postgres`, as superuser, with the password. */
  url: string
  urlOf(database: string): string
  port: number
  pid: number
  /** As the server says it, e.g. `17.10`. */
  version: string
  /** Where the data lies; not below `folder` when root's folder is closed to the server's user. */
  dataFolder: string
  process: RunningProcess
  /** Makes a database, from a template when named; nobody may be connected to the template. Answers its URL. */
  createDatabase(name: string, template?: string): Promise<string>
  /** Ends the sessions on it first. */
  dropDatabase(name: string): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

const START_MS = 60_000

export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { port: wanted } = options
  if (wanted !== undefined) await requireFreePort(wanted, 'PostgreSQL')
  const user = await chooseServerUser()
  const { postgres, initdb, version } = await findBinaries(user)
  const data = await prepareDataFolder(options.folder, initdb, user)
  return onFreePort(
    async () => {
      const port = wanted ?? (await freePort())
      const server = await serve({ postgres, data, port, user, options })
      return toRunning(server, data, port, version)
    },
    wanted === undefined ? 3 : 1,
  )
}

interface Serving {
  postgres: string
  data: DataFolder
  port: number
  user?: ServerUser
  options: PostgresOptions
}

async function serve(serving: Serving, triesLeft = 40): Promise<RunningProcess> {
  const { postgres, data, port, user, options } = serving
  const server = await startProcess({
    name: 'PostgreSQL',
    command: postgres,
    args: ['-D', data.path, '-p', String(port), ...settings(options.durable === true)],
    cwd: '/',
    env: SERVER_ENV,
    logFile: options.logFile,
    // SIGTERM would wait for every client to leave by itself.
    stopSignal: 'SIGINT',
    user,
  })
  try {
    await waitUntilReady(server, () => answers(urlFor(data.password, port, 'postgres')), START_MS)
    return server
  } catch (error) {
    // After a kill -9 the sessions of the killed server need a moment to notice and leave.
    if (triesLeft <= 1 || !/shared memory block .* still in use/s.test(String(error))) throw error
    return serve(serving, triesLeft - 1)
  }
}

function settings(durable: boolean): string[] {
  const chosen = {
    listen_addresses: LOOPBACK,
    // A socket file would need a short path that the server's user may write.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    jit: 'off',
    // synchronous_commit stays on: a killed server must not forget what it acknowledged, only a power cut may.
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function toRunning(server: RunningProcess, data: DataFolder, port: number, version: string): RunningPostgres {
  const urlOf = (database: string) => urlFor(data.password, port, database)
  const url = urlOf('postgres')
  return {
    url,
    urlOf,
    port,
    pid: server.pid,
    version,
    dataFolder: data.path,
    process: server,
    async createDatabase(name, template) {
      const from = template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`
      await execute(url, `create database ${pg.escapeIdentifier(name)}${from}`)
      return urlOf(name)
    },
    async dropDatabase(name) {
      await execute(url, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
    },
    async stop() {
      await server.stop()
    },
    async kill() {
      await server.kill()
    },
  }
}

const urlFor = (password: string, port: number, database: string) =>
  `postgres://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${encodeURIComponent(database)}`

async function answers(url: string): Promise<boolean> {
  try {
    await execute(url, 'select 1')
    return true
  } catch {
    return false
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A server that is killed while we talk to it must not take this process with it; the query's own error is enough.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end().catch(() => {})
  }
}
