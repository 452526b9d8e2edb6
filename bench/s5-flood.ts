// S5. A flood: of the offered events 1 % concern a cycle, 5 % come twice, some are marked and their latency taken.
// Against what a loop that only receives and deletes manages in the same run, and what routing costs from memory.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { namesOf } from '../clients/config.ts'
import { startProcess } from '../sandbox/processes.ts'
import { clientOptions } from '../sandbox/cloudformation/account.ts'
import { type Counts, markCounts } from './counters.ts'
import { inTens, sendTen, toMessage } from './envelopes.ts'
import { atRate } from './feed.ts'
import { keysUntil, spread } from './keys.ts'
import { DOMAIN, ours, raw, type Shape } from './mesh-folder.ts'
import { measureRouting } from './routing-rate.ts'
import type { Finding } from './result.ts'
import { startOf } from './s1-arrival-to-start.ts'
import { createChance, shuffled } from './seeded.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

/** 100,000 in 30 s. */
const OFFERED_PER_SECOND = 100_000 / 30
const NOISE = Array.from({ length: 50 }, (_, at) => `noise${at + 1}`)
const MOST_MARKED = 100

export async function measureFlood(options: RunOptions): Promise<Measured> {
  const n = options.n ?? (options.isQuick ? 3_000 : 100_000)
  const plan = planFlood(n, createChance(options.seed))
  return withStage(options, { shape: plan.shape, extraRaw: NOISE }, async (stage) => {
    const queue = await openQueue(stage)
    const routing = await measureRouting(stage, toMessages(stage, plan.noise(1_000)))
    const ceiling = await measureBareReceive(stage, queue, plan.noise(n))
    options.say(`S5: bare receive ${Math.round(ceiling)} events/s`)
    await stage.stack.startRole('bridge', DOMAIN)
    const irrelevant = plan.noise(Math.ceil(n / 5))
    const since = await markCounts(stage)
    const { rate: alone } = await flood(stage, queue, irrelevant)
    const costs = await since()
    const { rate, messageIds } = await flood(stage, queue, plan.offered)
    options.say(`S5: bridge ${Math.round(rate)} events/s`)
    const { witness } = stage
    await witness.until(
      () => plan.marked.every(({ cycle }) => witness.starts.has(cycle)),
      () => 'all marked started',
    )
    const latencies = plan.marked.map(
      ({ cycle, event }) => startOf(stage, cycle) - cameAtMs(stage, messageIds.get(event)),
    )
    const double = plan.marked.filter(({ cycle }) => witness.starts.get(cycle)?.length !== 1).length
    queue.sqs.destroy()
    return toFinding({
      ...{ n, rate, alone, ceiling, routing, costs, latencies, double },
      irrelevant: irrelevant.length,
    })
  })
}

interface Plan {
  shape: Shape
  /** Products with one upstream: their cycle starts by this one event. */
  marked: { cycle: string; event: string }[]
  /** All events of the flood, in order. */
  offered: string[]
  noise(count: number): string[]
}

function planFlood(n: number, chance: () => number): Plan {
  const relevant = Math.max(Math.ceil(n / 100), 2)
  const starting = spread('m', Math.min(MOST_MARKED, Math.ceil(relevant / 2)), Date.now())
  const waiting = spread('w', relevant - starting.length, Date.now())
  const keys = keysUntil(Date.now(), 5)
  const one = <T>(list: readonly T[]): T | undefined => list[Math.floor(chance() * list.length)]
  const noise = (count: number) => Array.from({ length: count }, () => `${raw(one(NOISE) ?? '')}/${one(keys)}`)
  const marked = starting.map(({ name, key }) => ({
    cycle: `${ours(name)}/${key}`,
    event: `${raw(`only-${name}`)}/${key}`,
  }))
  const firsts = waiting.map(({ name, key }) => `${raw(`first-${name}`)}/${key}`)
  const once = [...marked.map(({ event }) => event), ...firsts, ...noise(n - relevant)]
  const twice = shuffled(once, chance).slice(0, Math.ceil(once.length / 20))
  const shape: Shape = Object.fromEntries([
    ...starting.map(({ name }): [string, string[]] => [name, [raw(`only-${name}`)]]),
    ...waiting.map(({ name }): [string, string[]] => [name, [raw(`first-${name}`), raw(`last-${name}`)]]),
  ])
  return { shape, marked, offered: shuffled([...once, ...twice], chance), noise }
}

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

/** The bridge away, a loop in its place that looks into nothing. */
async function measureBareReceive(stage: Stage, queue: Queue, cycles: string[]): Promise<number> {
  await stage.stack.roles.get(`bridge ${DOMAIN}`)?.stop()
  const receiver = await startProcess({
    ...{ name: 'bare receive', command: process.execPath, readyWhen: /^\{"ready":/m },
    args: [fileURLToPath(new URL('floor/receive.ts', import.meta.url)), queue.url, String(cycles.length)],
    env: stage.environment,
    logFile: path.join(stage.stack.folder, 'bare-receive.log'),
  })
  try {
    return (await flood(stage, queue, cycles)).rate
  } finally {
    await receiver.stop()
  }
}

/** Straight into the queue, as fast as offered or as the sandbox takes it; events a second, first in to last deleted. */
async function flood(stage: Stage, { sqs, url }: Queue, cycles: string[]) {
  const { witness } = stage
  const { queue } = witness
  await witness.until(
    () => queue.came <= queue.deleted,
    () => 'an empty queue before the flood',
  )
  const before = queue.deleted
  queue.firstCameAtMs = Number.NaN
  const messageIds = new Map<string, string>()
  await atRate(inTens(cycles), OFFERED_PER_SECOND / 10, async (ten) => {
    const ids = await sendTen(sqs, url, toMessages(stage, ten))
    ten.forEach((cycle, at) => messageIds.has(cycle) || messageIds.set(cycle, ids[at] ?? ''))
  })
  await witness.until(
    () => queue.deleted - before >= cycles.length,
    () => `${cycles.length} messages deleted; ${queue.deleted - before} are`,
    1_800_000,
  )
  return { rate: cycles.length / ((queue.lastDeletedAtMs - queue.firstCameAtMs) / 1_000), messageIds }
}

const cameAtMs = ({ witness }: Stage, messageId = ''): number => witness.visible.get(messageId) ?? Number.NaN

interface Flooded {
  n: number
  rate: number
  /** The same while only irrelevant events come. */
  alone: number
  ceiling: number
  routing: number
  costs: Counts
  irrelevant: number
  latencies: number[]
  double: number
}

function toFinding({ n, rate, alone, ceiling, routing, costs, irrelevant, latencies, double }: Flooded): Finding {
  const called = callsForEvents(costs)
  return {
    ...{ scenario: 'S5', title: 'flood' },
    series: [{ name: 'marked events: arrival → start in the flood', unit: 'ms', samples: latencies }],
    figures: [
      { name: 'events offered, doubles not counted', value: n, unit: 'events' },
      { name: 'bridge', value: rate, unit: 'events/s' },
      { name: 'bridge, of irrelevant events only', value: alone, unit: 'events/s' },
      { name: 'bare receive and delete', value: ceiling, unit: 'events/s' },
      { name: 'parse, authorise, route from memory', value: routing, unit: 'events/s' },
      { name: `SQL statements for ${irrelevant} irrelevant events`, value: costs.sqlStatements, unit: 'statements' },
      { name: `Temporal calls for ${irrelevant} irrelevant events`, value: called, unit: 'calls' },
    ],
    goals: [
      { what: 'bridge / bare receive', found: rate / ceiling, limit: 0.7, kind: 'at least' },
      { what: 'the same, of irrelevant events only', found: alone / ceiling, limit: 0.7, kind: 'at least' },
      {
        what: 'SQL statements per irrelevant event',
        found: costs.sqlStatements / irrelevant,
        limit: 0,
        kind: 'at most',
      },
      { what: 'Temporal calls per irrelevant event', found: called / irrelevant, limit: 0, kind: 'at most' },
      { what: 'marked cycles not started exactly once', found: double, limit: 0, kind: 'at most' },
    ],
    notes: [
      'Messages go straight into the queue, in the form that EventBridge gives them; sandbox, feed and bridge share the cores.',
      'Of the events 1 % concern a cycle, 5 % come twice. Statements and calls were counted while only irrelevant ones came.',
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
