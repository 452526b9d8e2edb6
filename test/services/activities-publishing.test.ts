// Publishing onto real buses: the event's shape, who gets it, and what a refusal means; and the notice of a failure.
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPublishing, type PublishingParts } from '../../activities/publishing.ts'
import { parseMessage } from '../../bridge/parse.ts'
import { namesOf } from '../../clients/config.ts'
import type { Publication } from '../../model/refresh-event.ts'
import type { LatenessNotice } from '../../model/lateness/notices.ts'
import { cycleOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import type { FailureNotice, NotRefreshedNotice } from '../../workflows/contract.ts'
import { deployDomains } from './deploy-domains.ts'
import { CENTRAL_ACCOUNT, KEY, NOW_MS, OWN_ACCOUNT, RAW_ACCOUNT, REGION, STRANGER } from './refresh-messages.ts'

let sandbox: Sandbox
let events: EventBridgeClient
let sqs: SQSClient
let rawSqs: SQSClient
let parts: PublishingParts
let publishing: ReturnType<typeof createPublishing>
beforeEach(async () => {
  sandbox = await startSandbox()
  const endpoint = { endpoint: sandbox.endpoint, region: REGION }
  const domains = [
    { domain: 'raw', account: RAW_ACCOUNT },
    { domain: 'd1', account: OWN_ACCOUNT },
  ]
  await deployDomains({ ...endpoint, centralAccount: CENTRAL_ACCOUNT, domains })
  // One try, so that a fault is what the activity sees.
  events = new EventBridgeClient({ ...clientOptions(endpoint, OWN_ACCOUNT), maxAttempts: 1 })
  sqs = new SQSClient(clientOptions(endpoint, OWN_ACCOUNT))
  rawSqs = new SQSClient(clientOptions(endpoint, RAW_ACCOUNT))
  parts = {
    ...{ events, sqs, account: OWN_ACCOUNT, region: REGION, ...namesOf('d1') },
    centralBusArn: toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS),
    ...{ softwareVersion: '0.1.0', nowMs: () => NOW_MS },
  }
  publishing = createPublishing(parts)
})
afterEach(async () => {
  for (const client of [events, sqs, rawSqs]) client.destroy()
  await sandbox.close()
})

const PUBLICATION: Publication = {
  ...{
    cycle: cycleOf().id,
    product: toProduct('d1/ds3'),
    key: toKey(KEY),
    visibility: 'mesh',
    calendar: 'us-equities',
  },
  ...{ revision: 2, kind: 'rerun', definitionVersion: 7, attempt: 3, runId: 'jr_1' },
  ...{ location: 's3://example-d1-products/ds3/2026-11-20/', occurredAt: '2026-11-20T21:59:58.000Z' },
  ...{ correlationId: 'raw/rd1/2026-11-20/r1', causationIds: ['d1/ds1/2026-11-20/r1'] },
  ...{ builtFrom: [{ product: toProduct('d1/ds1'), cycle: toKey(KEY), revision: 1 }], builtWithout: [] },
}

const NOTICE: NotRefreshedNotice = {
  ...{ id: 'd1/ds3/2026-11-20/not-refreshed-1.5', product: toProduct('d1/ds3'), key: toKey(KEY), visibility: 'mesh' },
  ...{ state: 'ERROR', step: 'run', reason: 'no such table', occurredAt: '2026-11-20T21:59:58.000Z' },
  ...{ correlationId: 'raw/rd1/2026-11-20/r1', causationIds: [] },
}

interface Envelope {
  source: string
  account: string
  'detail-type': string
  detail: Record<string, unknown>
}

/** The messages of a queue once `count` are there, whole. */
async function receive(client: SQSClient, QueueName: string, count: number): Promise<string[]> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }))
  const bodies: string[] = []
  while (bodies.length < count) {
    const wait = { MaxNumberOfMessages: 10, WaitTimeSeconds: 10 }
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, ...wait }))
    bodies.push(...Messages.map(({ Body = '' }) => Body))
  }
  return bodies
}

const routedTo = (account: string) =>
  sandbox.ledger.rows({ kind: 'message-visible' }).filter((row) => row.account === account)

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
  if (error instanceof ApplicationFailure) return error
  throw new Error(`It should have failed by an ApplicationFailure, but gave ${String(error)}.`)
}

describe('publishRefreshEvent', () => {
  test('puts the event on the central bus, in the agreed shape, readable by every bridge', async () => {
    expect(await publishing.publishRefreshEvent(PUBLICATION)).toEqual({ eventId: 'd1/ds3/2026-11-20/r2' })
    const [body = ''] = await receive(rawSqs, namesOf('raw').queueName, 1)
    const event = JSON.parse(body) as Envelope
    expect(event).toMatchObject({
      source: 'dataproduct.d1',
      'detail-type': 'Data Product Refreshed',
      account: OWN_ACCOUNT,
    })
    expect(event.detail).toEqual({
      metadata: {
        ...{ id: 'd1/ds3/2026-11-20/r2', schemaVersion: '1.0', occurredAt: '2026-11-20T21:59:58.000Z' },
        ...{ publishedAt: '2026-11-20T22:00:00.000Z', correlationId: 'raw/rd1/2026-11-20/r1' },
        causationIds: ['d1/ds1/2026-11-20/r1'],
        producer: { account: OWN_ACCOUNT, region: REGION, component: 'sluice', version: '0.1.0' },
      },
      data: {
        ...{ domain: 'd1', product: 'ds3', cycle: KEY, calendar: 'us-equities', revision: 2, kind: 'rerun' },
        ...{ definitionVersion: 7, attempt: 3, executor: 'glue', externalRunId: 'jr_1' },
        dataset: {
          ...{ namespace: 's3://example-d1-products', name: 'ds3', format: 'parquet' },
          location: 's3://example-d1-products/ds3/2026-11-20/',
        },
        ...{ builtFrom: [{ product: 'd1/ds1', cycle: KEY, revision: 1 }], builtWithout: [] },
      },
    })
    expect(parseMessage(body)).toMatchObject({ kind: 'refreshed', arrival: { product: 'd1/ds3', revision: 2 } })
    await receive(sqs, namesOf('d1').queueName, 1)
  })

  test('a product of its domain only is told on the domain’s own bus, and nowhere else', async () => {
    await publishing.publishRefreshEvent({ ...PUBLICATION, visibility: 'domain' })
    await receive(sqs, namesOf('d1').queueName, 1)
    await publishing.publishRefreshEvent({ ...PUBLICATION, revision: 3 })
    const [other = ''] = await receive(rawSqs, namesOf('raw').queueName, 1)
    expect(parseMessage(other)).toMatchObject({ eventId: 'd1/ds3/2026-11-20/r3' })
    expect(routedTo(RAW_ACCOUNT)).toHaveLength(1)
  })

  test('said twice it has the same id twice', async () => {
    await publishing.publishRefreshEvent(PUBLICATION)
    await publishing.publishRefreshEvent(PUBLICATION)
    const bodies = await receive(sqs, namesOf('d1').queueName, 2)
    expect(bodies.map(parseMessage)).toMatchObject([1, 2].map(() => ({ eventId: 'd1/ds3/2026-11-20/r2' })))
  })

  test.each([
    ['InternalFailure', false],
    ['InternalException', false],
    ['ThrottlingException', false],
    ['AccessDeniedException', true],
    ['InvalidArgument', true],
    ['MalformedDetail', true],
    ['NotAuthorizedForSourceException', true],
  ])('an entry refused with %s: final is %s', async (code, nonRetryable) => {
    const action = { kind: 'fail-entry', index: 0, code } as const
    sandbox.faults.add({ service: 'events', operation: 'PutEvents', action })
    const failure = await failureOf(publishing.publishRefreshEvent(PUBLICATION))
    expect(failure).toMatchObject({ type: 'PublishRefused', nonRetryable })
    expect(failure.message).toContain(`publish d1/ds3/2026-11-20/r2 on bus ${parts.centralBusArn}: ${code}`)
    expect(failure.message).toContain(nonRetryable ? 'then rerun the cycle' : 'tried again by itself')
    // The refusal used the fault up: a repeat passes.
    expect(await publishing.publishRefreshEvent(PUBLICATION)).toEqual({ eventId: 'd1/ds3/2026-11-20/r2' })
  })

  test('a whole call that fails is tried again', async () => {
    sandbox.faults.add({ service: 'events', operation: 'PutEvents', action: { kind: 'throttle' } })
    expect(await failureOf(publishing.publishRefreshEvent(PUBLICATION))).toMatchObject({
      ...{ type: 'WaitsForCallRate', nonRetryable: false },
    })
    sandbox.faults.add({ service: 'events', operation: 'PutEvents', action: { kind: 'lose-reply' } })
    expect(await failureOf(publishing.publishRefreshEvent(PUBLICATION))).toMatchObject({ nonRetryable: false })
  })

  test('a domain that the bus policy does not admit is refused for good, by bus and event', async () => {
    const endpoint = { endpoint: sandbox.endpoint, region: REGION }
    const foreign = new EventBridgeClient(clientOptions(endpoint, STRANGER))
    const stranger = createPublishing({ ...parts, events: foreign })
    const failure = await failureOf(stranger.publishRefreshEvent(PUBLICATION))
    foreign.destroy()
    expect(failure).toMatchObject({ nonRetryable: true, type: 'PublishRefused' })
    expect(failure.message).toMatch(
      /^Could not publish d1\/ds3\/2026-11-20\/r2 on bus arn:aws:events:\S+sluice-central: /,
    )
    expect(failure.message).toContain('Mend the bus policy or the event, then rerun the cycle.')
    expect(routedTo(RAW_ACCOUNT)).toEqual([])
  })

  test('nobody may publish for another domain', async () => {
    const failure = await failureOf(publishing.publishRefreshEvent({ ...PUBLICATION, product: toProduct('raw/rd1') }))
    expect(failure).toMatchObject({ nonRetryable: true, type: 'PublishRefused' })
  })
})

describe('publishNotRefreshed', () => {
  test('says cycle, state, step and reason under the id it was given, on the same road', async () => {
    await publishing.publishNotRefreshed(NOTICE)
    const [body = ''] = await receive(rawSqs, namesOf('raw').queueName, 1)
    expect(JSON.parse(body)).toMatchObject({
      source: 'dataproduct.d1',
      'detail-type': 'Data Product Not Refreshed',
      detail: {
        metadata: { id: 'd1/ds3/2026-11-20/not-refreshed-1.5', schemaVersion: '1.0' },
        data: { domain: 'd1', product: 'ds3', cycle: KEY, state: 'ERROR', step: 'run', reason: 'no such table' },
      },
    })
    expect(parseMessage(body)).toMatchObject({ kind: 'not-refreshed', blocker: { reason: 'no such table' } })
  })

  test('of a product of its domain only, others hear nothing', async () => {
    await publishing.publishNotRefreshed({ ...NOTICE, visibility: 'domain' })
    await receive(sqs, namesOf('d1').queueName, 1)
    expect(routedTo(RAW_ACCOUNT)).toEqual([])
  })
})

describe('notifyFailure', () => {
  const FAILURE: FailureNotice = {
    ...{ id: 'd1/ds3/2026-11-20/1.5', cycle: cycleOf().id, product: toProduct('d1/ds3'), state: 'ERROR', step: 'run' },
    ...{ reason: 'Glue run jr_1 FAILED: no such table', attempt: 2, run: { job: 'd1-ds3', runId: 'jr_1' } },
    ...{ owner: { team: 'wealth-data', email: 'wealth-data@example.com' }, atMs: NOW_MS },
    nextStep: 'Mend the job, then rerun the cycle.',
  }

  test('tells the domain’s people what failed, where and why, where to read on, and what to do', async () => {
    await publishing.notifyFailure(FAILURE)
    const [body = ''] = await receive(sqs, namesOf('d1').notificationQueueName, 1)
    expect(JSON.parse(body)).toEqual({
      ...FAILURE,
      kind: 'failed',
      where: { account: OWN_ACCOUNT, region: REGION, job: 'd1-ds3', runId: 'jr_1' },
      logLink: expect.stringMatching(/^https:\/\/us-east-1\.console\.aws\.amazon\.com\/cloudwatch\/.*jr_1$/),
    })
  })

  test('a failure without a Glue run has no link', async () => {
    await publishing.notifyFailure({ ...FAILURE, step: 'wait', run: null })
    const [body = ''] = await receive(sqs, namesOf('d1').notificationQueueName, 1)
    expect(JSON.parse(body)).toMatchObject({ logLink: null, where: { account: OWN_ACCOUNT, region: REGION } })
  })

  test('of what is late the same queue is told, with its own kind', async () => {
    const notice: LatenessNotice = {
      ...{ id: 'late/raw/rd1/2026-11-20/risk', kind: 'late', cause: 'raw/rd1/2026-11-20', reason: 'is in ERROR (run)' },
      ...{ way: ['d1/ds1/2026-11-20'], team: 'risk', cycles: [], nextStep: 'sluice explain d1/ds3/2026-11-20' },
    }
    await publishing.notifyLateness(notice)
    const [body = ''] = await receive(sqs, namesOf('d1').notificationQueueName, 1)
    expect(JSON.parse(body)).toEqual(notice)
  })

  test('without its queue it is final, so that the run may close, and names queue, cycle and what to do', async () => {
    const lost = createPublishing({ ...parts, notificationQueueName: 'absent' })
    const failure = await failureOf(lost.notifyFailure(FAILURE))
    expect(failure).toMatchObject({ type: 'NotificationQueueMissing', nonRetryable: true })
    expect(failure.message).toMatch(
      /^Could not notify absent that d1\/ds3\/2026-11-20 failed: .*Nobody is notified .*create the queue again/,
    )
  })

  test.each(['throttle', 'lose-reply'] as const)('with its queue in trouble (%s) it is tried again', async (kind) => {
    sandbox.faults.add({ service: 'sqs', operation: 'SendMessage', action: { kind }, times: 10 })
    expect((await failureOf(publishing.notifyFailure(FAILURE))).nonRetryable).toBe(false)
  })
})
