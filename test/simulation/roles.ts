// The two processes of a domain, made of the product's own parts over simulated clients. In: a life. Out: they run until
// that life ends. Never: a fake part where the product has one; what workers/ does beyond wiring is not simulated.
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { GlueClient } from '@aws-sdk/client-glue'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Logger } from 'pino'
import { createGlueActivities } from '../../activities/glue.ts'
import { createPublishing } from '../../activities/publishing.ts'
import { createRepairing } from '../../activities/repairing.ts'
import { createScheduling } from '../../activities/scheduling.ts'
import { startBridge } from '../../bridge/bridge.ts'
import { createCallPace } from '../../bridge/call-pace.ts'
import { createDeadLetters } from '../../bridge/dead-letters.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { OPENING_WINDOW } from '../../model/calendar/routing.ts'
import type { CycleSettings } from '../../model/cycle/cycle.ts'
import type { Domain } from '../../model/ids.ts'
import { type CycleActivities, type SchedulerActivities, toTaskQueue } from '../../workflows/contract.ts'
import { createAwsClient } from './aws-call.ts'
import type { Life } from './hostility.ts'
import { ACCOUNTS, CENTRAL_ACCOUNT } from './mesh.ts'
import { createPostgres } from './mirror-tables.ts'
import { createTemporalClient } from './temporal-client.ts'
import type { Activities } from './temporal-server.ts'
import type { World } from './world.ts'

const ignore = (): void => {}
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
  const index = world.mesh.indexOf(domain)
  startBridge({
    ...{ log: SILENT, temporal, domain, centralAccount: CENTRAL_ACCOUNT, window: OPENING_WINDOW, sqs, glue },
    ...{ settings: settingsOf(world), queueUrl: `sluice-${domain}`, loops: 2, nowMs: world.time.nowMs },
    index: { current: () => index, reload: async () => {} },
    ledger: {
      recordUntaken: (events) => recordUntaken(db, domain, events),
      judgePast: (question) => judgePast(db, { domain, ...question }),
    },
    deadLetters: createDeadLetters(sqs, `dead-${domain}`),
    glueCalls: createCallPace(10, 10, world.time.nowMs),
  })
}

export function bootWorker(world: World, domain: Domain, life: Life): void {
  const { events, sqs, glue, glueOnce, temporal, db } = openClients(world, domain, life)
  const activities: CycleActivities & SchedulerActivities = {
    ...createGlueActivities({ glue, glueOnce, capacityRetryMs: 60_000 }),
    ...createPublishing({
      ...{ events, sqs, account: ACCOUNTS[domain] ?? '', region: 'us-east-1', softwareVersion: '0.0.0' },
      ...{ centralBusArn: 'central', domainBusName: domain, notificationQueueName: `notices-${domain}` },
      nowMs: world.time.nowMs,
    }),
    ...createScheduling({
      ...{ temporal, warn: ignore, settings: settingsOf(world) },
      loadDefinitions: async () => world.mesh.indexOf(domain).catalog.products,
    }),
    ...createRepairing({ temporal, db, warn: ignore }),
    recordCycle: (record) => recordCycle(db, record),
    recallArrivals: async (question) => ({ arrivals: await recallArrivals(db, question.domain, question.expected) }),
  }
  world.server.workers.set(toTaskQueue(domain), { life, activities: activities as unknown as Activities })
}
