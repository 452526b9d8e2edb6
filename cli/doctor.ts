// In: what Sluice needs. Out: a line for each check: fine, or the problem and what to do. Never: stops at the first.
import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge'
import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import type { Client } from '@temporalio/client'
import pc from 'picocolors'
import { loadDomainCatalog } from '../catalog/load.ts'
import { namesOf } from '../clients/config.ts'
import { readRetentionDays } from '../clients/namespace.ts'
import { ensureSearchAttributes } from '../clients/search-attributes.ts'
import { listApplied } from '../mirror/migrate.ts'
import { DAY_MS, OPENING_WINDOW } from '../model/calendar/routing.ts'
import { SEARCH_ATTRIBUTES, toScheduleId, toTaskQueue } from '../workflows/contract.ts'
import { chooseLocalStack, type Connection, domainsOf, withConnection } from './connection.ts'
import { toSentence } from './failure.ts'
import { type Output, print, printJson } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

interface Finding {
  check: string
  ok: boolean
  found: string
  todo?: string
}

/** What was found; a thrown error is the problem. */
type Check = (connection: Connection) => Promise<string>

export async function doctor(named: string[], options: { stack?: string; output: Output }): Promise<number> {
  const stack = chooseLocalStack(options)
  const domains = named.length > 0 ? named : stack ? domainsOf(stack) : []
  const findings = await withConnection(options, CENTRAL, (connection) => examine(connection, MESH_CHECKS))
  for (const domain of domains) {
    findings.push(
      ...(await withConnection(options, domain, (connection) => examine(connection, toDomainChecks(domain)))),
    )
  }
  if (options.output === 'json') printJson(findings)
  else for (const finding of findings) tell(finding)
  return findings.every(({ ok }) => ok) ? 0 : 1
}

async function examine(connection: Connection, checks: [string, Check, string][]): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [check, look, todo] of checks) {
    findings.push(
      await look(connection).then(
        (found) => ({ check, ok: true, found }),
        (error: unknown) => ({ check, ok: false, found: toSentence(error), todo }),
      ),
    )
  }
  return findings
}

function tell({ check, ok, found, todo }: Finding): void {
  print(`${ok ? pc.green('ok     ') : pc.red('problem')}  ${check}: ${found}`)
  if (todo) print(`         ${todo}`)
}

const MESH_CHECKS: [string, Check, string][] = [
  ['Node', async () => `${process.versions.node}`, ''],
  [
    'PostgreSQL',
    checkDatabase,
    'Check DATABASE_URL and that the server runs; pipelines go on meanwhile, reports stand still.',
  ],
  ['Temporal', checkServer, 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS settings.'],
  ['retention', checkRetention, 'temporal operator namespace update --retention 720h'],
  ['search attributes', checkAttributes, 'Roles register them at boot; start one, or use another namespace.'],
  ['central bus', checkCentralBus, 'Check SLUICE_CENTRAL_BUS_ARN, and that the governance account is deployed.'],
]

const toDomainChecks = (domain: string): [string, Check, string][] => [
  [`${domain}: catalog`, (c) => checkCatalog(c, domain), `sluice apply the definitions of ${domain}.`],
  [
    `${domain}: queues`,
    (c) => checkQueues(c, domain),
    `Look at the dead letters, then: sluice events redrive ${domain} --dead-letters`,
  ],
  [`${domain}: worker`, (c) => checkWorker(c, domain), `Start it: sluice worker ${domain}`],
  [
    `${domain}: versions`,
    (c) => checkVersions(c, domain),
    'Start a worker of that version again, or move the cycles: temporal workflow update-options --versioning-override-behavior',
  ],
  [
    `${domain}: scheduler`,
    (c) => checkSchedule(c, domain),
    `A worker makes it at boot: sluice worker ${domain}. A paused one: temporal schedule toggle --unpause`,
  ],
]

async function checkDatabase({ db }: Connection): Promise<string> {
  const applied = await listApplied(db())
  return `answers, migrated to ${applied.at(-1)?.name ?? 'nothing'}`
}

async function checkServer({ temporal, settings }: Connection): Promise<string> {
  const { connection } = await temporal()
  const { serverVersion } = await connection.workflowService.getSystemInfo({})
  return `${settings.TEMPORAL_ADDRESS}, server ${serverVersion}, namespace ${settings.TEMPORAL_NAMESPACE}`
}

async function checkRetention({ temporal }: Connection): Promise<string> {
  const days = await readRetentionDays(await temporal())
  const least = OPENING_WINDOW.acceptForMs / DAY_MS
  if (days > least) return `closed cycles are known for ${days} days`
  throw new Error(`closed cycles are known for ${days} days only; events up to ${least} days old may open cycles`)
}

async function checkAttributes({ temporal }: Connection): Promise<string> {
  await ensureSearchAttributes(await temporal(), SEARCH_ATTRIBUTES)
  return `${Object.keys(SEARCH_ATTRIBUTES).join(', ')}`
}

async function checkCentralBus({ aws, settings }: Connection): Promise<string> {
  const bus = settings.SLUICE_CENTRAL_BUS_ARN
  await aws().events.send(new DescribeEventBusCommand({ Name: bus }))
  return bus
}

async function checkCatalog({ aws, settings }: Connection, domain: string): Promise<string> {
  const loaded = await loadDomainCatalog(aws().s3, settings.SLUICE_CATALOG_BUCKET, domain)
  if (loaded.kind !== 'loaded') throw new Error('the catalog could not be read')
  return `revision ${loaded.catalog.revision}, ${loaded.catalog.products.length} products`
}

async function checkQueues({ aws }: Connection, domain: string): Promise<string> {
  const { queueName, deadLetterQueueName, notificationQueueName } = namesOf(domain)
  const depth = async (QueueName: string): Promise<number> => {
    const { sqs } = aws()
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
    const AttributeNames = ['ApproximateNumberOfMessages'] as const
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    )
    return Number(Attributes?.ApproximateNumberOfMessages ?? 0)
  }
  const [events, dead, notices] = [
    await depth(queueName),
    await depth(deadLetterQueueName),
    await depth(notificationQueueName),
  ]
  if (dead > 0) throw new Error(`${dead} dead letter(s) in ${deadLetterQueueName}`)
  return `${events} event(s) waiting, no dead letters, ${notices} failure notice(s)`
}

async function checkWorker({ temporal }: Connection, domain: string): Promise<string> {
  const client = await temporal()
  const taskQueue = { name: toTaskQueue(domain) }
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue,
    taskQueueType: 1,
  })
  if (!pollers?.length) throw new Error(`nobody polls task queue ${taskQueue.name}`)
  const { buildId, status } = await describeDeployment(client, domain)
  if (!buildId) throw new Error(`deployment ${taskQueue.name} has no current version, so its workers get nothing`)
  return `${pollers.length} poller(s), current version ${buildId}${status}`
}

async function describeDeployment(client: Client, domain: string): Promise<{ buildId: string; status: string }> {
  const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
    namespace: client.options.namespace,
    deploymentName: toTaskQueue(domain),
  })
  const buildId = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? ''
  const others = (workerDeploymentInfo?.versionSummaries?.length ?? 1) - 1
  return { buildId, status: others > 0 ? `, ${others} earlier one(s) known` : '' }
}

/** Open cycles are pinned to the version they began on; without a poller of it they wait silently. */
async function checkVersions({ temporal }: Connection, domain: string): Promise<string> {
  const client = await temporal()
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: toTaskQueue(domain) },
    taskQueueType: 1,
  })
  const polled = new Set(pollers?.map(({ deploymentOptions }) => deploymentOptions?.buildId ?? ''))
  const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
    namespace: client.options.namespace,
    deploymentName: toTaskQueue(domain),
  })
  const builds =
    workerDeploymentInfo?.versionSummaries?.map(({ deploymentVersion }) => deploymentVersion?.buildId ?? '') ?? []
  const orphans: string[] = []
  for (const buildId of builds.filter((build) => !polled.has(build))) {
    const query = `ExecutionStatus = "Running" AND SluiceDomain = "${domain}" AND TemporalWorkerDeploymentVersion = "${toTaskQueue(domain)}:${buildId}"`
    const { count } = await client.workflow.count(query)
    if (count > 0) orphans.push(`${count} open cycle(s) of version ${buildId}, which no worker runs`)
  }
  if (orphans.length > 0) throw new Error(orphans.join('; '))
  return 'every open cycle has a worker of its version'
}

async function checkSchedule({ temporal }: Connection, domain: string): Promise<string> {
  const { state, info } = await (await temporal()).schedule.getHandle(toScheduleId(domain)).describe()
  if (state.paused) throw new Error('the schedule is paused: no cycle opens by itself')
  return `last ticked ${info.recentActions.at(-1)?.takenAt.toISOString() ?? 'never'}`
}
