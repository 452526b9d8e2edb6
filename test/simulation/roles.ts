// The two processes of a domain, made of the product's own parts over simulated clients. In: a life. Out: they run until
// that life ends. Never: a fake part where the product has one; what workers/ does beyond wiring is not simulated.
import { setTimeout as pause } from 'node:timers/promises'
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { GlueClient } from '@aws-sdk/client-glue'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Logger } from 'pino'
import { createGlueActivities } from '../../activities/glue.ts'
import { type Teller, tellingWhenHeldUp } from '../../activities/held-up.ts'
import { createHolds } from '../../activities/holds.ts'
import { createPublishing } from '../../activities/publishing.ts'
import { createRecalling } from '../../activities/recalling.ts'
import { createRepairing } from '../../activities/repairing.ts'
import { createHoldRepairing } from '../../activities/repairing-holds.ts'
import { createScheduling } from '../../activities/scheduling.ts'
import { beginTry, type TryParts } from '../../activities/try-age.ts'
import { startBridge } from '../../bridge/bridge.ts'
import { createCallPace } from '../../bridge/call-pace.ts'
import type { IndexWatch } from '../../bridge/index-watch.ts'
import { createDeadLetters } from '../../bridge/dead-letters.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { readPast } from '../../mirror/past.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { listWaiting } from '../../mirror/missed.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { OPENING_WINDOW } from '../../model/calendar/routing.ts'
import type { CycleSettings } from '../../model/cycle/cycle.ts'
import type { Domain } from '../../model/ids.ts'
import { type CycleActivities, type SchedulerActivities, toTaskQueue } from '../../workflows/contract.ts'
import type { LoadedCatalog } from '../../catalog/load.ts'
import { awsError, createAwsClient } from './aws-call.ts'
import type { EdgeTrouble, Life } from './hostility.ts'
import { ACCOUNTS, CENTRAL_ACCOUNT, CENTRAL_BUS } from './mesh.ts'
import { createPostgres } from './mirror-tables.ts'
import { createTemporalClient } from './temporal-client.ts'
import type { Activities, ActivityInfo } from './temporal-server.ts'
import type { World } from './world.ts'

const ignore = (): void => {}
/** Between two looks of a bridge at the catalog. */
const INDEX_LOOK_MS = 60_000
const SILENT = { info: ignore, warn: ignore, error: ignore, debug: ignore } as unknown as Logger

export const settingsOf = ({ errorWaitMs }: World): CycleSettings => ({
  ...{ checkGlueMs: 900_000, recordRetryMs: 120_000, errorWaitMs },
})

function openClients(world: World, domain: Domain, life: Life) {
  const { hostility, queues, server, tables, bus } = world
  const glue = createAwsClient<GlueClient>(hostility, life, 'glue', world.glues.get(domain)?.operations ?? {})
  return {
    ...{ glue, glueOnce: glue },
    sqs: createAwsClient<SQSClient>(hostility, life, 'sqs', queues.operations),
    events: createAwsClient<EventBridgeClient>(hostility, life, 'events', bus.operations),
    temporal: createTemporalClient(server, hostility, life),
    db: createPostgres(tables, hostility, life),
  }
}

export function bootBridge(world: World, domain: Domain, life: Life): void {
  const { sqs, glue, temporal, db } = openClients(world, domain, life)
  startBridge({
    ...{ log: SILENT, temporal, domain, centralAccount: CENTRAL_ACCOUNT, window: OPENING_WINDOW, sqs, glue },
    ...{ settings: settingsOf(world), queueUrl: `sluice-${domain}`, loops: 2, nowMs: world.time.nowMs },
    index: createIndex(world, domain),
    ledger: {
      recordUntaken: (events) => recordUntaken(db, domain, events),
      listWaiting: (upstream) => listWaiting(db, domain, upstream),
      readPast: (cycle) => readPast(db, cycle),
      async judgePast(question) {
        const past = await judgePast(db, { domain, ...question })
        if (past) world.hostility.count(`an arrival at a closed cycle was ${past.outcome}`)
        return past
      },
    },
    deadLetters: createDeadLetters(sqs, `dead-${domain}`),
    glueCalls: createCallPace(10, 10, { nowMs: world.time.nowMs, pause }),
  })
}

/** The catalog as one bridge knows it: a change is seen at the next look, or when a product is unknown. */
function createIndex({ mesh, time, hostility }: World, domain: Domain): IndexWatch {
  let held = mesh.indexOf(domain)
  let lookAtMs = 0
  return {
    current() {
      const nowMs = time.nowMs()
      if (nowMs < lookAtMs) return held
      lookAtMs = nowMs + INDEX_LOOK_MS
      held = mesh.indexOf(domain)
      return held
    },
    async reload() {
      hostility.count('an index read again')
      held = mesh.indexOf(domain)
    },
  }
}

/** The bucket, asked each time. */
const createCatalogReader =
  ({ hostility, mesh }: World, domain: Domain, life: Life) =>
  (known: string | undefined): Promise<LoadedCatalog> =>
    hostility.call(life, 's3', 'read the catalog', S3_TROUBLE, () => {
      const etag = String(mesh.revision())
      return etag === known
        ? { kind: 'unchanged' as const }
        : { kind: 'loaded' as const, catalog: mesh.indexOf(domain).catalog, etag }
    })

export const S3_TROUBLE: EdgeTrouble = {
  refuse: () => awsError('SlowDown', 'reduce your request rate'),
  lose: () => awsError('TimeoutError', 'socket hang up'),
}

/** Nothing freezes here, and a try begins when it is handed out: Temporal need not be asked. */
const toTry = ({ nowMs }: World['time']): TryParts => ({
  ...{ attempt: 1, scheduledAtMs: nowMs(), nowMs },
  readPending: async () => undefined,
})

export function bootWorker(world: World, domain: Domain, life: Life): void {
  const { events, sqs, glue, glueOnce, temporal, db } = openClients(world, domain, life)
  const glueActivities = createGlueActivities({
    glue,
    glueOnce,
    capacityRetryMs: 60_000,
    beginTry: () => beginTry(toTry(world.time)),
    heldBy: createHolds(createCatalogReader(world, domain, life)),
  })
  const publishing = createPublishing({
    ...{ events, sqs, account: ACCOUNTS[domain] ?? '', region: 'us-east-1', softwareVersion: '0.0.0' },
    ...{ centralBusArn: CENTRAL_BUS, domainBusName: domain, notificationQueueName: `sluice-${domain}-notifications` },
    nowMs: world.time.nowMs,
  })
  const activities: CycleActivities & SchedulerActivities = {
    ...glueActivities,
    ...publishing,
    ...createScheduling({
      ...{ temporal, warn: ignore, settings: settingsOf(world) },
      loadIndex: async () => world.mesh.indexOf(domain),
    }),
    ...createRepairing({
      ...{ temporal, db, warn: ignore, settings: settingsOf(world), nowMs: world.time.nowMs },
      loadIndex: async () => world.mesh.indexOf(domain),
    }),
    ...createHoldRepairing({ ...{ temporal, db, warn: ignore }, loadIndex: async () => world.mesh.indexOf(domain) }),
    // Not asked for, see `patched` in temporal-workflow.ts, or not simulated.
    reconcileRows: async () => null,
    watchLateness: async () => ({ told: 0 }),
    findStuck: async () => ({ unstarted: null, withoutWorker: null, glueEnds: null }),
    recordCycle: (record) => recordCycle(db, record),
    ...createRecalling({ temporal, db }),
  }
  const toTeller = ({ workflowId, attempt }: ActivityInfo): Teller => ({
    ...{ attempt: () => attempt, hasFailed: async () => attempt > 1, warn: ignore },
    signal: (name, payload) => temporal.workflow.getHandle(workflowId).signal(name, payload),
  })
  world.server.workers.set(toTaskQueue(domain), {
    life,
    activitiesOf(info) {
      const telling = tellingWhenHeldUp({ ...glueActivities, ...publishing }, toTeller(info))
      return { ...activities, ...telling } as unknown as Activities
    },
  })
}
