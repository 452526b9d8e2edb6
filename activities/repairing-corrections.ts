// A correction that never reached the cycle that ran on what it corrects: lost by the bus, or while nobody kept the event.
// In: what the mirror knows of it. Out: the open run is told; a closed cycle is brought back, as the bridge would have done.
// Never: by an answer older than a run takes (bridge/settle.ts); a cycle whose definition does not ask for it.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Postgres } from '../clients/postgres.ts'
import { readPast } from '../mirror/past.ts'
import type { MissedArrivals } from '../mirror/recall.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import { OPENING_WINDOW, type RoutingIndex } from '../model/calendar/routing.ts'
import { mayComeBack } from '../model/calendar/untaken.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { comesBack } from '../model/cycle/revisions.ts'
import { onRevisionOf } from '../model/dependencies.ts'
import { type CycleParts, parseCycleId } from '../model/ids.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toComeBack } from '../workflows/contract.ts'

export interface CorrectingParts {
  temporal: Client
  db: Postgres
  settings: CycleSettings
  loadIndex(): Promise<RoutingIndex>
  nowMs(): number
}

/** From what is read to the start. */
const OLDEST_PAST_MS = 30_000

/** Whether it was told or brought back; false where that makes no sense any more. */
export async function correct(parts: CorrectingParts, { cycle, arrivals }: MissedArrivals): Promise<boolean> {
  try {
    await parts.temporal.workflow.getHandle(cycle).signal(ARRIVALS_SIGNAL, arrivals)
    return true
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
  const { product, key } = parseCycleId(cycle) as CycleParts
  const { current, timetable } = await parts.loadIndex()
  const version = current.get(product)
  if (!version || whyNotDue(timetable, version.definition, key) !== null) return false
  const { definition } = version
  const isAsked = arrivals.some((arrival) => onRevisionOf(definition, arrival.product) === 'rerun')
  const route = { isCurrent: true, dueAtMs: dueAtMs(timetable.calendars, definition, key) }
  const askedAtMs = parts.nowMs()
  if (!isAsked || !mayComeBack(route, OPENING_WINDOW, askedAtMs)) return false
  const past = await readPast(parts.db, cycle)
  if (!past) return false
  const opening = { key, openedBy: 'rerun' as const, settings: parts.settings }
  const input = { ...openCycle(timetable, version, opening), past: { ...past, command: null } }
  const isNews = arrivals.some((arrival) => comesBack(input, arrival, askedAtMs))
  if (!isNews || parts.nowMs() - askedAtMs > OLDEST_PAST_MS) return false
  await parts.temporal.workflow.signalWithStart(CYCLE_WORKFLOW, toComeBack(input, arrivals))
  return true
}
