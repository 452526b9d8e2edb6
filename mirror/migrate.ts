// In: a database and the folder of numbered SQL files. Out: the names applied now; the database has them all.
// Never: half a file applied; an edited, missing or out-of-order file passed over; two runners at once.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Postgres, Queries, Session } from '../clients/postgres.ts'

interface Migration {
  number: number
  name: string
  sql: string
  sha256: string
}

type Applied = Pick<Migration, 'number' | 'name' | 'sha256'>

/** Any number will do, as long as every runner takes the same. */
const LOCK = 7_203_914_555
const LONGEST_STATEMENT_MS = 3_600_000

/** Waits for another runner to finish, then applies what is missing, each file in its own transaction. */
export async function migrate(db: Postgres, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder)
  return db.session(LONGEST_STATEMENT_MS, async (session) => {
    // Released with the connection.
    await session.rows('select pg_advisory_lock($1)', [LOCK])
    await session.script(MIGRATION_TABLE)
    const applied = await listApplied(session)
    requireUnchanged(applied, migrations, folder)
    const missing = migrations.slice(applied.length)
    for (const migration of missing) await apply(session, migration)
    return missing.map(({ name }) => name)
  })
}

/** In order; throws when the database was never migrated. */
export const listApplied = (db: Queries): Promise<Applied[]> =>
  db.rows<Applied>('select number, name, sha256 from migration order by number')

const MIGRATION_TABLE = `create table if not exists migration (
  number integer primary key,
  name text not null unique,
  sha256 text not null,
  applied_at timestamptz not null default now()
)`

/** `NNNN_purpose.sql`, numbered from 1 without a gap. */
async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d+_.+\.sql$/.test(name)).sort()
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name)))
  const wrong = migrations.find(({ number }, index) => number !== index + 1)
  if (!wrong) return migrations
  throw new Error(
    `Could not read the migrations in ${folder}: ${wrong.name} should have number ` +
      `${migrations.indexOf(wrong) + 1}. Number the files from 0001 without gaps or doubles.`,
  )
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const sql = await readFile(path.join(folder, name), 'utf8')
  return { number: Number.parseInt(name, 10), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
}

function requireUnchanged(applied: Applied[], migrations: Migration[], folder: string): void {
  applied.forEach((row, index) => {
    const file = migrations[index]
    if (file?.name === row.name && file.sha256 === row.sha256) return
    const found = file === undefined ? 'is missing' : file.name === row.name ? 'was edited' : `is now ${file.name}`
    throw new Error(
      `Could not migrate: the database has applied ${row.name}, which ${found} in ${folder}. ` +
        'Applied files never change: restore it, and put the change into a new file.',
    )
  })
}

async function apply(session: Session, migration: Migration): Promise<void> {
  const { number, name, sql, sha256 } = migration
  try {
    await session.script('begin')
    await session.script(sql)
    await session.rows('insert into migration (number, name, sha256) values ($1, $2, $3)', [number, name, sha256])
    await session.script('commit')
  } catch (cause) {
    const { message, hint } = cause as { message: string; hint?: string }
    throw new Error(`Could not apply migration ${name}: ${message}.${hint ? ` ${hint}` : ''} Nothing of it was kept.`, {
      cause,
    })
  }
}
