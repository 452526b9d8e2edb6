// In: Temporal and a database of the test file. Out: a sandbox AWS with a domain of its own, and its bridge to start.
// Never: a queue, a cycle or a ledger row shared by two tests: each stage has another domain.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { GlueClient } from '@aws-sdk/client-glue'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Client } from '@temporalio/client'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { type Bridge, type BridgeParts, startBridge } from '../../bridge/bridge.ts'
import { createCallPace } from '../../bridge/call-pace.ts'
import { createDeadLetters } from '../../bridge/dead-letters.ts'
import { watchIndex } from '../../bridge/index-watch.ts'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import { namesOf } from '../../clients/config.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { readPast } from '../../mirror/past.ts'
import { listWaiting } from '../../mirror/missed.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import type { Timetable } from '../../model/calendar/cycles.ts'
import { type DomainCatalog, OPENING_WINDOW } from '../../model/calendar/routing.ts'
import type { DefinitionVersion } from '../../model/definition.ts'
import { type CycleId, type CycleKey, type Domain, type ProductId, toCycleId } from '../../model/ids.ts'
import { CALENDARS, definitionOf, timetableOf, versionOf } from '../../model/samples.test-data.ts'
import { createSystemClock } from '../../sandbox/aws/clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import type { Clock } from '../../sandbox/aws/service.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { createIndexSource } from '../../workers/catalog.ts'
import { deployDomains } from './deploy-domains.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { CENTRAL_ACCOUNT, NOW_MS, OWN_ACCOUNT, RAW_ACCOUNT, REGION } from './refresh-messages.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

const BUCKET = 'catalog'

export interface BridgeStage {
  domain: Domain
  /** `<domain>/ds1` waits for raw/rd1, `<domain>/ds2` for raw/rd1 and raw/rd2; nobody waits for raw/rd9. */
  product(name: string): ProductId
  cycle(name: string, key: string): CycleId
  version(name: string): DefinitionVersion
  sandbox: Sandbox
  clock: Required<Clock>
  sqs: SQSClient
  glue: GlueClient
  queueUrl: string
  deadLetterUrl: string
  parts: BridgeParts
  /** What the bridge logged, as pino writes it. */
  logged: { msg: string }[]
  /** Starts the bridge; `close` stops it. */
  start(change?: Partial<BridgeParts>): Bridge
  /** Onto the central bus, as the raw domain's account does it. */
  publish(detail: object, detailType: string): Promise<void>
  /** Straight into the domain's queue. */
  send(body: string): Promise<string>
  /** Replaces the domain's catalog, as an apply does. */
  apply(change: Partial<DomainCatalog>): Promise<void>
  /** Resolves once the queue holds nothing, in flight or not; `jumpMs` puts its clock forward meanwhile. */
  untilEmpty(jumpMs?: number): Promise<void>
  /** By which the products of the stage have their cycles. */
  timetable: Timetable
  /** Resolves once the deletes of a batch have failed as often as a fault makes them. */
  untilDeleteFails(): Promise<void>
  close(): Promise<void>
}

/** To be called once, at the top of a test file: servers once for the file, a stage of its own for each test. */
export function useBridgeStage(
  take: (lent: { client: Client; database: LentDatabase; stage: BridgeStage }) => void,
): void {
  let temporal: LentTemporal
  let database: LentDatabase
  let stage: BridgeStage
  beforeAll(async () => {
    ;[temporal, database] = await Promise.all([lendTemporal(), lendDatabase()])
  })
  afterAll(() => Promise.all([temporal.stop(), database.drop()]))
  beforeEach(async () => {
    stage = await openBridgeStage(temporal.client, database.db)
    take({ client: temporal.client, database, stage })
  })
  afterEach(() => stage.close())
}

let stages = 0

export async function openBridgeStage(temporal: Client, db: Postgres): Promise<BridgeStage> {
  stages += 1
  const domain = `dom${process.pid}-${stages}` as Domain
  const clock = createSystemClock()
  const sandbox = await startSandbox({ clock })
  const endpoint = { endpoint: sandbox.endpoint, region: REGION }
  const domains = [
    { domain: 'raw', account: RAW_ACCOUNT },
    { domain, account: OWN_ACCOUNT },
  ]
  await deployDomains({ ...endpoint, centralAccount: CENTRAL_ACCOUNT, domains })
  const own = clientOptions(endpoint, OWN_ACCOUNT)
  const sqs = new SQSClient(own)
  // One try: a throttled call is the bridge's to repeat, and the SDK's pauses would only make the tests slow.
  const glue = new GlueClient({ ...own, maxAttempts: 1 })
  const s3 = new S3Client(own)
  const raw = new EventBridgeClient(clientOptions(endpoint, RAW_ACCOUNT))
  const urlOf = async (QueueName: string) => (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? ''
  const queueUrl = await urlOf(namesOf(domain).queueName)
  const deadLetterUrl = await urlOf(namesOf(domain).deadLetterQueueName)
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  let catalog = catalogOf(domain)
  await putDomainCatalog({ s3, bucket: BUCKET }, catalog)
  const logged: { msg: string }[] = []
  const parts: BridgeParts = {
    log: pino({}, { write: (line) => void logged.push(JSON.parse(line)) }),
    temporal,
    index: await watchIndex(createIndexSource(s3, BUCKET, domain)),
    domain,
    centralAccount: CENTRAL_ACCOUNT,
    window: OPENING_WINDOW,
    settings: { checkGlueMs: 1_000, errorWaitMs: 60_000, recordRetryMs: 1_000 },
    ledger: {
      recordUntaken: (events) => recordUntaken(db, domain, events),
      judgePast: (question) => judgePast(db, { domain, ...question }),
      readPast: (cycle) => readPast(db, cycle),
      listWaiting: (upstream) => listWaiting(db, domain, upstream),
    },
    ...{ sqs, queueUrl, glue, deadLetters: createDeadLetters(sqs, deadLetterUrl) },
    glueCalls: createCallPace(1_000, 1_000),
    loops: 1,
    nowMs: () => NOW_MS,
  }
  const bridges: Bridge[] = []
  return {
    timetable: timetableOf(),
    ...{ domain, sandbox, clock, sqs, glue, queueUrl, deadLetterUrl, parts, logged },
    product: (name) => `${domain}/${name}` as ProductId,
    cycle: (name, key) => toCycleId(`${domain}/${name}` as ProductId, key as CycleKey),
    version: (name) => requireVersion(catalog, `${domain}/${name}`),
    start(change = {}) {
      const bridge = startBridge({ ...parts, ...change })
      bridges.push(bridge)
      return bridge
    },
    async publish(detail, DetailType) {
      const EventBusName = toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS)
      const Entries = [{ EventBusName, Source: 'dataproduct.raw', DetailType, Detail: JSON.stringify(detail) }]
      expect((await raw.send(new PutEventsCommand({ Entries }))).FailedEntryCount).toBe(0)
    },
    async send(MessageBody) {
      return (await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }))).MessageId ?? ''
    },
    async apply(change) {
      catalog = { ...catalog, ...change, revision: catalog.revision + 1 }
      await putDomainCatalog({ s3, bucket: BUCKET }, catalog)
    },
    untilEmpty: (jumpMs = 0) =>
      until(async () => {
        clock.jump(jumpMs)
        expect(await depthOf(sqs, queueUrl)).toBe(0)
      }),
    untilDeleteFails: () =>
      until(() => {
        expect(sandbox.ledger.rows({ kind: 'fault', operation: 'DeleteMessageBatch' })).toHaveLength(
          Number(sandbox.faults.list().find(({ operation }) => operation === 'DeleteMessageBatch')?.times ?? 0),
        )
      }),
    async close() {
      await Promise.all(bridges.map((bridge) => bridge.stop()))
      for (const client of [sqs, glue, s3, raw]) client.destroy()
      await sandbox.close()
    },
  }
}

/** Waits for what a server does in its own time; the expectation that fails last is the test's failure. */
export const until = (expectation: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(expectation, { timeout: 30_000, interval: 25 })

/** All messages of a queue, in flight or not. */
export async function depthOf(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
  return Number(Attributes['ApproximateNumberOfMessages']) + Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
}

function catalogOf(domain: Domain): DomainCatalog {
  const define = (name: string, dependsOn: string[]): DefinitionVersion => {
    const run = { glue: `${domain}-${name}`, arguments: {}, timeoutMinutes: 60, attempts: 1, retryAfterMs: 0 }
    return versionOf(definitionOf(`${domain}/${name}`, dependsOn, { run }))
  }
  const products = [define('ds1', ['raw/rd1']), define('ds2', ['raw/rd1', 'raw/rd2'])]
  return {
    revision: 1,
    domain: {
      ...{ domain, account: OWN_ACCOUNT, owner: { team: 'wealth-data', email: 'wealth-data@example.com' } },
      ...{ calendar: 'weekdays', timezone: 'America/New_York', location: null },
    },
    products,
    earlier: [],
    accounts: { raw: RAW_ACCOUNT, [domain]: OWN_ACCOUNT },
    known: [...products.map(({ definition }) => definition.product), ...RAW_PRODUCTS],
    ...{ calendars: CALENDARS, schedules: {}, externals: [] },
  }
}

const RAW_PRODUCTS = ['raw/rd1', 'raw/rd2', 'raw/rd9'] as ProductId[]

function requireVersion(catalog: DomainCatalog, product: string): DefinitionVersion {
  const version = catalog.products.find(({ definition }) => definition.product === product)
  if (!version) throw new Error(`The stage defines no ${product}.`)
  return version
}
