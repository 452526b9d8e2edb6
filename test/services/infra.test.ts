// The stacks on a sandbox, from the templates that are committed: they are current, what they forbid is refused, and a
// template that is wrong fails here as it would on AWS.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { EXAMPLE, TEMPLATES } from '../../infra/example.ts'
import { readPlan } from '../../infra/read-plan.ts'
import { synthesise } from '../../infra/synthesise.ts'
import { toFiles } from '../../infra/write-stacks.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { deployStacks, type Stack } from '../../sandbox/cloudformation/deploy.ts'
import { readStackList, readStacks } from '../../sandbox/cloudformation/read-stacks.ts'

const folder = fileURLToPath(TEMPLATES)
const parameters = { MaxConcurrentRuns: 8 }
const [RAW, D2] = ['111111111111', '333333333333']

let sandbox: Sandbox
let stacks: Stack[]
beforeEach(async () => {
  sandbox = await startSandbox()
  const list = await readStackList(folder)
  stacks = list ? await readStacks(folder, list) : []
})
afterEach(() => sandbox.close())

interface Json {
  [key: string]: Json
}

const resourceOf = (stack: string, logicalId: string): Json => {
  const template = stacks.find((candidate) => candidate.stack === stack)?.template as Json | undefined
  const resource = template?.['Resources']?.[logicalId]
  if (!resource) throw new Error(`${stack} has no ${logicalId}.`)
  return resource
}

async function putAs(account: string, Source: string): Promise<string | undefined> {
  const events = new EventBridgeClient(clientOptions({ endpoint: sandbox.endpoint, region: EXAMPLE.region }, account))
  const EventBusName = toBusArn(EXAMPLE.region, EXAMPLE.centralAccount, CENTRAL_BUS)
  const Entries = [{ EventBusName, Source, DetailType: 'Data Product Refreshed', Detail: '{}' }]
  const answer = await events.send(new PutEventsCommand({ Entries }))
  events.destroy()
  return answer.Entries?.[0]?.ErrorCode
}

/** How many messages the queue holds; it waits a moment for the first. */
async function receive(account: string, QueueName: string): Promise<number> {
  const sqs = new SQSClient(clientOptions({ endpoint: sandbox.endpoint, region: EXAMPLE.region }, account))
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }))
  sqs.destroy()
  return Messages.length
}

test('the committed templates are what the stacks make of the example mesh, and cdk-nag has nothing against them; else: node infra/write-templates.ts', async () => {
  const plan = await readPlan(fileURLToPath(EXAMPLE.mesh), EXAMPLE)
  for (const [file, text] of toFiles(plan, await synthesise(plan, { isChecked: true }))) {
    expect(readFileSync(`${folder}/${file}`, 'utf8'), file).toBe(text)
  }
})

test('deployed twice, nothing changes; a difference is updated', async () => {
  const { endpoint } = sandbox
  await deployStacks({ endpoint, stacks, parameters })
  const again = await deployStacks({ endpoint, stacks, parameters })
  expect(again.filter(({ change }) => change !== 'unchanged')).toEqual([])
  const other = await deployStacks({ endpoint, stacks, parameters: { MaxConcurrentRuns: 9 } })
  const changed = other.filter(({ change }) => change !== 'unchanged')
  expect(new Set(changed.map(({ type, change }) => `${type} ${change}`))).toEqual(new Set(['AWS::Glue::Job updated']))
})

test('a domain publishes for itself and for nobody else', async () => {
  await deployStacks({ endpoint: sandbox.endpoint, stacks, parameters })
  expect(await putAs(RAW, 'dataproduct.raw')).toBeUndefined()
  expect(await putAs(D2, 'dataproduct.raw')).toBe('AccessDeniedException')
  expect(await receive(D2, 'sluice-d2-events')).toBe(1)
})

test('a statement for the wrong source refuses the domain', async () => {
  const statement = resourceOf('sluice-central', 'PublishRaw')['Properties']?.['Statement']
  Object.assign(statement?.['Condition']?.['StringEquals'] ?? {}, { 'events:source': 'dataproduct.wrong' })
  await deployStacks({ endpoint: sandbox.endpoint, stacks, parameters })
  expect(await putAs(RAW, 'dataproduct.raw')).toBe('AccessDeniedException')
})

test('a queue policy that names another rule keeps the event out, and so does that of its dead letters', async () => {
  const statements = resourceOf('sluice-domain-d2', 'EventsPolicy')['Properties']?.['PolicyDocument']?.['Statement']
  Object.assign(statements?.[0]?.['Condition']?.['ArnEquals'] ?? {}, {
    'aws:SourceArn': ['arn:aws:events:us-east-1:333333333333:rule/another'],
  })
  await deployStacks({ endpoint: sandbox.endpoint, stacks, parameters })
  expect(await putAs(RAW, 'dataproduct.raw')).toBeUndefined()
  expect(await receive(D2, 'sluice-d2-undelivered')).toBe(1)
  expect(await receive(D2, 'sluice-d2-events')).toBe(0)
})

test('an unknown type, property or function is named with its place, before anything is made', async () => {
  resourceOf('sluice-domain-d2', 'Events')['Type'] = 'AWS::SNS::Topic' as never
  const deploying = deployStacks({ endpoint: sandbox.endpoint, stacks, parameters })
  await expect(deploying).rejects.toThrow(
    'sluice-domain-d2/Events: the sandbox does not make a resource of type AWS::SNS',
  )
  expect(sandbox.ledger.rows({ kind: 'call' })).toEqual([])
})

test('every target has a dead-letter queue, every queue one too unless it is one, nothing admits everybody', () => {
  for (const { stack, template } of stacks) {
    const resources = Object.entries((template as { Resources: Record<string, Json> }).Resources)
    const text = JSON.stringify(template)
    for (const [id, resource] of resources) {
      const type = String(resource['Type'])
      const properties = resource['Properties'] ?? {}
      if (type === 'AWS::Events::Rule') {
        for (const target of properties['Targets'] as unknown as Json[])
          expect(target, id).toHaveProperty('DeadLetterConfig')
      }
      // What waits in it, or died in it, outlives the stack.
      if (type === 'AWS::SQS::Queue' || type === 'AWS::S3::Bucket')
        expect([resource['DeletionPolicy'], resource['UpdateReplacePolicy']], id).toEqual([
          'RetainExceptOnCreate',
          'Retain',
        ])
      if (type === 'AWS::SQS::Queue' && !properties['RedrivePolicy']) {
        expect(text, `${stack}/${id}`).toMatch(
          new RegExp(`"(DeadLetterConfig":\\{"Arn|deadLetterTargetArn)":\\{"Fn::GetAtt":\\["${id}","Arn"\\]`),
        )
      }
    }
    for (const statement of statementsIn(template)) {
      const isOpen = [statement['Principal'], statement['Resource']].some((value) => (value as unknown) === '*')
      const isOfEvents = JSON.stringify(statement['Principal'] ?? '').includes('events.amazonaws.com')
      const isTrust = (statement['Action'] as unknown) === 'sts:AssumeRole'
      if (isOpen || (isOfEvents && !isTrust)) expect(statement, stack).toHaveProperty('Condition')
      if ((statement['Action'] as unknown) === 'events:PutEvents' && statement['Principal'])
        expect(statement['Condition'], stack).toBeDefined()
    }
  }
})

function statementsIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(statementsIn)
  if (typeof value !== 'object' || value === null) return []
  return ['Effect' in value ? [value as Json] : [], ...Object.values(value).map(statementsIn)].flat()
}
