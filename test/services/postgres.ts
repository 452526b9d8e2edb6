// In: nothing; the server is the ring's (global-setup.ts). Out: a database of one's own, migrated, for one test file.
// Never: rows of another test.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'

export interface LentDatabase {
  url: string
  db: Postgres
  /** Ends the sessions on it. */
  drop(): Promise<void>
}

/** Migrated; `empty` for one without a single table. */
export async function lendDatabase(content: 'migrated' | 'empty' = 'migrated'): Promise<LentDatabase> {
  const { url: server, template } = inject('postgres')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await execute(server, `create database ${name} template ${content === 'migrated' ? template : 'template0'}`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  const db = openPostgres(url, { applicationName: 'test' })
  const drop = async (): Promise<void> => {
    await db.end()
    await execute(server, `drop database ${name} with (force)`)
  }
  return { url, db, drop }
}

/** The same for a test file or a part of it, which keeps what it is lent and has nothing to close. */
export function useDatabase(lend: (lent: LentDatabase) => void): void {
  let lent: LentDatabase | undefined
  beforeAll(async () => {
    lent = await lendDatabase()
    lend(lent)
  })
  afterAll(() => lent?.drop())
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
