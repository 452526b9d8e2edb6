// What one domain needs to run. In: a connection as that domain's account. Out: what was found; an error is the problem.
import { setTimeout as pause } from 'node:timers/promises'
import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import { namesOf } from '../clients/config.ts'
import { describeDeployment, listOrphaned, readPollers } from '../clients/worker-versions.ts'
import type { Domain } from '../model/ids.ts'
import { toScheduleId, toTaskQueue } from '../workflows/contract.ts'
import { CHECKS } from './check-names.ts'
import type { Connection } from './connection.ts'
import type { Check } from './doctor.ts'
import { checkDue } from './doctor-due.ts'
import { checkFailingTasks, FAILING_TASKS_TODO } from './doctor-failing-tasks.ts'
import { checkHeldUp } from './doctor-held-up.ts'
import { toBridgeOutage, toWorkerOutage } from './doctor-outage.ts'
import { checkLastTick } from './doctor-tick.ts'
import { toCount } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export const toDomainChecks = (domain: string): Check[] => [
  {
    name: `${domain}: catalog`,
    look: (connection) => checkCatalog(connection, domain),
    todo: `sluice apply the definitions of ${domain}.`,
  },
  {
    name: `${domain}: calendars`,
    look: (connection) => checkCalendars(connection, domain),
    todo: 'Let its document cover more (covers:) and apply it, or update Sluice and apply: beyond its end there are no cycles.',
    needs: [`${domain}: catalog`],
  },
  {
    name: `${domain}: queues`,
    look: (connection) => checkQueues(connection, domain),
    todo: `See why: sluice events unmatched --domain ${domain}; mend that, then: sluice events redrive ${domain} --dead-letters`,
    needs: [CHECKS.aws],
  },
  {
    name: CHECKS.bridgeOf(domain),
    look: (connection) => checkBridge(connection, domain),
    todo: `Start it: sluice bridge ${domain}`,
    // Without Temporal a bridge that runs leaves events where they are; without AWS its queue cannot be asked.
    needs: [CHECKS.temporal, CHECKS.aws],
    outage: toBridgeOutage(domain as Domain),
  },
  {
    name: CHECKS.workerOf(domain),
    look: (connection) => checkWorker(connection, domain),
    todo: `Start it: sluice worker ${domain}`,
    needs: [CHECKS.temporal],
    outage: toWorkerOutage(domain as Domain),
  },
  {
    name: `${domain}: held up`,
    look: (connection) => checkHeldUp(connection, domain),
    todo: 'Mend what the reason names, mostly a role or a policy: the cycles go on by themselves.',
    needs: [CHECKS.temporal],
  },
  {
    name: `${domain}: versions`,
    look: (connection) => checkVersions(connection, domain),
    todo: 'Start a worker of that version again, or move the cycles: temporal workflow update-options --versioning-override-behavior',
    needs: [CHECKS.temporal],
  },
  {
    name: `${domain}: workflow tasks`,
    look: (connection) => checkFailingTasks(connection, domain),
    todo: FAILING_TASKS_TODO,
    needs: [CHECKS.temporal],
  },
  ...toSchedulerChecks(domain),
]

const toSchedulerChecks = (domain: string): Check[] => [
  {
    name: `${domain}: scheduler`,
    look: (connection) => checkSchedule(connection, domain),
    todo: `A worker makes it at boot: sluice worker ${domain}. A paused one: temporal schedule toggle --unpause`,
    needs: [CHECKS.temporal],
  },
  {
    name: `${domain}: last tick`,
    look: (connection) => checkLastTick(connection, domain),
    todo: 'Start a worker of the version that is named, or see why: sluice explain CYCLE. The next tick looks again.',
    needs: [CHECKS.temporal],
  },
  {
    name: `${domain}: due cycles`,
    look: (connection) => checkDue(connection, domain),
    todo: '',
    needs: [`${domain}: catalog`, CHECKS.temporal],
  },
]

async function checkCatalog(connection: Connection, domain: string): Promise<string> {
  const catalog = await readCatalog(connection, domain)
  return `revision ${catalog.revision}, ${toCount(catalog.products.length, 'product')}`
}

/** A calendar that ends opens no more cycles, and nobody would hear of it. */
async function checkCalendars(connection: Connection, domain: string): Promise<string> {
  const { calendars } = await readCatalog(connection, domain)
  const soon = new Date(Date.now() + ENDS_SOON_MS).toISOString().slice(0, 10)
  const ending = calendars.filter(({ to }) => to < soon)
  if (ending.length > 0) {
    throw new Error(ending.map(({ calendar, to }) => `calendar "${calendar}" ends on ${to}`).join(', '))
  }
  return calendars.map(({ calendar, to }) => `${calendar} to ${to}`).join(', ')
}

async function checkQueues(connection: Connection, domain: string): Promise<string> {
  const { queueName, deadLetterQueueName, notificationQueueName } = namesOf(domain)
  const events = await readDepth(connection, queueName)
  const dead = await readDepth(connection, deadLetterQueueName)
  const notices = await readDepth(connection, notificationQueueName)
  if (dead.waiting > 0) throw new Error(`${toCount(dead.waiting, 'dead letter')} in ${deadLetterQueueName}`)
  return `${toCount(events.waiting, 'event')} waiting, no dead letters, ${toCount(notices.waiting, 'failure notice')}`
}

const ENDS_SOON_MS = 120 * 86_400_000
const LOOKS = 3
const LOOK_MS = 1_000

/** A bridge leaves no trace but its work: events that wait, and none in hand, look after look. */
async function checkBridge(connection: Connection, domain: string): Promise<string> {
  const { queueName } = namesOf(domain)
  for (let look = 1; ; look++) {
    const { waiting, inHand } = await readDepth(connection, queueName)
    if (waiting === 0 || inHand > 0) return 'no event waits untaken'
    if (look === LOOKS) throw new Error(`${toCount(waiting, 'event')} in ${queueName}, and nobody takes what is there`)
    await pause(LOOK_MS)
  }
}

async function readDepth({ aws }: Connection, QueueName: string): Promise<{ waiting: number; inHand: number }> {
  const { sqs } = await aws()
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName })).catch((cause: unknown) => {
    throw new Error(`queue ${QueueName} cannot be asked`, { cause })
  })
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  )
  return {
    waiting: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
    inHand: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
  }
}

async function checkWorker({ temporal }: Connection, domain: string): Promise<string> {
  const client = await temporal()
  const pollers = await readPollers(client, toTaskQueue(domain))
  if (pollers.length === 0) throw new Error(`nobody polls task queue ${toTaskQueue(domain)}`)
  const { workerDeploymentInfo } = await describeDeployment(client, toTaskQueue(domain))
  const buildId = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId
  if (!buildId) throw new Error(`deployment ${toTaskQueue(domain)} has no current version, so its workers get nothing`)
  if (!pollers.some((poller) => poller.buildId === buildId))
    throw new Error(`its current version ${buildId} has no worker; those that poll are of another`)
  const others = (workerDeploymentInfo.versionSummaries?.length ?? 1) - 1
  return `${toCount(pollers.length, 'poller')}, current version ${buildId}${others > 0 ? `; ${others} earlier known` : ''}`
}

/** Open cycles are pinned to the version they began on; without a poller of it they wait silently. */
async function checkVersions({ temporal }: Connection, domain: string): Promise<string> {
  const orphaned = await listOrphaned(await temporal(), toTaskQueue(domain), domain)
  const words = orphaned.map(
    ({ count, buildId }) => `${toCount(count, 'open cycle')} of version ${buildId}, which no worker runs`,
  )
  if (words.length > 0) throw new Error(words.join('; '))
  return 'every open cycle has a worker of its version'
}

async function checkSchedule({ temporal }: Connection, domain: string): Promise<string> {
  const { state, info } = await (await temporal()).schedule.getHandle(toScheduleId(domain)).describe()
  if (state.paused) throw new Error('the schedule is paused: no cycle opens by itself')
  return `last ticked ${info.recentActions.at(-1)?.takenAt.toISOString() ?? 'never'}`
}
