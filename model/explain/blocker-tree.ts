// A cycle and what it waits for, as a tree. In: edges between cycles that wait, in any order, perhaps in a circle. Out: a node for each
// edge, with what stands below it. Never: a cycle opened up twice (where it stands again it is named only); endless depth.
import type { Held, HeldAs } from '../cycle/cycle.ts'
import { type CycleId, type CycleKey, type Domain, type ProductId, toCycleId } from '../ids.ts'
import { type CycleState, isSettled, type Step } from '../states.ts'
import { missingIn, neededOf } from './needed.ts'
import type { WaitingEdge } from './standing.ts'

/** What a cycle is to whoever waits for it; `waiting`: it waits in turn, and no more is wrong with it. */
export type BlockerKind =
  | 'waiting'
  | 'failed'
  | 'run-ended'
  | 'held'
  | 'processing'
  | 'not-before'
  | 'starting'
  | 'not-open'
  | 'not-scheduled'
  | 'external'
  | 'no-cycle'
  | 'skipped'
  | 'cancelled'
  | 'published'
  | 'unpublished'
  | 'withdrawn'
  | 'hidden'
  | 'unknown'
  | 'circle'
  | 'not-followed'

/** What calendars and definitions say of an upstream cycle. */
export interface Expectation {
  what: 'product' | 'external' | 'unknown'
  /** When it usually arrives; null: no history says so. */
  usualMs: number | null
  /** When it falls due; null: not known. */
  dueMs: number | null
  /** Why it never falls due; null: it does, or that is not known. */
  notScheduled: string | null
  /** A person may open it now. */
  canOpen: boolean
}

export interface BlockerNode {
  /** `domain/product/key`; null: not for this login to know. */
  cycle: CycleId | null
  product: ProductId | null
  domain: Domain
  key: CycleKey
  kind: BlockerKind
  state: CycleState | null
  step: Step | null
  /** Instants are ISO texts. */
  since: string | null
  reason: string | null
  held: Held | null
  /** Also where by whom is not for this login to know. */
  isHeld: boolean
  heldAs: HeldAs | null
  lastAttempt: number
  withdraws: number | null
  notBefore: string | null
  retryAt: string | null
  runEndedAs: string | null
  revision: number
  flags: string[]
  expectation: Expectation
  /** It stands elsewhere in the tree, with all that is below it. */
  isRepeated: boolean
  /** Another of its neighbours would do instead. */
  isAlternative: boolean
  waitsFor: BlockerNode[]
}

export interface TreeOrder {
  /** The first is the cycle asked about. */
  edges: WaitingEdge[]
  expect(product: ProductId, key: CycleKey): Expectation
  nowMs: number
}

/** Chains of products are short; a cycle that waits for its own day before may have a long one. */
export const MOST_DEPTH = 40

export const NOTHING_KNOWN: Expectation = {
  ...{ what: 'unknown', usualMs: null, dueMs: null, notScheduled: null, canOpen: false },
}

/** Undefined without an edge. */
export function toBlockerTree(order: TreeOrder): BlockerNode | undefined {
  const [top, ...others] = order.edges
  const byConsumer = Map.groupBy(others, ({ consumer }) => consumer)
  const expanded = new Set<CycleId>()
  const path = new Set<CycleId>()
  const nodeOf = (edge: WaitingEdge, isAlternative: boolean): BlockerNode => {
    const node = { ...toLeaf(edge, order), isAlternative }
    const { cycle } = node
    if (cycle === null || (node.kind !== 'waiting' && node.kind !== 'held')) return node
    if (path.has(cycle)) return { ...node, kind: 'circle' }
    if (expanded.has(cycle)) return { ...node, isRepeated: true }
    if (path.size >= MOST_DEPTH) return { ...node, kind: 'not-followed' }
    expanded.add(cycle)
    path.add(cycle)
    const waitsFor = toInputs(edge, byConsumer.get(cycle) ?? [], order.nowMs).map(([one, isAnyOf]) =>
      nodeOf(one, isAnyOf),
    )
    path.delete(cycle)
    const isIdle = waitsFor.length === 0 && node.kind === 'waiting'
    return { ...node, waitsFor, ...(isIdle && { kind: toIdleKind(edge, order.nowMs) }) }
  }
  return top && nodeOf(top, false)
}

function toLeaf(edge: WaitingEdge, { expect }: TreeOrder): BlockerNode {
  const { product, key, domain, state, step, since, held, withdraws, notBefore, retryAt, runEndedAs, revision } = edge
  const { isHeld, heldAs, lastAttempt } = edge
  const expectation = product === null ? NOTHING_KNOWN : expect(product, key)
  return {
    cycle: product && toCycleId(product, key),
    ...{ product, domain, key, state, step, since, held, withdraws, notBefore, retryAt, runEndedAs, revision },
    ...{ isHeld, heldAs, lastAttempt },
    ...{ reason: edge.reason ?? edge.saidReason, flags: edge.flags, expectation },
    ...{ kind: toKind(edge, expectation), isRepeated: false, isAlternative: false, waitsFor: [] },
  }
}

function toKind(edge: WaitingEdge, { what, notScheduled }: Expectation): BlockerKind {
  const { product, state, step, withdraws, runEndedAs, isHeld, revision } = edge
  if (product === null) return 'hidden'
  if (edge.isBeyond) return 'not-followed'
  if (withdraws !== null && (state === null || state === 'COMPLETED')) return 'withdrawn'
  if (state === null) {
    if (what !== 'product') return what
    return notScheduled === null ? 'not-open' : 'not-scheduled'
  }
  if (!isSettled(state) && runEndedAs !== null) return 'run-ended'
  if (state === 'ERROR' && step !== 'wait') return 'failed'
  switch (state) {
    case 'SKIPPED':
      return 'skipped'
    case 'CANCELLED':
      return 'cancelled'
    case 'COMPLETED':
      return revision > 0 ? 'published' : 'unpublished'
    case 'PROCESSING':
      return 'processing'
    default:
      return isHeld ? 'held' : 'waiting'
  }
}

/** It waits, but for no cycle. */
function toIdleKind({ notBefore, waitingFor }: WaitingEdge, nowMs: number): BlockerKind {
  if (waitingFor.length > 0) return 'no-cycle'
  return notBefore !== null && Date.parse(notBefore) > nowMs ? 'not-before' : 'starting'
}

/** Those that would help, and whether another would do. Where the condition, or a place in it, is not known here, all are needed. */
function toInputs({ condition }: WaitingEdge, waiting: WaitingEdge[], nowMs: number): [WaitingEdge, boolean][] {
  const places = waiting.flatMap(({ position }) => position ?? [])
  if (condition === null || places.length < waiting.length) return waiting.map((edge) => [edge, false])
  const helps = missingIn(condition, places, nowMs)
  const needed = neededOf(condition, places)
  return waiting
    .filter(({ position }) => position !== null && helps.has(position))
    .map((edge) => [edge, edge.position !== null && !needed.has(edge.position)])
}
