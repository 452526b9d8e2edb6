// One database for the tests of a file, and for each of them a stage whose domain is its own. In: what the test file keeps of it.
// Out: nothing; it is closed with the test, and the database with the file. Never: a test that sees another's cycles.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import type { Postgres } from '../../clients/postgres.ts'
import type { Domain } from '../../model/ids.ts'
import { openDatabase } from './database.ts'
import { openStage, type Stage } from './stage.ts'

interface OwnDomain {
  db: Postgres
  domain: Domain
  stage: Stage
}

export function useOwnDomain(lend: (lent: OwnDomain) => void): void {
  let database: Awaited<ReturnType<typeof openDatabase>>
  beforeAll(async () => {
    database = await openDatabase()
  })
  afterAll(() => database?.close())
  beforeEach(async () => {
    const domain = `d${randomUUID().slice(0, 8)}` as Domain
    const stage = await openStage(inject('ground'), domain)
    lend({ db: database.db, domain, stage })
    return () => stage.close()
  })
}
