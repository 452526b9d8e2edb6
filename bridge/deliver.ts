// In: arrivals and blockers for one cycle, and whether they may open it. Out: what Temporal said, as one word.
// Never: deletes a message; chooses who hears of an event (model/calendar/routing does); starts with other id policies.
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { whyRefused } from '../clients/temporal-refusals.ts'
import { openCycle } from '../model/calendar/due.ts'
import type { OpeningDecision, Route } from '../model/calendar/routing.ts'
import type { Blocker, CycleInput, CycleSettings } from '../model/cycle/cycle.ts'
import type { CycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_WORKFLOW, toComeBack, toCycleStart } from '../workflows/contract.ts'
import type { Later } from './outage.ts'

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
  | { kind: 'unavailable'; concerns: Later['concerns']; error: Error }

/** A blocker that finds no open cycle takes nothing back of arrivals that were accepted. */
export interface Answers {
  arrivals: Delivered
  blockers: Delivered
}

/** Under the queue's visibility time-out: the client's own retries would last up to 40 s. */
const DEADLINE_MS = 15_000

/** Delivers to one cycle; each kind of trouble is told apart, none is thrown. */
export async function deliver(client: Client, settings: CycleSettings, delivery: CycleDelivery): Promise<Answers> {
  const { route, blockers } = delivery
  const arrivals = await deliverArrivals(client, settings, delivery)
  // A blocker opens nothing: it says why an open cycle goes on waiting.
  const sendBlockers = () => client.workflow.getHandle(route.cycle).signal(BLOCKERS_SIGNAL, blockers)
  if (blockers.length === 0 || arrivals.kind === 'unavailable') return { arrivals, blockers: arrivals }
  return { arrivals, blockers: await attempt(client, sendBlockers) }
}

/** To a cycle that is open already, whoever may have opened it. */
export const tell = (client: Client, cycle: CycleId, news: Pick<CycleDelivery, 'arrivals' | 'blockers'>) =>
  attempt(client, async () => {
    const handle = client.workflow.getHandle(cycle)
    if (news.arrivals.length > 0) await handle.signal(ARRIVALS_SIGNAL, news.arrivals)
    if (news.blockers.length > 0) await handle.signal(BLOCKERS_SIGNAL, news.blockers)
  })

/** To a cycle whose run is closed, opened with what it last recorded: its next run judges the arrivals and decides. */
export const bringBack = (client: Client, input: CycleInput, arrivals: Arrival[]): Promise<Delivered> =>
  attempt(client, () => client.workflow.signalWithStart(CYCLE_WORKFLOW, toComeBack(input, arrivals)))

async function deliverArrivals(client: Client, settings: CycleSettings, delivery: CycleDelivery): Promise<Delivered> {
  const { route, opening, arrivals } = delivery
  if (arrivals.length === 0) return { kind: 'accepted' }
  // There may be hundreds, of months to come.
  if (opening === 'look-back-later') return { kind: 'absent' }
  if (opening !== 'open')
    return attempt(client, () => client.workflow.getHandle(route.cycle).signal(ARRIVALS_SIGNAL, arrivals))
  const start = toStart(route, settings, arrivals)
  if ('kind' in start) return start
  const signal = { signal: ARRIVALS_SIGNAL, signalArgs: [arrivals] }
  return attempt(client, () => client.workflow.signalWithStart(CYCLE_WORKFLOW, { ...start, ...signal }))
}

/** A definition that this version cannot open a cycle of is no outage: only what it concerns waits. */
function toStart({ version, key, timetable }: Route, settings: CycleSettings, arrivals: Arrival[]) {
  try {
    return toCycleStart(openCycle(timetable, version, { key, openedBy: 'arrival', settings }), arrivals)
  } catch (error) {
    const { product } = version.definition
    const found = error instanceof Error ? error.message : String(error)
    const failure = new Error(`Could not open ${product} for ${key}: ${found}`, { cause: error })
    return { kind: 'unavailable' as const, concerns: 'message' as const, error: failure }
  }
}

async function attempt(client: Client, send: () => Promise<unknown>): Promise<Delivered> {
  try {
    await client.withDeadline(Date.now() + DEADLINE_MS, send)
    return { kind: 'accepted' }
  } catch (error) {
    return toDelivered(error)
  }
}

function toDelivered(error: unknown): Delivered {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'closed' }
  if (error instanceof WorkflowNotFoundError) return { kind: 'absent' }
  const reason = whyRefused(error)
  if (reason !== null) return { kind: 'refused', reason }
  const failure = error instanceof Error ? error : new Error(String(error))
  return { kind: 'unavailable', concerns: 'all', error: failure }
}
