// The root that is named, against what the simulation makes of it: its arrival, with those of the others named, starts the cycle, and
// nothing starts it without.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openCycle } from '../calendar/due.ts'
import { conditionOf, judgeCondition } from '../cycle/condition.ts'
import type { DependencyDefinition, ProductDefinition } from '../definition.ts'
import { type CycleId, domainOf, type ProductId, toCycleId } from '../ids.ts'
import { definitionOf, KEY, toProduct } from '../samples.test-data.ts'
import { comes, play } from '../simulate/play.test-data.ts'
import type { SimulatedCycle } from '../simulate/report.ts'
import { toUnknownEdge } from './asked.ts'
import { type BlockerNode, NOTHING_KNOWN, toBlockerTree } from './blocker-tree.ts'
import { findRoots } from './root-blocker.ts'
import type { WaitingEdge } from './standing.ts'

const RAWS = ['raw/a', 'raw/b', 'raw/c', 'raw/d', 'raw/e']
const LAYERS = 6
const NOW_MS = Date.parse(`${KEY}T15:00:00Z`)
const SETTINGS = { checkGlueMs: 900_000, errorWaitMs: 3_600_000, recordRetryMs: 1_000 }

interface Mesh {
  products: ProductDefinition[]
  heard: string[]
}

/** Each product waits for some of those before it, one by one or in groups, in three domains. */
const meshes: fc.Arbitrary<Mesh> = fc
  .record({
    picks: fc.array(
      fc.record({
        of: fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 4 }),
        groupSize: fc.integer({ min: 0, max: 3 }),
        n: fc.nat(),
      }),
      { minLength: 2, maxLength: LAYERS },
    ),
    heard: fc.subarray(RAWS),
  })
  .map(({ picks, heard }) => {
    const names = [...RAWS]
    const products = picks.map(({ of, groupSize, n }, at) => {
      const upstreams = [...new Set(of.map((pick) => names.at(-1 - (pick % names.length)) ?? 'raw/a'))].map(toProduct)
      const name = `d${at % 3}/p${at}`
      names.push(name)
      return definitionOf(name, [], { dependsOn: grouped(upstreams, groupSize, n) })
    })
    return { products, heard }
  })

/** The first of them as a group of which some are enough. */
function grouped(upstreams: ProductId[], size: number, n: number): DependencyDefinition[] {
  const of = upstreams.slice(0, size).map((product) => ({ product }))
  const others = upstreams.slice(of.length).map((product) => ({ product }))
  return of.length < 2 ? upstreams.map((product) => ({ product })) : [{ atLeast: 1 + (n % of.length), of }, ...others]
}

function simulateWith({ products, heard }: Mesh, later: string[]): Map<CycleId, SimulatedCycle> {
  const said = [
    ...heard.map((raw) => comes(`${KEY}T12:00:00`, raw, KEY)),
    ...later.map((raw) => comes(`${KEY}T18:00:00`, raw, KEY)),
  ]
  const { cycles } = play({ products, said, from: KEY, to: KEY })
  return new Map(cycles.filter(({ key }) => key === KEY).map((one) => [toCycleId(one.product, one.key), one]))
}

/** As the mirror has it: of a cycle that waits each upstream that would help. */
function edgesOf(cycles: Map<CycleId, SimulatedCycle>, top: CycleId): WaitingEdge[] {
  const edges: WaitingEdge[] = [toEdge(cycles, { cycle: top, consumer: null, position: null })]
  const seen = new Set<CycleId>()
  for (let left = [top]; left.length > 0; ) {
    const consumer = left.shift()
    const found = consumer && cycles.get(consumer)
    if (!found || found.state !== 'WAITING' || seen.has(consumer)) continue
    seen.add(consumer)
    const { missing } = judgeCondition(conditionIn(found), found.dependencies, NOW_MS)
    for (const position of missing) {
      const input = found.dependencies[position]
      if (!input) continue
      const cycle = toCycleId(input.product, input.key)
      edges.push(toEdge(cycles, { cycle, consumer, position }))
      left.push(cycle)
    }
  }
  return edges
}

const conditionIn = ({ timetable, version, key }: SimulatedCycle) =>
  conditionOf(openCycle(timetable, version, { key, openedBy: 'person', settings: SETTINGS }))

function toEdge(
  cycles: Map<CycleId, SimulatedCycle>,
  { cycle, consumer, position }: { cycle: CycleId; consumer: CycleId | null; position: number | null },
): WaitingEdge {
  const found = cycles.get(cycle)
  const product = cycle.slice(0, cycle.lastIndexOf('/')) as ProductId
  const edge = { ...toUnknownEdge(product, KEY, consumer), position }
  return found ? { ...edge, state: found.state, revision: found.revision, condition: conditionIn(found) } : edge
}

const expectation = (product: ProductId) => ({
  ...NOTHING_KNOWN,
  what: domainOf(product) === 'raw' ? ('external' as const) : ('product' as const),
})

const productsOf = (nodes: BlockerNode[]): string[] => nodes.flatMap(({ product }) => product ?? [])

test('the arrival of the roots that are named starts the cycle, and of all but the one that decides does not', () => {
  let waiting = 0
  let deep = 0
  fc.assert(
    fc.property(meshes, (mesh) => {
      const cycles = simulateWith(mesh, [])
      for (const [cycle, { state }] of cycles) {
        if (state !== 'WAITING') continue
        waiting += 1
        const top = toBlockerTree({ edges: edgesOf(cycles, cycle), expect: expectation, nowMs: NOW_MS })
        const { decides, way, all } = findRoots(top as BlockerNode, NOW_MS)
        if (way.length > 1) deep += 1
        expect(decides?.kind).toBe('external')
        expect(simulateWith(mesh, productsOf(all)).get(cycle)?.state, 'with all that are named').toBe('COMPLETED')
        if ([...way, decides].some((node) => node?.isAlternative)) continue
        const others = RAWS.filter((raw) => raw !== decides?.product && !mesh.heard.includes(raw))
        expect(simulateWith(mesh, others).get(cycle)?.state, 'with all but the one that decides').toBe('WAITING')
      }
    }),
    { numRuns: 300 },
  )
  // The meshes are such that something is tried.
  expect(waiting).toBeGreaterThan(300)
  expect(deep).toBeGreaterThan(50)
})
