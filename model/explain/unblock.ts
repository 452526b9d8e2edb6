// What a person can do so that a cycle starts. In: the cycle, the ends of what it waits for. Out: commands to copy, each with what it
// is for. Never: one that would be refused as the cycle stands.
import type { CycleId, ProductId } from '../ids.ts'
import type { BlockerNode } from './blocker-tree.ts'
import type { Roots } from './root-blocker.ts'

export interface Unblocking {
  command: string
  /** Whose rights it takes. */
  domain: string
}

const REASON = '--reason "…"'

export function toUnblocking(top: BlockerNode, roots: Roots): Unblocking[] {
  const found = [...roots.all, top].flatMap((node) => ofNode(node).map((command) => ({ command, domain: node.domain })))
  const own = top.cycle ? ofAsked(top.cycle, top) : []
  return [...found, ...own.map((command) => ({ command, domain: top.domain }))]
}

function ofNode({ kind, cycle, product, held, expectation }: BlockerNode): string[] {
  if (cycle === null || product === null) return []
  switch (kind) {
    case 'failed':
    case 'run-ended':
    case 'cancelled':
      return [`sluice rerun ${cycle} ${REASON}`]
    case 'held':
      return [`sluice release ${held?.of === 'product' ? product : cycle} ${REASON}`]
    case 'not-open':
      return expectation.canOpen ? [`sluice open ${cycle}`] : []
    case 'external':
      return [`sluice events send ${cycle}`]
    case 'withdrawn':
      return expectation.what === 'external' ? [`sluice events send ${cycle}`] : [`sluice rerun ${cycle} ${REASON}`]
    default:
      return []
  }
}

/** What its own domain can decide: to do without what is missing, or without the cycle. */
function ofAsked(cycle: CycleId, { kind, state, step, waitsFor }: BlockerNode): string[] {
  const isSkippable = (state === 'WAITING' || state === 'ERROR') && kind !== 'run-ended'
  if (!isSkippable) return []
  const isUnbegun = state === 'WAITING' || step === 'wait'
  const products = new Set(isUnbegun ? waitsFor.flatMap(({ product }): ProductId[] => (product ? [product] : [])) : [])
  const waivers = [...products].map((product) => `sluice waive ${cycle} --dependency ${product} ${REASON}`)
  return [...waivers, `sluice skip ${cycle} ${REASON}`]
}
