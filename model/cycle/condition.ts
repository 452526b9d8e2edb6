// When a cycle has all it needs. In: the condition frozen at opening, what has arrived, the time. Out: whether it holds,
// what is still missing, which inputs are read. Never: a condition that holds ceases to hold because more arrives.
import type { ProductId } from '../ids.ts'
import type { CycleInput, DependencyStatus } from './cycle.ts'

/** Over the upstream cycles of `CycleInput.expected`, by their place in it. JSON-plain. */
export type Condition =
  | { kind: 'cycle'; at: number; ifSkipped?: 'run-without' | 'skip-cycle' }
  /** So many of them are there; where fewer are left than that, because the others are gone without, all that are left. */
  | { kind: 'at-least'; n: number; of: Condition[] }
  /** One is enough; the newest that has arrived is the input. Oldest first. `ifSkipped`: when all of them were. */
  | { kind: 'newest'; of: number[]; ifSkipped?: 'run-without' | 'skip-cycle' }
  /** The first; if its upstream skipped it, the next, and so on. */
  | { kind: 'first-not-skipped'; of: number[] }
  /** Not needed from then on. */
  | { kind: 'optional'; afterMs: number; of: Condition }
  /** The upstream has no cycle that would do; `wait` never holds, and says so. */
  | { kind: 'none'; product: ProductId; then: 'wait' | 'run-without' | 'skip-cycle'; why: string }

export interface Judgement {
  holds: boolean
  /** When time alone may change the answer; null = never. */
  untilMs: number | null
  /** Places of the upstream cycles that would help and have not arrived; empty when it holds. */
  missing: number[]
  /** Upstreams that have no cycle to wait for. */
  never: { product: ProductId; why: string }[]
  /** Why the cycle is to be skipped; null = it is not. */
  skip: string | null
  /** Places of the inputs that the job reads. */
  used: number[]
  /** Upstreams without which it holds or would run. */
  without: ProductId[]
  /** Places of those of them that have a cycle. */
  waived: number[]
}

const HOLDS: Judgement = {
  ...{ holds: true, untilMs: null, missing: [], never: [], skip: null, used: [] },
  ...{ without: [], waived: [] },
}

/** All of the expected cycles, unless the cycle was opened with something else. */
export const conditionOf = ({ condition, expected }: Pick<CycleInput, 'condition' | 'expected'>): Condition =>
  condition ?? allOf(expected.length)

function allOf(n: number): Condition {
  const found = wholes.get(n) ?? {
    kind: 'at-least',
    n,
    of: Array.from({ length: n }, (_one, at) => ({ kind: 'cycle', at })),
  }
  wholes.set(n, found)
  return found
}

/** By how many they are: every arrival asks. */
const wholes = new Map<number, Condition>()

/** `nowMs`: Infinity asks how it would be once all waiting for time is over. */
export function judgeCondition(condition: Condition, dependencies: DependencyStatus[], nowMs: number): Judgement {
  switch (condition.kind) {
    case 'cycle':
      return judgeCycle(condition, dependencies, nowMs)
    case 'at-least':
      return judgeGroup(
        condition.n,
        condition.of.map((part) => judgeCondition(part, dependencies, nowMs)),
      )
    case 'newest':
      return judgeNewest(condition, dependencies, nowMs)
    case 'first-not-skipped':
      return judgeFirst(condition.of, dependencies, nowMs)
    case 'optional':
      return judgeOptional(condition, judgeCondition(condition.of, dependencies, nowMs), nowMs)
    case 'none':
      return judgeNone(condition)
  }
}

const isArrived = (dependencies: DependencyStatus[], at: number): boolean => dependencies[at]?.state === 'ARRIVED'

const isWaived = (dependencies: DependencyStatus[], at: number): boolean => dependencies[at]?.state === 'WAIVED'

const goneWithout = (places: number[], dependencies: DependencyStatus[]): Judgement => ({
  ...{ ...HOLDS, waived: places },
  without: places[0] === undefined ? [] : [nameOf(dependencies, places[0])],
})

/** Its upstream said that it skipped it, or nobody opened it; and that counts by now. */
export const isSkipped = (dependencies: DependencyStatus[], at: number, nowMs: number): boolean =>
  dependencies[at]?.blocker?.state === 'SKIPPED' &&
  !isArrived(dependencies, at) &&
  nowMs >= (dependencies[at]?.blocker?.countsFromMs ?? -Infinity)

/** When one of these will count as skipped that does not yet. */
function countsFrom(places: number[], dependencies: DependencyStatus[], nowMs: number): number | null {
  const times = places.flatMap((at) => dependencies[at]?.blocker?.countsFromMs ?? []).filter((atMs) => atMs > nowMs)
  return times.length > 0 ? Math.min(...times) : null
}

const nameOf = (dependencies: DependencyStatus[], at: number): ProductId =>
  dependencies[at]?.product ?? ('' as ProductId)

const missing = (places: number[], dependencies: DependencyStatus[], waived = places): Judgement => ({
  holds: false,
  untilMs: null,
  missing: places,
  never: [],
  skip: null,
  used: [],
  waived,
  without: places[0] === undefined ? [] : [nameOf(dependencies, places[0])],
})

function judgeCycle(
  { at, ifSkipped }: Extract<Condition, { kind: 'cycle' }>,
  dependencies: DependencyStatus[],
  nowMs: number,
): Judgement {
  if (isArrived(dependencies, at)) return { ...HOLDS, used: [at] }
  if (isWaived(dependencies, at)) return goneWithout([at], dependencies)
  if (!ifSkipped) return missing([at], dependencies)
  if (!isSkipped(dependencies, at, nowMs))
    return { ...missing([at], dependencies), untilMs: countsFrom([at], dependencies, nowMs) }
  return judgeSkipped([at], ifSkipped, dependencies)
}

function judgeSkipped(
  places: number[],
  ifSkipped: 'run-without' | 'skip-cycle',
  dependencies: DependencyStatus[],
): Judgement {
  const { product, key, blocker } = dependencies[places[0] ?? 0] ?? {}
  if (ifSkipped === 'run-without') return { ...HOLDS, without: [product ?? []].flat(), waived: places }
  return {
    ...missing(places, dependencies),
    skip: `${product}/${key} was ${blocker?.isUnopened ? 'never opened' : 'skipped'}`,
  }
}

function judgeGroup(n: number, parts: Judgement[]): Judgement {
  const open = parts.filter(({ holds }) => !holds)
  const supply = parts.filter(({ holds, used }) => holds && used.length > 0)
  const used = gather(parts, (part) => part.used)
  // What is gone without supplies nothing: it counts neither as one of the n nor as one that may still come.
  const enough = Math.min(n, supply.length + open.length)
  if (supply.length >= enough) {
    // Where enough others came, nobody misses it.
    const lacking = supply.length >= n ? supply : parts.filter(({ holds }) => holds)
    return { ...HOLDS, used, without: gather(lacking, withoutOf), waived: gather(lacking, waivedOf) }
  }
  return {
    holds: false,
    untilMs: soonest(open),
    missing: gather(open, ({ missing }) => missing),
    never: gather(open, ({ never }) => never),
    // One part that says so is enough where all are needed; else only when too few are left.
    skip: supply.length + open.filter(({ skip }) => skip === null).length < enough ? firstSkip(open) : null,
    used,
    without: gather(parts, withoutOf),
    waived: gather(parts, waivedOf),
  }
}

/** Of all of them, in their order. Mostly there is nothing, and every arrival asks. */
function gather<Item>(parts: Judgement[], listOf: (part: Judgement) => Item[]): Item[] {
  const found: Item[] = []
  for (const part of parts) for (const item of listOf(part)) found.push(item)
  return found
}

const withoutOf = ({ without }: Judgement): ProductId[] => without
const waivedOf = ({ waived }: Judgement): number[] => waived

function soonest(parts: Judgement[]): number | null {
  const times = gather(parts, ({ untilMs }) => (untilMs === null ? [] : [untilMs]))
  return times.length > 0 ? Math.min(...times) : null
}

const firstSkip = (parts: Judgement[]): string | null => parts.find(({ skip }) => skip !== null)?.skip ?? null

function judgeNewest(
  { of, ifSkipped }: Extract<Condition, { kind: 'newest' }>,
  dependencies: DependencyStatus[],
  nowMs: number,
): Judgement {
  const newest = of.findLast((at) => isArrived(dependencies, at))
  if (newest !== undefined) return { ...HOLDS, used: [newest] }
  const newestFirst = of.toReversed()
  if (of.length > 0 && of.every((at) => isWaived(dependencies, at))) return goneWithout(newestFirst, dependencies)
  if (ifSkipped === undefined) return missing(newestFirst, dependencies)
  return of.every((at) => isSkipped(dependencies, at, nowMs))
    ? judgeSkipped(newestFirst, ifSkipped, dependencies)
    : { ...missing(newestFirst, dependencies), untilMs: countsFrom(of, dependencies, nowMs) }
}

function judgeFirst(places: number[], dependencies: DependencyStatus[], nowMs: number): Judgement {
  const first = places.find((at) => !isSkipped(dependencies, at, nowMs))
  if (first === undefined) return missing(places.slice(-1), dependencies, places)
  if (isArrived(dependencies, first)) return { ...HOLDS, used: [first] }
  if (isWaived(dependencies, first)) return goneWithout(places, dependencies)
  return { ...missing([first], dependencies, places), untilMs: countsFrom([first], dependencies, nowMs) }
}

function judgeOptional(
  { afterMs }: Extract<Condition, { kind: 'optional' }>,
  inner: Judgement,
  nowMs: number,
): Judgement {
  if (inner.holds) return inner
  if (nowMs >= afterMs) return { ...HOLDS, used: inner.used, without: inner.without, waived: inner.waived }
  return { ...inner, skip: null, untilMs: Math.min(afterMs, inner.untilMs ?? afterMs) }
}

function judgeNone({ product, then, why }: Extract<Condition, { kind: 'none' }>): Judgement {
  if (then === 'run-without') return { ...HOLDS, without: [product] }
  const never = { ...HOLDS, holds: false, without: [product] }
  return then === 'skip-cycle' ? { ...never, skip: why } : { ...never, never: [{ product, why }] }
}
