// What a cycle waits for, down to the root, across domains. In: the mirror, a cycle, perhaps as its workflow has it, the time. Out: the
// tree with owners and usual arrivals, in one sentence too, and what would unblock it. Never: more than four statements.
import type { Postgres } from '../clients/postgres.ts'
import { readExpectations } from '../mirror/blocker-trees.ts'
import { listWaits } from '../mirror/blockers.ts'
import type { Cycle } from '../model/cycle/cycle.ts'
import { toAskedEdges } from '../model/explain/asked.ts'
import { type BlockerNode, toBlockerTree } from '../model/explain/blocker-tree.ts'
import { findRoots, type Roots } from '../model/explain/root-blocker.ts'
import type { ProductFacts, WaitingEdge } from '../model/explain/standing.ts'
import { toUnblocking, type Unblocking } from '../model/explain/unblock.ts'
import { type CycleParts, type ProductId, toCycleId } from '../model/ids.ts'

export interface Explained {
  top: BlockerNode
  roots: Roots
  facts: ReadonlyMap<ProductId, ProductFacts>
  unblock: Unblocking[]
}

export interface Asking {
  parts: CycleParts
  live?: Cycle | undefined
  /** As Temporal says it, which the mirror may not have yet. */
  runEndedAs?: string | null
  nowMs: number
  /** As of `nowMs`, by the history; else as it is. */
  isPast: boolean
}

/** Undefined of a cycle that nobody has opened. */
export async function explainBlockers(db: Postgres, asking: Asking): Promise<Explained | undefined> {
  const { live, nowMs, isPast } = asking
  const edges = await readEdges(db, asking)
  const [asked] = edges
  if (!asked?.state) return undefined
  const { facts, expect } = await readExpectations(db, edges, nowMs)
  const top = toBlockerTree({ edges: [withEnd(asked, asking), ...edges.slice(1)], expect, nowMs })
  if (!top) return undefined
  const roots = findRoots(top, nowMs)
  return { top, roots, facts, unblock: isPast ? [] : toUnblocking(top, roots, live && { cycle: live, nowMs }) }
}

const withEnd = (asked: WaitingEdge, { live, runEndedAs }: Asking): WaitingEdge =>
  live || !runEndedAs ? asked : { ...asked, runEndedAs }

async function readEdges(db: Postgres, { parts, live, nowMs, isPast }: Asking): Promise<WaitingEdge[]> {
  if (!live || isPast) return listWaits(db, [parts], isPast ? new Date(nowMs).toISOString() : null)
  const [top, ...missing] = toAskedEdges(live, nowMs)
  const cycle = toCycleId(parts.product, parts.key)
  const awaited = missing.flatMap(({ product, key }) => (product ? [{ product, key }] : []))
  const below = awaited.length === 0 ? [] : await listWaits(db, awaited, null)
  // The mirror does not know for whom, and at which place, these were asked.
  const placed = below.flatMap((edge): WaitingEdge[] => {
    if (edge.consumer === cycle) return []
    if (edge.consumer !== null) return [edge]
    const asked = missing.find(({ product, key }) => product === edge.product && key === edge.key)
    return asked ? [{ ...edge, ...pick(asked) }] : []
  })
  return [top, ...placed]
}

const pick = ({ consumer, position, saidReason, withdraws }: WaitingEdge) => ({
  ...{ consumer, position, saidReason, withdraws },
})
