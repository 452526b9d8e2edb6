// A server that dies, stops a statement or refuses: what passes and what a person must mend.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { isOutage } from '../../clients/postgres-errors.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'

let lent: LentDatabase
let db: Postgres
useDatabase((given) => ({ db } = lent = given))

describe('a server that fails', () => {
  test('killed in the middle of a transaction: an outage, nothing half, and the same pool goes on', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'sluice-killed-'))
    const options = { folder: path.join(root, 'postgres'), logFile: path.join(root, 'postgres.log') }
    let server = await startPostgres(options)
    const own = openPostgres(server.url, { connectTimeoutMs: 5_000 })
    try {
      await own.rows('create table note (id int)')
      const killed = own.transaction(async (transaction): Promise<void> => {
        await transaction.rows('insert into note values (1)')
        await server.kill()
        // A session may outlive its killed server for a moment; it never gets as far as the commit.
        for (;;) await transaction.rows('insert into note values (2)')
      })
      expect(isOutage(await killed.catch((error: unknown) => error))).toBe(true)
      const refused = await own.rows('select').catch((error: unknown) => error)
      expect(isOutage(refused)).toBe(true)
      expect(String(refused)).toMatch(
        /Could not connect to PostgreSQL at postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres: /,
      )

      server = await startPostgres({ ...options, port: server.port })
      expect(await own.rows('select id from note')).toEqual([])
    } finally {
      await own.end()
      await server.stop()
      removeData(options.folder)
      rmSync(root, { recursive: true, force: true })
    }
  })

  test.each([
    ['a statement that takes too long', 'select pg_sleep(60)'],
    ['a session ended by an administrator', 'select pg_terminate_backend(pg_backend_pid())'],
    ['a server that has become read-only', 'set default_transaction_read_only = on; select 1; create table t (id int)'],
  ])('%s is an outage', async (_case, sql) => {
    const own = openPostgres(lent.url, { statementTimeoutMs: 200, maxConnections: 1 })
    const run = async (): Promise<void> => {
      for (const statement of sql.split('; ')) await own.rows(statement)
    }
    expect(isOutage(await run().catch((error: unknown) => error))).toBe(true)
    await own.end()
  })

  test.each([
    [
      'a wrong password',
      (url: URL) => Object.assign(url, { password: 'hush-hush' }),
      /Check the user and the password/,
    ],
    [
      'a missing database',
      (url: URL) => Object.assign(url, { pathname: '/absent' }),
      /"absent" does not exist.*Create the database/,
    ],
  ])('%s is final and says what to do, without the password', async (_case, spoil, says) => {
    const own = openPostgres(spoil(new URL(lent.url)).href)
    const error = await own.rows('select').catch((error: unknown) => error)
    await own.end()
    expect(isOutage(error)).toBe(false)
    expect(String(error)).toMatch(says)
    expect(String(error)).not.toContain(new URL(lent.url).password)
    expect(String(error)).not.toContain('hush-hush')
  })

  test.each(['localhost:5432', 'mysql://u:hush-hush@h/d', 'hush-hush'])('%s is no database URL', (url) => {
    expect(() => openPostgres(url)).toThrow(/^The database URL is no PostgreSQL URL: give it as/)
  })

  test('a broken statement is final', async () => {
    expect(isOutage(await db.rows('select nonsense').catch((error: unknown) => error))).toBe(false)
  })
})
