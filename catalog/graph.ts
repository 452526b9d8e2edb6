// The products as a graph of who waits for whom. In: products. Out: loops, and how often each refreshes.
// Never: recursion over the graph: a chain may be as long as the mesh.
import { toCadence } from '../model/calendar/cadence.ts'
import { ifNoneOf } from '../model/calendar/leaf.ts'
import { isGroup } from '../model/dependencies.ts'
import type { DependencyDefinition, Every, GroupDefinition, Period, UpstreamDefinition } from '../model/definition.ts'
import type { ProductId } from '../model/ids.ts'

export interface GraphProduct {
  product: ProductId
  visibility: 'domain' | 'mesh'
  /** Undefined: as its upstreams. */
  every: Every | undefined
  upstreams: readonly UpstreamDefinition[]
  /** What each cycle waits for; none where it begins at its cutoff, whatever is there. */
  needs: readonly DependencyDefinition[]
  publishes: boolean
  /** Declared by its domain, made outside the mesh. */
  isExternal?: boolean
}

export type Graph = ReadonlyMap<ProductId, GraphProduct>

/** Whom a product waits for, as the question wants it. */
export type Edges = (item: GraphProduct) => readonly UpstreamDefinition[]

type LooksBack = (product: ProductId, upstream: UpstreamDefinition) => boolean

const LONGEST_DAYS: Record<Period, number> = { hour: 1, day: 1, week: 7, month: 31, quarter: 92 }
const LONGEST_BUSINESS_DAYS: Record<Period, number> = { hour: 1, day: 1, week: 5, month: 23, quarter: 66 }

/**
 * Whether a rule never reaches the upstream's cycle of the same time. Of a month the day before is of the same month
 * mostly; so too few days do not count, nor does latest-within, which takes in the same date.
 */
function whoLooksBack(graph: Graph): LooksBack {
  const answers = answerEvery(graph)
  const everyOf = (product: ProductId): Every => {
    const answer = answers.get(product)
    return (answer?.kind === 'known' ? answer.every : graph.get(product)?.every) ?? 'day'
  }
  return (consumer, { product, match }) => {
    if (match?.kind === 'self-previous') return true
    if (match?.kind !== 'business-days-before' && match?.kind !== 'calendar-days-before') return false
    const [own, theirs] = [everyOf(consumer), everyOf(product)].map((every) => toCadence(every).period)
    const isCounted = match.kind === 'business-days-before'
    const longest = isCounted ? LONGEST_BUSINESS_DAYS : LONGEST_DAYS
    const days = Math.max(longest[own ?? 'day'], longest[theirs ?? 'day'])
    // Counted from a date that is no business day, a period's first is one farther.
    const isFromOpenDay = everyOf(consumer) === 'business-day' || days === 1
    return match.n >= (isCounted && !isFromOpenDay ? days + 1 : days)
  }
}

/** Those that a cycle waits for before its own time is over; of latest-within an earlier one is enough. */
export function atSameTime(graph: Graph): Edges {
  const looksBack = whoLooksBack(graph)
  return ({ product, upstreams }) =>
    upstreams.filter((upstream) => upstream.match?.kind !== 'latest-within' && !looksBack(product, upstream))
}

/** What a part of a condition comes to in a first cycle; the same three that condition.ts counts. */
type Prospect = 'supplies' | 'gone-without' | 'stuck'

/**
 * Loops because of which not even a first cycle can begin, though each looks back somewhere: it finds none, and waits
 * for ever. Where it can be gone without, or others are enough, there is a beginning.
 */
export function findDeadlocks(graph: Graph): ProductId[][] {
  const looksBack = whoLooksBack(graph)
  const stuck = new Map(graph)
  const prospectOf = (product: ProductId, part: DependencyDefinition): Prospect => {
    if (isGroup(part))
      return ofGroup(
        part,
        part.of.map((inner) => prospectOf(product, inner)),
      )
    if (!stuck.has(part.product)) return 'supplies'
    const isSpared = part.optionalAfter || (looksBack(product, part) && ifNoneOf(part) === 'run-without')
    return isSpared ? 'gone-without' : 'stuck'
  }
  unstick(stuck, ({ product, needs }) => needs.every((part) => prospectOf(product, part) !== 'stuck'))
  const inTheWay = (product: ProductId, part: DependencyDefinition): UpstreamDefinition[] => {
    if (prospectOf(product, part) !== 'stuck') return []
    return isGroup(part) ? part.of.flatMap((inner) => inTheWay(product, inner)) : [part]
  }
  return findLoops(stuck, ({ product, needs }) => needs.flatMap((part) => inTheWay(product, part)))
}

function ofGroup({ atLeast, optionalAfter }: GroupDefinition, parts: Prospect[]): Prospect {
  const supply = parts.filter((part) => part === 'supplies').length
  const open = parts.filter((part) => part === 'stuck').length
  const isMet = optionalAfter !== undefined || supply >= Math.min(atLeast, supply + open)
  if (!isMet) return 'stuck'
  return supply > 0 ? 'supplies' : 'gone-without'
}

/** Takes out whoever can begin, and then asks those who wait for it. */
function unstick(stuck: Map<ProductId, GraphProduct>, canBegin: (item: GraphProduct) => boolean): void {
  const consumers = new Map<ProductId, GraphProduct[]>()
  for (const item of stuck.values()) {
    for (const { product } of item.upstreams) if (stuck.has(product)) add(consumers, product, item)
  }
  const asked = [...stuck.values()]
  for (const item of asked) {
    if (!stuck.has(item.product) || !canBegin(item)) continue
    stuck.delete(item.product)
    for (const consumer of consumers.get(item.product) ?? []) asked.push(consumer)
  }
}

function add<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}

/**
 * Upstreams before consumers, as far as that goes; the rest hang in loops or behind them. A missing upstream is no
 * obstacle: that fault is told by itself.
 */
export function inOrder(graph: Graph, edges: Edges): { ordered: GraphProduct[]; inLoops: GraphProduct[] } {
  const waiting = new Map([...graph.values()].map((item) => [item.product, knownUpstreams(graph, item, edges).size]))
  const consumers = new Map<ProductId, GraphProduct[]>()
  for (const item of graph.values()) {
    for (const upstream of knownUpstreams(graph, item, edges)) add(consumers, upstream, item)
  }
  const ordered = [...graph.values()].filter(({ product }) => waiting.get(product) === 0)
  for (const { product } of ordered) {
    for (const consumer of consumers.get(product) ?? []) {
      const left = (waiting.get(consumer.product) ?? 0) - 1
      waiting.set(consumer.product, left)
      if (left === 0) ordered.push(consumer)
    }
  }
  const done = new Set(ordered)
  return { ordered, inLoops: [...graph.values()].filter((item) => !done.has(item)) }
}

/** Each loop once, beginning with the first of its names: `a` waits for the next, the last waits for `a`. */
export function findLoops(graph: Graph, edges: Edges): ProductId[][] {
  const { inLoops } = inOrder(graph, edges)
  const left = new Map(inLoops.map((item) => [item.product, item]))
  const loops: ProductId[][] = []
  const seen = new Set<ProductId>()
  for (const start of [...left.keys()].sort()) {
    // From one that hangs, always to an upstream that hangs too, until a name comes back.
    const walk = new Set<ProductId>()
    let at: ProductId | undefined = start
    while (at !== undefined && !walk.has(at) && !seen.has(at)) {
      walk.add(at)
      at = [...knownUpstreams(left, left.get(at), edges)].sort()[0]
    }
    for (const product of walk) seen.add(product)
    if (at !== undefined && walk.has(at)) loops.push(fromSmallest([...walk].slice([...walk].indexOf(at))))
  }
  return loops
}

function fromSmallest(loop: ProductId[]): ProductId[] {
  const at = loop.indexOf([...loop].sort()[0] as ProductId)
  return [...loop.slice(at), ...loop.slice(0, at)]
}

export type EveryAnswer =
  | { kind: 'known'; every: Every }
  | { kind: 'differ'; of: { product: ProductId; every: Every }[] }
  | { kind: 'unknown' }

const ofSameKey: Edges = ({ upstreams }) => upstreams.filter(({ match }) => match === undefined)

/** How often each product refreshes: as it says, else as all its upstreams do whose cycle of the same key it takes. */
export function answerEvery(graph: Graph): Map<ProductId, EveryAnswer> {
  const answers = new Map<ProductId, EveryAnswer>()
  for (const item of inOrder(graph, ofSameKey).ordered) answers.set(item.product, everyOf(item, answers))
  return answers
}

function everyOf(item: GraphProduct, answers: ReadonlyMap<ProductId, EveryAnswer>): EveryAnswer {
  if (item.every) return { kind: 'known', every: item.every }
  const of: { product: ProductId; every: Every }[] = []
  for (const { product } of ofSameKey(item)) {
    const answer = answers.get(product)
    if (answer?.kind !== 'known') return { kind: 'unknown' }
    of.push({ product, every: answer.every })
  }
  const [first] = of
  if (!first) return { kind: 'unknown' }
  return of.every(({ every }) => every === first.every) ? { kind: 'known', every: first.every } : { kind: 'differ', of }
}

const knownUpstreams = (graph: Graph, item: GraphProduct | undefined, edges: Edges): Set<ProductId> =>
  new Set((item ? edges(item) : []).filter(({ product }) => graph.has(product)).map(({ product }) => product))
