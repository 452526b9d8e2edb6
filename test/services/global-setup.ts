// In: a run of the services ring. Out: one PostgreSQL for it, with a migrated template database to copy from.
// Never: left running after the tests.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { openPostgres } from '../../clients/postgres.ts'
import { migrate } from '../../mirror/migrate.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { url: string; template: string }
  }
}

const TEMPLATE = 'migrated'
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-services-'))
  const folder = path.join(root, 'postgres')
  const server = await startPostgres({ folder, logFile: path.join(root, 'postgres.log') })
  const tearDown = async (): Promise<void> => {
    await server.stop()
    removeData(folder)
    rmSync(root, { recursive: true, force: true })
  }
  try {
    const db = openPostgres(await server.createDatabase(TEMPLATE))
    // A template that somebody is connected to cannot be copied.
    await migrate(db, MIGRATIONS).finally(() => db.end())
  } catch (error) {
    await tearDown()
    throw error
  }
  project.provide('postgres', { url: server.url, template: TEMPLATE })
  return tearDown
}
