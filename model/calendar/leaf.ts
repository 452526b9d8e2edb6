// The match rule, once, for both directions: which upstream cycles a cycle of the consumer looks at for one dependency.
// In: calendars, schedules of consumer and upstream, a key. Out: the upstream keys, or that there are none, and why.
// Never: the inverse direction written by itself: match.ts asks this of candidates.ts.
import type { IfNone, MatchRule, UpstreamDefinition } from '../definition.ts'
import { type CycleKey, type ProductId, periodOf } from '../ids.ts'
import { toCadence } from './cadence.ts'
import type { Calendars } from './calendars.ts'
import {
  cycleBefore,
  hasCycle,
  MOST_SHIFTED_DAYS,
  type ProductSchedule,
  placeCycle,
  requirePlaced,
  type Timetable,
} from './cycles.ts'
import { addBusinessDaysWithin, addDays, type Dates, datesOf, hourAt, hourMs, keyAt, keysOver } from './dates.ts'
import { startOfDayMs } from './wall-time.ts'

/** A dependency on one upstream, with what is known of both ends. */
export interface Edge {
  calendars: Calendars
  consumer: ProductSchedule & { product: ProductId }
  upstream: ProductSchedule
  dependency: UpstreamDefinition
}

export type Wanted =
  /** All of them. */
  | { kind: 'all'; keys: CycleKey[]; why?: string }
  /** The newest of them; oldest first. */
  | { kind: 'newest'; keys: CycleKey[]; why: string }
  /** The first; if that was skipped, the next. `isLookBack`: also the first is older than what was asked for. */
  | { kind: 'first-not-skipped'; keys: CycleKey[]; isLookBack: boolean; why?: string }
  /**
   * `target`: the one that was meant and is not there, where it is one. `isUnknown`: a calendar says nothing of it, which
   * is no reason to go without.
   */
  | { kind: 'none'; why: string; target?: CycleKey; isUnknown?: true }

/** The keys, and whether an event of one may not open the cycle: it looks back, and recalls what it needs. */
export function toKeys(wanted: Wanted, edge: Edge): { key: CycleKey; isLookBack: boolean }[] {
  const isCovering = edge.dependency.match?.kind === 'covering'
  const toKeysOf = (keys: CycleKey[]) => keys.map((key) => ({ key, isLookBack: isCovering }))
  switch (wanted.kind) {
    case 'none':
      return toKeysOf([awaitedOf(wanted, edge) ?? []].flat())
    case 'all':
      return toKeysOf(wanted.keys)
    case 'newest':
      return wanted.keys.map((key) => ({ key, isLookBack: true }))
    case 'first-not-skipped':
      return wanted.keys.map((key, at) => ({
        key,
        isLookBack: at > 0 || wanted.isLookBack || isCovering,
      }))
  }
}

/** A cycle that its upstream has not, and that is waited for all the same, in case somebody publishes it. */
export const awaitedOf = (
  { target, isUnknown }: Extract<Wanted, { kind: 'none' }>,
  { dependency }: Edge,
): CycleKey | undefined => (isUnknown || ifNoneOf(dependency) !== 'wait' ? undefined : target)

/** The schedules of both ends; of an upstream of which only the name is known, the consumer's own. */
export function toEdge(timetable: Timetable, consumer: Edge['consumer'], dependency: UpstreamDefinition): Edge {
  const upstream = timetable.scheduleOf(dependency.product) ?? consumer
  return { calendars: timetable.calendars, consumer, upstream, dependency }
}

export const ifNoneOf = ({ match, ifNone }: UpstreamDefinition): IfNone =>
  ifNone ?? (match?.kind === 'self-previous' ? 'run-without' : 'wait')

/** How many earlier cycles `ifNone: previous` tries when the upstream skips one after the other. */
export const MOST_SKIPPED = 5

/** What a cycle of the consumer needs of this upstream. @throws RangeError when the key is no cycle of the consumer. */
export function wantedOf(edge: Edge, key: CycleKey): Wanted {
  const rule = edge.dependency.match
  if (rule === undefined) return exists(edge, { target: requireKind(edge, key) })
  switch (rule.kind) {
    case 'every-of-period':
    case 'last-of-period':
      return ofPeriod(edge, key, rule.kind)
    case 'latest-within':
      return latestWithin(edge, key, rule.days)
    case 'self-previous':
      return selfPrevious(edge, key)
    default: {
      const target = atDate(edge, key, rule)
      return 'kind' in target ? target : exists(edge, target)
    }
  }
}

/** The date that offsets and periods are counted from. */
export const dateOf = ({ calendars, consumer }: Edge, key: CycleKey): string =>
  requirePlaced(calendars, consumer, key).businessDate

export function requireKind({ upstream, consumer, dependency }: Edge, key: CycleKey): CycleKey {
  const { period } = toCadence(upstream.every)
  if (periodOf(key) === period) return key
  throw new RangeError(
    `${consumer.product} refreshes every ${consumer.every} and ${dependency.product} every ${upstream.every}: they have no keys in common`,
  )
}

interface Target {
  target: CycleKey
  why?: string
}

/** Beyond what the consumer's calendar covers nothing can be counted, which is no reason to hold up an event. */
function businessDayBefore(
  { calendars, consumer }: Edge,
  date: string,
  n: number,
): string | Extract<Wanted, { kind: 'none' }> {
  try {
    const found = addBusinessDaysWithin(calendars, consumer.calendar, { date, n: -n, days: MOST_DAYS_BACK })
    const many = `${n} business ${n === 1 ? 'day' : 'days'}`
    return (
      found ?? {
        kind: 'none',
        why: `${consumer.calendar} has not ${many} in the ${MOST_DAYS_BACK} days before ${date}`,
      }
    )
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { kind: 'none', why: error.message, isUnknown: true }
  }
}

function atDate(
  edge: Edge,
  key: CycleKey,
  rule: Extract<MatchRule, { kind: `${string}-before` | 'covering' }>,
): Target | Extract<Wanted, { kind: 'none' }> {
  const { consumer, upstream } = edge
  const { period } = toCadence(upstream.every)
  const date = dateOf(edge, key)
  switch (rule.kind) {
    case 'business-days-before': {
      const target = businessDayBefore(edge, date, rule.n)
      if (typeof target !== 'string') return target
      const days = rule.n === 1 ? 'the business day' : `${rule.n} business days`
      return { target: keyAt(period, target), why: `${days} of ${consumer.calendar} before ${date}` }
    }
    case 'calendar-days-before': {
      const target = addDays(date, -rule.n)
      return { target: keyAt(period, target), why: `${rule.n === 1 ? 'the day' : `${rule.n} days`} before ${date}` }
    }
    case 'covering':
      return { target: keyAt(period, date), why: `the ${period} that holds ${date}` }
  }
}

/** The target if the upstream has such a cycle; else as `ifNone` says. */
function exists(edge: Edge, { target, why }: Target): Wanted {
  const { calendars, upstream, dependency } = edge
  const said = why === undefined ? {} : { why }
  const placed = placeCycle(calendars, upstream, target)
  const ifNone = ifNoneOf(dependency)
  if (placed.kind === 'due') {
    if (ifNone !== 'previous') return { kind: 'all', keys: [target], ...said }
    return { kind: 'first-not-skipped', keys: withPrevious(edge, target), isLookBack: false, ...said }
  }
  const none = `${dependency.product} has no cycle ${target}: ${placed.reason}`
  if (placed.isUncovered) return { kind: 'none', why: none, target, isUnknown: true }
  return ifNone === 'previous' ? previousOf(edge, target, none) : { kind: 'none', why: none, target }
}

/** The upstream's cycles before a key that is none of its own. */
function previousOf(edge: Edge, key: CycleKey, none: string): Wanted {
  const first = oneBefore(edge, key)
  if (first === undefined) return { kind: 'none', why: `${none}, and none of the ${MOST_DAYS_BACK} days before it` }
  const keys = withPrevious(edge, first)
  return { kind: 'first-not-skipped', keys, isLookBack: true, why: `${none}; so the one before` }
}

/** How old `previous` may be, counted from the one it stands for. */
export const MOST_DAYS_BACK = 400

function oneBefore({ calendars, upstream }: Edge, key: CycleKey): CycleKey | undefined {
  const before = cycleBefore(calendars, upstream, key)
  const isNear = before !== undefined && datesOf(before).last >= addDays(datesOf(key).last, -MOST_DAYS_BACK)
  return isNear ? before : undefined
}

function withPrevious(edge: Edge, first: CycleKey): CycleKey[] {
  const keys = [first]
  while (keys.length <= MOST_SKIPPED) {
    const before = oneBefore(edge, keys.at(-1) ?? first)
    if (before === undefined) break
    keys.push(before)
  }
  return keys
}

/** Whether the upstream falls due before the day on which it was first applied: nobody opens that by itself. */
export function isBeforeFirst({ calendars, upstream }: Edge, key: CycleKey): boolean {
  const { firstDate, onNonBusinessDay } = upstream
  if (firstDate === undefined) return false
  // Most are later, and this is asked of each: only a holiday may make a later one fall due before.
  const latest = onNonBusinessDay === 'previous' ? addDays(firstDate, MOST_SHIFTED_DAYS) : firstDate
  if (datesOf(key).first > latest) return false
  const placed = placeCycle(calendars, upstream, key)
  return placed.kind === 'due' && placed.dueDate < firstDate
}

function ofPeriod(edge: Edge, key: CycleKey, which: 'every-of-period' | 'last-of-period'): Wanted {
  const dates = datesOf(key)
  const { product } = edge.dependency
  const unknown = whyUnknown(edge, dates)
  if (unknown !== null) return { kind: 'none', why: unknown, isUnknown: true }
  const keys = keysAround(edge, dates).filter(isOfPeriod(edge, key))
  const last = keys.at(-1)
  if (last === undefined) {
    const none = `${product} has no cycle in ${key}`
    const isPrevious = ifNoneOf(edge.dependency) === 'previous'
    return isPrevious ? previousOf(edge, firstKeyIn(edge, key), none) : { kind: 'none', why: none }
  }
  if (which === 'every-of-period') {
    return {
      kind: 'all',
      keys,
      why: keys.length === 1 ? `the only one of ${key}` : `one of the ${keys.length} of ${key}`,
    }
  }
  return exists(edge, { target: last, why: `the last of ${key}` })
}

const firstKeyIn = ({ upstream, consumer }: Edge, key: CycleKey): CycleKey => {
  const { period } = toCadence(upstream.every)
  const { first } = datesOf(key)
  return period === 'hour' ? hourAt(startOfDayMs(first, consumer.timezone)) : keyAt(period, first)
}

/** Of some dates a calendar says nothing: what it leaves out must not count as closed. */
export function whyUnknown(edge: Edge, dates: Dates): string | null {
  const { calendars, upstream, dependency } = edge
  const keys = keysAround(edge, dates)
  for (const key of [keys[0], keys.at(-1)]) {
    const placed = key && placeCycle(calendars, upstream, key)
    if (placed?.kind === 'none' && placed.isUncovered) return `${dependency.product}: ${placed.reason}`
  }
  return null
}

/** Those whose own period ends in the consumer's; of hours, those that begin in it. */
export function isOfPeriod({ calendars, consumer, upstream }: Edge, key: CycleKey): (fine: CycleKey) => boolean {
  const { first, last } = datesOf(key)
  const [fromMs, toMs] = [startOfDayMs(first, consumer.timezone), startOfDayMs(addDays(last, 1), consumer.timezone)]
  return (fine) => {
    const isIn =
      periodOf(fine) === 'hour'
        ? hourMs(fine) >= fromMs && hourMs(fine) < toMs
        : isWithin(datesOf(fine).last, first, last)
    return isIn && hasCycle(calendars, upstream, fine)
  }
}

const isWithin = (date: string, from: string, to: string): boolean => date >= from && date <= to

/** Keys of the upstream's kind over these dates; a zone may be a day ahead of UTC or behind. */
function keysAround({ upstream }: Edge, { first, last }: Dates): CycleKey[] {
  const { period } = toCadence(upstream.every)
  const margin = period === 'hour' ? 1 : 0
  return keysOver(period, addDays(first, -margin), addDays(last, margin))
}

/** Whose business date is at most so many days before the consumer's, and not after it; of hours none after its own. */
export function isLatestWithin(
  { calendars, upstream }: Edge,
  key: CycleKey,
  { from, date }: { from: string; date: string },
) {
  return (candidate: CycleKey): boolean => {
    if (periodOf(candidate) === 'hour' && periodOf(key) === 'hour' && hourMs(candidate) > hourMs(key)) return false
    const placed = placeCycle(calendars, upstream, candidate)
    return placed.kind === 'due' && isWithin(placed.businessDate, from, date)
  }
}

function latestWithin(edge: Edge, key: CycleKey, days: number): Wanted {
  const date = dateOf(edge, key)
  const from = addDays(date, -days)
  const unknown = whyUnknown(edge, { first: from, last: date })
  if (unknown !== null) return { kind: 'none', why: unknown, isUnknown: true }
  const keys = keysAround(edge, { first: from, last: date }).filter(isLatestWithin(edge, key, { from, date }))
  const within = `within ${days} days before ${date}`
  if (keys.length > 0) return { kind: 'newest', keys, why: within }
  return { kind: 'none', why: `${edge.dependency.product} has no cycle ${within}` }
}

function selfPrevious({ calendars, consumer }: Edge, key: CycleKey): Wanted {
  const before = cycleBefore(calendars, consumer, key)
  if (before === undefined) return { kind: 'none', why: `${consumer.product} has no cycle before ${key}` }
  return { kind: 'all', keys: [before], why: 'its own cycle before this' }
}
