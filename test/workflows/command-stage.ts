// What a command of the command line needs when a test calls it: Temporal, PostgreSQL, and a sandbox AWS with the catalog of the
// domain, named in the environment. In: the domain and its catalog. Out: what the command says. Never: a word of it on the terminal.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, inject, vi } from 'vitest'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import type { Postgres } from '../../clients/postgres.ts'
import type { DomainCatalog } from '../../model/calendar/routing.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { openDatabase } from './database.ts'
import { openStage, type Stage } from './stage.ts'

const [ACCOUNT, REGION, BUCKET] = ['222222222222', 'us-east-1', 'catalog'] as const

interface Said {
  out: string
  err: string
  forget(): void
}

export function useCommandStage(
  domain: string,
  catalog: DomainCatalog,
  lend: (lent: { db: Postgres; stage: Stage }) => void,
): Said {
  let [sandbox, database, stage] = [] as unknown as [Sandbox, Awaited<ReturnType<typeof openDatabase>>, Stage]
  beforeAll(async () => {
    ;[stage, sandbox, database] = await Promise.all([
      openStage(inject('ground'), domain),
      startSandbox(),
      openDatabase(),
    ])
    const s3 = new S3Client(clientOptions({ endpoint: sandbox.endpoint, region: REGION }, ACCOUNT))
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
    await putDomainCatalog({ s3, bucket: BUCKET }, catalog)
    s3.destroy()
    lend({ db: database.db, stage })
  })
  afterAll(() => Promise.all([stage?.close(), sandbox?.close(), database?.close()]))

  const said: Said = { out: '', err: '', forget: () => void Object.assign(said, { out: '', err: '' }) }
  beforeEach(() => {
    const { address, namespace } = inject('ground')
    const environment = {
      ...{ AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: REGION, SLUICE_CATALOG_BUCKET: BUCKET },
      ...{ AWS_ACCESS_KEY_ID: ACCOUNT, AWS_SECRET_ACCESS_KEY: 'sandbox', AWS_ACCOUNT_ID: ACCOUNT },
      ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, DATABASE_URL: database.url },
      SLUICE_CENTRAL_BUS_ARN: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/sluice-central`,
      SLUICE_BACKFILL_LOOK_SECONDS: '1',
    }
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    said.forget()
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((said.out += String(text))))
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said.err += String(text))))
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })
  return said
}
