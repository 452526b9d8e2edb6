// What keeps a cycle, in words. In: a node of the tree of what another cycle waits for. Out: text. Pure.
// Never: a guess: what is not known here is said to be so.
import type { BlockerNode } from './blocker-tree.ts'
import type { Roots } from './root-blocker.ts'

/** `which …`: completes a sentence about the node. */
export function toClause(node: BlockerNode, nowMs: number): string {
  const { kind, since, step, reason, held, withdraws, notBefore, revision, expectation } = node
  const from = since === null ? '' : ` since ${since}`
  const why = reason === null || reason === '' ? '' : `: ${toLine(reason)}`
  switch (kind) {
    case 'waiting':
      return `waits${from}`
    case 'failed':
      return `is in ERROR (${step})${from}${why}`
    case 'run-ended':
      return `stands still${from}: no run is behind it any more (${node.runEndedAs})`
    case 'held':
      return held
        ? `is held by ${held.actor} since ${new Date(held.sinceMs).toISOString()}: ${toLine(held.reason)}`
        : 'is held'
    case 'processing':
      return `is being made${from}${node.retryAt ? `, next attempt at ${node.retryAt}` : ''}${why}`
    case 'not-before':
      return `starts not before ${notBefore}`
    case 'starting':
      return 'has all it needs and is about to start'
    case 'not-open':
      return toNotOpen(expectation.dueMs, nowMs)
    case 'not-scheduled':
      return `is never due: ${expectation.notScheduled}`
    case 'external':
      return 'comes from outside the mesh, and nothing has been heard of it here'
    case 'no-cycle':
      return 'waits for a cycle that its upstream does not have'
    case 'skipped':
      return `was skipped${at(since)}${why}`
    case 'cancelled':
      return `was cancelled${at(since)}${why}`
    case 'published':
      return `has published revision ${revision}${at(since)}, which has not arrived here`
    case 'withdrawn':
      return `is there no more: its revision ${withdraws} was taken back${why}`
    case 'hidden':
      return 'this login cannot see'
    case 'unknown':
      return 'is of no definition that is known here'
    case 'unpublished':
      return `is completed${from}, and has published nothing`
    case 'circle':
      return 'waits in a circle for itself'
    case 'not-followed':
      return node.state === null ? 'is too far away to be followed' : 'waits, and is not followed further'
  }
}

const at = (since: string | null): string => (since === null ? '' : ` at ${since}`)

function toNotOpen(dueMs: number | null, nowMs: number): string {
  if (dueMs === null) return 'is not open, as far as is known here'
  const due = new Date(dueMs).toISOString()
  return dueMs > nowMs ? `is not open yet: it falls due at ${due}` : `was due at ${due}, and nobody has opened it`
}

/** `raw/rd1/2026-11-20`, or as much as this login may know. */
export const toName = ({ cycle, domain }: BlockerNode): string => cycle ?? `a product of domain ${domain}`

/** Why a cycle that waits for others has not started, in one sentence without its end. */
export function toWaitSentence({ decides, way, all }: Roots, nowMs: number): string {
  if (!decides) return ''
  const steps = way.length + 1
  const far = steps === 1 ? '' : `, ${steps} steps up`
  const choice =
    decides.isAlternative || way.some(({ isAlternative }) => isAlternative) ? ' (or another that would do)' : ''
  const more = all.length - 1
  const others = more === 0 ? '' : ` (and for ${more === 1 ? 'one other' : `${more} others`} below)`
  return `waits for ${toName(decides)}${choice}${far}${others}, which ${toClause(decides, nowMs)}`
}

/** Of a failure the beginning: the whole of it stands with its own cycle. Errors of Glue may have many lines. */
function toLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line.length <= MOST_LETTERS ? line : `${line.slice(0, MOST_LETTERS)} …`
}

const MOST_LETTERS = 240
