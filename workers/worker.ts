// Entry: the worker of one domain, `node workers/worker.ts <domain>`. Runs its cycles and activities until told to stop.
import { NativeConnection, Worker } from '@temporalio/worker'
import { createActivities } from '../activities/index.ts'
import { openAws } from '../clients/aws.ts'
import { ensureRetention } from '../clients/namespace.ts'
import { openPostgres } from '../clients/postgres.ts'
import { ensureSearchAttributes } from '../clients/search-attributes.ts'
import { connectPatiently, openTemporal, toConnectionOptions } from '../clients/temporal.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { OPENING_WINDOW } from '../model/calendar/routing.ts'
import { SEARCH_ATTRIBUTES, toTaskQueue } from '../workflows/contract.ts'
import { openBundle } from './bundle.ts'
import { createIndexSource } from './catalog.ts'
import { takePlace } from './deployment.ts'
import { runRole } from './role.ts'
import { ensureSchedule } from './schedule.ts'

const SERVER_PATIENCE_MS = 60_000

await runRole('worker', async ({ config, stopping, ready }) => {
  const temporal = await openTemporal(config.temporal, SERVER_PATIENCE_MS)
  await ensureRetention(temporal, OPENING_WINDOW.acceptForMs / DAY_MS)
  await ensureSearchAttributes(temporal, SEARCH_ATTRIBUTES)
  const aws = openAws(config.region)
  const db = openPostgres(config.databaseUrl, {
    ...{ applicationName: `sluice worker ${config.domain}`, maxConnections: 4 },
    // Short, because each try that hangs on a half-open connection holds one of the worker's activity slots.
    ...{ connectTimeoutMs: 2_000, statementTimeoutMs: 5_000 },
  })
  const catalog = createIndexSource(aws.s3, config.catalogBucket, config.domain)
  const { code, buildId } = await openBundle(config.bundlePath)
  const connection = await connectPatiently(
    async () => NativeConnection.connect(await toConnectionOptions(config.temporal)),
    config.temporal.address,
    SERVER_PATIENCE_MS,
  )
  const deployment = { deploymentName: toTaskQueue(config.domain), buildId }
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: toTaskQueue(config.domain),
    workflowBundle: { code },
    activities: createActivities({ config, aws, db, temporal, catalog }),
    workerDeploymentOptions: { useWorkerVersioning: true, version: deployment, defaultVersioningBehavior: 'PINNED' },
    // An over-full cache kills the worker; an evicted cycle costs 8 ms. The sticky time-out is what a kill -9 costs.
    maxCachedWorkflows: 500,
    stickyQueueScheduleToStartTimeout: '1 second',
    shutdownGraceTime: '10 seconds',
    shutdownForceTime: '20 seconds',
  })
  const told = new AbortController()
  void stopping.then(() => {
    told.abort()
    if (worker.getState() === 'RUNNING') worker.shutdown()
  })
  const announce = async (): Promise<void> => {
    const standing = await takePlace(temporal, deployment, { isRollback: config.isRollback, stopping: told.signal })
    if (told.signal.aborted) return
    await ensureSchedule(temporal, config.domain, config.tickMs)
    if (!told.signal.aborted) ready({ buildId, standing })
  }
  await Promise.all([worker.run(), announce()])
  await Promise.all([connection.close(), temporal.connection.close(), db.end()])
  aws.close()
})
