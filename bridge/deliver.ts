// In: arrivals and blockers for one cycle, and whether they may open it. Out: what Temporal said, as one word.
// Never: deletes a message; chooses who hears of an event (model/calendar/routing does); starts with other id policies.
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { openCycle } from '../model/calendar/due.ts'
import type { OpeningDecision, Route } from '../model/calendar/routing.ts'
import type { Blocker, CycleSettings } from '../model/cycle/cycle.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../workflows/contract.ts'

export interface CycleDelivery {
  route: Route
  opening: OpeningDecision
  arrivals: Arrival[]
  blockers: Blocker[]
}

export type Delivered =
  /** Durable in Temporal: the cycle itself says what each arrival meant. */
  | { kind: 'accepted' }
  /** The cycle ran and is closed. */
  | { kind: 'closed' }
  /** No such cycle is open, and this delivery may not open one. */
  | { kind: 'absent' }
  /** Temporal will never take it. */
  | { kind: 'refused'; reason: string }
  /** Trouble that passes: the messages stay in the queue. */
  | { kind: 'unavailable'; error: Error }

/** Under the queue's visibility time-out: the client's own retries would last up to 40 s. */
const DEADLINE_MS = 15_000

/** Delivers to one cycle; each kind of trouble is told apart, none is thrown. */
export async function deliver(client: Client, settings: CycleSettings, delivery: CycleDelivery): Promise<Delivered> {
  try {
    await client.withDeadline(Date.now() + DEADLINE_MS, () => send(client, settings, delivery))
    return { kind: 'accepted' }
  } catch (error) {
    return toDelivered(error)
  }
}

async function send(client: Client, settings: CycleSettings, delivery: CycleDelivery): Promise<void> {
  const { route, arrivals, blockers } = delivery
  if (arrivals.length > 0) await sendArrivals(client, settings, delivery)
  // A blocker opens nothing: it says why an open cycle goes on waiting.
  if (blockers.length > 0) await client.workflow.getHandle(route.cycle).signal(BLOCKERS_SIGNAL, blockers)
}

async function sendArrivals(client: Client, settings: CycleSettings, delivery: CycleDelivery): Promise<void> {
  const { route, opening, arrivals } = delivery
  if (opening !== 'open') {
    await client.workflow.getHandle(route.cycle).signal(ARRIVALS_SIGNAL, arrivals)
    return
  }
  const input = openCycle(route.version, route.key, 'arrival', settings)
  await client.workflow.signalWithStart(CYCLE_WORKFLOW, {
    ...toCycleStart(input),
    signal: ARRIVALS_SIGNAL,
    signalArgs: [arrivals],
  })
}

const INVALID_ARGUMENT = 3
const RESOURCE_EXHAUSTED = 8

function toDelivered(error: unknown): Delivered {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'closed' }
  if (error instanceof WorkflowNotFoundError) return { kind: 'absent' }
  const failure = error instanceof Error ? error : new Error(String(error))
  const cause = error instanceof ServiceError ? error.cause : error
  if (!isGrpcServiceError(cause)) return { kind: 'unavailable', error: failure }
  const isTooLarge = cause.code === RESOURCE_EXHAUSTED && cause.details.includes('received message larger than max')
  if (isTooLarge) return { kind: 'refused', reason: `Temporal takes no message of this size: ${cause.details}` }
  // An unregistered search attribute is INVALID_ARGUMENT too, but is ours to mend, not the sender's.
  const isOurs = cause.details.includes('search attribute')
  if (cause.code === INVALID_ARGUMENT && !isOurs)
    return { kind: 'refused', reason: `Temporal refused it: ${cause.details}` }
  return { kind: 'unavailable', error: failure }
}
