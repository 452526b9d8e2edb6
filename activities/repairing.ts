// Gives cycles what passed them by: an event that came while the bridge's index was old, that the mirror did not hold yet
// when the cycle recalled what there was, or that the bus lost.
// In: the domain. Out: how many cycles were told. Never: judges an arrival (the cycle knows which events it has).
import { WorkflowNotFoundError } from '@temporalio/client'
import pMap from 'p-map'
import { isOutage } from '../clients/postgres-errors.ts'
import {
  listMissedArrivals,
  listMissedCorrections,
  listMissedSkips,
  type MissedArrivals,
  type MissedSkips,
} from '../mirror/missed.ts'
import { OPENING_WINDOW, type RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, type SchedulerActivities } from '../workflows/contract.ts'
import { type CorrectingParts, correct } from './repairing-corrections.ts'

export interface RepairingParts extends CorrectingParts {
  warn(message: string, facts: Record<string, unknown>): void
}

/** Signals at a time: a repair must not crowd out arrivals. */
const AT_ONCE = { concurrency: 10 }

export const createRepairing = (parts: RepairingParts): Pick<SchedulerActivities, 'repairArrivals'> => ({
  /** May run twice: a cycle takes each event once. Null = PostgreSQL was away; the next tick looks again. */
  async repairArrivals({ domain }) {
    const missed = await listWhenThere(parts, domain)
    if (missed === null) return { repaired: null }
    let index: Promise<RoutingIndex> | undefined
    const loadIndex = (): Promise<RoutingIndex> => (index ??= parts.loadIndex())
    const told = await pMap(missed, (one) => tell({ ...parts, loadIndex }, one), AT_ONCE)
    return { repaired: told.filter(Boolean).length }
  },
})

/** A cycle is written for the first time within the horizon before it is due. */
const MAY_COME_BACK_MS = OPENING_WINDOW.acceptForMs + OPENING_WINDOW.horizonMs

type Missed = MissedArrivals | MissedSkips | MissedCorrections

interface MissedCorrections {
  cycle: CycleId
  corrections: Arrival[]
}

async function listWhenThere({ db, warn, nowMs }: RepairingParts, domain: Domain): Promise<Missed[] | null> {
  try {
    const corrections = await listMissedCorrections(db, domain, nowMs() - MAY_COME_BACK_MS)
    return [
      ...(await listMissedArrivals(db, domain)),
      ...(await listMissedSkips(db, domain)),
      ...corrections.map(({ cycle, arrivals }) => ({ cycle, corrections: arrivals })),
    ]
  } catch (error) {
    if (!isOutage(error)) throw error
    warn('PostgreSQL does not answer, so no arrival was repaired in this tick', { domain, error: String(error) })
    return null
  }
}

/** False when it could not be told; one cycle in trouble does not keep the others waiting. */
async function tell(parts: RepairingParts, missed: Missed): Promise<boolean> {
  const { temporal, warn } = parts
  const { cycle } = missed
  try {
    if ('corrections' in missed) return await correct(parts, { cycle, arrivals: missed.corrections })
    const handle = temporal.workflow.getHandle(cycle)
    if ('arrivals' in missed) await handle.signal(ARRIVALS_SIGNAL, missed.arrivals)
    else await handle.signal(BLOCKERS_SIGNAL, missed.blockers)
    return true
  } catch (error) {
    // Terminated or closed since its last flush: nothing waits there.
    if (!(error instanceof WorkflowNotFoundError)) {
      warn('A cycle could not be told what it missed', { cycle, error: String(error) })
    }
    return false
  }
}
