// All activities of a domain's worker, made of its clients.
import { readFileSync } from 'node:fs'
import { Context, log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { loadDomainCatalog } from '../catalog/load.ts'
import type { AwsClients } from '../clients/aws.ts'
import type { RoleConfig } from '../clients/config.ts'
import type { Postgres } from '../clients/postgres.ts'
import { recordCycle } from '../mirror/record-cycle.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { BackfillActivities } from '../workflows/backfill-contract.ts'
import type { CycleActivities, SchedulerActivities } from '../workflows/contract.ts'
import { createBackfilling } from './backfilling.ts'
import { createGlueActivities } from './glue.ts'
import { createHolds } from './holds.ts'
import { type Teller, tellingWhenHeldUp } from './held-up.ts'
import { withRoot } from './naming-root.ts'
import { createPublishing } from './publishing.ts'
import { createRecalling } from './recalling.ts'
import { createReconciling } from './reconciling.ts'
import { createStuckFinding } from './reconciling-stuck.ts'
import { createRepairing } from './repairing.ts'
import { createHoldRepairing } from './repairing-holds.ts'
import { createScheduling } from './scheduling.ts'
import { beginTry, type TryParts } from './try-age.ts'
import { createLatenessWatch } from './watching-lateness.ts'

export interface ActivityParts {
  config: RoleConfig
  aws: AwsClients
  db: Postgres
  temporal: Client
  catalog: { load(etag: undefined): Promise<{ index: RoutingIndex } | undefined> }
}

const packageFile = new URL('../package.json', import.meta.url)

export function createActivities({
  config,
  aws,
  db,
  temporal,
  catalog,
}: ActivityParts): CycleActivities & SchedulerActivities & BackfillActivities {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
  const glue = createGlueActivities({
    ...aws,
    capacityRetryMs: config.capacityRetryMs,
    beginTry: () => beginTry(toTry(temporal)),
    heldBy: createHolds((etag) => loadDomainCatalog(aws.s3, config.catalogBucket, config.domain, etag)),
  })
  const loadIndex = async () => requireIndex(await catalog.load(undefined))
  const recalling = createRecalling({ temporal, db })
  const publishing = createPublishing({ ...config, ...aws, softwareVersion: version, nowMs: Date.now })
  return {
    ...glue,
    ...publishing,
    notifyFailure: async (notice) => publishing.notifyFailure(await withRoot({ db, warn, nowMs: Date.now }, notice)),
    ...tellingWhenHeldUp({ ...glue, ...publishing }, toTeller(temporal)),
    ...createScheduling({
      temporal,
      warn,
      settings: config.cycle,
      tickMs: config.tickMs,
      loadIndex,
    }),
    ...createRepairing({ temporal, db, warn, settings: config.cycle, loadIndex, nowMs: Date.now }),
    ...createHoldRepairing({ temporal, db, warn, loadIndex }),
    ...createLatenessWatch({ temporal, db, warn, loadIndex, notify: publishing.notifyLateness, nowMs: Date.now }),
    ...createReconciling({ temporal, db, warn, nowMs: Date.now }),
    ...createStuckFinding({ temporal, db, warn, nowMs: Date.now }),
    recordCycle: (record) => recordCycle(db, record),
    ...recalling,
    ...createBackfilling({ temporal, db, settings: config.cycle, loadIndex, warn, ...recalling, nowMs: Date.now }),
  }
}

/** Of the activity under way. */
const toTeller = (temporal: Client): Teller => ({
  attempt: () => Context.current().info.attempt,
  hasFailed: async () => (await readPending(temporal))?.lastFailure?.applicationFailureInfo != null,
  signal(name, payload) {
    // Here too, because the notice goes by AWS, which may refuse that as well.
    if (payload.isRefusal) log.error('A step of a cycle needs a person', { step: payload.step, reason: payload.reason })
    const { workflowId, runId } = Context.current().info.workflowExecution ?? { workflowId: '' }
    return temporal.workflow.getHandle(workflowId, runId).signal(name, payload)
  },
  warn,
})

/** The try under way, as its activity knows it and as Temporal does. */
function toTry(temporal: Client): TryParts {
  const { attempt, currentAttemptScheduledTimestampMs: scheduledAtMs } = Context.current().info
  return {
    ...{ attempt, scheduledAtMs, nowMs: Date.now },
    async readPending() {
      const pending = await readPending(temporal)
      return pending && { attempt: pending.attempt ?? 0 }
    },
  }
}

/** What Temporal knows of the activity under way. */
async function readPending({ workflowService, options }: Client) {
  const { activityId, workflowExecution } = Context.current().info
  const execution = { workflowId: workflowExecution?.workflowId, runId: workflowExecution?.runId }
  const described = await workflowService.describeWorkflowExecution({ namespace: options.namespace, execution })
  return described.pendingActivities?.find((pending) => pending.activityId === activityId)
}

/** Without an etag nothing is "unchanged". */
function requireIndex(loaded: { index: RoutingIndex } | undefined): RoutingIndex {
  if (!loaded) throw new Error('The catalog answered "unchanged" to a read without an etag.')
  return loaded.index
}

/** With the activity's own facts, into the worker's log. */
const warn = (message: string, facts: Record<string, unknown>): void => log.warn(message, facts)
