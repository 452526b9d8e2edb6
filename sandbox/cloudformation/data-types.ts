// Glue jobs, S3 buckets, and what the sandbox only gives an ARN: roles and bucket policies are accepted, not enforced.
import {
  CreateJobCommand,
  DeleteJobCommand,
  GetJobCommand,
  type JobUpdate,
  UpdateJobCommand,
} from '@aws-sdk/client-glue'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import { findUnless, isSame, type Place, type ResourceType, textOf, toBucketPlace } from './resource-type.ts'

export const glueJob: ResourceType = {
  properties: {
    used: [
      ...['Name', 'Role', 'Command', 'DefaultArguments', 'NonOverridableArguments', 'Timeout', 'ExecutionProperty'],
      ...['GlueVersion', 'WorkerType', 'NumberOfWorkers', 'MaxRetries', 'ExecutionClass', 'Description'],
    ],
  },
  async deploy({ Name: _name, ...properties }, { glue }) {
    const Name = textOf({ _name }, '_name')
    const wanted = withNumbers(properties) as JobUpdate
    const found = await findJob(glue, Name)
    const made = { ref: Name, attributes: {} }
    if (!found) {
      await glue.send(new CreateJobCommand({ Name, ...(wanted as { Role: string; Command: object }) }))
      return { ...made, change: 'created' }
    }
    const shown = Object.fromEntries(
      Object.keys(wanted).map((name) => [name, found.Job?.[name as keyof typeof found.Job]]),
    )
    if (isSame(shown, wanted)) return { ...made, change: 'unchanged' }
    await glue.send(new UpdateJobCommand({ JobName: Name, JobUpdate: wanted }))
    return { ...made, change: 'updated' }
  },
  presence: {
    idsOf: (properties) => [textOf(properties, 'Name')],
    isThere: async (name, { glue }) => (await findJob(glue, name)) !== undefined,
    remove: (JobName, { glue }) => glue.send(new DeleteJobCommand({ JobName })),
  },
}

const findJob = (glue: Place['glue'], JobName: string) =>
  findUnless(glue.send(new GetJobCommand({ JobName })), 'EntityNotFoundException')

/** A template parameter comes as text; CloudFormation converts it where the property is a number. */
function withNumbers(properties: Record<string, unknown>): Record<string, unknown> {
  const { ExecutionProperty: execution } = properties as { ExecutionProperty?: { MaxConcurrentRuns?: unknown } }
  if (execution?.MaxConcurrentRuns === undefined) return properties
  return { ...properties, ExecutionProperty: { MaxConcurrentRuns: Number(execution.MaxConcurrentRuns) } }
}

export const bucket: ResourceType = {
  properties: {
    used: ['BucketName', 'VersioningConfiguration', 'NotificationConfiguration'],
    accepted: ['BucketEncryption', 'PublicAccessBlockConfiguration', 'OwnershipControls'],
  },
  async deploy(properties, { s3, region }) {
    const Bucket = textOf(properties, 'BucketName')
    const isThere = await isOwnBucket(s3, Bucket)
    if (!isThere) await s3.send(new CreateBucketCommand({ Bucket, ...toBucketPlace(region) }))
    const { Status: wanted } = (properties['VersioningConfiguration'] ?? {}) as { Status?: 'Enabled' | 'Suspended' }
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }))
    const isChanged = wanted !== undefined && wanted !== Status
    if (isChanged)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: wanted } }))
    const isTold = await tellEventBridge(s3, Bucket, properties)
    return {
      ref: Bucket,
      attributes: { Arn: `arn:aws:s3:::${Bucket}`, DomainName: `${Bucket}.s3.amazonaws.com` },
      change: !isThere ? 'created' : isChanged || isTold ? 'updated' : 'unchanged',
    }
  },
  presence: {
    idsOf: (properties) => [textOf(properties, 'BucketName')],
    isThere: (name, { s3 }) => isOwnBucket(s3, name),
    remove: (Bucket, { s3 }) => findUnless(s3.send(new DeleteBucketCommand({ Bucket })), 'NoSuchBucket'),
  },
}

/** True when that is new. Whatever else somebody has configured of it stays. */
async function tellEventBridge(s3: Place['s3'], Bucket: string, properties: Record<string, unknown>): Promise<boolean> {
  const { EventBridgeConfiguration: wanted } = (properties['NotificationConfiguration'] ?? {}) as {
    EventBridgeConfiguration?: object
  }
  if (!wanted) return false
  const { $metadata: _, ...found } = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
  if (found.EventBridgeConfiguration) return false
  const NotificationConfiguration = { ...found, EventBridgeConfiguration: {} }
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
  return true
}

async function isOwnBucket(s3: Place['s3'], bucketName: string): Promise<boolean> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
  return Buckets.some(({ Name }) => Name === bucketName)
}

export const bucketPolicy: ResourceType = {
  properties: { used: [], accepted: ['Bucket', 'PolicyDocument'] },
  deploy: async () => ({ ref: '', attributes: {}, change: 'unchanged' }),
}

export const role: ResourceType = {
  properties: {
    used: ['RoleName', 'Path'],
    accepted: ['AssumeRolePolicyDocument', 'Policies', 'ManagedPolicyArns', 'Description', 'MaxSessionDuration'],
  },
  async deploy(properties, { account }) {
    const name = textOf(properties, 'RoleName')
    const path = properties['Path'] === undefined ? '/' : textOf(properties, 'Path')
    return { ref: name, attributes: { Arn: `arn:aws:iam::${account}:role${path}${name}` }, change: 'unchanged' }
  },
}

export const identityPolicy: ResourceType = {
  properties: { used: [], accepted: ['PolicyName', 'PolicyDocument', 'Roles', 'Users', 'Groups'] },
  deploy: async () => ({ ref: '', attributes: {}, change: 'unchanged' }),
}
