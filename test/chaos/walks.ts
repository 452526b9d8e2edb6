// Drives walks over the stage. In: which (lane, business date). Out: raw events put, and the wait until all came to rest.
// Never: a wait for a time; the mirror and the sandbox's ledger say when it is quiet.
import { setTimeout as pause } from 'node:timers/promises'
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { CENTRAL_ACCOUNT } from '../../cli/dev/deploy-mesh.ts'
import { toRefreshEntry } from '../../cli/refresh-entry.ts'
import { CENTRAL_BUS_NAME, REGION } from '../../cli/stack-environment.ts'
import type { CycleKey, ProductId } from '../../model/ids.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { toBusArn } from '../../infra/events.ts'
import { readSandboxLedger } from '../../verify/collect.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { cyclesOf, DOMAINS, rawProducts, type Walk } from './mesh.ts'
import type { Stage } from './stage.ts'

const DAY_MS = 86_400_000
/** Business dates that may still open a cycle and are not the scheduler's to open: yesterday and before. */
export const DATES = 18

/** `count` walks that no other taker of this stage got; `from` is where the last one ended. */
export function toWalks(lanes: number, from: number, count: number): Walk[] {
  if (from + count > lanes * DATES) throw new Error(`${lanes} lanes have ${lanes * DATES} walks, not ${from + count}.`)
  return Array.from({ length: count }, (_, at) => ({
    lane: Math.floor((from + at) / DATES),
    key: new Date(Date.now() - (1 + ((from + at) % DATES)) * DAY_MS).toISOString().slice(0, 10),
  }))
}

/** The entry of PutEvents for one raw product's refresh, as its domain's account would put it. */
export const toRawEntry = (product: string, key: string, revision = 1): PutEventsRequestEntry =>
  toRefreshEntry(toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS_NAME), {
    ...{ product: product as ProductId, key: key as CycleKey, revision, location: null },
    occurredAt: new Date().toISOString(),
  })

/** Puts entries in this order, at most ten a call; each must be taken. */
export async function putRaw(stage: Stage, entries: PutEventsRequestEntry[]): Promise<void> {
  const endpoint = { endpoint: stage.awsEndpoint, region: REGION }
  const events = new EventBridgeClient(clientOptions(endpoint, stage.accounts['raw'] ?? ''))
  try {
    for (let at = 0; at < entries.length; at += 10) {
      const answer = await events.send(new PutEventsCommand({ Entries: entries.slice(at, at + 10) }))
      if (answer.FailedEntryCount) throw new Error(`The central bus refused a raw event: ${JSON.stringify(answer)}`)
    }
  } finally {
    events.destroy()
  }
}

/** Both raw events of each walk: everything else follows by itself. */
export const feed = (stage: Stage, walks: Walk[]): Promise<void> =>
  putRaw(
    stage,
    walks.flatMap((walk) => rawProducts(walk).map((product) => toRawEntry(product, walk.key))),
  )

/** Every Glue run of the stage succeeds after so long; a fault of its own for one run must be set by `setGlueFault`. */
export async function setGlueTimeline(stage: Stage, runsForMs: number): Promise<void> {
  await setFault(stage, {
    ...{ id: 'timeline', service: 'glue', operation: 'StartJobRun', times: 1_000_000_000 },
    action: { kind: 'run-timeline', states: toStates('SUCCEEDED', runsForMs) },
  })
  timelines.set(stage, runsForMs)
}

const timelines = new WeakMap<Stage, number>()

const toStates = (end: string, runsForMs: number) => [
  { state: 'RUNNING', afterMs: 0 },
  { state: end, afterMs: runsForMs, ...(end === 'SUCCEEDED' ? {} : { message: 'the fault suite made this run fail' }) },
]

/** The next run of that cycle fails; rules are asked in the order of their setting, so the timeline goes behind it. */
export async function failNextRun(stage: Stage, cycle: string, times = 1): Promise<void> {
  const runsForMs = timelines.get(stage) ?? 300
  await setFault(stage, {
    ...{ service: 'glue', operation: 'StartJobRun', times, where: { 'Arguments.--sluice_workflow_id': cycle } },
    action: { kind: 'run-timeline', states: toStates('FAILED', runsForMs) },
  })
  await setGlueTimeline(stage, runsForMs)
}

/** The next run of that cycle lasts so long and succeeds. */
export async function setLongRun(stage: Stage, cycle: string, lastsMs: number): Promise<void> {
  await setFault(stage, {
    ...{ id: `long ${cycle}`, service: 'glue', operation: 'StartJobRun', times: 1 },
    where: { 'Arguments.--sluice_workflow_id': cycle },
    action: { kind: 'run-timeline', states: toStates('SUCCEEDED', lastsMs) },
  })
  await setGlueTimeline(stage, timelines.get(stage) ?? 300)
}

/** A fault switch of the sandbox (sandbox/README.md). */
export async function setFault(stage: Stage, rule: object): Promise<void> {
  const answer = await fetch(`${stage.awsEndpoint}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(rule) })
  if (!answer.ok) throw new Error(`The sandbox refused a fault: ${await answer.text()}`)
}

export const readLedger = (stage: Stage): Promise<SandboxRow[]> => readSandboxLedger(stage.awsEndpoint)

/** Asks until it holds; the sentence is said when the time is over. */
export async function until(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + withinMs
  let trouble = ''
  const look = (): Promise<boolean> =>
    holds().catch((error: unknown) => {
      trouble = ` ${String(error)}`
      return false
    })
  while (!(await look())) {
    if (performance.now() > untilMs) throw new Error(`Not within ${withinMs / 1_000} s: ${what}.${trouble}`)
    await pause(200)
  }
}

const QUIET_WITHIN_MS = 180_000

/** Each cycle of the walks is written as COMPLETED and closed, and no domain queue holds a message. */
export async function untilQuiet(stage: Stage, walks: Walk[], withinMs = QUIET_WITHIN_MS): Promise<void> {
  const cycles = walks.flatMap(cyclesOf).map(({ cycle }) => cycle)
  let left: string[] = cycles
  await until('all cycles completed', withinMs, async () => {
    const rows = await stage.db.rows<{ cycle: string }>(
      `select cycle from data_product_status where state = 'COMPLETED' and cycle = any ($1)`,
      [cycles],
    )
    const done = new Set(rows.map(({ cycle }) => cycle))
    left = cycles.filter((cycle) => !done.has(cycle))
    return left.length === 0
  }).catch((error: unknown) => {
    throw new Error(`${String(error)} Left: ${left.slice(0, 10).join(', ')} (${left.length})`, { cause: error })
  })
  await until('every message deleted', withinMs, async () => lyingMessages(await readLedger(stage)).length === 0)
  await until('every cycle closed', withinMs, () => areClosed(stage, cycles))
}

export async function areClosed(stage: Stage, cycles: string[]): Promise<boolean> {
  for (const cycle of cycles) {
    const { status } = await stage.temporal.workflow.getHandle(cycle).describe()
    if (status.name === 'RUNNING') return false
  }
  return true
}

const EVENT_QUEUES = new RegExp(`:sluice-(${DOMAINS.join('|')})-events$`)

/** Of the event queues of domains that have roles: made visible and not deleted. */
export function lyingMessages(rows: SandboxRow[]): string[] {
  const deleted = new Set(
    rows.flatMap(({ operation, facts }) =>
      operation === 'DeleteMessageBatch' ? ((facts['deleted'] as string[] | undefined) ?? []) : [],
    ),
  )
  return rows.flatMap(({ kind, facts }) => {
    const isEvent = kind === 'message-visible' && EVENT_QUEUES.test(String(facts['queueArn']))
    const id = String(facts['messageId'])
    return isEvent && !deleted.has(id) ? [id] : []
  })
}
