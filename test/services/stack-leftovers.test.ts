// What a template no longer names goes, what is to be retained stays, what the stack did not make is left alone.
import {
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  ListRulesCommand,
  PutRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateJobCommand } from '@aws-sdk/client-glue'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { DeleteQueueCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DeployStage, openDeployStage } from './deploy-stage.ts'
import {
  BUS,
  RETAINED,
  SMALL,
  toBucket,
  toJob,
  toQueue,
  toQueuePolicy,
  toRule,
  toStack,
  toStatement,
} from './small-stacks.ts'

let stage: DeployStage
beforeEach(async () => {
  stage = await openDeployStage()
})
afterEach(() => stage.close())

test('all that a stack made goes, in an order that AWS allows, but what it is told to retain', async () => {
  const Job = toJob('stays')
  await stage.deploy([
    toStack({
      ...{ Bus: BUS, Rule: toRule('rule', 'Kept'), Statement: toStatement('raw') },
      ...{ Kept: toQueue('kept', RETAINED), Queue: toQueue('queue'), Policy: toQueuePolicy('Kept', 'Queue') },
      ...{ KeptBucket: toBucket('small-kept', RETAINED), Bucket: toBucket('small-bucket'), Job },
    }),
  ])
  expect(await stage.policyOf(SMALL, 'kept')).toContain('SendMessage')
  const changes = await stage.deploy([toStack({ Job })])
  expect(new Set(changes)).toEqual(
    new Set([
      ...['Bus', 'Rule', 'Statement', 'Queue', 'Policy', 'Bucket'].map((logicalId) => `${logicalId}: removed`),
      ...['Kept', 'KeptBucket'].map((logicalId) => `${logicalId}: retained`),
    ]),
  )
  expect(await stage.namesIn(SMALL)).toMatchObject({ jobs: ['stays'], queues: ['kept'], buckets: ['small-kept'] })
  expect(await stage.policyOf(SMALL, 'kept')).toBeUndefined()
  await expect(stage.clientsOf(SMALL).events.send(new DescribeEventBusCommand({ Name: 'small' }))).rejects.toThrow()
  // What was retained is no longer the stack's, even if it is named again.
  await stage.deploy([toStack({ Job, Kept: toQueue('kept') })])
  expect(await stage.deploy([toStack({ Job })])).toEqual([])
  expect((await stage.namesIn(SMALL)).queues).toEqual(['kept'])
})

test('what took another name is replaced; a queue that left a policy has none', async () => {
  const first = { Bus: BUS, A: toQueue('a', RETAINED), B: toQueue('b'), Policy: toQueuePolicy('A', 'B') }
  await stage.deploy([toStack({ ...first, Rule: toRule('one', 'A'), Job: toJob('one') })])
  const second = { ...first, A: toQueue('c', RETAINED), Policy: toQueuePolicy('A') }
  await stage.deploy([toStack({ ...second, Rule: toRule('two', 'A'), Job: toJob('two') })])
  expect(await stage.namesIn(SMALL)).toMatchObject({ jobs: ['two'], queues: ['a', 'b', 'c'] })
  const { Rules = [] } = await stage.clientsOf(SMALL).events.send(new ListRulesCommand({ EventBusName: 'small' }))
  expect(Rules.map(({ Name }) => Name)).toEqual(['two'])
  expect(await Promise.all(['a', 'b', 'c'].map((queue) => stage.policyOf(SMALL, queue)))).toEqual([
    undefined,
    undefined,
    expect.stringContaining('SendMessage'),
  ])
  // Another logical id for the same thing replaces nothing.
  expect(await stage.deploy([toStack({ ...second, Rule: toRule('two', 'A'), Renamed: toJob('two') })])).toEqual([])
  expect((await stage.namesIn(SMALL)).jobs).toEqual(['two'])
})

test('what a person or another stack made stays, and another stack’s is not taken over', async () => {
  const { glue, events } = stage.clientsOf(SMALL)
  const Command = { Name: 'glueetl', ScriptLocation: 's3://x/by-hand' }
  await glue.send(new CreateJobCommand({ Name: 'by-hand', Role: 'r', Command }))
  await events.send(new PutRuleCommand({ Name: 'by-hand', EventPattern: '{"source":["x"]}' }))
  await stage.deploy([toStack({ Job: toJob('of-other') }, 'other')])
  const Rule = { Type: 'AWS::Events::Rule', Properties: { Name: 'by-hand', EventPattern: { source: ['y'] } } }
  await stage.deploy([toStack({ Job: toJob('own'), Found: toJob('by-hand'), Rule })])
  expect(await stage.deploy([toStack({})])).toEqual(['Job: removed'])
  expect(await stage.namesIn(SMALL)).toMatchObject({ jobs: ['by-hand', 'of-other'], rules: ['by-hand'] })
  await expect(stage.deploy([toStack({ Job: toJob('of-other') })])).rejects.toThrow(
    'Could not deploy small/Job (AWS::Glue::Job): of-other is a resource of other.',
  )
  expect(await stage.deploy([toStack({ Job: toJob('of-other') }, 'other')])).toEqual([])
})

test('what a deployment that failed had made, and what could not be removed, goes the next time', async () => {
  const stack = toStack({ Bus: BUS, Job: toJob('one') })
  stage.sandbox.faults.add({
    service: 'glue',
    operation: 'CreateJob',
    action: { kind: 'error', code: 'AccessDeniedException' },
  })
  await expect(stage.deploy([stack])).rejects.toThrow(
    'Could not deploy small/Job (AWS::Glue::Job): AccessDeniedException',
  )
  const { events } = stage.clientsOf(SMALL)
  const byHand = { Name: 'by-hand', EventBusName: 'small' }
  await events.send(new PutRuleCommand({ ...byHand, EventPattern: '{"source":["x"]}' }))
  const empty = toStack({})
  const left = /Could not remove small, which the template no longer names, of small\/Bus .*while it has rules/
  await expect(stage.deploy([empty])).rejects.toThrow(left)
  await expect(stage.deploy([empty])).rejects.toThrow(left)
  await events.send(new DeleteRuleCommand(byHand))
  expect(await stage.deploy([empty])).toEqual(['Bus: removed'])
})

test('a rule whose targets were refused is the stack’s all the same', async () => {
  const resources = { Bus: BUS, Queue: toQueue('q') }
  stage.sandbox.faults.add({
    service: 'events',
    operation: 'PutTargets',
    action: { kind: 'error', code: 'InternalException' },
    times: 'unlimited',
  })
  const deploying = stage.deploy([toStack({ ...resources, Rule: toRule('half', 'Queue') })])
  await expect(deploying).rejects.toThrow('Could not deploy small/Rule (AWS::Events::Rule): InternalException')
  expect(await stage.deploy([toStack(resources)])).toEqual(['Rule: removed'])
})

test('each region has its own stacks', async () => {
  const inEurope = (resources: Record<string, object>) => toStack(resources, 'small', 'eu-west-1')
  await stage.deploy([toStack({ Job: toJob('one') }), inEurope({ Job: toJob('one') })])
  expect(await stage.deploy([inEurope({})])).toEqual(['Job: removed'])
  expect((await stage.namesIn(SMALL)).jobs).toEqual(['one'])
  expect((await stage.namesIn(SMALL, 'eu-west-1')).jobs).toEqual([])
  expect(await stage.deploy([toStack({})])).toEqual(['Job: removed'])
})

test('what a person removed before is no failure', async () => {
  const Rule = toRule('rule', 'Queue')
  const resources = {
    Bus: BUS,
    Rule,
    Statement: toStatement('raw'),
    Queue: toQueue('q'),
    Policy: toQueuePolicy('Queue'),
  }
  await stage.deploy([toStack({ ...resources, Bucket: toBucket('small-bucket') })])
  const { events, sqs, s3 } = stage.clientsOf(SMALL)
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'q' }))
  await events.send(new RemoveTargetsCommand({ Rule: 'rule', EventBusName: 'small', Ids: ['queue'] }))
  await events.send(new DeleteRuleCommand({ Name: 'rule', EventBusName: 'small' }))
  await events.send(new DeleteEventBusCommand({ Name: 'small' }))
  await sqs.send(new DeleteQueueCommand({ QueueUrl }))
  await s3.send(new DeleteBucketCommand({ Bucket: 'small-bucket' }))
  expect(await stage.deploy([toStack({})])).toHaveLength(6)
  expect(await stage.deploy([toStack({})])).toEqual([])
})

test('a queue whose template names no dead-letter queue any more has none', async () => {
  const Dead = toQueue('dead')
  const RedrivePolicy = { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 }
  await stage.deploy([
    toStack({ Dead, Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q', RedrivePolicy } } }),
  ])
  expect(await stage.attributeOf(SMALL, 'q', 'RedrivePolicy')).toContain(':dead"')
  expect(await stage.deploy([toStack({ Dead, Queue: toQueue('q') })])).toEqual(['Queue: updated'])
  expect(await stage.attributeOf(SMALL, 'q', 'RedrivePolicy')).toBeUndefined()
  expect(await stage.deploy([toStack({ Dead, Queue: toQueue('q') })])).toEqual([])
})

test('a deletion policy that the sandbox cannot follow is refused', async () => {
  const stack = toStack({ Queue: toQueue('q', { DeletionPolicy: 'Snapshot' }) })
  await expect(stage.deploy([stack])).rejects.toThrow('small/Queue: the sandbox does not know the policy Snapshot')
})
