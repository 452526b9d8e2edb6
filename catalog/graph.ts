// The products as a graph of who waits for whom. In: products. Out: loops, and how often each refreshes.
// Never: recursion over the graph: a chain may be as long as the mesh.
import { ifNoneOf } from '../model/calendar/leaf.ts'
import { isGroup } from '../model/calendar/match.ts'
import type { DependencyDefinition, Every, UpstreamDefinition } from '../model/definition.ts'
import type { ProductId } from '../model/ids.ts'

export interface GraphProduct {
  product: ProductId
  visibility: 'domain' | 'mesh'
  /** Undefined: as its upstreams. */
  every: Every | undefined
  upstreams: readonly UpstreamDefinition[]
  /** Those of them without which no cycle can begin, not even the first. */
  needs: readonly UpstreamDefinition[]
  publishes: boolean
  /** Declared by its domain, made outside the mesh. */
  isExternal?: boolean
}

export type Graph = ReadonlyMap<ProductId, GraphProduct>

/** Whom a product waits for, as the question wants it. */
export type Edges = (item: GraphProduct) => readonly UpstreamDefinition[]

/** Rules that never reach the upstream's cycle of the same time. */
const LOOKS_BACK: (string | undefined)[] = [
  'business-days-before',
  'calendar-days-before',
  'latest-within',
  'self-previous',
]
const looksBack = ({ match }: UpstreamDefinition): boolean => LOOKS_BACK.includes(match?.kind)

/** Those that a cycle waits for before its own time is over. */
export const atSameTime: Edges = ({ upstreams }) => upstreams.filter((upstream) => !looksBack(upstream))

/** Of these a first cycle that looks back finds none, and waits for ever. */
export const needed: Edges = ({ needs }) => needs

/**
 * Those without which no cycle can begin. One of the same time has its cycle, so `ifNone` spares it nothing; one that
 * looks back to before the first apply can be gone without.
 */
export const neededIn = (dependsOn: readonly DependencyDefinition[]): UpstreamDefinition[] =>
  dependsOn.flatMap((dependency) => {
    if (dependency.optionalAfter) return []
    if (isGroup(dependency)) return dependency.atLeast < dependency.of.length ? [] : neededIn(dependency.of)
    return looksBack(dependency) && ifNoneOf(dependency) === 'run-without' ? [] : [dependency]
  })

/**
 * Upstreams before consumers, as far as that goes; the rest hang in loops or behind them. A missing upstream is no
 * obstacle: that fault is told by itself.
 */
export function inOrder(graph: Graph, edges: Edges): { ordered: GraphProduct[]; inLoops: GraphProduct[] } {
  const waiting = new Map([...graph.values()].map((item) => [item.product, knownUpstreams(graph, item, edges).size]))
  const consumers = new Map<ProductId, GraphProduct[]>()
  for (const item of graph.values()) {
    for (const upstream of knownUpstreams(graph, item, edges))
      consumers.set(upstream, [...(consumers.get(upstream) ?? []), item])
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
    if (seen.has(start)) continue
    const walk = walkUp({ left, edges }, start)
    const met = walk.find((product) => seen.has(product))
    for (const product of walk) seen.add(product)
    if (met === undefined) loops.push(fromSmallest(loopOf({ left, edges }, walk)))
  }
  return loops
}

interface Hanging {
  left: Graph
  edges: Edges
}

/** From one that hangs, always to an upstream that hangs too, until a name comes back. */
function walkUp(hanging: Hanging, start: ProductId): ProductId[] {
  const walk = new Set<ProductId>()
  let at: ProductId | undefined = start
  while (at !== undefined && !walk.has(at)) {
    walk.add(at)
    at = nextUp(hanging, at)
  }
  return [...walk]
}

const nextUp = ({ left, edges }: Hanging, product: ProductId): ProductId | undefined =>
  [...knownUpstreams(left, left.get(product), edges)].sort()[0]

function loopOf(hanging: Hanging, walk: ProductId[]): ProductId[] {
  const last = walk.at(-1)
  const back = last && nextUp(hanging, last)
  return walk.slice(back === undefined ? 0 : walk.indexOf(back))
}

function fromSmallest(loop: ProductId[]): ProductId[] {
  const at = loop.indexOf([...loop].sort()[0] as ProductId)
  return [...loop.slice(at), ...loop.slice(0, at)]
}

export type EveryAnswer =
  | { kind: 'known'; every: Every }
  | { kind: 'differ'; of: { product: ProductId; every: Every }[] }
  | { kind: 'unknown' }

/** How often each product refreshes: as it says, else as all its upstreams do whose cycle of the same key it takes. */
export function answerEvery(graph: Graph): Map<ProductId, EveryAnswer> {
  const answers = new Map<ProductId, EveryAnswer>()
  for (const item of inOrder(graph, atSameTime).ordered) answers.set(item.product, everyOf(item, answers))
  return answers
}

function everyOf(item: GraphProduct, answers: ReadonlyMap<ProductId, EveryAnswer>): EveryAnswer {
  if (item.every) return { kind: 'known', every: item.every }
  const of: { product: ProductId; every: Every }[] = []
  for (const { product } of item.upstreams.filter(({ match }) => match === undefined)) {
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
