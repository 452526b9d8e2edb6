// What each of several cycles waits for, down to the root. In: cycles, the time. Out: a tree for each that has a row; what is known of
// the products in them. Never: more than three statements, however many cycles.
import type { Postgres } from '../clients/postgres.ts'
import { toCalendars } from '../model/calendar/calendars.ts'
import { toExpectation } from '../model/calendar/expectation.ts'
import { type BlockerNode, type Expectation, toBlockerTree } from '../model/explain/blocker-tree.ts'
import type { ProductFacts, WaitingEdge } from '../model/explain/standing.ts'
import { type CycleId, type CycleKey, type ProductId, toCycleId } from '../model/ids.ts'
import { type Awaited, listCalendars, listProductFacts, listWaits } from './blockers.ts'

export interface BlockerTrees {
  trees: ReadonlyMap<CycleId, BlockerNode>
  facts: ReadonlyMap<ProductId, ProductFacts>
}

export async function readBlockerTrees(db: Postgres, asked: Awaited[], nowMs: number): Promise<BlockerTrees> {
  if (asked.length === 0) return { trees: new Map(), facts: new Map() }
  const edges = await listWaits(db, asked, null)
  const { facts, expect } = await readExpectations(db, edges, nowMs)
  const below = edges.filter(({ consumer }) => consumer !== null)
  const tops = edges.filter(({ consumer, state }) => consumer === null && state !== null)
  const trees = tops.flatMap((top): [CycleId, BlockerNode][] => {
    const tree = toBlockerTree({ edges: [top, ...below], expect, nowMs })
    return top.product && tree ? [[toCycleId(top.product, top.key), tree]] : []
  })
  return { trees: new Map(trees), facts }
}

/** When each cycle of these edges may be expected. */
export async function readExpectations(db: Postgres, edges: WaitingEdge[], nowMs: number) {
  const products = [...new Set(edges.flatMap(({ product }) => product ?? []))]
  const found = await listProductFacts(db, products, new Date(nowMs).toISOString())
  const facts = new Map(found.map((one) => [one.product, one]))
  const names = [...new Set(found.flatMap(({ schedule }) => schedule?.calendar ?? []))]
  const calendars = toCalendars(names.length === 0 ? [] : await listCalendars(db, names))
  const expect = (product: ProductId, key: CycleKey): Expectation =>
    toExpectation(calendars, facts.get(product), { key, nowMs })
  return { facts, expect }
}
