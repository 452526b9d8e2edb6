// Contract: S3's versions, listings and multipart uploads.
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { putClaims } from './claim.ts'
import { codeOf, onS3, type S3Stage } from './s3-stage.ts'

const LIST = 'API_ListObjectsV2'
const VERSIONS = 'versioning-workflows'
const MULTIPART = 'mpuoverview'
const PART_BYTES = 5 * 1024 ** 2

const list = (stage: S3Stage, Bucket: string, more: Partial<ListObjectsV2CommandInput> = {}) =>
  stage.client.send(new ListObjectsV2Command({ Bucket, ...more }))

async function bucketOf(stage: S3Stage, ...keys: string[]): Promise<string> {
  const bucket = await stage.createBucket()
  for (const key of keys) await stage.put(bucket, key, 'x')
  return bucket
}

async function versionedBucket(stage: S3Stage): Promise<string> {
  const bucket = await stage.createBucket()
  await stage.versioning(bucket, 'Enabled')
  return bucket
}

const keysOf = ({ Contents = [] }: { Contents?: { Key?: string }[] }) => Contents.map(({ Key }) => Key)
const prefixesOf = ({ CommonPrefixes = [] }: { CommonPrefixes?: { Prefix?: string }[] }) =>
  CommonPrefixes.map(({ Prefix }) => Prefix)

/** An upload of the key "big", to send parts to and to complete. */
async function openUpload(stage: S3Stage) {
  const Bucket = await stage.createBucket()
  const Key = 'big'
  const { UploadId } = await stage.client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/plain' }),
  )
  const upload = { Bucket, Key, UploadId }
  return {
    Bucket,
    part: async (PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
      const { ETag } = await stage.client.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
      return { PartNumber, ETag }
    },
    complete: (...Parts: CompletedPart[]) =>
      stage.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })),
    abort: () => stage.client.send(new AbortMultipartUploadCommand(upload)),
  }
}

putClaims([
  {
    id: 's3-046',
    says: 'a bucket that was never versioned has no versioning status, and its objects no VersionId',
    source: VERSIONS,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      expect((await stage.client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
      expect((await stage.put(Bucket, 'k')).VersionId).toBeUndefined()
    }),
  },
  {
    id: 's3-047',
    says: 'in a versioned bucket each write has its own VersionId, and older ones can be read by it',
    source: VERSIONS,
    holds: onS3(async (stage) => {
      const bucket = await versionedBucket(stage)
      const { VersionId } = await stage.put(bucket, 'k', 'one')
      await stage.put(bucket, 'k', 'two')
      expect(await stage.read(bucket, 'k')).toBe('two')
      expect(await stage.read(bucket, 'k', { VersionId })).toBe('one')
    }),
  },
  {
    id: 's3-048',
    says: 'a delete in a versioned bucket makes a delete marker: the key is NoSuchKey, its versions stay',
    source: 'DeleteMarker',
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      const { VersionId } = await stage.put(Bucket, 'k', 'one')
      const deletion = await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      expect(deletion.DeleteMarker).toBe(true)
      expect(await codeOf(stage.read(Bucket, 'k'))).toBe('NoSuchKey')
      expect(await stage.read(Bucket, 'k', { VersionId })).toBe('one')
    }),
  },
  {
    id: 's3-049',
    says: 'a delete marker itself cannot be read: MethodNotAllowed, HTTP 405',
    source: 'DeleteMarker',
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      await stage.put(Bucket, 'k')
      const { VersionId } = await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      await expect(stage.read(Bucket, 'k', { VersionId })).rejects.toMatchObject({ name: 'MethodNotAllowed' })
    }),
  },
  {
    id: 's3-050',
    says: 'a delete marker that is deleted gives the object back',
    source: 'RemDelMarker',
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      await stage.put(Bucket, 'k', 'one')
      const { VersionId } = await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }))
      expect(await stage.read(Bucket, 'k')).toBe('one')
    }),
  },
  {
    id: 's3-051',
    says: 'a version that is not there is NoSuchVersion',
    source: 'ErrorResponses',
    holds: onS3(async (stage) => {
      const bucket = await versionedBucket(stage)
      const { VersionId } = await stage.put(bucket, 'k')
      await stage.put(bucket, 'k')
      await stage.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId }))
      expect(await codeOf(stage.read(bucket, 'k', { VersionId }))).toBe('NoSuchVersion')
    }),
  },
  {
    id: 's3-052',
    says: 'ListObjectVersions lists a key’s versions newest first, and delete markers apart',
    source: 'API_ListObjectVersions',
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      const first = await stage.put(Bucket, 'k', 'one')
      const second = await stage.put(Bucket, 'k', 'two')
      const marker = await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      const listed = await stage.client.send(new ListObjectVersionsCommand({ Bucket }))
      expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([second.VersionId, first.VersionId])
      expect(listed.Versions?.map(({ IsLatest }) => IsLatest)).toEqual([false, false])
      expect(listed.DeleteMarkers).toMatchObject([{ VersionId: marker.VersionId, IsLatest: true }])
    }),
  },
  {
    id: 's3-053',
    says: 'pages of versions join to the whole list by NextKeyMarker and NextVersionIdMarker',
    source: 'API_ListObjectVersions',
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      for (const key of ['a', 'b', 'a', 'c', 'a']) await stage.put(Bucket, key, 'x')
      const found: string[] = []
      let marks: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
      while (marks) {
        const page: { IsTruncated?: boolean; NextKeyMarker?: string; NextVersionIdMarker?: string } & {
          Versions?: { Key?: string; VersionId?: string }[]
        } = await stage.client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...marks }))
        found.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`))
        const next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        marks = page.IsTruncated ? next : undefined
      }
      expect(found.map((line) => line[0]).join('')).toBe('aaabc')
      expect(new Set(found).size).toBe(5)
    }),
  },
  {
    id: 's3-054',
    says: 'in a bucket with versioning suspended a write replaces the version "null" and keeps the others',
    source: 'VersionSuspendedBehavior',
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      await stage.put(Bucket, 'k', 'before')
      await stage.versioning(Bucket, 'Enabled')
      const { VersionId } = await stage.put(Bucket, 'k', 'versioned')
      await stage.versioning(Bucket, 'Suspended')
      await stage.put(Bucket, 'k', 'after')
      expect(await stage.read(Bucket, 'k', { VersionId: 'null' })).toBe('after')
      expect(await stage.read(Bucket, 'k', { VersionId })).toBe('versioned')
      const listed = await stage.client.send(new ListObjectVersionsCommand({ Bucket }))
      expect(listed.Versions).toHaveLength(2)
    }),
  },
  {
    id: 's3-055',
    says: 'keys are listed in the order of their UTF-8 bytes, which is not JavaScript’s',
    source: LIST,
    holds: onS3(async (stage) => {
      const keys = ['B', 'a', 'ä', '～', '😀']
      expect(keysOf(await list(stage, await bucketOf(stage, ...keys.toReversed())))).toEqual(keys)
    }),
  },
  {
    id: 's3-056',
    says: 'pages by MaxKeys and NextContinuationToken join to all keys, each once',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await bucketOf(stage, 'a', 'b', 'c', 'd', 'e')
      const found: (string | undefined)[] = []
      let ContinuationToken: string | undefined
      do {
        const page: { Contents?: { Key?: string }[]; IsTruncated?: boolean; NextContinuationToken?: string } =
          await list(stage, bucket, { MaxKeys: 2, ContinuationToken })
        found.push(...keysOf(page))
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined)
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      expect(found).toEqual(['a', 'b', 'c', 'd', 'e'])
    }),
  },
  {
    id: 's3-057',
    says: 'a key written between two pages behind the mark shifts nothing',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await bucketOf(stage, 'b', 'c', 'd')
      const first = await list(stage, bucket, { MaxKeys: 2 })
      await stage.put(bucket, 'a')
      const rest = await list(stage, bucket, { ContinuationToken: first.NextContinuationToken })
      expect([...keysOf(first), ...keysOf(rest)]).toEqual(['b', 'c', 'd'])
    }),
  },
  {
    id: 's3-058',
    says: 'a page has at most 1,000 keys, also when more are asked for',
    source: LIST,
    holds: onS3(async (stage) => {
      expect((await list(stage, await bucketOf(stage, 'a'), { MaxKeys: 5_000 })).MaxKeys).toBe(1_000)
    }),
  },
  {
    id: 's3-059',
    says: 'Prefix chooses keys by how they begin, "/" having no meaning of its own',
    source: 'using-prefixes',
    holds: onS3(async (stage) => {
      const bucket = await bucketOf(stage, 'in/a', 'in/b/c', 'index', 'out')
      expect(keysOf(await list(stage, bucket, { Prefix: 'in' }))).toEqual(['in/a', 'in/b/c', 'index'])
    }),
  },
  {
    id: 's3-060',
    says: 'Delimiter folds the keys beyond it into common prefixes, which count as keys',
    source: 'using-prefixes',
    holds: onS3(async (stage) => {
      const page = await list(stage, await bucketOf(stage, 'in/a', 'in/b/c', 'in/b/d', 'out'), {
        Prefix: 'in/',
        Delimiter: '/',
      })
      expect([keysOf(page), prefixesOf(page), page.KeyCount]).toEqual([['in/a'], ['in/b/'], 2])
    }),
  },
  {
    id: 's3-061',
    says: 'a common prefix comes on one page only',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await bucketOf(stage, 'a/1', 'a/2', 'b/1')
      const first = await list(stage, bucket, { Delimiter: '/', MaxKeys: 1 })
      const second = await list(stage, bucket, { Delimiter: '/', ContinuationToken: first.NextContinuationToken })
      expect([prefixesOf(first), prefixesOf(second)]).toEqual([['a/'], ['b/']])
    }),
  },
  {
    id: 's3-062',
    says: 'StartAfter begins behind that key, whether it is there or not',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await bucketOf(stage, 'a', 'b', 'c')
      expect(keysOf(await list(stage, bucket, { StartAfter: 'b' }))).toEqual(['c'])
      expect(keysOf(await list(stage, bucket, { StartAfter: 'aa' }))).toEqual(['b', 'c'])
    }),
  },
  {
    id: 's3-063',
    says: 'EncodingType url gives keys percent-encoded',
    source: LIST,
    holds: onS3(async (stage) => {
      const page = await list(stage, await bucketOf(stage, 'c+d', 'ü/e'), { EncodingType: 'url' })
      expect(keysOf(page)).toEqual(['c%2Bd', '%C3%BC/e'])
    }),
  },
  {
    id: 's3-064',
    says: 'a continuation token that S3 did not give is InvalidArgument',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      expect(await codeOf(list(stage, bucket, { ContinuationToken: 'nonsense' }))).toBe('InvalidArgument')
    }),
  },
  {
    id: 's3-065',
    says: 'a listing tells size, ETag and date of each key, its owner only when asked',
    source: LIST,
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const { ETag } = await stage.put(bucket, 'k')
      const [entry] = (await list(stage, bucket)).Contents ?? []
      expect(entry).toMatchObject({ Key: 'k', Size: 5, ETag, StorageClass: 'STANDARD' })
      expect(entry?.LastModified).toBeInstanceOf(Date)
      expect(entry?.Owner).toBeUndefined()
      const [owned] = (await list(stage, bucket, { FetchOwner: true })).Contents ?? []
      expect(owned?.Owner?.ID).toBeTypeOf('string')
    }),
  },
  {
    id: 's3-066',
    says: 'a deleted key of a versioned bucket is not listed',
    source: LIST,
    holds: onS3(async (stage) => {
      const Bucket = await versionedBucket(stage)
      await stage.put(Bucket, 'k')
      await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      expect((await list(stage, Bucket)).KeyCount).toBe(0)
    }),
  },
  {
    id: 's3-067',
    says: 'parts become one object in the order of their numbers, whenever they came',
    source: MULTIPART,
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      const second = await upload.part(2, Buffer.from('end'))
      const first = await upload.part(1, Buffer.alloc(PART_BYTES, 'a'))
      await upload.complete(first, second)
      const found = await stage.client.send(new GetObjectCommand({ Bucket: upload.Bucket, Key: 'big' }))
      expect(found).toMatchObject({ ContentLength: PART_BYTES + 3, ContentType: 'text/plain' })
      expect((await found.Body?.transformToString())?.endsWith('aend')).toBe(true)
    }),
  },
  {
    id: 's3-068',
    says: 'the ETag of a multipart object ends in the number of its parts',
    source: 'API_Object (ETag)',
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      const parts = [await upload.part(1, Buffer.alloc(PART_BYTES)), await upload.part(2, Buffer.from('x'))]
      expect((await upload.complete(...parts)).ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
    }),
  },
  {
    id: 's3-069',
    says: 'the object does not exist until the upload is completed',
    source: MULTIPART,
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      const part = await upload.part(1, Buffer.from('x'))
      expect(await codeOf(stage.read(upload.Bucket, 'big'))).toBe('NoSuchKey')
      await upload.complete(part)
      expect(await stage.read(upload.Bucket, 'big')).toBe('x')
    }),
  },
  {
    id: 's3-070',
    says: 'parts not in ascending order are InvalidPartOrder, one of another ETag is InvalidPart',
    source: 'API_CompleteMultipartUpload',
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      const parts = [await upload.part(1, Buffer.alloc(PART_BYTES)), await upload.part(2, Buffer.alloc(PART_BYTES))]
      expect(await codeOf(upload.complete(...parts.toReversed()))).toBe('InvalidPartOrder')
      expect(await codeOf(upload.complete({ PartNumber: 1, ETag: '"other"' }))).toBe('InvalidPart')
      await upload.abort()
    }),
  },
  {
    id: 's3-071',
    says: 'every part but the last has at least 5 MiB: EntityTooSmall',
    source: 'API_CompleteMultipartUpload',
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      const parts = [await upload.part(1, Buffer.from('x')), await upload.part(2, Buffer.from('y'))]
      expect(await codeOf(upload.complete(...parts))).toBe('EntityTooSmall')
      await upload.abort()
    }),
  },
  {
    id: 's3-072',
    says: 'an aborted upload takes no further part: NoSuchUpload',
    source: 'API_AbortMultipartUpload',
    holds: onS3(async (stage) => {
      const upload = await openUpload(stage)
      await upload.abort()
      expect(await codeOf(upload.part(1, Buffer.from('x')))).toBe('NoSuchUpload')
      expect((await list(stage, upload.Bucket)).KeyCount).toBe(0)
    }),
  },
])
