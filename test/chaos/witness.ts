// What the servers themselves saw of a case, and the switches that spoil them. In: a stage. Out: rows of the sandbox's
// ledger, answers in a history, what an activity waits for. Never: asks a role, or reads its log.
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { answeredOf } from '../../verify/fold.ts'
import { readHistory } from '../../verify/read-history.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { cyclesOf, type Walk } from './mesh.ts'
import type { Stage } from './stage.ts'
import { readLedger, setFault, setGlueTimeline } from './walks.ts'

/** Reads the rows that came since it was made. */
export type Watch = () => Promise<SandboxRow[]>

export async function watchLedger(stage: Stage): Promise<Watch> {
  const seq = (await readLedger(stage)).at(-1)?.seq ?? 0
  return async () => (await readLedger(stage)).filter((row) => row.seq > seq)
}

export interface StartFault {
  id: string
  where?: Record<string, string>
  times?: number
  action: object
}

/** A switch for StartJobRun: the timeline of all other runs goes behind it, since the first rule that matches wins. */
export async function setStartFault(stage: Stage, rule: StartFault, runsForMs: number): Promise<void> {
  await setFault(stage, { service: 'glue', operation: 'StartJobRun', ...rule })
  await setGlueTimeline(stage, runsForMs)
}

/** Heals it; one that was used up may be removed too. */
export async function removeFault(stage: Stage, id: string): Promise<void> {
  const answer = await fetch(`${stage.awsEndpoint}/_sandbox/faults?id=${id}`, { method: 'DELETE' })
  if (!answer.ok) throw new Error(`The sandbox did not remove the fault ${id}: ${await answer.text()}`)
}

/** How often the switch worked. */
export const countUses = (rows: SandboxRow[], id: string): number =>
  rows.filter(({ kind, facts }) => kind === 'fault' && facts['rule'] === id).length

export const callsOf = (rows: SandboxRow[], operation: string): SandboxRow[] =>
  rows.filter((row) => row.kind === 'call' && row.operation === operation)

/** Highest receive count of any message that was received. */
export const mostReceives = (rows: SandboxRow[]): number =>
  Math.max(
    0,
    ...callsOf(rows, 'ReceiveMessage').flatMap(({ facts }) =>
      ((facts['messages'] as { receiveCount: number }[] | undefined) ?? []).map(({ receiveCount }) => receiveCount),
    ),
  )

/** What the sandbox moved to a dead-letter queue because it had been received too often. */
export const redriven = (rows: SandboxRow[]): SandboxRow[] =>
  rows.filter(({ kind, service }) => kind === 'dead-letter' && service === 'sqs')

/** Where a switch lost that event: the targets that did not get it, or the bus on its way onto it. */
export const lostTargets = (rows: SandboxRow[], eventId: string): string[] =>
  rows
    .filter(({ kind, facts }) => kind === 'event-dropped' && facts['metadataId'] === eventId)
    .filter(({ facts }) => facts['reason'] === 'fault switch drop-event')
    .map(({ facts }) => String(facts['targetArn'] ?? facts['busArn']))

/** What a role put into a dead-letter queue because it could not be used. */
export const putAside = (rows: SandboxRow[]): SandboxRow[] =>
  callsOf(rows, 'SendMessage').filter(({ facts }) => String(facts['QueueUrl']).endsWith('-dlq'))

/** Failure notices that reached the queue of the cycle's domain. */
export const noticesOf = (rows: SandboxRow[], cycle: string): SandboxRow[] =>
  callsOf(rows, 'SendMessage').filter(
    ({ outcome, facts }) =>
      outcome === 'ok' &&
      String(facts['QueueUrl']).endsWith('-notifications') &&
      String(facts['MessageBody']).includes(`"${cycle}"`),
  )

/** The results of an activity in the latest run of a cycle. */
export async function answersOf<T>(stage: Stage, cycle: string, activity: string): Promise<T[]> {
  const { steps } = await readSteps(stage, cycle)
  return answeredOf({ steps } as Parameters<typeof answeredOf>[0], activity).map(({ result }) => result as T)
}

/** Ids of the events that signals brought to the latest run of a cycle, repeats included. */
export async function signalledIds(stage: Stage, cycle: string): Promise<string[]> {
  const { steps } = await readSteps(stage, cycle)
  return steps.flatMap((step) =>
    step.kind === 'signal' && Array.isArray(step.payload)
      ? step.payload.map((item: { eventId?: unknown }) => String(item.eventId))
      : [],
  )
}

async function readSteps(stage: Stage, cycle: string) {
  const history = await stage.temporal.workflow.getHandle(cycle).fetchHistory()
  return readHistory(JSON.parse(historyToJSON(history)) as { events: unknown[] })
}

export interface Waiting {
  attempt: number
  /** Of the last failed try; undefined before the first, and of one that ran out of time. */
  type: string | undefined
  /** What it failed with. */
  says: string | undefined
}

/** An activity of a cycle that is asked for and not answered yet. */
export async function waitingOf(stage: Stage, cycle: string, activity: string): Promise<Waiting | undefined> {
  const { raw } = await stage.temporal.workflow.getHandle(cycle).describe()
  const found = raw.pendingActivities?.find(({ activityType }) => activityType?.name === activity)
  return found && toWaiting(found)
}

/** The try of a cycle's activity that answered, and what the one before it failed with. */
export async function answeringTry(stage: Stage, cycle: string, activity: string): Promise<Waiting | undefined> {
  const { events } = await stage.temporal.workflow.getHandle(cycle).fetchHistory()
  const asked = events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
  const started = events
    ?.map((event) => event.activityTaskStartedEventAttributes)
    .find((start) => start && String(start.scheduledEventId) === String(asked?.eventId))
  return started ? toWaiting(started) : undefined
}

const toWaiting = ({ attempt, lastFailure }: Tried): Waiting => ({
  attempt: attempt ?? 1,
  type: lastFailure?.applicationFailureInfo?.type ?? undefined,
  says: lastFailure?.message ?? undefined,
})

interface Tried {
  attempt?: number | null
  lastFailure?: { message?: string | null; applicationFailureInfo?: { type?: string | null } | null } | null
}

/** When the mirror took the last move of these walks. */
export async function recoveredAtMs(stage: Stage, walks: Walk[]): Promise<number | undefined> {
  const row = await stage.db.one<{ at: string | null }>(
    `select (extract(epoch from max(recorded_at)) * 1000)::text as at from data_product_status_history
     where cycle = any ($1)`,
    [walks.flatMap(cyclesOf).map(({ cycle }) => cycle)],
  )
  return row?.at ? Number(row.at) : undefined
}

export async function stateOf(
  stage: Stage,
  cycle: string,
): Promise<{ state: string; step: string | null } | undefined> {
  return stage.db.one('select state, step from data_product_status where cycle = $1', [cycle])
}
