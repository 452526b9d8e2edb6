// In: the ring's PostgreSQL and one sandbox S3. Out: a database and a bucket of one's own, and apply with them.
// Never: a row or an object of another test.
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { type ApplyOrder, type ApplyResult, applyMesh } from '../../catalog/apply-mesh.ts'
import { type Files, parse } from '../../catalog/samples.test-data.ts'
import type { Postgres } from '../../clients/postgres.ts'
import type { Sandbox } from '../../sandbox/aws/server.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

export type Applied = Extract<ApplyResult, { kind: 'applied' }>

export interface CatalogSpace {
  db: Postgres
  /** Of the same database. */
  url: string
  s3: S3Client
  bucket: string
  /** Another client of the same bucket; whoever opens it destroys it. */
  openS3(): S3Client
  apply(files: Files, more?: Partial<ApplyOrder>): Promise<ApplyResult>
  /** @throws when it was refused. */
  applied(files: Files, more?: Partial<ApplyOrder>): Promise<Applied>
  /** Every object of the bucket, by key. */
  objects(): Promise<Record<string, string>>
  end(): Promise<void>
}

export async function openCatalogSpace(sandbox: Sandbox, bucket: string, maxAttempts = 1): Promise<CatalogSpace> {
  const lent: LentDatabase = await lendDatabase()
  const openS3 = (): S3Client =>
    new S3Client({
      endpoint: sandbox.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '999999999999', secretAccessKey: 'sandbox' },
      maxAttempts,
    })
  const s3 = openS3()
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error
  })
  const apply = (files: Files, more: Partial<ApplyOrder> = {}): Promise<ApplyResult> =>
    applyMesh({ db: lent.db, s3, bucket, mesh: parse(files), actor: 'ann', ...more })
  return {
    db: lent.db,
    url: lent.url,
    s3,
    bucket,
    openS3,
    apply,
    async applied(files, more) {
      const result = await apply(files, more)
      if (result.kind === 'refused') throw new Error(result.problems.map(({ message }) => message).join('\n'))
      return result
    },
    objects: () => readObjects(s3, bucket),
    async end() {
      s3.destroy()
      await lent.drop()
    },
  }
}

async function readObjects(s3: S3Client, bucket: string): Promise<Record<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
  const read = async (key: string): Promise<[string, string]> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return [key, (await Body?.transformToString()) ?? '']
  }
  return Object.fromEntries(await Promise.all(Contents.map(({ Key = '' }) => read(Key))))
}
