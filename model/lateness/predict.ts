// When a cycle that is not there yet will be, by what its runs and those of its inputs usually take. In: the tree of what it waits
// for, the usual length of runs, the time. Out: the earliest instant. Pure.
// Never: a guess: a run of which there is no history takes no time, so the answer is too early rather than too late.
import type { BlockerNode } from '../explain/blocker-tree.ts'
import type { ProductId } from '../ids.ts'

export interface Usual {
  /** How long the runs of a product usually take; undefined: no history says so. */
  runMs(product: ProductId): number | undefined
  nowMs: number
}

/** Of a cycle that is over: now. What only a person can mend counts as mended now. */
export function predictEnd(node: BlockerNode, usual: Usual): number {
  const { nowMs } = usual
  const runMs = (node.product && usual.runMs(node.product)) ?? 0
  switch (node.kind) {
    case 'published':
      return nowMs
    case 'processing':
      return Math.max(nowMs, (node.since === null ? nowMs : Date.parse(node.since)) + runMs)
    case 'external':
    case 'hidden':
    case 'unknown':
      return Math.max(nowMs, node.expectation.usualMs ?? nowMs)
    case 'not-open':
      return Math.max(nowMs, node.expectation.usualMs ?? (node.expectation.dueMs ?? nowMs) + runMs)
    default:
      return Math.max(startOf(node, usual), toMs(node.notBefore) ?? nowMs, toMs(node.retryAt) ?? nowMs) + runMs
  }
}

/** Once all that it needs has come; of alternatives the first will do. */
function startOf({ waitsFor }: BlockerNode, usual: Usual): number {
  const ends = waitsFor
    .filter(({ kind }) => kind !== 'circle')
    .map((node) => ({ node, endMs: predictEnd(node, usual) }))
  const needed = ends.filter(({ node }) => !node.isAlternative).map(({ endMs }) => endMs)
  const others = ends.filter(({ node }) => node.isAlternative).map(({ endMs }) => endMs)
  return Math.max(usual.nowMs, ...needed, ...(others.length > 0 ? [Math.min(...others)] : []))
}

const toMs = (text: string | null): number | null => (text === null ? null : Date.parse(text))
