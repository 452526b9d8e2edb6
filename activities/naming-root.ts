// Of a cycle that waited in vain, who is to blame, across domains: the notice to its owner says it. In: a failure notice.
// Out: the same, with the root. Never: a notice that does not go out because the mirror is away.
import type { Postgres } from '../clients/postgres.ts'
import { readBlockerTrees } from '../mirror/blocker-trees.ts'
import { type CycleParts, parseCycleId } from '../model/ids.ts'
import { toRoot } from '../model/lateness/notices.ts'
import type { FailureNotice } from '../workflows/contract.ts'

interface RootParts {
  db: Postgres
  nowMs(): number
  warn(message: string, facts: Record<string, unknown>): void
}

/** Only of ERROR(wait): the others are their own root. */
export async function withRoot(parts: RootParts, notice: FailureNotice): Promise<FailureNotice> {
  if (notice.step !== 'wait') return notice
  const nowMs = parts.nowMs()
  try {
    const { trees } = await readBlockerTrees(parts.db, [parseCycleId(notice.cycle) as CycleParts], nowMs)
    const tree = trees.get(notice.cycle)
    return tree ? { ...notice, root: toRoot(tree, nowMs) } : notice
  } catch (error) {
    parts.warn('The mirror could not say what keeps a cycle', { cycle: notice.cycle, error: String(error) })
    return notice
  }
}
