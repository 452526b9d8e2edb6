// Gives waiting cycles what passed them by: an event that came while the bridge's index was old, or that the mirror did
// not hold yet when the cycle recalled what there was.
// In: the domain. Out: how many cycles were told. Never: judges an arrival (the cycle knows which events it has).
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { listMissedArrivals, listMissedSkips, type MissedArrivals, type MissedSkips } from '../mirror/recall.ts'
import type { Domain } from '../model/ids.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, type SchedulerActivities } from '../workflows/contract.ts'

export interface RepairingParts {
  temporal: Client
  db: Postgres
  warn(message: string, facts: Record<string, unknown>): void
}

/** Signals at a time: a repair must not crowd out arrivals. */
const AT_ONCE = { concurrency: 10 }

export const createRepairing = (parts: RepairingParts): Pick<SchedulerActivities, 'repairArrivals'> => ({
  /** May run twice: a cycle takes each event once. Null = PostgreSQL was away; the next tick looks again. */
  async repairArrivals({ domain }) {
    const missed = await listWhenThere(parts, domain)
    if (missed === null) return { repaired: null }
    const told = await pMap(missed, (one) => tell(parts, one), AT_ONCE)
    return { repaired: told.filter(Boolean).length }
  },
})

type Missed = MissedArrivals | MissedSkips

async function listWhenThere({ db, warn }: RepairingParts, domain: Domain): Promise<Missed[] | null> {
  try {
    return [...(await listMissedArrivals(db, domain)), ...(await listMissedSkips(db, domain))]
  } catch (error) {
    if (!isOutage(error)) throw error
    warn('PostgreSQL does not answer, so no arrival was repaired in this tick', { domain, error: String(error) })
    return null
  }
}

/** False when it could not be told; one cycle in trouble does not keep the others waiting. */
async function tell({ temporal, warn }: RepairingParts, missed: Missed): Promise<boolean> {
  const { cycle } = missed
  try {
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
