// Contract: what S3 tells of its objects, to queues and to EventBridge.
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  type Event,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { openDefaultBusQueue } from './default-bus-queue.ts'
import { codeOf, onS3, type Rule, type S3Stage } from './s3-stage.ts'

const CONTENT = 'notification-content-structure'
const FILTERING = 'notification-how-to-filtering'
const CONFIGURE = 'API_PutBucketNotificationConfiguration'
const TYPES = 'notification-how-to-event-types-and-destinations'
const REMOVED: Event[] = ['s3:ObjectRemoved:*']

/** A bucket whose queue hears of it as the rule says. */
async function listening(stage: S3Stage, rule: Omit<Rule, 'arn'> = {}) {
  const bucket = await stage.createBucket()
  const queue = await stage.createQueue(bucket)
  await stage.notify(bucket, { arn: queue.arn, ...rule })
  return { bucket, queue }
}

const keys: Claim[] = (
  [
    ['s3-073', 'a space is a plus', 'a b', 'a+b'],
    ['s3-074', 'a plus is %2B', 'a+b', 'a%2Bb'],
    ['s3-075', 'a slash stays as it is', 'in/a', 'in/a'],
    ['s3-076', 'a percent is %25', '100%', '100%25'],
    ['s3-077', 'other scripts are percent-encoded UTF-8', 'ü', '%C3%BC'],
    ['s3-078', 'an equals sign and an ampersand are encoded', 'a=b&c', 'a%3Db%26c'],
  ] as const
).map(([id, what, key, encoded]) => ({
  id,
  says: `a record’s key is form-encoded: ${what}`,
  source: CONTENT,
  holds: onS3(async (stage) => {
    const { bucket, queue } = await listening(stage)
    await stage.put(bucket, key)
    expect((await queue.record()).s3.object.key).toBe(encoded)
  }),
}))

const refusals: Claim[] = (
  [
    ['s3-079', 'overlapping prefixes', { prefix: 'in/' }, { prefix: 'in/csv/' }, 'InvalidArgument'],
    ['s3-080', 'overlapping suffixes', { suffix: '.csv' }, { suffix: 'v' }, 'InvalidArgument'],
    ['s3-081', 'no filter at all', {}, {}, 'InvalidArgument'],
    ['s3-082', 'distinct suffixes', { suffix: '.csv' }, { suffix: '.json' }, 'ok'],
    ['s3-083', 'distinct prefixes', { prefix: 'in/' }, { prefix: 'out/' }, 'ok'],
    ['s3-084', 'overlapping filters of different events', {}, { events: REMOVED }, 'ok'],
    ['s3-085', 'one id', { prefix: 'a', id: 'x' }, { prefix: 'b', id: 'x' }, 'InvalidArgument'],
  ] as const
).map(([id, what, one, other, code]) => ({
  id,
  says: `two configurations with ${what} are ${code === 'ok' ? 'taken' : `refused by ${code}`}`,
  source: FILTERING,
  holds: onS3(async (stage) => {
    const bucket = await stage.createBucket()
    const { arn } = await stage.createQueue(bucket)
    const rules: Rule[] = [
      { arn, ...one },
      { arn, ...other },
    ]
    expect(await codeOf(stage.notify(bucket, ...rules))).toBe(code)
  }),
}))

/** The message of a refused configuration. */
const unable = { name: 'InvalidArgument', message: 'Unable to validate the following destination configurations' }

putClaims([
  ...keys,
  ...refusals,
  {
    id: 's3-086',
    says: 'a configuration that is taken sends s3:TestEvent to its queue, without Records',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage)
      const message = await queue.next()
      expect(message).toMatchObject({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: bucket })
      expect(message['Records']).toBeUndefined()
    }),
  },
  {
    id: 's3-087',
    says: 'a queue whose policy does not admit s3.amazonaws.com is refused by InvalidArgument, and nothing changes',
    source: 'grant-destinations-permissions-to-s3',
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const { arn } = await stage.createQueue(Bucket, 'nobody')
      await expect(stage.notify(Bucket, { arn })).rejects.toMatchObject(unable)
      const found = await stage.client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
      expect(found.QueueConfigurations ?? []).toEqual([])
    }),
  },
  {
    id: 's3-088',
    says: 'a queue whose policy admits S3 for another bucket only is refused',
    source: 'grant-destinations-permissions-to-s3',
    holds: onS3(async (stage) => {
      const { arn } = await stage.createQueue(await stage.createBucket())
      await expect(stage.notify(await stage.createBucket(), { arn })).rejects.toMatchObject(unable)
    }),
  },
  {
    id: 's3-089',
    says: 'a queue that does not exist is refused',
    source: CONFIGURE,
    holds: onS3(async (stage) => {
      const { region, account, prefix } = stage.target
      const arn = `arn:aws:sqs:${region}:${account}:${prefix}none`
      await expect(stage.notify(await stage.createBucket(), { arn })).rejects.toMatchObject(unable)
    }),
  },
  {
    id: 's3-090',
    says: 'a queue of another region is refused',
    source: TYPES,
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const { arn } = await stage.createQueue(bucket)
      const elsewhere = arn.replace(stage.target.region, 'ap-south-1')
      expect(await codeOf(stage.notify(bucket, { arn: elsewhere }))).toBe('InvalidArgument')
    }),
  },
  {
    id: 's3-091',
    says: 'a FIFO queue is no destination',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { region, account, prefix } = stage.target
      const arn = `arn:aws:sqs:${region}:${account}:${prefix}q.fifo`
      expect(await codeOf(stage.notify(await stage.createBucket(), { arn }))).toBe('InvalidArgument')
    }),
  },
  {
    id: 's3-092',
    says: 'an event that S3 does not have is refused',
    source: TYPES,
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      const { arn } = await stage.createQueue(bucket)
      const events = ['s3:ObjectCreated:Nothing' as Event]
      expect(await codeOf(stage.notify(bucket, { arn, events }))).toMatch(/^(InvalidArgument|MalformedXML)$/)
    }),
  },
  {
    id: 's3-093',
    says: 'with SkipDestinationValidation a queue that refuses S3 is taken, and no test event is sent',
    source: CONFIGURE,
    holds: onS3(async (stage) => {
      const Bucket = await stage.createBucket()
      const { arn } = await stage.createQueue(Bucket, 'nobody')
      const NotificationConfiguration = {
        QueueConfigurations: [{ QueueArn: arn, Events: ['s3:ObjectCreated:*' as const] }],
      }
      const put = { Bucket, NotificationConfiguration, SkipDestinationValidation: true }
      await stage.client.send(new PutBucketNotificationConfigurationCommand(put))
      expect(await codeOf(stage.put(Bucket, 'k'))).toBe('ok')
    }),
  },
  {
    id: 's3-094',
    says: 'the configuration is read as it was put, with an id for each rule',
    source: 'API_GetBucketNotificationConfiguration',
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage, { prefix: 'in/', suffix: '.csv' })
      const found = await stage.client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
      const [rule] = found.QueueConfigurations ?? []
      expect(rule).toMatchObject({ QueueArn: queue.arn, Events: ['s3:ObjectCreated:*'] })
      expect(rule?.Id).toBeTypeOf('string')
      expect(rule?.Filter?.Key?.FilterRules).toHaveLength(2)
    }),
  },
  {
    id: 's3-095',
    says: 'a new configuration replaces the old one as a whole; an empty one turns notifications off',
    source: CONFIGURE,
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await listening(stage)
      await stage.configure(Bucket, {})
      const found = await stage.client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
      expect(found.QueueConfigurations ?? []).toEqual([])
    }),
  },
  {
    id: 's3-096',
    says: 'another account cannot configure the bucket’s notifications',
    source: CONFIGURE,
    needs: ['second-account'],
    holds: onS3(async (stage) => {
      const { bucket: Bucket } = await listening(stage)
      const off = new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} })
      expect(await codeOf(stage.stranger.send(off))).toBe('AccessDenied')
    }),
  },
  {
    id: 's3-097',
    says: 'a put is ObjectCreated:Put with bucket, key, size and ETag, without quotes and without the prefix s3:',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage)
      const { ETag = '' } = await stage.put(bucket, 'k')
      const record = await queue.record()
      expect(record).toMatchObject({ eventName: 'ObjectCreated:Put', eventSource: 'aws:s3' })
      expect(record.awsRegion).toBe(stage.target.region)
      expect(record.s3.bucket).toMatchObject({ name: bucket, arn: `arn:aws:s3:::${bucket}` })
      expect(record.s3.object).toMatchObject({ key: 'k', size: 5, eTag: ETag.replaceAll('"', '') })
    }),
  },
  {
    id: 's3-098',
    says: 'eventVersion is 2.x, and eventTime an ISO date',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage)
      await stage.put(bucket, 'k')
      const { eventVersion, eventTime } = await queue.record()
      expect(eventVersion).toMatch(/^2\.\d+$/)
      expect(new Date(eventTime).toISOString()).toBe(eventTime)
    }),
  },
  {
    id: 's3-099',
    says: 'a record has a versionId in a versioned bucket only',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage)
      await stage.put(bucket, 'k')
      expect((await queue.record()).s3.object).not.toHaveProperty('versionId')
      await stage.versioning(bucket, 'Enabled')
      const { VersionId } = await stage.put(bucket, 'k')
      expect((await queue.record()).s3.object.versionId).toBe(VersionId)
    }),
  },
  {
    id: 's3-100',
    says: 'sequencers of one key are hex and rise, compared after padding the shorter one with zeros on the right',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage)
      const padded: string[] = []
      for (let write = 0; write < 8; write += 1) {
        await stage.put(bucket, 'k', String(write))
        const { sequencer } = (await queue.record()).s3.object
        expect(sequencer).toMatch(/^[0-9A-F]+$/)
        padded.push(sequencer.padEnd(64, '0'))
      }
      expect(padded).toEqual([...new Set(padded)].sort())
    }),
  },
  {
    id: 's3-101',
    says: 'a record names the configuration that wanted it',
    source: CONTENT,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage, { id: 'landing' })
      await stage.put(bucket, 'k')
      expect((await queue.record()).s3.configurationId).toBe('landing')
    }),
  },
  {
    id: 's3-102',
    says: 'a copy is ObjectCreated:Copy',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage, { prefix: 'to' })
      await stage.put(Bucket, 'from')
      await stage.client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` }))
      expect((await queue.record()).eventName).toBe('ObjectCreated:Copy')
    }),
  },
  {
    id: 's3-103',
    says: 'a completed multipart upload is one ObjectCreated:CompleteMultipartUpload, its parts are none',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage)
      const upload = { Bucket, Key: 'big' }
      const { UploadId } = await stage.client.send(new CreateMultipartUploadCommand(upload))
      const part = { ...upload, UploadId, PartNumber: 1 }
      const { ETag } = await stage.client.send(new UploadPartCommand({ ...part, Body: 'x' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      await stage.client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }))
      expect((await queue.record()).eventName).toBe('ObjectCreated:CompleteMultipartUpload')
    }),
  },
  {
    id: 's3-104',
    says: 'a delete in an unversioned bucket is ObjectRemoved:Delete, without a size',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage, { events: REMOVED })
      await stage.put(Bucket, 'k')
      await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      const record = await queue.record()
      expect(record.eventName).toBe('ObjectRemoved:Delete')
      expect(record.s3.object.size).toBeUndefined()
    }),
  },
  {
    id: 's3-105',
    says: 'a delete without a version in a versioned bucket is ObjectRemoved:DeleteMarkerCreated',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage, { events: REMOVED })
      await stage.versioning(Bucket, 'Enabled')
      await stage.put(Bucket, 'k')
      const { VersionId } = await stage.client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      const record = await queue.record()
      expect(record.eventName).toBe('ObjectRemoved:DeleteMarkerCreated')
      expect(record.s3.object.versionId).toBe(VersionId)
    }),
  },
  {
    id: 's3-106',
    says: 'a rule of one event hears of no other',
    source: TYPES,
    holds: onS3(async (stage) => {
      const { bucket: Bucket, queue } = await listening(stage, { events: ['s3:ObjectCreated:Copy'] })
      await stage.put(Bucket, 'from')
      await stage.client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` }))
      expect((await queue.record()).s3.object.key).toBe('to')
    }),
  },
  {
    id: 's3-107',
    says: 'a rule hears of the keys that begin and end as its filter says',
    source: FILTERING,
    holds: onS3(async (stage) => {
      const { bucket, queue } = await listening(stage, { prefix: 'in/', suffix: '.csv' })
      for (const key of ['in/a.json', 'out/a.csv', 'in/a.csv']) await stage.put(bucket, key)
      expect((await queue.record()).s3.object.key).toBe('in/a.csv')
    }),
  },
  {
    id: 's3-108',
    says: 'EventBridge hears of an object by Object Created on the default bus, its key not encoded',
    source: 'ev-events',
    holds: onS3(async (stage) => {
      const bucket = await stage.createBucket()
      await stage.configure(bucket, { EventBridgeConfiguration: {} })
      const pattern = { source: ['aws.s3'], detail: { bucket: { name: [bucket] } } }
      const hear = await openDefaultBusQueue(stage.target, bucket, pattern)
      await stage.put(bucket, 'in/a b.csv')
      const [event] = await hear.receive(20)
      await hear.close()
      expect(event).toMatchObject({
        source: 'aws.s3',
        'detail-type': 'Object Created',
        account: stage.target.account,
        resources: [`arn:aws:s3:::${bucket}`],
        detail: { version: '0', bucket: { name: bucket }, object: { key: 'in/a b.csv', size: 5 }, reason: 'PutObject' },
      })
    }),
  },
])
