// A correction that never reached the cycle that ran on what it corrects: lost by the bus, or while nobody kept the event.
// In: what the mirror knows of it. Out: the open run is told; a closed cycle is brought back, as the bridge would have done.
// Never: by an answer older than a run takes ; a cycle whose definition does not ask for it.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Postgres } from '../clients/postgres.ts'
import { readPast } from '../mirror/past.ts'
import type { MissedArrivals } from '../mirror/recall.ts'
import { isPastStale, mayComeBack, reopenFor } from '../model/calendar/come-back.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import { OPENING_WINDOW, type RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { type CycleParts, parseCycleId } from '../model/ids.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toComeBack } from '../workflows/contract.ts'

export interface CorrectingParts {
  temporal: Client
  db: Postgres
  settings: CycleSettings
  loadIndex(): Promise<RoutingIndex>
  nowMs(): number
}

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
  const route = {
    version,
    key,
    timetable,
    isCurrent: true,
    dueAtMs: dueAtMs(timetable.calendars, version.definition, key),
  }
  const askedAtMs = parts.nowMs()
  if (!mayComeBack(route, arrivals, OPENING_WINDOW, askedAtMs)) return false
  const past = await readPast(parts.db, cycle)
  const input = past && reopenFor(route, past, arrivals, { settings: parts.settings, nowMs: askedAtMs })
  if (!input || isPastStale(askedAtMs, parts.nowMs())) return false
  await parts.temporal.workflow.signalWithStart(CYCLE_WORKFLOW, toComeBack(input, arrivals))
  return true
}
