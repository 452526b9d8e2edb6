// What a person can do so that a cycle starts. In: the cycle, the ends of what it waits for. Out: commands to copy, each with what it
// is for. Never: one that would be refused as the cycle stands, as far as is known here: of the cycle asked about its own judge says it.
import { refuseCommand } from '../cycle/commands.ts'
import type { Command, Cycle, OperatorCommand } from '../cycle/cycle.ts'
import type { CycleId, ProductId } from '../ids.ts'
import { isSettled } from '../states.ts'
import type { BlockerNode } from './blocker-tree.ts'
import type { Roots } from './root-blocker.ts'

export interface Unblocking {
  command: string
  /** Whose rights it takes. */
  domain: string
}

/** The cycle asked about, as its workflow has it. */
export interface Living {
  cycle: Cycle
  nowMs: number
}

interface Advice {
  command: string
  /** What the cycle itself would be asked; null: it judges no such thing. */
  asks: Command | null
}

const REASON = '--reason "…"'
/** Whoever copies the command says these: who asks refuses nothing, as long as somebody does. */
const BY: OperatorCommand = { actor: 'explain', reason: 'explain', requestId: '' }

export function toUnblocking(top: BlockerNode, roots: Roots, live?: Living): Unblocking[] {
  const isTaken = isTakenBy(live)
  return [
    ...roots.all.flatMap((node) => withRights(node, ofNode(node))),
    ...withRights(top, ofNode(top).filter(isTaken)),
    ...ofLast(roots),
    ...withRights(top, ofAsked(top).filter(isTaken)),
  ]
}

/** What makes a cycle anew whose data no longer counts; undefined while it is being made, or cannot be. */
export function toRemaking(top: BlockerNode, live?: Living): Unblocking | undefined {
  const { cycle, kind, state, lastAttempt } = top
  const isOver = state === 'COMPLETED' || (state === 'CANCELLED' && lastAttempt > 0)
  const isStuck = kind === 'failed' || kind === 'run-ended' || kind === 'held'
  if (cycle === null || !(isOver || isStuck)) return undefined
  return withRights(top, [again(top, cycle)].filter(isTakenBy(live)))[0]
}

/** While it has a workflow that answers, that judges. */
const isTakenBy =
  (live: Living | undefined) =>
  ({ asks }: Advice): boolean =>
    !live || !asks || refuseCommand(live.cycle, asks, 'open', live.nowMs) === null

const withRights = ({ domain }: BlockerNode, advice: Advice[]): Unblocking[] =>
  advice.map(({ command }) => ({ command, domain }))

function ofNode(node: BlockerNode): Advice[] {
  const { kind, cycle, product, state, lastAttempt, revision, expectation } = node
  if (cycle === null || product === null) return []
  switch (kind) {
    case 'failed':
    case 'run-ended':
      return [again(node, cycle)]
    case 'cancelled':
      // Before its inputs came there is nothing to run on; what has published is not skipped any more.
      return [...(lastAttempt > 0 ? [again(node, cycle)] : []), ...(revision > 0 ? [] : [skipped(cycle)])]
    case 'held':
      return [released(node, cycle)]
    case 'not-open':
      return opened(node, cycle)
    case 'external':
      return [sent(cycle)]
    case 'withdrawn':
      if (expectation.what === 'external') return [sent(cycle)]
      return state === null ? opened(node, cycle) : [again(node, cycle)]
    default:
      return []
  }
}

const opened = ({ expectation }: BlockerNode, cycle: CycleId): Advice[] =>
  expectation.canOpen ? [{ command: `sluice open ${cycle}`, asks: null }] : []

const skipped = (cycle: CycleId): Advice => ({
  command: `sluice skip ${cycle} ${REASON}`,
  asks: { action: 'skip', ...BY },
})

const sent = (cycle: CycleId): Advice => ({ command: `sluice events send ${cycle}`, asks: null })

/** While it is held a rerun is refused. Without a run nothing holds it but its product: the next run is not held by itself. */
function again(node: BlockerNode, cycle: CycleId): Advice {
  const { state, isHeld, heldAs, runEndedAs } = node
  const hasNoRun = runEndedAs !== null || (state !== null && isSettled(state))
  if (isHeld && !(hasNoRun && heldAs === 'cycle')) return released(node, cycle)
  return { command: `sluice rerun ${cycle} ${REASON}`, asks: { action: 'rerun', ...BY } }
}

function released({ product, heldAs }: BlockerNode, cycle: CycleId): Advice {
  const of = heldAs ?? 'cycle'
  return {
    command: `sluice release ${of === 'product' ? product : cycle} ${REASON}`,
    asks: { action: 'release', ...BY, of },
  }
}

/** Whoever waits for the root itself may do without it: then the way below goes on. */
function ofLast({ way, decides }: Roots): Unblocking[] {
  const last = way.at(-1)
  return last?.cycle && decides?.product ? withRights(last, [waived(last.cycle, decides.product)]) : []
}

const waived = (cycle: CycleId, product: ProductId): Advice => ({
  command: `sluice waive ${cycle} --dependency ${product} ${REASON}`,
  asks: { action: 'waive', ...BY, products: [product] },
})

/** What its own domain can decide: to do without what is missing, or without the cycle. */
function ofAsked({ cycle, kind, state, step, revision, waitsFor }: BlockerNode): Advice[] {
  const isOpen = (state === 'WAITING' || state === 'ERROR') && kind !== 'run-ended'
  if (!isOpen || cycle === null) return []
  const isUnbegun = state === 'WAITING' || step === 'wait'
  const products = new Set(isUnbegun ? waitsFor.flatMap(({ product }): ProductId[] => (product ? [product] : [])) : [])
  const waivers = [...products].map((product) => waived(cycle, product))
  // Of what is published it can only be taken back.
  if (revision > 0) return waivers
  return [...waivers, skipped(cycle)]
}
