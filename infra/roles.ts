// Roles of bridge and worker. In: the domain's own resources. Out: least privilege for each (what it calls, on what).
// Never: one role for both; the right to pass a role.
import type { Stack } from 'aws-cdk-lib/core'
import type { CfnEventBus } from 'aws-cdk-lib/aws-events'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { CENTRAL_BUS, toBusArn, toRoleName } from './events.ts'
import type { JobPlan } from './plan.ts'
import { mayRead, ownEvents, policyOf, type Statement } from './statements.ts'

interface RolePlace {
  domain: string
  account: string
  region: string
  centralAccount: string
  catalogBucket: string
  /** The service that runs the process. */
  principal: string
  jobs: JobPlan[]
}

type BridgeParts = RolePlace & { events: CfnQueue; deadLetters: CfnQueue }
type WorkerParts = RolePlace & { bus: CfnEventBus; notifications: CfnQueue }

export function addBridgeRole(stack: Stack, place: BridgeParts): void {
  addRole(stack, 'Bridge', place, [
    {
      Effect: 'Allow',
      Action: [
        ...['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        ...['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
      ],
      Resource: place.events.attrArn,
    },
    {
      Effect: 'Allow',
      Action: ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
      Resource: place.deadLetters.attrArn,
    },
    ...onJobs(place, ['glue:GetJobRun']),
  ])
}

export function addWorkerRole(stack: Stack, place: WorkerParts): void {
  addRole(stack, 'Worker', place, [
    ...onJobs(place, ['glue:StartJobRun', 'glue:GetJobRun', 'glue:GetJobRuns', 'glue:BatchStopJobRun']),
    {
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Resource: [toBusArn(place.region, place.centralAccount, CENTRAL_BUS), place.bus.attrArn],
      Condition: ownEvents(place.domain),
    },
    { Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:GetQueueUrl'], Resource: place.notifications.attrArn },
  ])
}

export const mayBeAssumedBy = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
})

/** A policy needs a resource: a domain without jobs gets no statement. */
const onJobs = ({ region, account, jobs }: RolePlace, Action: string[]): Statement[] =>
  jobs.length === 0
    ? []
    : [
        {
          Effect: 'Allow',
          Action,
          Resource: jobs.map(({ job }) => `arn:aws:glue:${region}:${account}:job/${job}`),
        },
      ]

function addRole(stack: Stack, id: 'Bridge' | 'Worker', place: RolePlace, statements: Statement[]): void {
  const { domain, principal, catalogBucket } = place
  const role = new CfnRole(stack, `${id}Role`, {
    roleName: toRoleName(domain, id === 'Bridge' ? 'bridge' : 'worker'),
    assumeRolePolicyDocument: mayBeAssumedBy(principal),
    policies: [
      { policyName: 'work-of-the-role', policyDocument: policyOf([...statements, ...mayRead(catalogBucket)]) },
    ],
  })
  const reason = 'The catalog is read as a whole: an object for each version of a definition.'
  acknowledgeWildcards(role, ['arn:aws:s3:::<CatalogBucket>/*'], reason)
}
