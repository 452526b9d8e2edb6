// The sandbox's EventBridge as the mesh uses it: its road between accounts, ledger rows, faults, what it does not implement.
// What AWS does by itself is claimed in test/contract.
// Time is driven: an event moves when the test says so.

import {
  CreateEventBusCommand,
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  type Target,
} from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDrivenClock, type DrivenClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/aws/server.ts'

const central = '111111111111'
const d1 = '222222222222'
const raw = '333333333333'
const region = 'us-east-1'

const busArn = (account: string, name: string) => `arn:aws:events:${region}:${account}:event-bus/${name}`
const queueArn = (account: string, name: string) => `arn:aws:sqs:${region}:${account}:${name}`
const centralBus = busArn(central, 'central')
const domainBus = busArn(d1, 'd1')
const RoleArn = `arn:aws:iam::${central}:role/forward`
const refreshed = 'Data Product Refreshed'

let sandbox: Sandbox
let clock: DrivenClock

async function start(options: SandboxOptions = {}) {
  clock = createDrivenClock(Date.parse('2026-11-20T22:14:03.500Z'))
  sandbox = await startSandbox({ clock, ...options })
}
beforeEach(() => start())
afterEach(() => sandbox.close())

const config = (accessKeyId: string) => ({
  endpoint: sandbox.endpoint,
  region,
  maxAttempts: 1,
  credentials: { accessKeyId, secretAccessKey: 'any' },
})
const events = (account: string) => new EventBridgeClient(config(account))
const sqs = (account: string) => new SQSClient(config(account))

const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: centralBus,
  Source: 'dataproduct.raw',
  DetailType: refreshed,
  Detail: '{"metadata": {"id": "raw/rd1/2026-11-20/r1"}}',
  ...more,
})
const put = (account: string, ...Entries: PutEventsRequestEntry[]) =>
  events(account).send(new PutEventsCommand({ Entries }))

async function addRule(
  account: string,
  bus: string,
  name: string,
  target: Partial<Target>,
  pattern: unknown = { account: [{ exists: true }] },
) {
  const client = events(account)
  await client.send(new PutRuleCommand({ EventBusName: bus, Name: name, EventPattern: JSON.stringify(pattern) }))
  const Targets = [{ Id: 'only', Arn: '', ...target }]
  await client.send(new PutTargetsCommand({ EventBusName: bus, Rule: name, Targets }))
}

/** A queue that one rule may send to, or any rule of EventBridge when none is named. */
async function addQueue(account: string, name: string, ruleArn = '*') {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn(account, name),
    Condition: { ArnLike: { 'aws:SourceArn': ruleArn === '*' ? 'arn:aws:events:*:*:rule/*' : ruleArn } },
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await sqs(account).send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy } }))
}

/** Lets every event arrive where it will, then empties the queue. */
async function arrived(account: string, name: string): Promise<Message[]> {
  clock.advance(0)
  const QueueUrl = `${sandbox.endpoint}/${account}/${name}`
  const input = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
  return (await sqs(account).send(new ReceiveMessageCommand(input))).Messages ?? []
}
const bodies = (messages: Message[]) =>
  messages.map((message) => JSON.parse(message.Body ?? '') as Record<string, unknown>)
const dropped = () => sandbox.ledger.rows({ kind: 'event-dropped' }).map((row) => row.facts)

/** The mesh's road: raw puts on the central bus, which forwards to d1's bus, which delivers to d1's queue. */
async function buildRoad() {
  await events(central).send(new CreateEventBusCommand({ Name: 'central' }))
  const statement = {
    Sid: 'raw',
    Effect: 'Allow',
    Principal: { AWS: raw },
    Action: 'events:PutEvents',
    Resource: centralBus,
    Condition: {
      StringEquals: { 'events:source': 'dataproduct.raw', 'events:detail-type': refreshed },
      Bool: { 'events:eventBusInvocation': 'false' },
    },
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await events(central).send(new PutPermissionCommand({ EventBusName: 'central', Policy }))
  await addRule(central, 'central', 'to-d1', { Arn: domainBus, RoleArn }, { source: [{ prefix: 'dataproduct.' }] })
  await events(d1).send(new CreateEventBusCommand({ Name: 'd1' }))
  const permission = { StatementId: 'central', Principal: central, Action: 'events:PutEvents' }
  await events(d1).send(new PutPermissionCommand({ EventBusName: 'd1', ...permission }))
  await addQueue(d1, 'inbox', `arn:aws:events:${region}:${d1}:rule/d1/to-inbox`)
  await addRule(d1, 'd1', 'to-inbox', { Arn: queueArn(d1, 'inbox') })
}

describe('between accounts', () => {
  beforeEach(buildRoad)

  test('an event put on the central bus arrives in the domain queue with its envelope', async () => {
    const answer = await put(raw, entry({ Resources: ['arn:x'] }))
    expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] })
    expect(bodies(await arrived(d1, 'inbox'))).toEqual([
      {
        version: '0',
        id: answer.Entries?.[0]?.EventId,
        'detail-type': refreshed,
        source: 'dataproduct.raw',
        account: raw,
        time: '2026-11-20T22:14:03Z',
        region,
        resources: ['arn:x'],
        detail: { metadata: { id: 'raw/rd1/2026-11-20/r1' } },
      },
    ])
    const routed = sandbox.ledger.rows({ kind: 'event-routed' })
    expect(routed.map((row) => row.facts['targetArn'])).toEqual([domainBus, queueArn(d1, 'inbox')])
    expect(routed[0]?.facts).toMatchObject({ metadataId: 'raw/rd1/2026-11-20/r1' })
  })

  test.each([
    ['another source', raw, { Source: 'dataproduct.d1' }, 'AccessDeniedException'],
    ['another detail-type', raw, { DetailType: 'Other' }, 'AccessDeniedException'],
    ['an account without a statement', d1, {}, 'AccessDeniedException'],
    [
      "a bus of another account that isn't there",
      raw,
      { EventBusName: busArn(central, 'no') },
      'AccessDeniedException',
    ],
  ])('an entry fails alone: %s', async (_title, account, more, code) => {
    const answer = await put(account, entry(more), entry({ EventBusName: 'default' }))
    expect(answer.FailedEntryCount).toBe(1)
    expect(answer.Entries).toMatchObject([{ ErrorCode: code }, { EventId: expect.any(String) }])
    expect(await arrived(d1, 'inbox')).toEqual([])
  })

  test('a domain bus that does not admit the central account: lost, with a ledger row, or in the dead-letter queue', async () => {
    await events(d1).send(new RemovePermissionCommand({ EventBusName: 'd1', StatementId: 'central' }))
    await put(raw, entry())
    expect(await arrived(d1, 'inbox')).toEqual([])
    expect(dropped()).toMatchObject([{ code: 'NO_PERMISSIONS', targetArn: domainBus }])

    await addQueue(central, 'undelivered')
    const DeadLetterConfig = { Arn: queueArn(central, 'undelivered') }
    await addRule(central, 'central', 'to-d1', { Arn: domainBus, RoleArn, DeadLetterConfig })
    const { Entries } = await put(raw, entry())
    const [message] = await arrived(central, 'undelivered')
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ id: Entries?.[0]?.EventId })
    expect(message?.MessageAttributes).toMatchObject({
      RULE_ARN: { StringValue: `arn:aws:events:${region}:${central}:rule/central/to-d1` },
      TARGET_ARN: { StringValue: domainBus },
      ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
      ERROR_MESSAGE: { StringValue: expect.stringContaining(central) },
    })
  })

  test('a rule may send to a queue of another account, if its policy names the rule', async () => {
    await addQueue(raw, 'direct', `arn:aws:events:${region}:${central}:rule/central/direct`)
    await addRule(central, 'central', 'direct', { Arn: queueArn(raw, 'direct') })
    await addRule(central, 'central', 'other', { Arn: queueArn(raw, 'direct') })
    await put(raw, entry())
    expect(await arrived(raw, 'direct')).toHaveLength(1)
    expect(dropped()).toMatchObject([{ ruleArn: expect.stringContaining('other'), code: 'NO_PERMISSIONS' }])
  })

  test('faults: an event lost, doubled, late; an entry failed', async () => {
    const where = { source: 'dataproduct.raw' }
    const add = (action: Parameters<Sandbox['faults']['add']>[0]['action'], operation = 'Event') =>
      sandbox.faults.add({ service: 'events', operation, where: operation === 'Event' ? where : {}, action })
    add({ kind: 'drop-event' })
    await put(raw, entry())
    expect(await arrived(d1, 'inbox')).toEqual([])
    add({ kind: 'duplicate', times: 2 })
    await put(raw, entry())
    expect(await arrived(d1, 'inbox')).toHaveLength(2)
    add({ kind: 'delay', ms: 100 })
    await put(raw, entry())
    expect(await arrived(d1, 'inbox')).toEqual([])
    clock.advance(100)
    expect(await arrived(d1, 'inbox')).toHaveLength(1)
    add({ kind: 'fail-entry', index: 1, code: 'ThrottlingException' }, 'PutEvents')
    const { Entries } = await put(raw, entry(), entry())
    expect(Entries).toMatchObject([{ EventId: expect.any(String) }, { ErrorCode: 'ThrottlingException' }])
    expect(await arrived(d1, 'inbox')).toHaveLength(1)
  })

  test.each([
    ['at the forward rule', central, domainBus],
    ['before the queue', d1, queueArn(d1, 'inbox')],
  ])('a fault may lose an event %s, for one target: others get it', async (_where, account, targetArn) => {
    await addQueue(central, 'witness')
    await addRule(central, 'central', 'to-witness', { Arn: queueArn(central, 'witness') })
    const where = { targetArn, 'detail.metadata.id': 'raw/rd1/2026-11-20/r1' }
    sandbox.faults.add({ service: 'events', operation: 'Delivery', account, where, action: { kind: 'drop-event' } })
    await put(raw, entry({ Detail: '{"metadata": {"id": "raw/rd1/2026-11-20/r2"}}' }))
    expect(await arrived(d1, 'inbox'), 'another event').toHaveLength(1)
    await put(raw, entry())
    expect(await arrived(d1, 'inbox')).toEqual([])
    expect(await arrived(central, 'witness')).toHaveLength(2)
    expect(dropped()).toMatchObject([{ targetArn, reason: 'fault switch drop-event' }])
    await put(raw, entry())
    expect(await arrived(d1, 'inbox'), 'once').toHaveLength(1)
  })
})

test('with the other answer about forwarding, the event names the account of the forwarding bus', async () => {
  await sandbox.close()
  await start({ forwardedAccount: 'bus' })
  await buildRoad()
  await put(raw, entry())
  expect(bodies(await arrived(d1, 'inbox'))).toMatchObject([{ account: central }])
})

test('a bus policy may admit the organization', async () => {
  await events(central).send(new CreateEventBusCommand({ Name: 'central' }))
  const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-sandbox' }
  const permission = { EventBusName: 'central', StatementId: 'org', Principal: '*', Action: 'events:PutEvents' }
  await events(central).send(new PutPermissionCommand({ ...permission, Condition: { ...Condition, Value: 'o-other' } }))
  expect((await put(raw, entry())).FailedEntryCount).toBe(1)
  await events(central).send(new PutPermissionCommand({ ...permission, Condition }))
  expect((await put(raw, entry())).FailedEntryCount).toBe(0)
  const { Policy } = await events(central).send(new DescribeEventBusCommand({ Name: 'central' }))
  expect(JSON.parse(Policy ?? '')).toMatchObject({ Statement: [{ Sid: 'org', Resource: centralBus }] })
})

test('an event put on a bus of the own account that does not exist gets an id and is lost', async () => {
  expect(await put(raw, entry({ EventBusName: 'absent' }))).toMatchObject({ FailedEntryCount: 0 })
  expect(dropped()).toMatchObject([{ reason: 'the bus does not exist' }])
})

test('a disabled rule and a missing queue deliver nothing; the entry keeps its own time', async () => {
  await addQueue(d1, 'inbox')
  await addRule(d1, 'default', 'gone', { Arn: queueArn(d1, 'absent') })
  await addRule(d1, 'default', 'off', { Arn: queueArn(d1, 'inbox') })
  await events(d1).send(new PutRuleCommand({ Name: 'off', State: 'DISABLED', EventPattern: '{"source": ["x"]}' }))
  const own = entry({ EventBusName: undefined, Source: 'x', Time: new Date('2026-01-02T03:04:05Z') })
  await put(d1, own)
  expect(await arrived(d1, 'inbox')).toEqual([])
  expect(dropped()).toMatchObject([{ code: 'NO_RESOURCE' }])
  await events(d1).send(new PutRuleCommand({ Name: 'off', EventPattern: '{"source": ["x"]}' }))
  await put(d1, own)
  expect(bodies(await arrived(d1, 'inbox'))).toMatchObject([{ time: '2026-01-02T03:04:05Z' }])
})

test.each<[string, Partial<Target>, string]>([
  ['a bus without a role', { Arn: centralBus }, 'RoleArn is required'],
  ['a bus with a role of another account', { Arn: centralBus, RoleArn }, 'not a role of account'],
  ['its own bus', { Arn: busArn(d1, 'default'), RoleArn: `arn:aws:iam::${d1}:role/x` }, 'its own rule'],
  ['a Lambda function', { Arn: `arn:aws:lambda:${region}:${d1}:function:f` }, 'event buses and SQS queues'],
  ['a queue of another region', { Arn: `arn:aws:sqs:eu-west-1:${d1}:q` }, 'SQS queues of us-east-1'],
  ['an input transformer', { Arn: queueArn(d1, 'q'), InputTransformer: { InputTemplate: '<x>' } }, 'InputTransformer'],
  ['an input path', { Arn: queueArn(d1, 'q'), InputPath: '$.detail' }, 'InputPath'],
])('a target is refused: %s', async (_title, target, found) => {
  const refused = { name: 'ValidationException', message: expect.stringContaining(found) }
  await expect(addRule(d1, 'default', 'r', target)).rejects.toMatchObject(refused)
})

test('a schedule is refused, since nothing would act on it', async () => {
  const scheduled = events(d1).send(new PutRuleCommand({ Name: 'r', ScheduleExpression: 'rate(1 day)' }))
  await expect(scheduled).rejects.toThrow('ScheduleExpression')
})

test('an account outside the organisation is refused where the organisation is admitted', async () => {
  await sandbox.close()
  await start({ outsiders: [d1] })
  await events(central).send(new CreateEventBusCommand({ Name: 'central' }))
  const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-sandbox' }
  const permission = { EventBusName: 'central', StatementId: 'org', Principal: '*', Action: 'events:PutEvents' }
  await events(central).send(new PutPermissionCommand({ ...permission, Condition }))
  expect((await put(raw, entry())).FailedEntryCount).toBe(0)
  expect((await put(d1, entry())).Entries).toMatchObject([{ ErrorCode: 'AccessDeniedException' }])
})
