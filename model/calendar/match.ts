// What a cycle waits for, and whom an upstream cycle concerns: two directions of one function (leaf.ts).
// In: a definition, a timetable, a key. Out: the upstream cycles with the condition over them; or the consumer's keys.
// Never: one direction without the other; a property test holds them inverse.
import type { Condition } from '../cycle/condition.ts'
import type { ExpectedCycle } from '../cycle/cycle.ts'
import type { DependencyDefinition, ProductDefinition, UpstreamDefinition, WallTime } from '../definition.ts'
import type { CycleKey, ProductId } from '../ids.ts'
import { hasCycle, type Timetable } from './cycles.ts'
import { candidateKeys } from './candidates.ts'
import { type Edge, ifNoneOf, lookAt, toEdge, type Wanted, wantedOf } from './leaf.ts'

/** A definition, and the first date of its product where that is known. */
export type Consumer = ProductDefinition & { firstDate?: string }

export interface Expectation {
  expected: ExpectedCycle[]
  /** Absent: all of them. */
  condition?: Condition
}

/** All upstream cycles that a cycle may use, each once, and what of them it needs; frozen when it opens. */
export function expectedOf(
  timetable: Timetable,
  consumer: Consumer,
  { key, toMs }: { key: CycleKey; toMs(wall: WallTime): number },
): Expectation {
  const expected: ExpectedCycle[] = []
  const place = (product: ProductId, wanted: Exclude<Wanted, { kind: 'none' }>): number[] =>
    wanted.keys.map((upstreamKey) => {
      const at = expected.findIndex((known) => known.product === product && known.key === upstreamKey)
      const why = wanted.why === undefined ? {} : { why: wanted.why }
      return at >= 0 ? at : expected.push({ product, key: upstreamKey, ...why }) - 1
    })
  const toCondition = (dependency: DependencyDefinition): Condition => {
    const inner = isGroup(dependency)
      ? { kind: 'at-least' as const, n: dependency.atLeast, of: dependency.of.map(toCondition) }
      : ofUpstream(dependency, wantedOf(toEdge(timetable, consumer, dependency), key), place)
    const { optionalAfter } = dependency
    return optionalAfter ? { kind: 'optional', afterMs: toMs(optionalAfter), of: inner } : inner
  }
  const parts = consumer.dependsOn.map(toCondition)
  if (parts.every(isPlain)) return { expected }
  return { expected, condition: { kind: 'at-least', n: parts.length, of: parts } }
}

export const isGroup = (
  dependency: DependencyDefinition,
): dependency is Extract<DependencyDefinition, { atLeast: number }> => 'atLeast' in dependency

/** Needs just the cycles it names. */
const isPlain = (part: Condition): boolean =>
  (part.kind === 'cycle' && part.ifSkipped === undefined) ||
  (part.kind === 'at-least' && part.n === part.of.length && part.n > 0 && part.of.every(isPlain))

function ofUpstream(
  dependency: UpstreamDefinition,
  wanted: Wanted,
  place: (product: ProductId, wanted: Exclude<Wanted, { kind: 'none' }>) => number[],
): Condition {
  const { product } = dependency
  const ifNone = ifNoneOf(dependency)
  if (wanted.kind === 'none')
    return { kind: 'none', product, then: ifNone === 'previous' ? 'wait' : ifNone, why: wanted.why }
  const places = place(product, wanted)
  switch (wanted.kind) {
    case 'newest':
      return { kind: 'newest', of: places }
    case 'first-not-skipped':
      return { kind: 'first-not-skipped', of: places }
    case 'all': {
      const ifSkipped = ifNone === 'run-without' || ifNone === 'skip-cycle' ? { ifSkipped: ifNone } : {}
      const parts = places.map((at): Condition => ({ kind: 'cycle', at, ...ifSkipped }))
      return parts.length === 1 && parts[0] ? parts[0] : { kind: 'at-least', n: parts.length, of: parts }
    }
  }
}

/** Every single upstream of a condition, groups opened. */
export function upstreamsIn(dependsOn: readonly DependencyDefinition[]): readonly UpstreamDefinition[] {
  // Most have no groups, and each event asks.
  if (!dependsOn.some(isGroup)) return dependsOn as readonly UpstreamDefinition[]
  return dependsOn.flatMap((dependency) => (isGroup(dependency) ? upstreamsIn(dependency.of) : [dependency]))
}

export interface Concerned {
  key: CycleKey
  /** The event may reach the cycle, but not open it: it recalls what it needs. */
  isLookBack: boolean
}

/** The due cycles of the consumer that look at this upstream cycle, oldest first, each once. */
export function concernedBy(
  timetable: Timetable,
  consumer: Consumer,
  { product, key: upstreamKey }: { product: ProductId; key: CycleKey },
): Concerned[] {
  const edges = upstreamsIn(consumer.dependsOn)
    .filter((dependency) => dependency.product === product)
    .map((dependency) => concernedByEdge(toEdge(timetable, consumer, dependency), upstreamKey))
  const [only] = edges
  if (only && edges.length === 1) return only
  const found = new Map<CycleKey, Concerned>()
  for (const { key, isLookBack } of edges.flat()) {
    found.set(key, { key, isLookBack: isLookBack && (found.get(key)?.isLookBack ?? true) })
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

const concernedByEdge = (edge: Edge, upstreamKey: CycleKey): Concerned[] =>
  candidateKeys(edge, upstreamKey)
    .filter((key) => hasCycle(edge.calendars, edge.consumer, key))
    .flatMap((key) => {
      const found = lookAt(edge, key, upstreamKey)
      return found ? [{ key, isLookBack: found.isLookBack }] : []
    })
