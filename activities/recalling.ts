// What a cycle finds when it opens: what was published of its inputs, what was skipped, and what nobody has ever opened.
// In: the cycles it waits for. Out: arrivals and notices. Never: "never opened" of a cycle of the own domain that
// Temporal knows: its row may not be written yet.
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { recall } from '../mirror/recall.ts'
import { domainOf, toCycleId } from '../model/ids.ts'
import type { CycleActivities } from '../workflows/contract.ts'
import { describeRun } from './describe-run.ts'

/** Questions to Temporal at a time. */
const AT_ONCE = { concurrency: 10 }

export const createRecalling = (parts: {
  temporal: Client
  db: Postgres
}): Pick<CycleActivities, 'recallArrivals'> => ({
  async recallArrivals({ domain, expected }) {
    const { arrivals, skipped } = await recall(parts.db, domain, expected)
    const isKept = await pMap(
      skipped,
      async ({ isUnopened, product, key }) =>
        // Another domain's cycles may be in a namespace of their own.
        !isUnopened || domainOf(product) !== domain || !(await describeRun(parts.temporal, toCycleId(product, key))),
      AT_ONCE,
    )
    return { arrivals, skipped: skipped.filter((_, at) => isKept[at]) }
  },
})
