// What a cycle finds when it opens: what was published of its inputs, what was skipped, and what nobody has ever opened.
// In: the cycles it waits for. Out: arrivals and notices. Never: "never opened" of a cycle that Temporal knows: its row may
// not be written yet.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { recall } from '../mirror/recall.ts'
import { toCycleId } from '../model/ids.ts'
import type { CycleActivities } from '../workflows/contract.ts'

/** Questions to Temporal at a time. */
const AT_ONCE = { concurrency: 10 }

export const createRecalling = (parts: {
  temporal: Client
  db: Postgres
}): Pick<CycleActivities, 'recallArrivals'> => ({
  async recallArrivals({ domain, expected }) {
    const { arrivals, skipped } = await recall(parts.db, domain, expected)
    const asked = await pMap(
      skipped,
      async (blocker) =>
        !blocker.isUnopened || !(await isThere(parts.temporal, toCycleId(blocker.product, blocker.key))),
      AT_ONCE,
    )
    return { arrivals, skipped: skipped.filter((_, at) => asked[at]) }
  },
})

async function isThere(temporal: Client, cycle: string): Promise<boolean> {
  try {
    await temporal.workflow.getHandle(cycle).describe()
    return true
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}
