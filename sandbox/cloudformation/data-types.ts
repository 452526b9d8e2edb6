// Glue jobs, S3 buckets, and what the sandbox only gives an ARN: roles and bucket policies are accepted, not enforced.
import { CreateJobCommand, GetJobCommand, type JobUpdate, UpdateJobCommand } from '@aws-sdk/client-glue'
import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import { findUnless, isSame, type ResourceType, textOf } from './resource-type.ts'

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
    const found = await findUnless(glue.send(new GetJobCommand({ JobName: Name })), 'EntityNotFoundException')
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
}

/** A template parameter comes as text; CloudFormation converts it where the property is a number. */
function withNumbers(properties: Record<string, unknown>): Record<string, unknown> {
  const { ExecutionProperty: execution } = properties as { ExecutionProperty?: { MaxConcurrentRuns?: unknown } }
  if (execution?.MaxConcurrentRuns === undefined) return properties
  return { ...properties, ExecutionProperty: { MaxConcurrentRuns: Number(execution.MaxConcurrentRuns) } }
}

export const bucket: ResourceType = {
  properties: {
    used: ['BucketName', 'VersioningConfiguration'],
    accepted: ['BucketEncryption', 'PublicAccessBlockConfiguration', 'OwnershipControls'],
  },
  async deploy(properties, { s3, region }) {
    const Bucket = textOf(properties, 'BucketName')
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    const isThere = Buckets.some(({ Name }) => Name === Bucket)
    // A region's buckets name it, but those of us-east-1 must not.
    const place = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } }
    if (!isThere) await s3.send(new CreateBucketCommand({ Bucket, ...place }))
    const { Status: wanted } = (properties['VersioningConfiguration'] ?? {}) as { Status?: 'Enabled' | 'Suspended' }
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }))
    const isChanged = wanted !== undefined && wanted !== Status
    if (isChanged)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: wanted } }))
    return {
      ref: Bucket,
      attributes: { Arn: `arn:aws:s3:::${Bucket}`, DomainName: `${Bucket}.s3.amazonaws.com` },
      change: !isThere ? 'created' : isChanged ? 'updated' : 'unchanged',
    }
  },
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
