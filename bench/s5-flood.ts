// S5. A flood: of the offered events 1 % concern a cycle, 5 % come twice, some are marked and their latency taken.
// Against what a loop that only receives and deletes takes out of a full queue in the same run, and routing from memory.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { namesOf } from '../clients/config.ts'
import { type RunningProcess, startProcess } from '../sandbox/processes.ts'
import { clientOptions } from '../sandbox/cloudformation/account.ts'
import { type Counts, markCounts } from './counters.ts'
import { inTens, sendTen, toMessage } from './envelopes.ts'
import { atRate, eventOf } from './feed.ts'
import { type FloodPlan, NOISE, planFlood, toNoise } from './flood-plan.ts'
import { DOMAIN } from './mesh-folder.ts'
import { measureRouting } from './routing-rate.ts'
import type { Figure, Finding, Goal } from './result.ts'
import { startOf } from './s1-arrival-to-start.ts'
import { createChance } from './seeded.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

/** 100,000 in 30 s. */
const OFFERED_PER_SECOND = 100_000 / 30

export async function measureFlood(options: RunOptions): Promise<Measured> {
  const n = options.n ?? (options.isQuick ? 3_000 : 100_000)
  const chance = createChance(options.seed)
  const [stored, live] = [planFlood('s', n, chance), planFlood('l', n, chance)]
  const shape = { ...stored.shape, ...live.shape }
  return withStage(options, { shape, extraRaw: NOISE }, async (stage) => {
    const queue = await openQueue(stage)
    const routing = await measureRouting(stage, toMessages(stage, toNoise(1_000, chance)))
    await stage.stack.roles.get(BRIDGE)?.stop()
    const bare = await drain(stage, queue, toNoise(n, chance), () => startBareReceive(stage, queue, n))
    options.say(`S5: bare receive ${Math.round(bare)} events/s`)
    const startBridge = () => stage.stack.startRole('bridge', DOMAIN)
    const irrelevant = await drain(stage, queue, toNoise(n, chance), startBridge)
    options.say(`S5: bridge, irrelevant events only, ${Math.round(irrelevant)} events/s`)
    await startBridge()
    const counted = toNoise(Math.ceil(n / 5), chance)
    const since = await markCounts(stage)
    await flood(stage, queue, counted)
    const costs = await since()
    await stage.stack.roles.get(BRIDGE)?.stop()
    await stage.stack.roles.get(WORKER)?.stop()
    const mixed = await drain(stage, queue, stored.offered, startBridge)
    options.say(`S5: bridge, no worker beside it, ${Math.round(mixed)} events/s`)
    await Promise.all([startBridge(), stage.stack.startRole('worker', DOMAIN)])
    await untilPublished(stage, stored)
    const { rate, messageIds } = await flood(stage, queue, live.offered)
    options.say(`S5: all of it beside the flood, ${Math.round(rate)} events/s`)
    await untilPublished(stage, live)
    const latencies = live.marked.map(
      ({ cycle, event }) => startOf(stage, cycle) - cameAtMs(stage, messageIds.get(event)),
    )
    const { starts } = stage.witness
    const double = [...stored.marked, ...live.marked].filter(({ cycle }) => starts.get(cycle)?.length !== 1).length
    queue.sqs.destroy()
    const rates = { bare, irrelevant, mixed, live: rate }
    return toFinding({ n, rates, routing, costs, counted: counted.length, latencies, double })
  })
}

const BRIDGE = `bridge ${DOMAIN}`
const WORKER = `worker ${DOMAIN}`

const untilPublished = ({ witness }: Stage, { marked }: FloodPlan): Promise<void> =>
  witness.until(
    () => marked.every(({ cycle }) => witness.publishedAtMs.has(eventOf(cycle))),
    () => 'all marked published',
    1_800_000,
  )

interface Queue {
  sqs: SQSClient
  url: string
}

async function openQueue({ endpoint, environment }: Stage): Promise<Queue> {
  const sqs = new SQSClient(clientOptions(endpoint, environment['AWS_ACCOUNT_ID'] ?? ''))
  const { QueueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName: namesOf(DOMAIN).queueName }))
  return { sqs, url: QueueUrl }
}

const toMessages = ({ endpoint }: Stage, cycles: string[]): string[] =>
  cycles.map((cycle, at) => toMessage(cycle, at, endpoint.region))

/** In the place of the bridge: a loop that looks into nothing. */
const startBareReceive = (stage: Stage, queue: Queue, count: number): Promise<RunningProcess> =>
  startProcess({
    ...{ name: 'bare receive', command: process.execPath, readyWhen: /^\{"ready":/m },
    args: [fileURLToPath(new URL('floor/receive.ts', import.meta.url)), queue.url, String(count)],
    env: stage.environment,
    logFile: path.join(stage.stack.folder, 'bare-receive.log'),
  })

/**
 * Fills the queue, then starts whoever takes from it: no sender limits the rate. Events a second, first to last deleted.
 * Whoever took is stopped afterwards.
 */
async function drain(
  stage: Stage,
  { sqs, url }: Queue,
  cycles: string[],
  start: () => Promise<RunningProcess>,
): Promise<number> {
  const { witness } = stage
  const { queue } = witness
  await untilEmpty(stage)
  const before = queue.deleted
  for (const tens of inTens(inTens(cycles)))
    await Promise.all(tens.map((ten) => sendTen(sqs, url, toMessages(stage, ten))))
  queue.firstDeletedAtMs = Number.NaN
  const taking = await start()
  await untilDeleted(stage, before + cycles.length)
  await taking.stop()
  return toRate(cycles.length, queue.firstDeletedAtMs, queue.lastDeletedAtMs)
}

const toRate = (count: number, fromMs: number, toMs: number): number => count / ((toMs - fromMs) / 1_000)

const untilEmpty = ({ witness }: Stage): Promise<void> =>
  witness.until(
    () => witness.queue.came <= witness.queue.deleted,
    () => 'an empty queue before the flood',
  )

const untilDeleted = ({ witness }: Stage, count: number): Promise<void> =>
  witness.until(
    () => witness.queue.deleted >= count,
    () => `${count} messages deleted; ${witness.queue.deleted} are`,
    1_800_000,
  )

/** Straight into the queue, as fast as offered or as the sandbox takes it; events a second, first in to last deleted. */
async function flood(stage: Stage, { sqs, url }: Queue, cycles: string[]) {
  const { queue } = stage.witness
  await untilEmpty(stage)
  const before = queue.deleted
  queue.firstCameAtMs = Number.NaN
  const messageIds = new Map<string, string>()
  await atRate(inTens(cycles), OFFERED_PER_SECOND / 10, async (ten) => {
    const ids = await sendTen(sqs, url, toMessages(stage, ten))
    ten.forEach((cycle, at) => messageIds.has(cycle) || messageIds.set(cycle, ids[at] ?? ''))
  })
  await untilDeleted(stage, before + cycles.length)
  return { rate: toRate(cycles.length, queue.firstCameAtMs, queue.lastDeletedAtMs), messageIds }
}

const cameAtMs = ({ witness }: Stage, messageId = ''): number => witness.visible.get(messageId) ?? Number.NaN

interface Flooded {
  n: number
  /** Events a second; all but the last out of a full queue. */
  rates: { bare: number; irrelevant: number; mixed: number; live: number }
  routing: number
  costs: Counts
  /** Irrelevant events for which `costs` were counted. */
  counted: number
  latencies: number[]
  double: number
}

function toFinding({ n, rates, routing, costs, counted, latencies, double }: Flooded): Finding {
  const called = callsForEvents(costs)
  const perSecond = (name: string, value: number): Figure => ({ name, value, unit: 'events/s' })
  const atLeast = (what: string, found: number): Goal => ({ what, found, limit: 0.7, kind: 'at least' })
  const atMost = (what: string, found: number): Goal => ({ what, found, limit: 0, kind: 'at most' })
  return {
    ...{ scenario: 'S5', title: 'flood' },
    series: [{ name: 'marked events: arrival → start in the flood', unit: 'ms', samples: latencies }],
    figures: [
      { name: 'events, doubles not counted', value: n, unit: 'events' },
      perSecond('full queue: bare receive and delete', rates.bare),
      perSecond('full queue: bridge, irrelevant events only', rates.irrelevant),
      perSecond('full queue: bridge, 1 % relevant, no worker beside it', rates.mixed),
      perSecond('live: bridge, 1 % relevant, their cycles and the sender on the same cores', rates.live),
      perSecond('parse, authorise, route from memory', routing),
      { name: `SQL statements for ${counted} irrelevant events`, value: costs.sqlStatements, unit: 'statements' },
      { name: `Temporal calls for ${counted} irrelevant events`, value: called, unit: 'calls' },
    ],
    goals: [
      atLeast('bridge / bare receive, irrelevant events only', rates.irrelevant / rates.bare),
      atLeast('the same, 1 % relevant, no worker beside it', rates.mixed / rates.bare),
      atLeast('the same, live, with their cycles and the sender', rates.live / rates.bare),
      atMost('SQL statements per irrelevant event', costs.sqlStatements / counted),
      atMost('Temporal calls per irrelevant event', called / counted),
      atMost('marked cycles not started exactly once', double),
    ],
    notes: [
      'Messages go straight into the queue, in the form that EventBridge gives them. "Full queue": first all are sent, then ' +
        'whoever takes them is started. "Live": they are sent at 3,333/s, or as fast as the sandbox takes them.',
      'Of the events 1 % concern a cycle, 5 % come twice. Each opens a cycle, which costs two cores far more than the ' +
        'event (S1 says how much): that is what the live rate shows.',
      'Statements and calls were counted while only irrelevant ones came.',
    ],
  }
}

/** Not a number where the server tells none: that must not pass for zero. */
const callsForEvents = ({ temporalCalls }: Counts): number =>
  temporalCalls === undefined
    ? Number.NaN
    : Object.entries(temporalCalls).reduce((sum, [name, count]) => sum + (FOR_AN_EVENT.test(name) ? count : 0), 0)

/** Calls by which a bridge delivers; a worker's own housekeeping (its schedule, its deployment) goes on meanwhile. */
const FOR_AN_EVENT = /Signal|Start|RespondActivity|Query|Update(?!Worker|Schedule|Namespace)/
