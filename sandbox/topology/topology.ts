// The AWS side of a mesh, created through the SDK: central bus, and for each domain its bus, queues, rules, policies.
// In: an endpoint, the central account, the domains. Out: all of it exists. May run again: every call is idempotent.
// Never: a permission wider than the deployment needs; a wrong policy must fail here as it would on AWS.
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { clientOptions } from './account.ts'

export interface DomainAccount {
  domain: string
  account: string
}

export interface Topology {
  endpoint: string
  region: string
  centralAccount: string
  domains: DomainAccount[]
}

export const CENTRAL_BUS = 'sluice-central'
const DETAIL_TYPES = ['Data Product Refreshed', 'Data Product Not Refreshed']
const REFRESH_PATTERN = { source: [{ prefix: 'dataproduct.' }], 'detail-type': DETAIL_TYPES }
const GLUE_PATTERN = { source: ['aws.glue'], 'detail-type': ['Glue Job State Change'] }
/** The bridge alone decides what is poison; a redrive by count would dead-letter healthy messages in an outage. */
const MAX_RECEIVES = 1_000
const FOURTEEN_DAYS = '1209600'

export const toBusArn = (region: string, account: string, bus: string): string =>
  `arn:aws:events:${region}:${account}:event-bus/${bus}`

export async function deployTopology(topology: Topology): Promise<void> {
  const central = new EventBridgeClient(clientOptions(topology, topology.centralAccount))
  await central.send(new CreateEventBusCommand({ Name: CENTRAL_BUS })).catch(unlessThere)
  const producers = topology.domains.map((domain) => toProducerStatement(topology, domain))
  await putPolicy(central, CENTRAL_BUS, producers)
  for (const domain of topology.domains) {
    await deployDomain(topology, domain)
    await forward(central, topology, domain)
  }
  central.destroy()
}

/** A domain's account may put its own source's events, of our two types, and nothing else. */
const toProducerStatement = (topology: Topology, { domain, account }: DomainAccount): object => ({
  Sid: `publish-${domain}`,
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: 'events:PutEvents',
  Resource: toBusArn(topology.region, topology.centralAccount, CENTRAL_BUS),
  Condition: { StringEquals: { 'events:source': `dataproduct.${domain}`, 'events:detail-type': DETAIL_TYPES } },
})

/** One hop: central bus to domain bus. Source prefix and detail-type only: what is relevant, the bridge decides. */
async function forward(
  central: EventBridgeClient,
  topology: Topology,
  { domain, account }: DomainAccount,
): Promise<void> {
  await putRule(central, CENTRAL_BUS, `forward-${domain}`, REFRESH_PATTERN, [
    {
      Id: 'domain-bus',
      Arn: toBusArn(topology.region, account, toBusName(domain)),
      RoleArn: `arn:aws:iam::${topology.centralAccount}:role/sluice-forward-${domain}`,
    },
  ])
}

async function deployDomain(topology: Topology, { domain, account }: DomainAccount): Promise<void> {
  const options = clientOptions(topology, account)
  const events = new EventBridgeClient(options)
  const sqs = new SQSClient(options)
  const queue = await createQueues(sqs, topology, { domain, account })
  const bus = toBusName(domain)
  await events.send(new CreateEventBusCommand({ Name: bus })).catch(unlessThere)
  await putPolicy(events, bus, [toCentralStatement(topology, toBusArn(topology.region, account, bus))])
  const target: Target = { Id: 'queue', Arn: queue.arn, DeadLetterConfig: { Arn: queue.undeliveredArn } }
  await putRule(events, bus, 'refresh-events', REFRESH_PATTERN, [target])
  await putRule(events, 'default', `sluice-${domain}-glue`, GLUE_PATTERN, [target])
  events.destroy()
  sqs.destroy()
}

/** A domain bus admits the central account and its own, which needs no statement. */
const toCentralStatement = (topology: Topology, Resource: string): object => ({
  Sid: 'central',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${topology.centralAccount}:root` },
  Action: 'events:PutEvents',
  Resource,
})

const toBusName = (domain: string): string => `sluice-${domain}`

async function createQueues(sqs: SQSClient, topology: Topology, { domain, account }: DomainAccount) {
  const toArn = (name: string): string => `arn:aws:sqs:${topology.region}:${account}:${name}`
  const rules = [`sluice-${domain}/refresh-events`, `sluice-${domain}-glue`].map(
    (rule) => `arn:aws:events:${topology.region}:${account}:rule/${rule}`,
  )
  const name = `sluice-${domain}-events`
  const undelivered = `sluice-${domain}-undelivered`
  await createQueue(sqs, `${name}-dlq`, {})
  await createQueue(sqs, `sluice-${domain}-notifications`, {})
  await createQueue(sqs, undelivered, { Policy: toQueuePolicy(toArn(undelivered), rules) })
  await createQueue(sqs, name, {
    VisibilityTimeout: '60',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: toArn(`${name}-dlq`), maxReceiveCount: MAX_RECEIVES }),
    Policy: toQueuePolicy(toArn(name), rules),
  })
  return { arn: toArn(name), undeliveredArn: toArn(undelivered) }
}

/** Only EventBridge may write, and only for the rules named: the service principal alone would admit strangers. */
const toQueuePolicy = (queueArn: string, rules: string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn,
        Condition: { ArnEquals: { 'aws:SourceArn': rules } },
      },
    ],
  })

async function createQueue(sqs: SQSClient, QueueName: string, attributes: Record<string, string>): Promise<void> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }))
  const Attributes = { MessageRetentionPeriod: FOURTEEN_DAYS, ...attributes }
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
}

async function putRule(
  events: EventBridgeClient,
  bus: string,
  Name: string,
  pattern: object,
  Targets: Target[],
): Promise<void> {
  await events.send(new PutRuleCommand({ EventBusName: bus, Name, EventPattern: JSON.stringify(pattern) }))
  const answer = await events.send(new PutTargetsCommand({ EventBusName: bus, Rule: Name, Targets }))
  const failed = answer.FailedEntries?.[0]
  if (failed)
    throw new Error(
      `Could not add target ${failed.TargetId} to rule ${Name}: ${failed.ErrorCode}: ${failed.ErrorMessage}`,
    )
}

/** PutPermission with a policy replaces the whole policy of the bus. */
async function putPolicy(events: EventBridgeClient, bus: string, statements: object[]): Promise<void> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  await events.send(new PutPermissionCommand({ EventBusName: bus, Policy }))
}

function unlessThere(error: unknown): void {
  if (!(error instanceof Error && error.name === 'ResourceAlreadyExistsException')) throw error
}
