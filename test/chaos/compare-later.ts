// What a tick of the scheduler compares, an hour from now: rows and runs of the last minutes are else left alone.
// In: a stage, a domain. Out: what it found and wrote anew, as the domain's role. Never: anything else of a tick.
import { createReconciling } from '../../activities/reconciling.ts'
import { openPostgres } from '../../clients/postgres.ts'
import type { Domain } from '../../model/ids.ts'
import type { RowsReconciled } from '../../workflows/contract.ts'
import type { ChaosDomain } from './mesh.ts'
import type { Stage } from './stage.ts'

const HOUR_MS = 3_600_000

export async function compareLater(
  { temporal, environmentOf }: Stage,
  domain: ChaosDomain,
): Promise<RowsReconciled | null> {
  const db = openPostgres(environmentOf(domain)['DATABASE_URL'] ?? '')
  const parts = { temporal, db, nowMs: () => Date.now() + HOUR_MS, warn: () => undefined }
  try {
    return await createReconciling(parts).reconcileRows({ domain: domain as string as Domain, after: null })
  } finally {
    await db.end()
  }
}
