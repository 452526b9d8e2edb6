// What a cycle waits for, and whom an upstream cycle concerns: two directions of one function (leaf.ts).
// In: a definition, a timetable, a key. Out: the upstream cycles with the condition over them; or the consumer's keys.
// Never: one direction without the other; a property test holds them inverse.
import type { Condition } from '../cycle/condition.ts'
import type { ExpectedCycle } from '../cycle/cycle.ts'
import type { DependencyDefinition, ProductDefinition, WallTime } from '../definition.ts'
import { isGroup, upstreamsIn } from '../dependencies.ts'
import { type CycleId, type CycleKey, type ProductId, periodOf, toCycleId } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { placeCycle, type Timetable } from './cycles.ts'
import { candidateKeys } from './candidates.ts'
import { awaitedOf, type Edge, ifNoneOf, isBeforeFirst, toEdge, wantedOf } from './leaf.ts'
import { lookAt } from './look-at.ts'

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
  const places = new Map<CycleId, number>()
  const place: Place = (edge, wanted) =>
    wanted.keys.map((upstreamKey) => {
      const id = toCycleId(edge.dependency.product, upstreamKey)
      const at = places.get(id) ?? expected.push(toExpected(edge, upstreamKey, wanted)) - 1
      places.set(id, at)
      return at
    })
  const toCondition = (dependency: DependencyDefinition): Condition => {
    const inner = isGroup(dependency)
      ? { kind: 'at-least' as const, n: dependency.atLeast, of: dependency.of.map(toCondition) }
      : ofUpstream(toEdge(timetable, consumer, dependency), key, place)
    const { optionalAfter } = dependency
    return optionalAfter ? { kind: 'optional', afterMs: toMs(optionalAfter), of: inner } : inner
  }
  const parts = consumer.dependsOn.map(toCondition)
  if (parts.every(isPlain)) return { expected }
  return { expected, condition: { kind: 'at-least', n: parts.length, of: parts } }
}

const toExpected = (edge: Edge, key: CycleKey, { why, isAbsent }: Wish): ExpectedCycle => ({
  product: edge.dependency.product,
  key,
  ...(why !== undefined && { why }),
  ...(isBeforeFirst(edge, key) && { isBeforeFirst: true }),
  ...(isAbsent && { isAbsent }),
})

interface Wish {
  keys: CycleKey[]
  why?: string
  isAbsent?: true
}

/** Adds what is not among the expected cycles yet. Out: their places. */
type Place = (edge: Edge, wish: Wish) => number[]

/** Needs just the cycles it names. */
const isPlain = (part: Condition): boolean =>
  (part.kind === 'cycle' && part.ifSkipped === undefined) ||
  (part.kind === 'at-least' && part.n === part.of.length && part.n > 0 && part.of.every(isPlain))

function ofUpstream(edge: Edge, key: CycleKey, place: Place): Condition {
  const wanted = wantedOf(edge, key)
  const ifNone = ifNoneOf(edge.dependency)
  if (wanted.kind === 'none') {
    const awaited = awaitedOf(wanted, edge)
    if (awaited) return { kind: 'cycle', at: place(edge, { keys: [awaited], why: wanted.why, isAbsent: true })[0] ?? 0 }
    const then = wanted.isUnknown || ifNone === 'previous' ? 'wait' : ifNone
    return { kind: 'none', product: edge.dependency.product, then, why: wanted.why }
  }
  const places = place(edge, wanted)
  const ifSkipped = ifNone === 'run-without' || ifNone === 'skip-cycle' ? { ifSkipped: ifNone } : {}
  switch (wanted.kind) {
    case 'newest':
      return { kind: 'newest', of: places, ...ifSkipped }
    case 'first-not-skipped':
      return { kind: 'first-not-skipped', of: places }
    case 'all': {
      const parts = places.map((at): Condition => ({ kind: 'cycle', at, ...ifSkipped }))
      return parts.length === 1 && parts[0] ? parts[0] : { kind: 'at-least', n: parts.length, of: parts }
    }
  }
}

/** The dependencies of a consumer on one upstream; mostly one. */
export const edgesOf = (timetable: Timetable, consumer: Consumer, product: ProductId): Edge[] =>
  upstreamsIn(consumer.dependsOn)
    .filter((dependency) => dependency.product === product)
    .map((dependency) => toEdge(timetable, consumer, dependency))

export interface Concerned {
  key: CycleKey
  dueDate: string
  /** The event may reach the cycle, but not open it: it recalls what it needs. */
  isLookBack: boolean
}

/** The due cycles of the consumer that look at this upstream cycle by one of these, oldest first, each once. */
export function concernedBy(edges: readonly Edge[], upstreamKey: CycleKey): Concerned[] {
  const [only] = edges
  if (only && edges.length === 1) return concernedByEdge(only, upstreamKey)
  const found = new Map<CycleKey, Concerned>()
  for (const { key, dueDate, isLookBack } of edges.flatMap((edge) => concernedByEdge(edge, upstreamKey))) {
    found.set(key, { key, dueDate, isLookBack: isLookBack && (found.get(key)?.isLookBack ?? true) })
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function concernedByEdge(edge: Edge, upstreamKey: CycleKey): Concerned[] {
  const { calendars, consumer, upstream } = edge
  // Of an upstream that has changed its kind since: no cycle of now looks at it.
  if (periodOf(upstreamKey) !== toCadence(upstream.every).period) return []
  const there = placeCycle(calendars, upstream, upstreamKey)
  // What somebody publishes for a day without a cycle is for who waits all the same.
  if (there.kind === 'none' && (there.isUncovered || ifNoneOf(edge.dependency) !== 'wait')) return []
  const concerned: Concerned[] = []
  for (const key of candidateKeys(edge, upstreamKey)) {
    const placed = placeCycle(calendars, consumer, key)
    const found = placed.kind === 'due' && lookAt(edge, key, upstreamKey)
    if (found) concerned.push({ key, dueDate: placed.dueDate, isLookBack: found.isLookBack })
  }
  return concerned
}
