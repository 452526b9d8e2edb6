// The example mesh deployed again after a domain left and a job was renamed, as CloudFormation would do it.
import {
  DescribeEventBusCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge'
import { GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { EXAMPLE, TEMPLATES } from '../../infra/example.ts'
import type { DomainPlan } from '../../infra/plan.ts'
import { readPlan } from '../../infra/read-plan.ts'
import { synthesise } from '../../infra/synthesise.ts'
import { readStackList, readStacks } from '../../sandbox/cloudformation/read-stacks.ts'
import { type DeployStage, openDeployStage } from './deploy-stage.ts'

const CENTRAL = EXAMPLE.centralAccount
const [RAW, D1, D2] = ['111111111111', '222222222222', '333333333333']

let stage: DeployStage
beforeEach(async () => {
  stage = await openDeployStage()
})
afterEach(() => stage.close())

test('a domain that left: no rule, no statement, no right to send; its own stack stays; a renamed job is one job', async () => {
  const list = await readStackList(fileURLToPath(TEMPLATES))
  if (!list) throw new Error('The example has no templates.')
  await stage.deploy(await readStacks(fileURLToPath(TEMPLATES), list))
  const { events } = stage.clientsOf(CENTRAL)
  const forward = { EventBusName: CENTRAL_BUS, Rule: 'forward-d2' }
  expect((await events.send(new ListTargetsByRuleCommand(forward))).Targets).toHaveLength(1)
  expect(await stage.policyOf(CENTRAL, 'sluice-central-undelivered')).toContain('forward-d2')
  expect(await putAs(D2, 'd2')).toBeUndefined()

  const plan = await readPlan(fileURLToPath(EXAMPLE.mesh), EXAMPLE)
  const domains = plan.domains.filter(({ domain }) => domain !== 'd2').map(withDs5ForDs4)
  expect(await stage.deploy(await synthesise({ ...plan, domains }))).toEqual(
    [
      ...['ForwardD2: removed', 'PublishD2: removed', 'UndeliveredPolicy: updated'],
      ...['JobD1XDs4: removed', 'JobD1XDs5: created'],
    ].sort(),
  )

  await expect(events.send(new DescribeRuleCommand({ EventBusName: CENTRAL_BUS, Name: 'forward-d2' }))).rejects.toThrow(
    /does not exist/,
  )
  const { Policy = '' } = await events.send(new DescribeEventBusCommand({ Name: CENTRAL_BUS }))
  const { Statement } = JSON.parse(Policy) as { Statement: { Sid: string }[] }
  expect(Statement.map(({ Sid }) => Sid)).toEqual(['publish-d1', 'publish-raw'])
  expect(await stage.policyOf(CENTRAL, 'sluice-central-undelivered')).not.toContain('forward-d2')
  expect((await stage.namesIn(D1)).jobs).toEqual(['d1-ds1', 'd1-ds2', 'd1-ds3', 'd1-ds5'])
  expect((await stage.namesIn(D2)).jobs).toEqual(['d2-ds1'])
  expect(await putAs(D2, 'd2')).toBe('AccessDeniedException')
})

test('an event that the dropped rule would have routed goes to the others only', async () => {
  const plan = await readPlan(fileURLToPath(EXAMPLE.mesh), EXAMPLE)
  await stage.deploy(await synthesise(plan))
  await stage.deploy(await synthesise({ ...plan, domains: plan.domains.filter(({ domain }) => domain !== 'd2') }))
  expect(await putAs(RAW, 'raw')).toBeUndefined()
  // Rules are asked in the order in which they were made, and d2's was made before raw's.
  expect(await receive(RAW, 'sluice-raw-events')).toBe(1)
  expect(await receive(D1, 'sluice-d1-events')).toBe(1)
  const targets = stage.sandbox.ledger.rows({ kind: 'event-routed' }).map(({ facts }) => String(facts['targetArn']))
  expect(targets.filter((arn) => arn.includes(D2))).toEqual([])
  expect(targets).toContain(toBusArn(EXAMPLE.region, D1, 'sluice-d1'))
})

const withDs5ForDs4 = (plan: DomainPlan): DomainPlan => ({
  ...plan,
  jobs: plan.jobs.map((job) => (job.job === 'd1-ds4' ? { ...job, job: 'd1-ds5' } : job)),
})

/** The error's code; undefined when it was accepted. */
async function putAs(account: string, domain: string): Promise<string | undefined> {
  const EventBusName = toBusArn(EXAMPLE.region, CENTRAL, CENTRAL_BUS)
  const entry = { EventBusName, Source: `dataproduct.${domain}`, DetailType: 'Data Product Refreshed', Detail: '{}' }
  const { Entries } = await stage.clientsOf(account).events.send(new PutEventsCommand({ Entries: [entry] }))
  return Entries?.[0]?.ErrorCode
}

/** How many messages the queue holds; it waits a moment for the first. */
async function receive(account: string, QueueName: string): Promise<number> {
  const { sqs } = stage.clientsOf(account)
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
  return Messages.length
}
