// Which of all that a cycle waits for decides when it starts. In: the tree of what it waits for. Out: the one at the end of the longest
// way, the way there, and the other ends. Never: one that another could stand in for, as long as one is needed.
import type { CycleId } from '../ids.ts'
import type { BlockerKind, BlockerNode } from './blocker-tree.ts'

export interface Roots {
  /** Null: the cycle asked about waits for no other. */
  decides: BlockerNode | null
  /** From the cycle asked about to it, both left out. */
  way: BlockerNode[]
  /** All ends of the tree, each once, the one that decides first. */
  all: BlockerNode[]
}

interface Known {
  ends: Map<CycleId, End>
  nowMs: number
}

interface End {
  node: BlockerNode
  way: BlockerNode[]
  /** 2: never by itself; 1: nobody can say; 0: at about `atMs`. */
  weight: 0 | 1 | 2
  atMs: number
}

/** `nowMs`: what is overdue by then comes by nobody's doing. */
export function findRoots(top: BlockerNode, nowMs: number): Roots {
  const known: Known = { ends: new Map(), nowMs }
  const decides = toWorst(endsBelow(top, known))
  const all = new Map<string, BlockerNode>()
  for (const node of [...(decides ? [decides.node] : []), ...leavesBelow(top)])
    all.set(node.cycle ?? `${node.domain}/?/${node.key}`, node)
  return { decides: decides?.node ?? null, way: decides?.way ?? [], all: [...all.values()] }
}

/** Those of its inputs that decide: all needed ones, or, where any would do, the first to come. */
function endsBelow({ waitsFor }: BlockerNode, known: Known): End[] {
  const ends = waitsFor.map((node) => ({ end: endOf(node, known), isAlternative: node.isAlternative }))
  const needed = ends.filter(({ isAlternative }) => !isAlternative)
  if (needed.length > 0) return needed.map(({ end }) => end)
  const soonest = ends.map(({ end }) => end).toSorted((one, other) => compare(one, other))[0]
  return soonest ? [soonest] : []
}

function endOf(node: BlockerNode, known: Known): End {
  const before = node.isRepeated && node.cycle ? known.ends.get(node.cycle) : undefined
  const itself: End = { node, way: [], ...weigh(node, known.nowMs) }
  const below = before ? [before] : endsBelow(node, known)
  const further = toWorst(node.kind === 'held' ? [itself, ...below] : below)
  const end = before ?? (further && further !== itself ? { ...further, way: [node, ...further.way] } : itself)
  if (node.cycle && !known.ends.has(node.cycle)) known.ends.set(node.cycle, end)
  return end
}

/** Of equals the first that stands deepest. */
const toWorst = (ends: End[]): End | undefined =>
  ends.reduce<End | undefined>((worst, end) => (!worst || compare(end, worst) > 0 ? end : worst), undefined)

const compare = (one: End, other: End): number =>
  one.weight - other.weight || one.atMs - other.atMs || one.way.length - other.way.length

const FOR_EVER: ReadonlySet<BlockerKind> = new Set<BlockerKind>([
  ...(['failed', 'run-ended', 'held', 'not-scheduled', 'no-cycle', 'skipped', 'cancelled', 'withdrawn'] as const),
  ...(['unknown', 'unpublished', 'circle'] as const),
])

/** By then a scheduler that ticks has opened what was due. */
const OVERDUE_MS = 3_600_000

function weigh({ kind, expectation, notBefore }: BlockerNode, nowMs: number): Pick<End, 'weight' | 'atMs'> {
  const isOverdue = kind === 'not-open' && expectation.dueMs !== null && expectation.dueMs + OVERDUE_MS < nowMs
  if (FOR_EVER.has(kind) || isOverdue) return { weight: 2, atMs: 0 }
  const times = [expectation.usualMs, expectation.dueMs, kind === 'not-before' ? toMs(notBefore) : null]
  const atMs = Math.max(...times.flatMap((one) => one ?? []))
  return Number.isFinite(atMs) ? { weight: 0, atMs } : { weight: 1, atMs: 0 }
}

const toMs = (text: string | null): number | null => (text === null ? null : Date.parse(text))

/** What stands elsewhere ends there. */
const leavesBelow = ({ waitsFor }: BlockerNode): BlockerNode[] =>
  waitsFor
    .filter(({ isRepeated }) => !isRepeated)
    .flatMap((node) => {
      const isEnd = node.kind === 'held' || node.waitsFor.length === 0
      return [...(isEnd ? [node] : []), ...leavesBelow(node)]
    })
