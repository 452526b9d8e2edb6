// The embedded PostgreSQL on the real programs: data survives a stop and a kill, databases come from a template.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOOPBACK } from '../../sandbox/ports.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { type RunningPostgres, startPostgres } from '../../sandbox/postgres/server.ts'
import { commandLineOf } from '../../sandbox/process-identity.ts'

const root = mkdtempSync(path.join(tmpdir(), 'sluice-postgres-'))
const folder = path.join(root, 'stack')
const logFile = path.join(root, 'postgres.log')
let postgres: RunningPostgres

beforeAll(async () => {
  // mkdtemp's folder is closed to others: as root this is also the case of data that must lie elsewhere.
  postgres = await startPostgres({ folder, logFile })
})
afterAll(async () => {
  await postgres?.stop()
  removeData(folder)
  rmSync(root, { recursive: true, force: true })
})

test('it is PostgreSQL 17 and sorts the same everywhere', async () => {
  const [row] = await query(postgres.url, `show server_version_num`)
  expect(Number(row?.server_version_num)).toBeGreaterThanOrEqual(170_000)
  expect(await query(postgres.url, `select upper('é') as up, 'a' < 'B' as folded`)).toEqual([
    { up: 'É', folded: false },
  ])
})

test('a wrong password is refused', async () => {
  const wrong = postgres.url.replace(/:[^:@]+@/, ':wrong@')
  await expect(query(wrong, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test('a database made from a template holds what the template holds, and is its own', async () => {
  const template = await postgres.createDatabase('mesh template')
  await query(template, 'create table arrival (id int)')
  await query(template, 'insert into arrival values (1)')
  const [one, two] = await Promise.all(['one', 'two'].map((name) => postgres.createDatabase(name, 'mesh template')))
  await query(String(one), 'insert into arrival values (2)')
  expect(await query(String(two), 'select id from arrival')).toEqual([{ id: 1 }])
  await postgres.dropDatabase('one')
  await expect(query(String(one), 'select 1')).rejects.toThrow(/"one" does not exist/)
})

test('a kill -9 loses no commit, and the same folder starts again at once', async () => {
  const url = await postgres.createDatabase('survivor')
  await query(url, 'create table kept (id int)')
  const busy = new pg.Client({ connectionString: url })
  busy.on('error', () => {})
  await busy.connect()
  await query(url, 'insert into kept values (42)')

  await postgres.kill()
  expect(commandLineOf(postgres.pid)).toBeUndefined()
  postgres = await startPostgres({ folder, logFile })

  expect(await query(postgres.urlOf('survivor'), 'select id from kept')).toEqual([{ id: 42 }])
})

test('a stop does not wait for clients, and the data is there at the next start', async () => {
  const idle = new pg.Client({ connectionString: postgres.url })
  idle.on('error', () => {})
  await idle.connect()
  await query(postgres.url, 'create table if not exists stays (id int)')

  await postgres.stop()
  expect(postgres.process.exit()).toEqual({ code: 0, signal: null })
  postgres = await startPostgres({ folder, logFile })

  expect(await query(postgres.url, 'select count(*)::int as n from stays')).toEqual([{ n: 0 }])
})

test('a taken port is one clear sentence', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, LOOPBACK, resolve))
  const { port } = taken.address() as { port: number }
  const start = startPostgres({ folder: path.join(root, 'other'), logFile, port })
  await expect(start).rejects.toThrow(`Port ${port} for PostgreSQL is taken by another program`)
  taken.close()
})

test('two on one folder: the second says who has it', async () => {
  await expect(startPostgres({ folder, logFile })).rejects.toThrow(/postmaster\.pid" already exists/)
})

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
