// The tree of what a cycle waits for, as text and as data. In: what explain-blockers.ts found. Out: lines; JSON with stable names
// (docs/explain.md). Never: a name that this login may not know. Pure.
import { toUsual, usualWords } from '../model/calendar/expectation.ts'
import type { BlockerNode } from '../model/explain/blocker-tree.ts'
import { toClause, toName, toWaitSentence } from '../model/explain/blocker-words.ts'
import type { ProductFacts } from '../model/explain/standing.ts'
import type { Explained } from './explain-blockers.ts'

/** Of one cycle a person reads no more. */
const MOST_LINES = 60

/** Why it has not got on, in one sentence; null of one that is over. */
export function toSentence(explained: Explained, nowMs: number, isPast: boolean): string | null {
  const { top, roots } = explained
  const verb = isPast ? 'Then it' : 'It'
  if (top.kind === 'waiting' || (top.kind === 'held' && roots.decides)) {
    const held = top.kind === 'held' ? ` ${toClause(top, nowMs)}, and` : ''
    return `${verb}${held} ${toWaitSentence(roots, nowMs)}.`
  }
  const isOver = top.state === 'COMPLETED' || top.state === null
  // Its reason stands beside its state.
  return isOver ? null : `${verb} ${toClause({ ...top, reason: null }, nowMs)}.`
}

export function treeLines({ top, roots, facts }: Explained, nowMs: number): string[] {
  if (top.waitsFor.length === 0) return []
  const lines: string[] = ['the way down:']
  const tell = (node: BlockerNode, depth: number): void => {
    const mark = node === roots.decides ? '   <-- decides' : ''
    const any = node.isAlternative ? 'any of: ' : ''
    lines.push(`${'  '.repeat(depth)}${any}${toName(node)} ${clauseOf(node, nowMs)}${mark}`)
    if (!node.isRepeated) lines.push(`${'  '.repeat(depth)}  ${ownerWords(node, facts)}; ${historyOf(node, facts)}`)
    for (const below of node.waitsFor) tell(below, depth + 1)
  }
  for (const node of top.waitsFor) tell(node, 1)
  const left = lines.length - MOST_LINES
  return left > 0 ? [...lines.slice(0, MOST_LINES), `  … and ${left} more lines: -o json has them`] : lines
}

const clauseOf = (node: BlockerNode, nowMs: number): string =>
  node.isRepeated ? `${toClause(node, nowMs)}, as above` : toClause(node, nowMs)

export function ownerWords({ product, domain }: BlockerNode, facts: Explained['facts']): string {
  const { team, email, channel, isOwnerOfDomain } = (product && facts.get(product)) || {}
  if (!team) return `owner not known here (domain ${domain})`
  const of = isOwnerOfDomain ? `owner of domain ${domain}` : 'owner'
  return `${of} ${team} <${email}>${channel ? `, channel ${channel}` : ''}`
}

const historyOf = ({ product, key }: BlockerNode, facts: Explained['facts']): string =>
  product ? usualWords(facts.get(product), key) : 'no history that this login may see'

/** The commands, with whose rights where these are another domain's. */
export function unblockLines({ top, unblock }: Explained): string[] {
  if (unblock.length === 0) return []
  const commands = unblock.map(
    ({ command, domain }) => `  ${command}${domain === top.domain ? '' : `   (with the rights of domain ${domain})`}`,
  )
  return ['what would unblock it:', ...commands]
}

export const toTreeData = ({ top, roots, facts, unblock }: Explained) => ({
  decides: roots.decides?.cycle ?? null,
  way: roots.way.map(({ cycle }) => cycle),
  roots: roots.all.map(({ cycle, domain, kind }) => ({ cycle, domain, kind })),
  tree: toNodeData(top, facts),
  unblock,
})

interface NodeData {
  waitsFor: NodeData[]
  [field: string]: unknown
}

function toNodeData(node: BlockerNode, facts: Explained['facts']): NodeData {
  const { expectation, waitsFor, ...rest } = node
  const known = node.product ? facts.get(node.product) : undefined
  const { usualMs, dueMs, notScheduled } = expectation
  return {
    ...rest,
    ...{ dueAt: toIso(dueMs), usuallyAt: toIso(usualMs), notScheduled },
    owner: known?.team ? toOwner(known) : null,
    usual: toUsualData(known),
    waitsFor: waitsFor.map((one) => toNodeData(one, facts)),
  }
}

const toOwner = ({ team, email, channel, isOwnerOfDomain }: ProductFacts) => ({
  ...{ team, email, channel, isOwnerOfDomain },
})

function toUsualData(known: ProductFacts | undefined) {
  const usual = toUsual(known)
  return { cycles: known?.cycles ?? 0, seconds: usual?.seconds ?? null, timezone: known?.schedule?.timezone ?? null }
}

const toIso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())
