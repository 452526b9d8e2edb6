// S3 of the sandbox: what no SDK would send, any key and any listing, its ledger and its fault switches.
// What AWS does stands in test/contract/s3-*.test.ts.

import { request as httpRequest } from 'node:http'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  type Event,
  GetBucketAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
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
async function newBucket(): Promise<string> {
  names += 1
  const Bucket = `bucket-${names}`
  await s3.send(new CreateBucketCommand({ Bucket }))
  return Bucket
}

const put = (Bucket: string, Key: string, Body = 'hello') => s3.send(new PutObjectCommand({ Bucket, Key, Body }))

async function read(Bucket: string, Key: string): Promise<string> {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key }))
  return (await answer.Body?.transformToString()) ?? ''
}

/** A queue that lets S3 write for one bucket, as facts/aws §7 wants it. */
async function newQueue(bucket: string): Promise<{ url: string; arn: string }> {
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
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }))
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

test('any account reads and writes objects: no bucket policies are evaluated, only the bucket is its owner’s', async () => {
  const Bucket = await newBucket()
  await openS3(stranger).send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))
  const found = await openS3(stranger).send(new GetObjectCommand({ Bucket, Key: 'k' }))
  expect(await found.Body?.transformToString()).toBe('x')
})

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
