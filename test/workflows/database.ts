// In: nothing. Out: a PostgreSQL server with one migrated database, for one test file of this ring.
// Never: left running; its files left behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { migrate } from '../../mirror/migrate.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

export async function openDatabase(): Promise<{ url: string; db: Postgres; close(): Promise<void> }> {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-mirror-'))
  const folder = path.join(root, 'postgres')
  const server = await startPostgres({ folder, logFile: path.join(root, 'postgres.log') })
  const url = await server.createDatabase('mirror')
  const db = openPostgres(url)
  const close = async (): Promise<void> => {
    await db.end()
    await server.stop()
    removeData(folder)
    rmSync(root, { recursive: true, force: true })
  }
  try {
    await migrate(db, MIGRATIONS)
    return { url, db, close }
  } catch (error) {
    await close()
    throw error
  }
}
