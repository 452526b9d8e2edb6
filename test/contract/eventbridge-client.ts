// EventBridge as the claims see it. In: a target. Out: its clients, and a rule between a bus and a queue made in one call.
// Never: leaves a bus, rule or queue behind on a target that outlives the test.
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target as RuleTarget,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

export const toEvents = (target: Target, account?: string) => new EventBridgeClient(target.options(account))
export const toSqs = (target: Target, account?: string) => new SQSClient(target.options(account))

let made = 0

/** A name that nothing else has. */
export function nameNew(target: Target): string {
  made += 1
  return `${target.prefix}${process.pid}-${made}`
}

export const busArn = ({ region, account }: Target, name: string, owner = account) =>
  `arn:aws:events:${region}:${owner}:event-bus/${name}`
export const ruleArn = ({ region, account }: Target, bus: string, rule: string) =>
  `arn:aws:events:${region}:${account}:rule/${bus}/${rule}`
export const queueArn = ({ region, account }: Target, name: string) => `arn:aws:sqs:${region}:${account}:${name}`

/** Lends a bus of the first account, and takes it away with its rules. */
export async function withBus<Result>(target: Target, use: (bus: string) => Promise<Result>): Promise<Result> {
  const bus = nameNew(target)
  const client = toEvents(target)
  await asStage('CreateEventBus', client.send(new CreateEventBusCommand({ Name: bus })))
  try {
    return await use(bus)
  } finally {
    await client.send(new DeleteEventBusCommand({ Name: bus })).catch(() => {})
  }
}

/** Lends a rule that matches every event of its bus, with the targets given. */
export async function withRule<Result>(
  target: Target,
  bus: string,
  targets: RuleTarget[],
  use: (rule: string) => Promise<Result>,
): Promise<Result> {
  const rule = nameNew(target)
  const client = toEvents(target)
  const EventPattern = JSON.stringify({ source: [{ prefix: '' }] })
  await asStage('PutRule', client.send(new PutRuleCommand({ EventBusName: bus, Name: rule, EventPattern })))
  try {
    if (targets.length > 0)
      await client.send(new PutTargetsCommand({ EventBusName: bus, Rule: rule, Targets: targets }))
    return await use(rule)
  } finally {
    const Ids = targets.map(({ Id }) => Id ?? '')
    if (Ids.length > 0) await client.send(new RemoveTargetsCommand({ EventBusName: bus, Rule: rule, Ids }))
    await client.send(new DeleteRuleCommand({ EventBusName: bus, Name: rule }))
  }
}

/** Lends a queue that every rule may send to, unless a policy is given; an empty one admits nobody. */
export async function withQueue<Result>(
  target: Target,
  use: (queue: { name: string; arn: string; url: string }) => Promise<Result>,
  policyOf: (arn: string) => string = admitEveryRule,
): Promise<Result> {
  const name = nameNew(target)
  const arn = queueArn(target, name)
  const client = toSqs(target)
  const Policy = policyOf(arn)
  const Attributes = Policy === '' ? {} : { Policy }
  const create = client.send(new CreateQueueCommand({ QueueName: name, Attributes }))
  const { QueueUrl = '' } = await asStage('CreateQueue', create)
  try {
    return await use({ name, arn, url: QueueUrl })
  } finally {
    await client.send(new DeleteQueueCommand({ QueueUrl }))
  }
}

/** Each statement has an id: AWS asks for none (pol-017), but who does is to be asked about the rest too. */
export const toPolicy = (...statements: object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement, index) => ({ Sid: `statement${index + 1}`, ...statement })),
  })

const admitEveryRule = (Resource: string) =>
  toPolicy({
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource,
  })

/** The first message that comes within the wait; AWS delivers when it likes, and a rule takes time to act. */
export async function takeMessage(target: Target, url: string, waitSeconds = 20): Promise<Message | undefined> {
  const input = { QueueUrl: url, WaitTimeSeconds: waitSeconds, MessageAttributeNames: ['All'] }
  return (await toSqs(target).send(new ReceiveMessageCommand(input))).Messages?.[0]
}

export const toEntry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'dataproduct.contract',
  DetailType: 'Data Product Refreshed',
  Detail: '{"a": 1}',
  ...more,
})

export const put = (target: Target, entries: PutEventsRequestEntry[], account?: string) =>
  toEvents(target, account).send(new PutEventsCommand({ Entries: entries }))

/** Whether the pattern matches an event with that detail, as the API itself tells. */
export async function isMatch(target: Target, pattern: unknown, more: object): Promise<boolean> {
  const event = {
    version: '0',
    id: '1',
    'detail-type': 'Data Product Refreshed',
    source: 'dataproduct.contract',
    account: target.account,
    time: '2026-11-20T00:00:00Z',
    region: target.region,
    resources: [],
    ...more,
  }
  return (await askPattern(target, pattern, JSON.stringify(event))) ?? false
}

export async function askPattern(target: Target, pattern: unknown, event: string): Promise<boolean | undefined> {
  const EventPattern = typeof pattern === 'string' ? pattern : JSON.stringify(pattern)
  const { Result } = await toEvents(target).send(new TestEventPatternCommand({ EventPattern, Event: event }))
  // eb-056 claims that it answers; nothing is known of a pattern where it does not.
  if (Result === undefined) await asStage('TestEventPattern', Promise.reject(new Error('neither true nor false')))
  return Result
}
