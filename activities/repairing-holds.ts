// Holds that passed a cycle by: it was opened by who had an older catalog than the hold, or the release, of its product.
// In: the domain. Out: how many cycles were told. Never: a hold of a cycle by itself ended; a word that is not the catalog's.
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { type HeldOtherwise, listHeldOtherwise } from '../mirror/holds.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import { toHeldWords } from '../model/cycle/commands.ts'
import type { Held, HoldCommand } from '../model/cycle/cycle.ts'
import { toHoldRepairId, toShort } from '../model/cycle/asker.ts'
import { SLUICE } from '../model/cycle/revisions.ts'
import type { Domain, ProductId } from '../model/ids.ts'
import { HOLD, RELEASE, type SchedulerActivities } from '../workflows/contract.ts'

export interface HoldParts {
  temporal: Client
  db: Postgres
  loadIndex(): Promise<RoutingIndex>
  warn(message: string, facts: Record<string, unknown>): void
}

const AT_ONCE = { concurrency: 10 }
const ANSWER_MS = 10_000

export const createHoldRepairing = (parts: HoldParts): Pick<SchedulerActivities, 'repairHolds'> => ({
  /** May run twice: a cycle takes each request once. Null = PostgreSQL was away; the next tick looks again. */
  async repairHolds({ domain }) {
    const holds = (await parts.loadIndex()).catalog.holds ?? {}
    const wrong = await listWhenThere(parts, domain, Object.keys(holds) as ProductId[])
    if (wrong === null) return { repaired: null }
    // What was held or released while the rows were read is not undone.
    const now = wrong.length === 0 ? holds : ((await parts.loadIndex()).catalog.holds ?? {})
    const still = wrong.filter((one) => Boolean(now[one.product]) === Boolean(holds[one.product]))
    const told = await pMap(still, (one) => tell(parts, one, now[one.product]), AT_ONCE)
    return { repaired: told.filter(Boolean).length }
  },
})

async function listWhenThere(
  { db, warn }: HoldParts,
  domain: Domain,
  held: ProductId[],
): Promise<HeldOtherwise[] | null> {
  try {
    return await listHeldOtherwise(db, domain, held)
  } catch (error) {
    if (!isOutage(error)) throw error
    warn('PostgreSQL does not answer, so no hold was compared in this tick', { domain, error: String(error) })
    return null
  }
}

/** False when it could not be told, or knew better. */
async function tell({ temporal, warn }: HoldParts, one: HeldOtherwise, hold: Held | undefined): Promise<boolean> {
  const { cycle, product, runNumber, version } = one
  const why = hold
    ? `${product} is held ${toHeldWords({ ...hold, actor: toShort(hold.actor) })}`
    : `${product} is not held any more`
  const requestId = toHoldRepairId({ cycle, runNumber, version })
  const command: HoldCommand = { actor: SLUICE, reason: why, requestId, of: 'product' }
  try {
    await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
      temporal.workflow.getHandle(cycle).executeUpdate(hold ? HOLD : RELEASE, { args: [command], updateId: requestId }),
    )
    return true
  } catch (error) {
    // It has closed since its last flush, or is as it should be by now.
    const isFine = error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError
    if (!isFine) warn('A cycle could not be told of the hold of its product', { cycle, error: String(error) })
    return false
  }
}
