// In: a database URL, SQL with its parameters. Out: typed rows, over a small pool.
// Never: a crash because the server went away; a password in an error; a statement that hangs without end.
import pg from 'pg'
import { isOutage, toConnectError } from './postgres-errors.ts'

export interface Queries {
  rows<Row extends object>(sql: string, params?: unknown[]): Promise<Row[]>
  /** The first row, or undefined. */
  one<Row extends object>(sql: string, params?: unknown[]): Promise<Row | undefined>
  /** True when the statement changed at least one row. */
  changed(sql: string, params?: unknown[]): Promise<boolean>
}

export interface Session extends Queries {
  /** Any number of statements without parameters, `begin` and `commit` among them. */
  script(sql: string): Promise<void>
}

export interface Postgres extends Queries {
  /** All or nothing; what `work` throws rolls back and is thrown on. */
  transaction<T>(work: (transaction: Queries) => Promise<T>): Promise<T>
  /** One connection of its own, closed afterwards: for session locks and statements that may last. */
  session<T>(statementTimeoutMs: number, work: (session: Session) => Promise<T>): Promise<T>
  end(): Promise<void>
}

export interface PostgresOptions {
  /** Shown in `pg_stat_activity`: which role of which domain this is. */
  applicationName?: string
  maxConnections?: number
  connectTimeoutMs?: number
  statementTimeoutMs?: number
}

/** Opens nothing yet: the first statement connects, so a role boots while the database is down. */
export function openPostgres(url: string, options: PostgresOptions = {}): Postgres {
  const config = toConfig(url, options)
  const pool = new pg.Pool({ ...config, max: options.maxConnections ?? 4 })
  // An idle connection that breaks is replaced by the next statement; unheard, its error would end the process.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  const lend = async <T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw toConnectError(error, url)
    })
    return useAndRelease(client, work)
  }
  return {
    ...toQueries((sql, params) => lend((client) => client.query(sql, params))),
    transaction: (work) => lend((client) => inTransaction(client, work)),
    session: (statementTimeoutMs, work) => inSession(url, toConfig(url, { ...options, statementTimeoutMs }), work),
    end: () => pool.end(),
  }
}

/** For `jsonb_to_recordset($1)`: one parameter for any number of rows, text made storable. */
export const toJsonParameter = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? toStorableText(inner) : inner))

/** PostgreSQL stores neither NUL nor half a surrogate pair; NUL is written out as its JSON escape. */
export const toStorableText = (text: string): string => text.replaceAll('\0', '\\u0000').toWellFormed()

async function useAndRelease<T>(client: pg.PoolClient, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error) {
    // A timed-out statement may still run on this connection, so nobody else may get it.
    client.release(isOutage(error))
    throw error
  }
}

async function inTransaction<T>(client: pg.ClientBase, work: (transaction: Queries) => Promise<T>): Promise<T> {
  try {
    await client.query('begin')
    const result = await work(toQueries((sql, params) => client.query(sql, params)))
    await client.query('commit')
    return result
  } catch (error) {
    if (!isOutage(error)) await client.query('rollback')
    throw error
  }
}

async function inSession<T>(url: string, config: pg.ClientConfig, work: (session: Session) => Promise<T>): Promise<T> {
  const client = new pg.Client(config)
  client.on('error', ignore)
  try {
    await client.connect().catch((error: unknown) => {
      throw toConnectError(error, url)
    })
    const script = async (sql: string): Promise<void> => void (await client.query(sql))
    return await work({ ...toQueries((sql, params) => client.query(sql, params)), script })
  } finally {
    await client.end().catch(ignore)
  }
}

type Run = (sql: string, params?: unknown[]) => Promise<pg.QueryResult>

const toQueries = (run: Run): Queries => ({
  rows: async <Row extends object>(sql: string, params?: unknown[]) => (await run(sql, params)).rows as Row[],
  one: async <Row extends object>(sql: string, params?: unknown[]) =>
    (await run(sql, params)).rows[0] as Row | undefined,
  changed: async (sql, params) => ((await run(sql, params)).rowCount ?? 0) > 0,
})

function toConfig(url: string, options: PostgresOptions): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000
  return {
    connectionString: requireUrl(url),
    application_name: options.applicationName ?? 'sluice',
    keepAlive: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    statement_timeout: statementTimeoutMs,
    // The server's own timeout does not help when the connection is half open.
    query_timeout: statementTimeoutMs + 2_000,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  }
}

function requireUrl(url: string): string {
  if (/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? '')) return url
  // Not shown: what is no URL may still hold a password.
  throw new Error('The database URL is no PostgreSQL URL: give it as postgres://user:password@host:5432/database.')
}

const TIMESTAMPTZ = 1184
const INT8 = 20

/** Instants are ISO text in UTC, as everywhere outside SQL; counts fit a number. */
function parserOf(type: number, format?: 'text' | 'binary'): unknown {
  if (format === 'binary') return pg.types.getTypeParser(type, 'binary')
  if (type === TIMESTAMPTZ) return (text: string) => toIso(text)
  return type === INT8 ? Number : pg.types.getTypeParser(type, 'text')
}

/** `infinity` has no ISO form and stays as it is. */
const toIso = (text: string): string => {
  const date = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
  return Number.isNaN(date.getTime()) ? text : date.toISOString()
}

const ignore = (): void => {}
