// Stacks of a few resources, for what the example mesh has not: a template changes by naming others.
// In: resources by logical id. Out: a stack of one account.
import type { Stack } from '../../sandbox/cloudformation/deploy.ts'

export const SMALL = '444444444444'

/** A stack of its own making; a resource that is undefined is not named. */
export const toStack = (
  resources: Record<string, object | undefined>,
  stack = 'small',
  region = 'us-east-1',
): Stack => ({
  ...{ stack, account: SMALL, region },
  template: { Resources: Object.fromEntries(Object.entries(resources).filter(([, resource]) => resource)) },
})

export const RETAINED = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' }
export const toQueue = (QueueName: string, policies = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName },
  ...policies,
})
export const toBucket = (BucketName: string, policies = {}) => ({
  ...{ Type: 'AWS::S3::Bucket', Properties: { BucketName }, ...policies },
})
export const toJob = (Name: string) => ({
  Type: 'AWS::Glue::Job',
  Properties: {
    Name,
    Role: `arn:aws:iam::${SMALL}:role/jobs`,
    Command: { Name: 'glueetl', ScriptLocation: 's3://x/y' },
  },
})
export const toRule = (Name: string, queue: string) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    ...{ Name, EventBusName: { Ref: 'Bus' }, EventPattern: { source: ['x'] } },
    Targets: [{ Id: 'queue', Arn: { 'Fn::GetAtt': [queue, 'Arn'] } }],
  },
})
export const BUS = { Type: 'AWS::Events::EventBus', Properties: { Name: 'small' } }
export const toStatement = (StatementId: string) => ({
  Type: 'AWS::Events::EventBusPolicy',
  Properties: {
    ...{ EventBusName: { Ref: 'Bus' }, StatementId },
    Statement: {
      ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::111111111111:root` }, Action: 'events:PutEvents' },
      Resource: { 'Fn::GetAtt': ['Bus', 'Arn'] },
    },
  },
})
export const toQueuePolicy = (...queues: string[]) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: queues.map((Ref) => ({ Ref })),
    PolicyDocument: { Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }] },
  },
})
