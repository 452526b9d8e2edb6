// In: the id of a closed cycle. Out: what a rerun of it must carry, because a new run remembers nothing.
// Never: guesses; when the mirror does not know the cycle, the rerun is refused by whoever asked.
import type { Postgres } from '../clients/postgres.ts'
import type { DependencyStatus } from '../model/cycle/cycle.ts'
import type { Past } from '../model/cycle/last-end.ts'
import { attemptToGoOnWith, unheardCascade } from '../model/cycle/rerun.ts'
import { isLeftToPerson } from '../model/cycle/revisions.ts'
import type { CycleId, CycleKey } from '../model/ids.ts'
import { type DependencyRow, listDependencies, readCycleRow } from './status.ts'

export async function readPast(db: Postgres, cycle: CycleId): Promise<Past | undefined> {
  const [row, dependencies] = await Promise.all([readCycleRow(db, cycle), listDependencies(db, cycle)])
  if (!row) return undefined
  const { runNumber, state, step, reason, lastAttempt, revision } = row
  const stateSinceMs = Date.parse(row.stateSince)
  const publishedAtMs = row.publishedAt === null ? null : Date.parse(row.publishedAt)
  const cascade = unheardCascade({ ...row, publishedAtMs })
  return {
    ...{ runNumber, state, step, reason, stateSinceMs, lastAttempt, revision },
    dependencies: dependencies.map(toDependency),
    attempt: attemptToGoOnWith({ ...row, stateSinceMs }),
    ...(isLeftToPerson(row.attempts.at(-1)) && { isLeftToPerson: true }),
    definitionVersion: row.definitionVersion,
    ...(cascade && { cascade }),
  }
}

export const toDependency = (row: DependencyRow): DependencyStatus => ({
  product: row.product,
  key: row.key as CycleKey,
  ...(row.why === null ? {} : { why: row.why }),
  state: row.state,
  arrival: toArrival(row),
  arrivedAtMs: row.arrivedAt === null ? null : Date.parse(row.arrivedAt),
  blocker: row.blocker,
  ...(row.waivedBy && { waivedBy: row.waivedBy }),
})

function toArrival(row: DependencyRow): DependencyStatus['arrival'] {
  const { eventId, product, key, revision, location, correlationId, occurredAt, builtFrom } = row
  if (eventId === null || revision === null || correlationId === null || occurredAt === null) return null
  const taken = { eventId, product, key: key as CycleKey, revision, location, correlationId, occurredAt }
  return { ...taken, ...(builtFrom && { builtFrom }) }
}
