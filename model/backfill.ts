// A backfill: one product's cycles of a range, opened oldest first, so many at work at a time; what is there already is made anew
// among them, if that was asked for. In: where its cycles stand. Out: which to open or rerun next, or that it is over. Pure: the
// workflow and its tests ask here. JSON-plain.
// Never: more at work by its own doing than it may; a cycle begun twice; a newer one before an older one.
import { isToRerun, type RerunWish, type Stood } from './backfill-rerun.ts'
import type { CycleKey, ProductId } from './ids.ts'
import type { CycleState } from './states.ts'

/** What was asked for. */
export interface BackfillOrder {
  product: ProductId
  /** Dates, both included. */
  from: string
  to: string
  /** How many may be at work at a time. */
  parallel: number
  /** It opens no more once so many that it opened stand in ERROR. */
  stopAfter: number
  /** Between two looks at where the cycles stand. */
  lookMs: number
  /** After so many looks it goes on as a new run, so that no history grows long. */
  looksPerRun: number
  /** Which of those that are there already it makes anew; absent: none. */
  rerun?: RerunWish
  actor: string
  reason: string
  /** Ours, one per command. */
  requestId: string
}

/** At work, or about to be; waits for an upstream, or is held; ERROR, which only a person can mend. */
export type Standing = 'busy' | 'waiting' | 'failed'

/** A cycle that has not come to its end. */
export interface FollowedCycle {
  key: CycleKey
  standing: Standing
  /** Opened by this backfill. */
  isOurs: boolean
  /** For so many looks more it counts as busy though it is seen waiting: it may not have heard yet what is there. */
  patience: number
  /** Its row counts from there on: what an older one says is over. Absent: any row counts. */
  from?: RowMark
}

/** The order of all that is written of a cycle. */
export interface RowMark {
  runNumber: number
  version: number
}

export interface StopCommand {
  actor: string
  reason: string
  /** Ours, one per command. */
  requestId: string
}

export interface Backfill {
  order: BackfillOrder
  total: number
  /** False before it is known which are there already. */
  hasLooked: boolean
  /** Not begun yet, oldest first: to open, but for those of `toRerun`. */
  unopened: CycleKey[]
  /** Of these, what is there and is made anew; absent: none. */
  toRerun?: CycleKey[]
  followed: FollowedCycle[]
  opened: number
  /** How many were made anew; absent: none. */
  rerun?: number
  /** There already and left alone, whoever opened them. */
  existing: number
  completed: number
  /** Ended without data: skipped or cancelled. */
  ended: CycleKey[]
  /** What Temporal or the definition would not take. */
  refused: { key: CycleKey; reason: string }[]
  stoppedBy: StopCommand | null
}

/** A cycle as the mirror has it. Its run may have been ended from outside: only a rerun brings it back. */
export interface SeenCycle extends Stood, Partial<RowMark> {
  key: CycleKey
  /** Of an open one: something is missing, or it is held. */
  isWaiting: boolean
}

/** What came of opening a cycle, or of making it anew. */
export interface OpenedCycle {
  key: CycleKey
  answer: 'opened' | 'rerun' | 'existing' | 'refused'
  /** All it needs is there, so it begins at once. */
  isReady: boolean
  from?: RowMark
  /** Of a refusal. */
  reason?: string
}

export type NextOfBackfill =
  | { kind: 'open' | 'rerun'; keys: CycleKey[] }
  | { kind: 'wait'; forMs: number }
  | { kind: 'end'; how: BackfillEnd }

/** `done`: nothing is left to open and nothing at work. */
export type BackfillEnd = 'done' | 'stopped' | 'too-many-failed'

/** At most so many wait for an upstream for each that may be at work: they all begin when it comes. */
export const WAITING_PER_PARALLEL = 20
/** Looks for which a cycle that has all it needs may be seen waiting: it must hear of its inputs first. */
const PATIENCE = 20
/** Looks for which a rerun may not be written yet: its worker may have a lot to do. */
const UNHEARD = 200
/** When only waiting cycles are left nothing is urgent. */
const UNHURRIED = 20
/** A look asks for no more failed ones than that: they are looked at only for somebody may have mended them. */
const MOST_FAILED_SEEN = 200

/** `keys`: each cycle of the range, oldest first. */
export const beginBackfill = (order: BackfillOrder, keys: CycleKey[]): Backfill => ({
  ...{ order, total: keys.length, hasLooked: false, unopened: keys },
  followed: [],
  ...{ opened: 0, existing: 0, completed: 0 },
  ...{ ended: [], refused: [], stoppedBy: null },
})

/** The next thing to do, after a look. */
export function decideBackfill(backfill: Backfill): NextOfBackfill {
  const { order, unopened, stoppedBy } = backfill
  if (stoppedBy) return { kind: 'end', how: 'stopped' }
  const busy = keysIn(backfill, 'busy').length
  const isHalted = hasTooManyFailed(backfill)
  if (busy === 0 && unopened.length === 0) return { kind: 'end', how: 'done' }
  if (busy === 0 && isHalted) return { kind: 'end', how: 'too-many-failed' }
  const count = isHalted ? 0 : roomFor(backfill, busy)
  if (count > 0) return toBegin(backfill, count)
  return { kind: 'wait', forMs: busy > 0 ? order.lookMs : order.lookMs * UNHURRIED }
}

/** Rerun at a time: a stop is heard between two times, and so many are still overwritten after it. */
const RERUN_AT_ONCE = 2

/** As many as come one after the other and are begun the same way. */
function toBegin({ unopened, toRerun = [] }: Backfill, room: number): NextOfBackfill {
  const there = new Set(toRerun)
  const isThere = unopened.slice(0, 1).some((key) => there.has(key))
  const count = isThere ? Math.min(room, RERUN_AT_ONCE) : room
  const other = unopened.findIndex((key) => there.has(key) !== isThere)
  const keys = unopened.slice(0, other < 0 ? count : Math.min(count, other))
  return { kind: isThere ? 'rerun' : 'open', keys }
}

/** Each that is opened may turn out to wait, so it must have room in both. */
function roomFor(backfill: Backfill, busy: number): number {
  const { parallel } = backfill.order
  const mayWait = parallel * WAITING_PER_PARALLEL - keysIn(backfill, 'waiting').length
  return Math.max(0, Math.min(parallel - busy, mayWait, backfill.unopened.length))
}

/** Only its own: what stood in ERROR before says nothing of this backfill. */
export const hasTooManyFailed = ({ followed, order }: Backfill): boolean =>
  followed.filter(({ standing, isOurs }) => standing === 'failed' && isOurs).length >= order.stopAfter

/** Of which cycles it must be known how they stand; of the first look: all. */
export function keysToSee({ hasLooked, followed, unopened }: Backfill): CycleKey[] {
  if (!hasLooked) return unopened
  const failed = followed.filter(({ standing }) => standing === 'failed').slice(0, MOST_FAILED_SEEN)
  return [...followed.filter(({ standing }) => standing !== 'failed'), ...failed].map(({ key }) => key)
}

/** A cycle that is not seen has no row yet: what was opened is about to have one. */
export function applyLook(backfill: Backfill, seen: SeenCycle[]): Backfill {
  const byKey = new Map(seen.map((one) => [one.key, one]))
  const toRerun = backfill.hasLooked ? (backfill.toRerun ?? []) : keysToRerun(backfill.order, seen)
  const isNew = (key: CycleKey): boolean => !byKey.has(key) || toRerun.includes(key)
  const there = backfill.unopened.filter((key) => !isNew(key)).map(toFollowed)
  const known = [...backfill.followed, ...there].map((one) => ({ one, now: toNews(one, byKey.get(one.key)) }))
  const inState = (...states: CycleState[]) => known.filter(({ now }) => now && states.includes(now.state))
  return {
    ...{ ...backfill, hasLooked: true },
    unopened: backfill.unopened.filter(isNew),
    ...(toRerun.length > 0 && { toRerun }),
    existing: backfill.existing + there.length,
    completed: backfill.completed + inState('COMPLETED').length,
    ended: [...backfill.ended, ...inState('SKIPPED', 'CANCELLED').map(({ one }) => one.key)],
    followed: known.flatMap(({ one, now }) => (now ? toStanding(toHeard(one), now) : toUnheard(one))),
  }
}

const keysToRerun = ({ rerun }: BackfillOrder, seen: SeenCycle[]): CycleKey[] =>
  rerun ? seen.filter((one) => isToRerun(rerun, one)).map(({ key }) => key) : []

/** Undefined of a row that tells of what was before its rerun. */
function toNews({ from }: FollowedCycle, now: SeenCycle | undefined): SeenCycle | undefined {
  if (!from || !now) return now
  const { runNumber = 0, version = 0 } = now
  const isAfter = runNumber > from.runNumber || (runNumber === from.runNumber && version >= from.version)
  return isAfter ? now : undefined
}

function toHeard({ from, ...one }: FollowedCycle): FollowedCycle {
  return from ? { ...one, patience: Math.min(one.patience, PATIENCE) } : one
}

/** A run that was ended from outside before it could say a word would be waited for without end. */
function toUnheard(one: FollowedCycle): FollowedCycle {
  if (!one.from || one.standing !== 'busy') return one
  return one.patience > 0 ? { ...one, patience: one.patience - 1 } : { ...one, standing: 'failed' }
}

const toFollowed = (key: CycleKey): FollowedCycle => ({ key, standing: 'waiting', isOurs: false, patience: 0 })

/** Nothing of one that has come to its end. */
function toStanding(one: FollowedCycle, { state, isWaiting, isWithoutRun }: SeenCycle): FollowedCycle[] {
  switch (state) {
    case 'COMPLETED':
    case 'SKIPPED':
    case 'CANCELLED':
      return []
    case 'ERROR':
      return [{ ...one, standing: 'failed', patience: 0 }]
    case 'PROCESSING':
      return [{ ...one, standing: isWithoutRun ? 'failed' : 'busy', patience: 0 }]
    case 'WAITING':
      if (isWithoutRun) return [{ ...one, standing: 'failed', patience: 0 }]
      if (!isWaiting) return [{ ...one, standing: 'busy' }]
      if (one.patience > 0) return [{ ...one, patience: one.patience - 1 }]
      return [{ ...one, standing: 'waiting' }]
  }
}

export function applyOpened(backfill: Backfill, answers: OpenedCycle[]): Backfill {
  const asked = new Set(answers.map(({ key }) => key))
  const there = answers.filter(({ answer }) => answer !== 'refused')
  const rerun = (backfill.rerun ?? 0) + there.filter(({ answer }) => answer === 'rerun').length
  return {
    ...backfill,
    unopened: backfill.unopened.filter((key) => !asked.has(key)),
    ...(backfill.toRerun && { toRerun: backfill.toRerun.filter((key) => !asked.has(key)) }),
    ...(rerun > 0 && { rerun }),
    opened: backfill.opened + there.filter(({ answer }) => answer === 'opened').length,
    existing: backfill.existing + there.filter(({ answer }) => answer === 'existing').length,
    followed: [...backfill.followed, ...there.map(begun)],
    refused: [
      ...backfill.refused,
      ...answers.flatMap(({ key, answer, reason = '' }) => (answer === 'refused' ? [{ key, reason }] : [])),
    ],
  }
}

const begun = ({ key, answer, isReady, from }: OpenedCycle): FollowedCycle => ({
  key,
  standing: isReady ? 'busy' : 'waiting',
  isOurs: answer !== 'existing',
  patience: isReady ? (from ? UNHEARD : PATIENCE) : 0,
  ...(from && { from }),
})

export const stop = (backfill: Backfill, stoppedBy: StopCommand): Backfill => ({
  ...backfill,
  stoppedBy: backfill.stoppedBy ?? stoppedBy,
})

/** Oldest first, but for those that were there already. */
export const keysIn = ({ followed }: Backfill, standing: Standing): CycleKey[] =>
  followed.flatMap((one) => (one.standing === standing ? [one.key] : []))
