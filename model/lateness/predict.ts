// When a cycle that is not there yet will be, by what its runs and those of its inputs usually take. In: the tree of what it waits
// for, the usual length of runs, the time. Out: the earliest instant. Pure.
// Never: a guess: a run of which there is no history takes no time, so the answer is too early rather than too late.
import type { BlockerNode } from '../explain/blocker-tree.ts'
import type { CycleId, ProductId } from '../ids.ts'

export interface Usual {
  /** How long the runs of a product usually take; undefined: no history says so. */
  runMs(product: ProductId): number | undefined
  nowMs: number
}

/** When each cycle that several wait for ends: it is opened up once, by whoever comes first. */
type Ends = Map<CycleId, number>

/** Of a cycle that is over: now. What only a person can mend counts as mended now. */
export const predictEnd = (node: BlockerNode, usual: Usual): number => endOf(node, usual, new Map())

function endOf(node: BlockerNode, usual: Usual, ends: Ends): number {
  const before = node.isRepeated && node.cycle ? ends.get(node.cycle) : undefined
  const endMs = before ?? computeEnd(node, usual, ends)
  if (node.cycle) ends.set(node.cycle, endMs)
  return endMs
}

function computeEnd(node: BlockerNode, usual: Usual, ends: Ends): number {
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
    case 'not-followed':
      // How it stands is not known, or what it waits for is not.
      return node.state === null ? Math.max(nowMs, node.expectation.usualMs ?? nowMs) : nowMs + runMs
    default:
      return Math.max(startOf(node, usual, ends), toMs(node.notBefore) ?? nowMs, toMs(node.retryAt) ?? nowMs) + runMs
  }
}

/** Once all that it needs has come; of alternatives the first will do. */
function startOf({ waitsFor }: BlockerNode, usual: Usual, known: Ends): number {
  const ends = waitsFor
    .filter(({ kind }) => kind !== 'circle')
    .map((node) => ({ node, endMs: endOf(node, usual, known) }))
  const needed = ends.filter(({ node }) => !node.isAlternative).map(({ endMs }) => endMs)
  const others = ends.filter(({ node }) => node.isAlternative).map(({ endMs }) => endMs)
  return Math.max(usual.nowMs, ...needed, ...(others.length > 0 ? [Math.min(...others)] : []))
}

const toMs = (text: string | null): number | null => (text === null ? null : Date.parse(text))
