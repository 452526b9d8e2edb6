// S3 of the sandbox, through the AWS SDK alone: what a client of real S3 would see.

import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type Event,
  GetBucketAclCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'

const owner = '111111111111'
const stranger = '222222222222'

let sandbox: Sandbox
let s3: S3Client
let sqs: SQSClient
const clients: { destroy(): void }[] = []

beforeAll(async () => {
  sandbox = await startSandbox()
  s3 = openS3(owner)
  sqs = new SQSClient(settings(owner))
  clients.push(sqs)
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await sandbox.close()
})

const settings = (account: string, region = 'eu-west-1') => ({
  endpoint: sandbox.endpoint,
  region,
  credentials: { accessKeyId: account, secretAccessKey: 'sandbox' },
  maxAttempts: 1,
})

function openS3(account: string, region?: string): S3Client {
  const client = new S3Client(settings(account, region))
  clients.push(client)
  return client
}

let names = 0
async function newBucket(options: { versioned?: boolean } = {}): Promise<string> {
  names += 1
  const Bucket = `bucket-${names}`
  await s3.send(new CreateBucketCommand({ Bucket }))
  if (options.versioned) await setVersioning(Bucket, 'Enabled')
  return Bucket
}

const setVersioning = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))

const put = (Bucket: string, Key: string, Body = 'hello') => s3.send(new PutObjectCommand({ Bucket, Key, Body }))

async function read(Bucket: string, Key: string, more: { VersionId?: string; Range?: string } = {}): Promise<string> {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return (await answer.Body?.transformToString()) ?? ''
}

/** A queue that lets S3 write for one bucket, as facts/aws §7 wants it. */
async function newQueue(bucket: string, allowed = true): Promise<{ url: string; arn: string }> {
  names += 1
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `queue-${names}` }))
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }))
  const arn = answer.Attributes?.['QueueArn'] ?? ''
  const Condition = {
    ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${bucket}` },
    StringEquals: { 'aws:SourceAccount': owner },
  }
  const Principal = { Service: 's3.amazonaws.com' }
  const statement = { Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: arn, Condition }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  if (allowed) await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }))
  return { url, arn }
}

async function receive(url: string): Promise<Record<string, unknown>[]> {
  const answer = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))
  return (answer.Messages ?? []).map((message) => JSON.parse(message.Body ?? '') as Record<string, unknown>)
}

interface NotificationRecord {
  eventName: string
  s3: { object: { key: string; size?: number; eTag?: string; versionId?: string; sequencer: string } }
}

/** The records waiting in the queue, test events left out. */
async function receiveRecords(url: string): Promise<NotificationRecord[]> {
  const bodies = await receive(url)
  return bodies.flatMap((body) => (body['Records'] ?? []) as NotificationRecord[])
}

interface Wanted {
  QueueArn: string
  Events?: Event[]
  prefix?: string
  suffix?: string
}

function notify(client: S3Client, Bucket: string, ...rules: Wanted[]) {
  const QueueConfigurations = rules.map(({ QueueArn, Events = ['s3:ObjectCreated:*'], prefix, suffix }) => ({
    QueueArn,
    Events,
    Filter: {
      Key: {
        FilterRules: [
          ...(prefix === undefined ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
          ...(suffix === undefined ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
        ],
      },
    },
  }))
  const command = { Bucket, NotificationConfiguration: { QueueConfigurations } }
  return client.send(new PutBucketNotificationConfigurationCommand(command))
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'ok',
    (error: Error) => error.name,
  )
}

/** How a consumer must read a record's key: `+` first, then the percents. */
const decodeKey = (key: string) => decodeURIComponent(key.replaceAll('+', ' '))

/** Keys with what breaks encoders: spaces, pluses, percents, slashes, any script, nothing at all between slashes. */
const anyKey = fc
  .array(
    fc.oneof(fc.constantFrom(' ', '+', '%', '/', '%2B', '=', '&', '(', '*', '~', "'"), fc.string({ unit: 'grapheme' })),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))
  .filter((key) => key !== '' && Buffer.byteLength(key) <= 1024)

test('one namespace of buckets: the owner learns that it has it, a stranger that it is taken', async () => {
  const Bucket = await newBucket()
  expect(await codeOf(s3.send(new CreateBucketCommand({ Bucket })))).toBe('BucketAlreadyOwnedByYou')
  expect(await codeOf(openS3(stranger).send(new CreateBucketCommand({ Bucket })))).toBe('BucketAlreadyExists')
  expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('eu-west-1')
  expect(await codeOf(s3.send(new HeadBucketCommand({ Bucket: 'no-such-bucket' })))).toBe('NotFound')
})

test('us-east-1 lets the owner create its bucket again', async () => {
  const virginia = openS3(owner, 'us-east-1')
  await virginia.send(new CreateBucketCommand({ Bucket: 'virginia' }))
  expect(await codeOf(virginia.send(new CreateBucketCommand({ Bucket: 'virginia' })))).toBe('ok')
})

test('buckets are listed for their owner only, and deleted when empty', async () => {
  const Bucket = await newBucket()
  await put(Bucket, 'a')
  const strange = await openS3(stranger).send(new ListBucketsCommand({}))
  expect(strange.Buckets ?? []).toEqual([])
  expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(Bucket)
  expect(await codeOf(openS3(stranger).send(new DeleteBucketCommand({ Bucket })))).toBe('AccessDenied')
  expect(await codeOf(s3.send(new DeleteBucketCommand({ Bucket })))).toBe('BucketNotEmpty')
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
  await s3.send(new DeleteBucketCommand({ Bucket }))
  expect(await codeOf(put(Bucket, 'a'))).toBe('NoSuchBucket')
})

test('an object comes back with its bytes, type and metadata, to any account', async () => {
  const Bucket = await newBucket()
  const ContentType = 'text/csv'
  await s3.send(
    new PutObjectCommand({ Bucket, Key: 'a/b.csv', Body: 'x,y\n', ContentType, Metadata: { source: 'vendor' } }),
  )
  const found = await openS3(stranger).send(new GetObjectCommand({ Bucket, Key: 'a/b.csv' }))
  expect(await found.Body?.transformToString()).toBe('x,y\n')
  expect(found).toMatchObject({ ContentType, ContentLength: 4, Metadata: { source: 'vendor' } })
  expect(found.ETag).toBe(`"${createHash('md5').update('x,y\n').digest('hex')}"`)
  expect(found.VersionId).toBeUndefined()
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b.csv' }))
  expect(head).toMatchObject({ ContentType, ContentLength: 4, ETag: found.ETag })
  expect(await codeOf(s3.send(new GetObjectCommand({ Bucket, Key: 'a/c.csv' })))).toBe('NoSuchKey')
})

test.each<ChecksumAlgorithm>(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'])(
  'a stream in aws-chunks with a %s trailer is stored decoded',
  async (ChecksumAlgorithm) => {
    const Bucket = await newBucket()
    const Body = Readable.from([Buffer.from('hello '), Buffer.alloc(70_000, 'x')])
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: 70_006, ChecksumAlgorithm }))
    const found = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }))
    expect(await found.Body?.transformToString()).toBe(`hello ${'x'.repeat(70_000)}`)
    expect(found.ContentEncoding).toBeUndefined()
  },
)

test('signed aws-chunks are decoded too', async () => {
  const Bucket = await newBucket()
  const chunk = (text: string) => `${text.length.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${text}\r\n`
  const answer = await putRaw(`/${Bucket}/k`, chunk('first ') + chunk('second') + chunk(''), {
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'x-amz-decoded-content-length': '12',
    'content-encoding': 'aws-chunked',
  })
  expect(answer.status).toBe(200)
  expect(await read(Bucket, 'k')).toBe('first second')
})

test('what does not match its checksum, its MD5 or its length is refused and not stored', async () => {
  const Bucket = await newBucket()
  const wrong = (more: object) => codeOf(s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'hello', ...more })))
  expect(await wrong({ ChecksumCRC32: 'AAAAAA==' })).toBe('BadDigest')
  expect(await wrong({ ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })).toBe('BadDigest')
  expect(await wrong({ ContentMD5: 'short' })).toBe('InvalidDigest')
  const chunked = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32',
    'x-amz-decoded-content-length': '5',
  }
  const badTrailer = await putRaw(`/${Bucket}/k`, '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', chunked)
  expect(badTrailer).toMatchObject({ status: 400, code: 'BadDigest' })
  const noTrailer = await putRaw(`/${Bucket}/k`, '5\r\nhello\r\n0\r\n\r\n', chunked)
  expect(noTrailer).toMatchObject({ status: 400, code: 'MalformedTrailerError' })
  const cut = await putRaw(`/${Bucket}/k`, '9\r\nhello', chunked)
  expect(cut).toMatchObject({ status: 400, code: 'IncompleteBody' })
  expect(await codeOf(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).toBe('NotFound')
})

/** A request that no SDK would send; the account comes from the credential's scope. */
async function putRaw(path: string, body: string, headers: Record<string, string>) {
  const scope = `${owner}/20261120/eu-west-1/s3/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`
  const url = new URL(sandbox.endpoint)
  return new Promise<{ status: number; code: string | undefined }>((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, method: 'PUT', path, headers: { ...headers, authorization } }
    const sent = httpRequest(options, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString()
      resolve({ status: response.statusCode ?? 0, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] })
    })
    sent.on('error', reject).end(body)
  })
}

test.each([
  ['bytes=1-3', 'ell', 'bytes 1-3/5'],
  ['bytes=3-', 'lo', 'bytes 3-4/5'],
  ['bytes=-2', 'lo', 'bytes 3-4/5'],
  ['bytes=0-99', 'hello', 'bytes 0-4/5'],
])('range %s gives %s', async (Range, expected, contentRange) => {
  const Bucket = await newBucket()
  await put(Bucket, 'k')
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }))
  expect(await found.Body?.transformToString()).toBe(expected)
  expect(found.ContentRange).toBe(contentRange)
})

test('a range beyond the end cannot be satisfied', async () => {
  const Bucket = await newBucket()
  await put(Bucket, 'k')
  expect(await codeOf(read(Bucket, 'k', { Range: 'bytes=5-9' }))).toBe('InvalidRange')
})

test('conditions on reads and writes', async () => {
  const Bucket = await newBucket()
  const { ETag } = await put(Bucket, 'k')
  const get = (more: object) => s3.send(new GetObjectCommand({ Bucket, Key: 'k', ...more }))
  await expect(get({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
  expect(await codeOf(get({ IfMatch: '"other"' }))).toBe('PreconditionFailed')
  expect(await codeOf(get({ IfMatch: ETag }))).toBe('ok')
  const write = (Key: string, more: object) =>
    codeOf(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more })))
  expect(await write('k', { IfNoneMatch: '*' })).toBe('PreconditionFailed')
  expect(await write('new', { IfNoneMatch: '*' })).toBe('ok')
  expect(await write('k', { IfMatch: '"other"' })).toBe('PreconditionFailed')
  expect(await write('missing', { IfMatch: ETag })).toBe('NoSuchKey')
  expect(await write('k', { IfMatch: ETag })).toBe('ok')
})

test('of two writers that both want to be first exactly one is', async () => {
  const Bucket = await newBucket()
  const attempts = ['a', 'b', 'c', 'd'].map((Body) =>
    codeOf(s3.send(new PutObjectCommand({ Bucket, Key: 'lock', Body, IfNoneMatch: '*' }))),
  )
  expect((await Promise.all(attempts)).sort()).toEqual([
    'PreconditionFailed',
    'PreconditionFailed',
    'PreconditionFailed',
    'ok',
  ])
})

test('a copy keeps the metadata, or replaces it when told', async () => {
  const Bucket = await newBucket()
  await s3.send(new PutObjectCommand({ Bucket, Key: 'from ü+', Body: 'x', Metadata: { a: '1' } }))
  const CopySource = `${Bucket}/${encodeURIComponent('from ü+')}`
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }))
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).Metadata).toEqual({ a: '1' })
  const replace = { MetadataDirective: 'REPLACE' as const, Metadata: { b: '2' } }
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource, ...replace }))
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).Metadata).toEqual({ b: '2' })
  const itself = new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/to` })
  expect(await codeOf(s3.send(itself))).toBe('InvalidRequest')
  expect(await codeOf(s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/none` })))).toBe(
    'NoSuchKey',
  )
})

test('a versioned bucket keeps what was written over and deleted', async () => {
  const Bucket = await newBucket({ versioned: true })
  const { VersionId: first } = await put(Bucket, 'k', 'one')
  const { VersionId: second } = await put(Bucket, 'k', 'two')
  const deletion = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
  expect(deletion.DeleteMarker).toBe(true)
  expect(await codeOf(read(Bucket, 'k'))).toBe('NoSuchKey')
  expect(await read(Bucket, 'k', { VersionId: first })).toBe('one')
  expect(await codeOf(read(Bucket, 'k', { VersionId: deletion.VersionId }))).toBe('MethodNotAllowed')
  const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }))
  expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([second, first])
  expect(listed.DeleteMarkers).toMatchObject([{ VersionId: deletion.VersionId, IsLatest: true }])
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: deletion.VersionId }))
  expect(await read(Bucket, 'k')).toBe('two')
})

test('a suspended bucket writes the version null and keeps the older ones', async () => {
  const Bucket = await newBucket()
  await put(Bucket, 'k', 'before')
  await setVersioning(Bucket, 'Enabled')
  const { VersionId } = await put(Bucket, 'k', 'versioned')
  await setVersioning(Bucket, 'Suspended')
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Suspended')
  await put(Bucket, 'k', 'after')
  expect(await read(Bucket, 'k', { VersionId: 'null' })).toBe('after')
  expect(await read(Bucket, 'k', { VersionId })).toBe('versioned')
  const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }))
  expect(listed.Versions?.map((version) => version.VersionId)).toEqual(['null', VersionId])
})

test('pages of versions join to the whole list', async () => {
  const Bucket = await newBucket({ versioned: true })
  for (const key of ['a', 'b', 'a', 'c', 'a']) await put(Bucket, key, 'x')
  const found: string[] = []
  let marks: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
  while (marks) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...marks }),
    )
    found.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`))
    marks = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined
  }
  expect(found.map((line) => line[0]).join('')).toBe('aaabc')
  expect(new Set(found).size).toBe(5)
})

test('many objects are deleted at once, odd keys included', async () => {
  const Bucket = await newBucket()
  const keys = [' edge ', 'a&b<c>"', 'ü\n', 'plain']
  for (const key of keys) await put(Bucket, key)
  const Objects = keys.map((Key) => ({ Key }))
  const answer = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(keys)
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
})

test('pages of a listing neither repeat nor leave out, whatever keys, prefix and page size', async () => {
  const part = fc.constantFrom('a', 'b', '/', 'ä', ' ', '+', '\u{1F600}', '\uFF5E')
  const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))
  const keySets = fc.uniqueArray(key, { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      keySets,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('', 'a'),
      async (keys, MaxKeys, Prefix) => {
        const Bucket = await newBucket()
        await Promise.all(keys.map((name) => put(Bucket, name, 'x')))
        const paged = await listAll(Bucket, { MaxKeys, Prefix, Delimiter: '/' })
        const under = keys.filter((name) => name.startsWith(Prefix))
        const cut = (name: string) => name.indexOf('/', Prefix.length)
        const folded = under.map((name) => (cut(name) < 0 ? name : name.slice(0, cut(name) + 1)))
        expect(paged).toEqual(
          [...new Set(folded)].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
        )
      },
    ),
    { numRuns: 25 },
  )
})

async function listAll(
  Bucket: string,
  query: { MaxKeys: number; Prefix: string; Delimiter: string },
): Promise<string[]> {
  const found: string[] = []
  let ContinuationToken: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({ Bucket, ...query, ContinuationToken }),
    )
    const lines = [
      ...(page.Contents ?? []).map((item) => item.Key ?? ''),
      ...(page.CommonPrefixes ?? []).map((item) => item.Prefix ?? ''),
    ]
    expect(lines.length).toBe(page.KeyCount)
    expect(lines.length).toBeLessThanOrEqual(query.MaxKeys)
    found.push(...lines.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))))
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  return found
}

test('StartAfter and encoding by URL', async () => {
  const Bucket = await newBucket()
  for (const key of ['a b', 'c+d', 'e']) await put(Bucket, key)
  const page = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: 'a b', EncodingType: 'url' }))
  expect(page.Contents?.map(({ Key }) => Key)).toEqual(['c%2Bd', 'e'])
  const foreign = new ListObjectsV2Command({ Bucket, ContinuationToken: 'nonsense' })
  expect(await codeOf(s3.send(foreign))).toBe('InvalidArgument')
})

test('parts become one object, in the order of their numbers', async () => {
  const Bucket = await newBucket()
  const Key = 'big'
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/plain' }))
  const big = Buffer.alloc(5 * 1024 ** 2, 'a')
  const sendPart = (PartNumber: number, Body: Buffer) =>
    s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
  const second = await sendPart(2, Buffer.from('end'))
  const first = await sendPart(1, big)
  const parts = [
    { PartNumber: 1, ETag: first.ETag },
    { PartNumber: 2, ETag: second.ETag },
  ]
  const complete = (Parts: typeof parts) =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
  expect(await codeOf(complete(parts.toReversed()))).toBe('InvalidPartOrder')
  expect(await codeOf(complete([{ PartNumber: 1, ETag: '"other"' }]))).toBe('InvalidPart')
  expect((await complete(parts)).ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
  const found = await s3.send(new GetObjectCommand({ Bucket, Key }))
  expect(found).toMatchObject({ ContentLength: big.length + 3, ContentType: 'text/plain' })
  expect((await found.Body?.transformToString())?.endsWith('aend')).toBe(true)
  expect(await codeOf(complete(parts))).toBe('NoSuchUpload')
})

test('an aborted upload leaves nothing', async () => {
  const Bucket = await newBucket()
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }))
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }))
  const part = new UploadPartCommand({ Bucket, Key: 'k', UploadId, PartNumber: 1, Body: 'x' })
  expect(await codeOf(s3.send(part))).toBe('NoSuchUpload')
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
})

test('setting up notifications sends the test event', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  await notify(s3, Bucket, { QueueArn: queue.arn, prefix: 'in/' })
  expect(await receive(queue.url)).toMatchObject([{ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket }])
  const found = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
  expect(found.QueueConfigurations).toMatchObject([{ QueueArn: queue.arn, Events: ['s3:ObjectCreated:*'] }])
})

test('a queue whose policy does not let S3 in, or that is not there, is refused', async () => {
  const Bucket = await newBucket()
  const closed = await newQueue(Bucket, false)
  expect(await codeOf(notify(s3, Bucket, { QueueArn: closed.arn }))).toBe('InvalidArgument')
  const missing = `arn:aws:sqs:eu-west-1:${owner}:no-such-queue`
  expect(await codeOf(notify(s3, Bucket, { QueueArn: missing }))).toBe('InvalidArgument')
  const elsewhere = closed.arn.replace('eu-west-1', 'us-east-1')
  expect(await codeOf(notify(s3, Bucket, { QueueArn: elsewhere }))).toBe('InvalidArgument')
  const found = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
  expect(found.QueueConfigurations ?? []).toEqual([])
})

test('rules that one object could both match are refused', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  const rule = { QueueArn: queue.arn }
  expect(await codeOf(notify(s3, Bucket, { ...rule, prefix: 'in/' }, { ...rule, prefix: 'in/csv/' }))).toBe(
    'InvalidArgument',
  )
  expect(await codeOf(notify(s3, Bucket, { ...rule, suffix: '.csv' }, { ...rule, suffix: '.json' }))).toBe('ok')
})

test('only the owner configures a bucket', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  expect(await codeOf(notify(openS3(stranger), Bucket, { QueueArn: queue.arn }))).toBe('AccessDenied')
})

test('each write that a rule wants is one message, whoever wrote', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  const Events: Event[] = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']
  await notify(s3, Bucket, { QueueArn: queue.arn, Events, prefix: 'in/', suffix: '.csv' })
  await receive(queue.url)
  await put(Bucket, 'in/a.csv')
  await put(Bucket, 'in/a.json')
  await put(Bucket, 'out/a.csv')
  await openS3(stranger).send(new PutObjectCommand({ Bucket, Key: 'in/b.csv', Body: 'x' }))
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'in/c.csv', CopySource: `${Bucket}/in/a.csv` }))
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'in/a.csv' }))
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'in/never.csv' }))
  const records = await receiveRecords(queue.url)
  expect(records.map(({ eventName, s3: { object } }) => `${eventName} ${object.key}`).sort()).toEqual([
    'ObjectCreated:Copy in/c.csv',
    'ObjectCreated:Put in/a.csv',
    'ObjectCreated:Put in/b.csv',
    'ObjectRemoved:Delete in/a.csv',
  ])
})

test('a record tells what was written, with a version only in a versioned bucket', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  await notify(s3, Bucket, { QueueArn: queue.arn })
  await receive(queue.url)
  const { ETag = '' } = await put(Bucket, 'k')
  const [plain] = await receiveRecords(queue.url)
  expect(plain).toMatchObject({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'eu-west-1',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: Bucket, arn: `arn:aws:s3:::${Bucket}` }, object: { key: 'k', size: 5 } },
  })
  expect(plain?.s3.object.eTag).toBe(ETag.replaceAll('"', ''))
  expect(plain?.s3.object).not.toHaveProperty('versionId')
  await setVersioning(Bucket, 'Enabled')
  const { VersionId } = await put(Bucket, 'k')
  expect((await receiveRecords(queue.url))[0]?.s3.object.versionId).toBe(VersionId)
})

test('any key survives the way through notification and listing', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  await notify(s3, Bucket, { QueueArn: queue.arn })
  await receive(queue.url)
  await fc.assert(
    fc.asyncProperty(anyKey, async (key) => {
      await put(Bucket, key, 'x')
      const [record] = await receiveRecords(queue.url)
      const encoded = record?.s3.object.key ?? ''
      expect(encoded).toMatch(/^[A-Za-z0-9%+/*._-]+$/)
      expect(decodeKey(encoded)).toBe(key)
      expect(await read(Bucket, key)).toBe('x')
      const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: key, MaxKeys: 1 }))
      expect(listed.Contents?.[0]?.Key).toBe(key)
      await s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
    }),
    { numRuns: 60, examples: [['in/a b+c/100%.csv'], ['/first'], ['last/'], ['a//b'], ['../up'], ['ü/😀']] },
  )
})

test('sequencers of one key rise, compared as AWS says: padded with zeros on the right', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  await notify(s3, Bucket, { QueueArn: queue.arn })
  await receive(queue.url)
  const sequencers: string[] = []
  for (let time = 0; time < 20; time += 1) {
    await put(Bucket, 'k', String(time))
    sequencers.push((await receiveRecords(queue.url))[0]?.s3.object.sequencer ?? '')
  }
  const padded = sequencers.map((text) => text.padEnd(32, '0'))
  expect(padded).toEqual([...new Set(padded)].sort())
  for (const text of sequencers) expect(text).toMatch(/^[0-9A-F]+$/)
})

test('an operation that is not there says its name', async () => {
  const Bucket = await newBucket()
  await expect(s3.send(new GetBucketAclCommand({ Bucket }))).rejects.toMatchObject({
    name: 'NotImplemented',
    message: expect.stringContaining('GetBucketAcl'),
  })
})

test('every call is a ledger row, with its outcome', async () => {
  const Bucket = await newBucket()
  const sinceSeq = sandbox.ledger.rows().at(-1)?.seq
  await put(Bucket, 'k')
  await codeOf(s3.send(new GetObjectCommand({ Bucket, Key: 'none' })))
  const rows = sandbox.ledger.rows({ sinceSeq, kind: 'call', service: 's3' })
  expect(rows).toMatchObject([
    { operation: 'PutObject', account: owner, outcome: 'ok', facts: { bucket: Bucket, key: 'k', size: 5 } },
    { operation: 'GetObject', outcome: 'NoSuchKey', facts: { bucket: Bucket, key: 'none' } },
  ])
})

test('fault switches: an error, a lost reply, a lost and a doubled notification', async () => {
  const Bucket = await newBucket()
  const queue = await newQueue(Bucket)
  await notify(s3, Bucket, { QueueArn: queue.arn })
  await receive(queue.url)
  const where = { Bucket, Key: 'k' }
  const fail = (operation: string, action: Parameters<Sandbox['faults']['add']>[0]['action']) =>
    sandbox.faults.add({ service: 's3', operation, where, action })
  fail('PutObject', { kind: 'error', code: 'InternalError', status: 500 })
  expect(await codeOf(put(Bucket, 'k'))).toBe('InternalError')
  fail('PutObject', { kind: 'throttle' })
  expect(await codeOf(put(Bucket, 'k'))).toBe('SlowDown')
  expect(await receiveRecords(queue.url)).toEqual([])
  fail('PutObject', { kind: 'lose-reply' })
  expect(await codeOf(put(Bucket, 'k', 'kept'))).not.toBe('ok')
  expect(await read(Bucket, 'k')).toBe('kept')
  expect(await receiveRecords(queue.url)).toHaveLength(1)
  fail('Notification', { kind: 'drop-event' })
  await put(Bucket, 'k')
  expect(await receiveRecords(queue.url)).toEqual([])
  fail('Notification', { kind: 'duplicate', times: 2 })
  await put(Bucket, 'k')
  expect(await receiveRecords(queue.url)).toHaveLength(2)
})
