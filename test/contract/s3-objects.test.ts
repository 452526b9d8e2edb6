// Contract: S3's buckets and objects.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { codeOf, onS3, type S3Stage } from './s3-stage.ts'

const NAMING = 'bucketnamingrules'
const CONDITIONS = 'conditional-requests'
const GET = 'API_GetObject'
const COPY = 'API_CopyObject'

const nameRefused: Claim[] = (
  [
    ['s3-001', 'of two characters', 'ab'],
    ['s3-002', 'of 64 characters', 'a'.repeat(64)],
    ['s3-003', 'with a capital', 'Sluice-contract'],
    ['s3-004', 'with an underscore', 'sluice_contract'],
    ['s3-005', 'that begins with a hyphen', '-sluice-contract'],
    ['s3-006', 'with two dots in a row', 'sluice..contract'],
    ['s3-007', 'formed like an IP address', '192.168.5.4'],
  ] as const
).map(([id, what, Bucket]) => ({
  id,
  says: `a bucket name ${what} is refused`,
  source: NAMING,
  holds: onS3(async ({ client }) => {
    expect(await codeOf(client.send(new CreateBucketCommand({ Bucket })))).toBe('InvalidBucketName')
  }),
}))

const checksums: Claim[] = (['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const).map((name, index) => ({
  id: `s3-${String(8 + index).padStart(3, '0')}`,
  says: `a stream with a ${name} trailer is stored without its aws-chunks, and its checksum comes back on request`,
  source: 'checking-object-integrity',
  holds: onS3(async (stage) => {
    const bucket = await stage.createBucket()
    const Body = Readable.from([Buffer.from('hello '), Buffer.alloc(70_000, 'x')])
    const algorithm = { ContentLength: 70_006, ChecksumAlgorithm: ChecksumAlgorithm[name] }
    await stage.put(bucket, 'k', '', { ...algorithm, Body })
    const get = new GetObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' })
    const found = await stage.client.send(get)
    expect(await found.Body?.transformToString()).toBe(`hello ${'x'.repeat(70_000)}`)
    expect(found.ContentEncoding).toBeUndefined()
    expect(found[`Checksum${name}`]).toBeTypeOf('string')
  }),
}))

const ranges: Claim[] = (
  [
    ['s3-013', 'bytes=1-3', 'ell', 'bytes 1-3/5'],
    ['s3-014', 'bytes=3-', 'lo', 'bytes 3-4/5'],
    ['s3-015', 'bytes=-2', 'lo', 'bytes 3-4/5'],
    ['s3-016', 'bytes=0-99', 'hello', 'bytes 0-4/5'],
  ] as const
).map(([id, Range, text, ContentRange]) => ({
  id,
  says: `of five bytes the range ${Range} gives "${text}", HTTP 206`,
  source: GET,
  holds: onS3(async (stage) => {
    const Bucket = await stage.createBucket()
    await stage.put(Bucket, 'k')
    const found = await stage.client.send(new GetObjectCommand({ Bucket, Key: 'k', Range }))
    expect(found).toMatchObject({ ContentRange, $metadata: { httpStatusCode: 206 } })
    expect(await found.Body?.transformToString()).toBe(text)
  }),
}))

/** A bucket with one object "k", and its ETag. */
async function withObject(stage: S3Stage) {
  const bucket = await stage.createBucket()
  const { ETag = '' } = await stage.put(bucket, 'k')
  return { bucket, ETag }
}

putClaims([
  ...nameRefused,
  ...checksums,
  ...ranges,
  {
    id: 's3-017',
    says: 'outside us-east-1 an owner who creates its bucket again gets BucketAlreadyOwnedByYou',
    source: 'API_CreateBucket',
    holds: onS3(async ({ target }) => {
      const client = new S3Client({ ...target.options(), region: 'eu-west-1' })
      const Bucket = `${target.prefix}again`
      await client.send(new CreateBucketCommand({ Bucket }))
      const code = await codeOf(client.send(new CreateBucketCommand({ Bucket })))
      await client.send(new DeleteBucketCommand({ Bucket }))
      client.destroy()
      expect(code).toBe('BucketAlreadyOwnedByYou')
    }),
  },
  {
    id: 's3-018',
    says: 'in us-east-1 an owner may create its bucket again',
    source: 'API_CreateBucket',
    holds: onS3(async ({ target }) => {
      const client = new S3Client({ ...target.options(), region: 'us-east-1' })
      const Bucket = `${target.prefix}virginia`
      await client.send(new CreateBucketCommand({ Bucket }))
      const code = await codeOf(client.send(new CreateBucketCommand({ Bucket })))
      await client.send(new DeleteBucketCommand({ Bucket }))
      client.destroy()
      expect(code).toBe('ok')
    }),
  },
  {
    id: 's3-019',
    says: 'a bucket name is taken for every account: another one gets BucketAlreadyExists',
    source: 'API_CreateBucket',
    needs: ['second-account'],
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      expect(await codeOf(stage.stranger.send(new CreateBucketCommand({ Bucket })))).toBe('BucketAlreadyExists')
    }),
  },
  {
    id: 's3-020',
    says: 'HeadBucket tells the region; of a bucket that does not exist it answers 404 without a body',
    source: 'API_HeadBucket',
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const head = await stage.client.send(new HeadBucketCommand({ Bucket }))
      expect(head.BucketRegion).toBe(stage.target.region)
      const none = new HeadBucketCommand({ Bucket: `${stage.target.prefix}none` })
      expect(await codeOf(stage.client.send(none))).toBe('NotFound')
    }),
  },
  {
    id: 's3-021',
    says: 'ListBuckets lists the caller’s own buckets only',
    source: 'API_ListBuckets',
    needs: ['second-account'],
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const namesOf = async (client: S3Client) =>
        (await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name) ?? []
      expect(await namesOf(stage.client)).toContain(bucket)
      expect(await namesOf(stage.stranger)).not.toContain(bucket)
    }),
  },
  {
    id: 's3-022',
    says: 'a bucket that holds an object is not deleted: BucketNotEmpty, HTTP 409',
    source: 'API_DeleteBucket',
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await withObject(stage)
      await expect(stage.client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
        name: 'BucketNotEmpty',
        $metadata: { httpStatusCode: 409 },
      })
    }),
  },
  {
    id: 's3-023',
    says: 'another account cannot delete the bucket',
    source: 'API_DeleteBucket',
    needs: ['second-account'],
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      expect(await codeOf(stage.stranger.send(new DeleteBucketCommand({ Bucket })))).toBe('AccessDenied')
    }),
  },
  {
    id: 's3-024',
    says: 'another account cannot change the bucket’s versioning',
    source: 'API_PutBucketVersioning',
    needs: ['second-account'],
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const enable = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })
      expect(await codeOf(stage.stranger.send(enable))).toBe('AccessDenied')
    }),
  },
  {
    id: 's3-025',
    says: 'a write into a bucket that does not exist is NoSuchBucket, HTTP 404',
    source: 'ErrorResponses',
    holds: onS3(async (stage) => {
      await expect(stage.put(`${stage.target.prefix}none`, 'k')).rejects.toMatchObject({
        name: 'NoSuchBucket',
        $metadata: { httpStatusCode: 404 },
      })
    }),
  },
  {
    id: 's3-026',
    says: 'an object comes back with its bytes, type, length and metadata',
    source: GET,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      await stage.put(Bucket, 'a/b.csv', 'x,y\n', { ContentType: 'text/csv', Metadata: { source: 'vendor' } })
      const found = await stage.client.send(new GetObjectCommand({ Bucket, Key: 'a/b.csv' }))
      expect(await found.Body?.transformToString()).toBe('x,y\n')
      expect(found).toMatchObject({ ContentType: 'text/csv', ContentLength: 4, Metadata: { source: 'vendor' } })
    }),
  },
  {
    id: 's3-027',
    says: 'the ETag of an object put at once is the MD5 of its bytes, in quotes',
    source: 'API_Object (ETag)',
    holds: onS3(async (stage) => {
      const { ETag } = await withObject(stage)
      expect(ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
    }),
  },
  {
    id: 's3-028',
    says: 'HeadObject tells what GetObject would, without the bytes',
    source: 'API_HeadObject',
    holds: onS3(async (stage) => {
      const { bucket: Bucket, ETag } = await withObject(stage)
      const head = await stage.client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))
      expect(head).toMatchObject({ ETag, ContentLength: 5, AcceptRanges: 'bytes' })
      expect(head.LastModified).toBeInstanceOf(Date)
    }),
  },
  {
    id: 's3-029',
    says: 'a key that is not there is NoSuchKey for GetObject, and 404 without a code for HeadObject',
    source: 'ErrorResponses',
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      expect(await codeOf(stage.read(Bucket, 'none'))).toBe('NoSuchKey')
      expect(await codeOf(stage.client.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toBe('NotFound')
    }),
  },
  {
    id: 's3-030',
    says: 'a key has at most 1,024 bytes of UTF-8',
    source: 'object-keys',
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      expect(await codeOf(stage.put(bucket, 'ü'.repeat(512)))).toBe('ok')
      expect(await codeOf(stage.put(bucket, 'ü'.repeat(513)))).toBe('KeyTooLongError')
    }),
  },
  {
    id: 's3-031',
    says: 'a body that does not match its checksum is BadDigest, and nothing is stored',
    source: 'checking-object-integrity',
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      expect(await codeOf(stage.put(bucket, 'k', 'hello', { ChecksumCRC32: 'AAAAAA==' }))).toBe('BadDigest')
      expect(await codeOf(stage.read(bucket, 'k'))).toBe('NoSuchKey')
    }),
  },
  {
    id: 's3-032',
    says: 'a Content-MD5 of another body is BadDigest, one that is no MD5 InvalidDigest',
    source: 'ErrorResponses',
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const put = (ContentMD5: string) => codeOf(stage.put(bucket, 'k', 'hello', { ContentMD5 }))
      expect(await put('AAAAAAAAAAAAAAAAAAAAAA==')).toBe('BadDigest')
      expect(await put('short')).toBe('InvalidDigest')
    }),
  },
  {
    id: 's3-033',
    says: 'a range that begins beyond the end is InvalidRange, HTTP 416',
    source: 'ErrorResponses',
    holds: onS3(async (stage) => {
      const { bucket } = await withObject(stage)
      await expect(stage.read(bucket, 'k', { Range: 'bytes=5-9' })).rejects.toMatchObject({
        name: 'InvalidRange',
        $metadata: { httpStatusCode: 416 },
      })
    }),
  },
  {
    id: 's3-034',
    says: 'a read with If-None-Match of the current ETag is 304',
    source: GET,
    holds: onS3(async (stage) => {
      const { bucket, ETag } = await withObject(stage)
      await expect(stage.read(bucket, 'k', { IfNoneMatch: ETag })).rejects.toMatchObject({
        $metadata: { httpStatusCode: 304 },
      })
    }),
  },
  {
    id: 's3-035',
    says: 'a read with If-Match of another ETag is PreconditionFailed, HTTP 412; of the current one it is answered',
    source: GET,
    holds: onS3(async (stage) => {
      const { bucket, ETag } = await withObject(stage)
      expect(await codeOf(stage.read(bucket, 'k', { IfMatch: '"other"' }))).toBe('PreconditionFailed')
      expect(await stage.read(bucket, 'k', { IfMatch: ETag })).toBe('hello')
    }),
  },
  {
    id: 's3-036',
    says: 'a write with If-None-Match: * is refused when the key is there, and done when it is not',
    source: CONDITIONS,
    holds: onS3(async (stage) => {
      const { bucket } = await withObject(stage)
      expect(await codeOf(stage.put(bucket, 'k', 'x', { IfNoneMatch: '*' }))).toBe('PreconditionFailed')
      expect(await codeOf(stage.put(bucket, 'new', 'x', { IfNoneMatch: '*' }))).toBe('ok')
      expect(await stage.read(bucket, 'k')).toBe('hello')
    }),
  },
  {
    id: 's3-037',
    says: 'of four writers with If-None-Match: * exactly one succeeds',
    source: CONDITIONS,
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const writers = ['a', 'b', 'c', 'd'].map((body) => codeOf(stage.put(bucket, 'lock', body, { IfNoneMatch: '*' })))
      const codes = await Promise.all(writers)
      expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
      for (const code of codes) expect(code).toMatch(/^(ok|PreconditionFailed|ConditionalRequestConflict)$/)
    }),
  },
  {
    id: 's3-038',
    says: 'a write with If-Match is done over this ETag only; without an object it is NoSuchKey',
    source: CONDITIONS,
    holds: onS3(async (stage) => {
      const { bucket, ETag } = await withObject(stage)
      expect(await codeOf(stage.put(bucket, 'k', 'x', { IfMatch: '"other"' }))).toBe('PreconditionFailed')
      expect(await codeOf(stage.put(bucket, 'none', 'x', { IfMatch: ETag }))).toBe('NoSuchKey')
      expect(await codeOf(stage.put(bucket, 'k', 'x', { IfMatch: ETag }))).toBe('ok')
    }),
  },
  {
    id: 's3-039',
    says: 'a copy keeps type and metadata unless it replaces them',
    source: COPY,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      await stage.put(Bucket, 'from', 'x', { Metadata: { a: '1' } })
      const copy = (more: object) =>
        stage.client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from`, ...more }))
      const metadata = async () => (await stage.client.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).Metadata
      await copy({})
      expect(await metadata()).toEqual({ a: '1' })
      await copy({ MetadataDirective: 'REPLACE', Metadata: { b: '2' } })
      expect(await metadata()).toEqual({ b: '2' })
    }),
  },
  {
    id: 's3-040',
    says: 'CopySource is URL-encoded: any key can be copied',
    source: COPY,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      await stage.put(Bucket, 'from ü+%', 'x')
      const CopySource = `${Bucket}/${encodeURIComponent('from ü+%')}`
      await stage.client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }))
      expect(await stage.read(Bucket, 'to')).toBe('x')
    }),
  },
  {
    id: 's3-041',
    says: 'a copy onto itself that changes nothing is InvalidRequest',
    source: COPY,
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await withObject(stage)
      const copy = new CopyObjectCommand({ Bucket, Key: 'k', CopySource: `${Bucket}/k` })
      expect(await codeOf(stage.client.send(copy))).toBe('InvalidRequest')
    }),
  },
  {
    id: 's3-042',
    says: 'a copy of a key that is not there is NoSuchKey',
    source: COPY,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const copy = new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/none` })
      expect(await codeOf(stage.client.send(copy))).toBe('NoSuchKey')
    }),
  },
  {
    id: 's3-043',
    says: 'DeleteObject answers 204 whether the key was there or not',
    source: 'API_DeleteObject',
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await withObject(stage)
      for (const Key of ['k', 'k', 'never']) {
        const { $metadata } = await stage.client.send(new DeleteObjectCommand({ Bucket, Key }))
        expect($metadata.httpStatusCode).toBe(204)
      }
    }),
  },
  {
    id: 's3-044',
    says: 'DeleteObjects deletes many keys at once, odd ones included, and names each',
    source: 'API_DeleteObjects',
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const keys = [' edge ', 'a&b<c>"', 'ü', 'plain']
      for (const key of keys) await stage.put(Bucket, key)
      const Objects = [...keys, 'never'].map((Key) => ({ Key }))
      const answer = await stage.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(answer.Deleted?.map(({ Key }) => Key).sort()).toEqual([...keys, 'never'].sort())
      expect(await codeOf(stage.read(Bucket, ' edge '))).toBe('NoSuchKey')
    }),
  },
  {
    id: 's3-045',
    says: 'DeleteObjects in quiet mode names the errors only',
    source: 'API_DeleteObjects',
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await withObject(stage)
      const Delete = { Objects: [{ Key: 'k' }], Quiet: true }
      const answer = await stage.client.send(new DeleteObjectsCommand({ Bucket, Delete }))
      expect(answer.Deleted ?? []).toEqual([])
      expect(answer.Errors ?? []).toEqual([])
    }),
  },
])
