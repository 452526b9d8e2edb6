// In: one flush of a cycle: its latest snapshot and what happened since the last. Out: the mirror and the ledger have it.
// Never: a row that goes backwards; a fact twice. Flushes may come late, twice and in any order: the end is the same.
import type { Postgres } from '../clients/postgres.ts'
import type { CycleRecord, Recorded } from '../model/cycle/record.ts'
import { insertActions } from './actions.ts'
import { upsertDeliveries, upsertRoutedEvents } from './delivery-rows.ts'
import { insertDependencyHistory, upsertDependencies } from './dependency-rows.ts'
import {
  completions,
  insertTransitions,
  markFirstCompleted,
  markOpened,
  markPublished,
  mergeAttempts,
  upsertHold,
  upsertStatus,
} from './status-rows.ts'

/** Says when the database has lost what an earlier flush of the run had written: only the run can tell it again. */
export async function recordCycle(db: Postgres, record: CycleRecord): Promise<Recorded> {
  return db.transaction(async (transaction) => {
    // First, because its row lock puts the flushes of one cycle in a line.
    const row = await upsertStatus(transaction, record)
    const { held } = record.snapshot
    if (!row?.isNewest) await markOpened(transaction, record)
    else if (held) await upsertHold(transaction, record.cycle, { domain: record.domain, held })
    if (record.snapshot.attempts.length > 0) await mergeAttempts(transaction, record)
    if (record.snapshot.publication) await markPublished(transaction, record)
    if (completions(record).length > 0) await markFirstCompleted(transaction, record)
    if (record.transitions.length > 0) await insertTransitions(transaction, record)
    if (record.snapshot.dependencies.length > 0) await upsertDependencies(transaction, record)
    if (record.runNumber === 1 || record.deliveries.length > 0) await insertDependencyHistory(transaction, record)
    if (record.deliveries.length > 0) {
      await upsertRoutedEvents(transaction, record)
      await upsertDeliveries(transaction, record)
    }
    if (record.actions.length > 0) await insertActions(transaction, record)
    return { lacksEarlier: row?.lacksEarlier === true }
  })
}
