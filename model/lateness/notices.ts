// Who is told of what is late. In: the cycles that a domain has promised and that are not there, the trees of what they wait for, who
// was told before. Out: notices, one for each kind, cause and owner. Pure.
// Never: a second notice for one cause; "late" for what was opened after its own deadline (a backfill, a day made up for).
import type { BlockerNode } from '../explain/blocker-tree.ts'
import { toClause, toName } from '../explain/blocker-words.ts'
import { findRoots } from '../explain/root-blocker.ts'
import type { CycleId, ProductId } from '../ids.ts'
import { predictEnd, type Usual } from './predict.ts'

export const LATENESS_KINDS = ['late', 'will-be-late'] as const
export type LatenessKind = (typeof LATENESS_KINDS)[number]

/** A cycle that is expected by an instant and has not completed. */
export interface Expected {
  cycle: CycleId
  product: ProductId
  availableByMs: number
  owner: { team: string; email: string }
  /** Null: nobody has opened it. */
  tree: BlockerNode | null
}

export interface LateCycle {
  cycle: CycleId
  availableBy: string
  owner: { team: string; email: string }
  /** Not before then, by what its runs and those of its inputs usually take; null: of what is late already. */
  predictedAt: string | null
}

export interface LatenessNotice {
  id: string
  kind: LatenessKind
  /** The cycle at the root; the late one itself where it waits for no other. */
  cause: string
  /** What is the matter there, in words, and the way to it. */
  reason: string
  /** From the first late cycle to the cause, both left out. */
  way: string[]
  team: string
  cycles: LateCycle[]
  nextStep: string
}

export interface Root {
  cause: string
  reason: string
  way: string[]
}

interface Judged extends LateCycle, Root {
  kind: LatenessKind
}

export interface Told {
  kind: LatenessKind
  cause: string
  team: string
}

/** Null: it is in time, as far as anybody can say. */
export function judgeLateness(expected: Expected, usual: Usual): Judged | null {
  const { cycle, availableByMs, owner, tree } = expected
  const predictedMs = tree ? predictEnd(tree, usual) : usual.nowMs + (usual.runMs(expected.product) ?? 0)
  const isLate = usual.nowMs >= availableByMs
  if (!isLate && predictedMs <= availableByMs) return null
  const about = {
    cycle,
    owner,
    availableBy: toIso(availableByMs),
    kind: isLate ? ('late' as const) : ('will-be-late' as const),
  }
  return { ...about, predictedAt: isLate ? null : toIso(predictedMs), ...toCause(expected, usual.nowMs) }
}

const toCause = ({ cycle, tree }: Expected, nowMs: number): Root =>
  tree ? toRoot(tree, nowMs) : { cause: cycle, reason: `${cycle} is not open: nobody has opened it`, way: [] }

/** The cycle at the root of what keeps it, what is the matter there, and the way; itself where it waits for no other. */
export function toRoot(tree: BlockerNode, nowMs: number): Root {
  const { decides, way } = findRoots(tree, nowMs)
  const root = decides ?? tree
  return {
    cause: root.cycle ?? `${root.domain}/?/${root.key}`,
    reason: `${toName(root)} ${toClause(root, nowMs)}`,
    way: way.flatMap((node) => node.cycle ?? []),
  }
}

/** What has not been told yet, those with the earliest deadline first. */
export function planNotices(expected: Expected[], told: Told[], usual: Usual): LatenessNotice[] {
  const known = new Set(told.map(toGroup))
  const judged = expected.flatMap((one) => judgeLateness(one, usual) ?? [])
  const groups = Map.groupBy(judged, ({ kind, cause, owner }) => toGroup({ kind, cause, team: owner.team }))
  return [...groups]
    .filter(([group]) => !known.has(group))
    .map(([, cycles]) => toNotice(cycles.toSorted((one, other) => one.availableBy.localeCompare(other.availableBy))))
    .toSorted((one, other) => one.id.localeCompare(other.id))
}

const toGroup = ({ kind, cause, team }: Told): string => `${kind} ${cause} ${team}`

/** Of more the reader wants a list: sluice sla. */
const MOST_NAMED = 100

function toNotice(judged: Judged[]): LatenessNotice {
  const [{ kind, cause, reason, way, owner }] = judged as [Judged]
  return {
    ...{ id: `${kind}/${cause}/${owner.team}`, kind, cause, reason, way, team: owner.team },
    cycles: judged.slice(0, MOST_NAMED).map(({ cycle, availableBy, owner, predictedAt }) => ({
      ...{ cycle, availableBy, owner, predictedAt },
    })),
    nextStep: `The whole way down, and what would unblock it: sluice explain ${judged[0]?.cycle}`,
  }
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()
