// A correction that never reached the cycle that ran on what it corrects: lost by the bus, or while nobody kept the event.
// In: what the mirror knows of it. Out: the open run is told; a closed cycle is brought back, as the bridge would have done.
// Never: by an answer older than a run takes, or than the cycle's last run; a cycle whose definition does not ask for it.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { compareWithLastEnd, readLastEnd } from '../clients/last-result.ts'
import type { Postgres } from '../clients/postgres.ts'
import { judgePast } from '../mirror/judge-past.ts'
import { recordUntaken, type UntakenEvent } from '../mirror/ledger.ts'
import { readPast } from '../mirror/past.ts'
import type { MissedArrivals } from '../mirror/missed.ts'
import { isPastStale, mayComeBack, reopenFor } from '../model/calendar/come-back.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import { OPENING_WINDOW, type Route, type RoutingIndex } from '../model/calendar/routing.ts'
import { judgeByPast } from '../model/calendar/untaken.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { laterEnd } from '../model/cycle/last-end.ts'
import type { ProductDefinition } from '../model/definition.ts'
import { type CycleParts, domainOf, parseCycleId } from '../model/ids.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toComeBack } from '../workflows/contract.ts'

export interface CorrectingParts {
  temporal: Client
  db: Postgres
  settings: CycleSettings
  loadIndex(): Promise<RoutingIndex>
  nowMs(): number
}

/**
 * Whether it was told or brought back. Where no run follows, what the correction meant is written down as the bridge would
 * have: then no tick asks again.
 */
export async function correct(parts: CorrectingParts, missed: MissedArrivals): Promise<boolean> {
  if (await tell(parts.temporal, missed)) return true
  const { product, key } = parseCycleId(missed.cycle) as CycleParts
  const { current, timetable } = await parts.loadIndex()
  const version = current.get(product)
  // Nobody is left to ask what the definition says.
  if (!version) return false
  const said = await bringBack(parts, { version, key, timetable }, missed)
  if (said === 'nothing') await writeDown(parts.db, version.definition, missed)
  return said === 'back'
}

/** False: no run of it is open. */
async function tell(temporal: Client, { cycle, arrivals }: MissedArrivals): Promise<boolean> {
  try {
    await temporal.workflow.getHandle(cycle).signal(ARRIVALS_SIGNAL, arrivals)
    return true
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

/** `overtaken`: it may have run since it was read how it stood; the next tick asks again. */
async function bringBack(
  { temporal, db, settings, nowMs }: CorrectingParts,
  of: Pick<Route, 'version' | 'key' | 'timetable'>,
  missed: MissedArrivals,
): Promise<'back' | 'nothing' | 'overtaken'> {
  const { cycle, arrivals } = missed
  const { version, key, timetable } = of
  const askedAtMs = nowMs()
  if (whyNotDue(timetable, version.definition, key) !== null) return 'nothing'
  const route = { ...of, isCurrent: true, dueAtMs: dueAtMs(timetable.calendars, version.definition, key) }
  if (!mayComeBack(route, arrivals, OPENING_WINDOW, askedAtMs)) return 'nothing'
  const end = await readLastEnd(temporal, cycle)
  const past = laterEnd(end.result, await readPast(db, cycle))
  const input = past && reopenFor(route, past, arrivals, { settings, nowMs: askedAtMs })
  if (!input) return 'nothing'
  const now = await compareWithLastEnd(temporal, cycle, end)
  if (now === 'other' || isPastStale(askedAtMs, nowMs())) return 'overtaken'
  if (now === 'open') return (await tell(temporal, missed)) ? 'back' : 'overtaken'
  await temporal.workflow.signalWithStart(CYCLE_WORKFLOW, toComeBack(input, arrivals))
  return 'back'
}

async function writeDown(
  db: Postgres,
  definition: ProductDefinition,
  { cycle, arrivals }: MissedArrivals,
): Promise<void> {
  const domain = domainOf(definition.product)
  const events = await Promise.all(
    arrivals.map(async (arrival): Promise<UntakenEvent> => {
      const past = await judgePast(db, { domain, cycle, ...arrival })
      const judged = judgeByPast('closed', past, { definition, arrival })
      const deliveries = judged ? [{ cycle, upstream: arrival.product, ...judged }] : []
      const unsent = { messageId: null, body: null, source: null, account: null }
      return { ...arrival, ...unsent, outcome: 'routed', reason: null, deliveries }
    }),
  )
  await recordUntaken(db, domain, events)
}
