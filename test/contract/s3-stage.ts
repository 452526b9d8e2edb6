// What the claims about S3 share: a bucket for each claim, a queue that hears of it. In: a target. Out: a stage lent to
// one claim. Never: leaves a bucket or queue behind on a target that lives on.
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  type Event,
  GetObjectCommand,
  type GetObjectCommandInput,
  ListObjectVersionsCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

export interface S3Stage {
  target: Target
  client: S3Client
  /** Of the other account (need `second-account`). */
  stranger: S3Client
  createBucket(): Promise<string>
  versioning(bucket: string, status: 'Enabled' | 'Suspended'): Promise<void>
  put(
    bucket: string,
    key: string,
    body?: string,
    more?: Partial<PutObjectCommandInput>,
  ): Promise<PutObjectCommandOutput>
  read(bucket: string, key: string, more?: Partial<GetObjectCommandInput>): Promise<string>
  /** A queue; its policy admits S3 for this bucket, or nobody. */
  createQueue(bucket: string, admits?: 's3' | 'nobody'): Promise<Queue>
  notify(bucket: string, ...rules: Rule[]): Promise<void>
  configure(bucket: string, configuration: NotificationConfiguration): Promise<void>
}

export interface Queue {
  arn: string
  /** The next message's body, each once. */
  next(): Promise<Record<string, unknown>>
  /** The next record, test events left out. */
  record(): Promise<NotificationRecord>
}

export interface Rule {
  arn: string
  events?: Event[]
  prefix?: string
  suffix?: string
  id?: string
}

export interface NotificationRecord {
  eventVersion: string
  eventSource: string
  awsRegion: string
  eventTime: string
  eventName: string
  s3: {
    configurationId: string
    bucket: { name: string; arn: string }
    object: { key: string; size?: number; eTag?: string; versionId?: string; sequencer: string }
  }
}

type Leavings = (() => Promise<unknown> | void)[]
let number = 0

/** `holds` of a claim about S3. */
export const onS3 =
  (see: (stage: S3Stage) => Promise<void>) =>
  async (target: Target): Promise<void> => {
    const client = new S3Client(target.options())
    const stranger = new S3Client(target.options(target.otherAccount))
    const leavings: Leavings = [() => client.destroy(), () => stranger.destroy()]
    try {
      await see(toStage(target, { client, stranger }, leavings))
    } finally {
      for (const remove of leavings.toReversed()) await remove()
    }
  }

export const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'ok',
    (error: Error) => error.name,
  )

function toStage(target: Target, clients: Pick<S3Stage, 'client' | 'stranger'>, leavings: Leavings): S3Stage {
  const { client } = clients
  const configure = async (Bucket: string, NotificationConfiguration: NotificationConfiguration) => {
    const set = client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
    await asStage('PutBucketNotificationConfiguration', set)
  }
  return {
    target,
    ...clients,
    async createBucket() {
      number += 1
      const Bucket = `${target.prefix}${number}`
      await asStage('CreateBucket', client.send(new CreateBucketCommand({ Bucket })))
      leavings.push(() => removeBucket(client, Bucket))
      return Bucket
    },
    async versioning(Bucket, Status) {
      const set = client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
      await asStage('PutBucketVersioning', set)
    },
    put: (Bucket, Key, Body = 'hello', more = {}) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    async read(Bucket, Key, more = {}) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }))
      return (await Body?.transformToString()) ?? ''
    },
    createQueue: (bucket, admits = 's3') => createQueue(target, bucket, admits, leavings),
    notify: (bucket, ...rules) => configure(bucket, { QueueConfigurations: rules.map(toConfiguration) }),
    configure,
  }
}

function toConfiguration({ arn, events = ['s3:ObjectCreated:*'], prefix, suffix, id }: Rule) {
  const FilterRules = [
    ...(prefix === undefined ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ...(suffix === undefined ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
  ]
  const Filter = FilterRules.length > 0 ? { Key: { FilterRules } } : undefined
  return { Id: id, QueueArn: arn, Events: events, Filter }
}

async function createQueue(
  target: Target,
  bucket: string,
  admits: 's3' | 'nobody',
  leavings: Leavings,
): Promise<Queue> {
  number += 1
  const sqs = new SQSClient(target.options())
  const QueueName = `${target.prefix}queue-${number}`
  const arn = `arn:aws:sqs:${target.region}:${target.account}:${QueueName}`
  const Condition = {
    ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${bucket}` },
    StringEquals: { 'aws:SourceAccount': target.account },
  }
  const Principal = { Service: 's3.amazonaws.com' }
  const statement = { Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: arn, Condition }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const Attributes = admits === 's3' ? { Policy } : {}
  const { QueueUrl } = await asStage('CreateQueue', sqs.send(new CreateQueueCommand({ QueueName, Attributes })))
  leavings.push(async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    sqs.destroy()
  })

  async function next(): Promise<Record<string, unknown>> {
    for (let tries = 0; tries < 6; tries += 1) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
      const [message] = Messages
      if (message === undefined) continue
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
      return JSON.parse(message.Body ?? '') as Record<string, unknown>
    }
    throw new Error(`No further message came to ${QueueName}.`)
  }

  return {
    arn,
    next,
    async record() {
      for (;;) {
        const records = (await next())['Records'] as NotificationRecord[] | undefined
        if (records?.[0]) return records[0]
      }
    },
  }
}

async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  if ((await codeOf(client.send(new ListObjectVersionsCommand({ Bucket })))) !== 'ok') return
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
  for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) {
    await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
  }
  await client.send(new DeleteBucketCommand({ Bucket }))
}
