import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toProduct } from '../model/samples.test-data.ts'
import { answerEvery, atSameTime, findLoops, type GraphProduct, inOrder } from './graph.ts'

const item = (product: string, upstreams: string[] = [], every?: GraphProduct['every']): GraphProduct => ({
  product: toProduct(product),
  visibility: 'mesh',
  every,
  ...toEdges(upstreams),
  publishes: true,
})
function toEdges(names: string[]): Pick<GraphProduct, 'upstreams' | 'needs'> {
  const upstreams = names.map((name) => ({ product: toProduct(name) }))
  return { upstreams, needs: upstreams }
}
const graphOf = (...items: GraphProduct[]) => new Map(items.map((item) => [item.product, item]))
const namesOf = (items: GraphProduct[]): string[] => items.map(({ product }) => product)

/** Any graph over eight names; an upstream may be missing, be the product itself, or be named twice. */
const aGraph = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }), { maxLength: 8 }).map((edges) =>
  graphOf(
    ...edges.map((upstreams, index) =>
      item(
        `x/p${index}`,
        upstreams.map((to) => `x/p${to}`),
      ),
    ),
  ),
)

describe('order', () => {
  test('upstreams come before consumers; what is missing is no obstacle', () => {
    const { ordered, inLoops } = inOrder(
      graphOf(item('x/c', ['x/b', 'x/gone']), item('x/b', ['x/a']), item('x/a')),
      atSameTime,
    )
    expect(namesOf(ordered)).toEqual(['x/a', 'x/b', 'x/c'])
    expect(inLoops).toEqual([])
  })

  test('a chain as long as a large mesh is no problem', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => item(`x/p${index}`, [`x/p${index + 1}`]))
    expect(inOrder(graphOf(...chain), atSameTime).ordered).toHaveLength(20_000)
    const loop = graphOf(...chain, item('x/p20000', ['x/p0']))
    expect(findLoops(loop, atSameTime)[0]).toHaveLength(20_001)
  })

  test('law: every product once, each after its upstreams; the rest hangs in loops or behind them', () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        const { ordered, inLoops } = inOrder(graph, atSameTime)
        expect(namesOf([...ordered, ...inLoops]).sort()).toEqual([...graph.keys()].sort())
        const done = new Set<string>()
        for (const { product, upstreams } of ordered) {
          for (const upstream of upstreams) if (graph.has(upstream.product)) expect(done).toContain(upstream.product)
          done.add(product)
        }
        for (const { upstreams } of inLoops)
          expect(upstreams.some((upstream) => !done.has(upstream.product))).toBe(true)
        expect(findLoops(graph, atSameTime).length > 0).toBe(inLoops.length > 0)
      }),
    )
  })
})

describe('loops', () => {
  test('begin with the first of their names and go along "waits for"', () => {
    const graph = graphOf(item('x/c', ['x/b']), item('x/b', ['x/a']), item('x/a', ['x/c']), item('x/behind', ['x/a']))
    expect(findLoops(graph, atSameTime)).toEqual([['x/a', 'x/c', 'x/b']])
  })

  test('of one product', () => {
    expect(findLoops(graphOf(item('x/a', ['x/a'])), atSameTime)).toEqual([['x/a']])
  })

  test('law: what is told is a loop, and no two of them share a product', () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        const loops = findLoops(graph, atSameTime)
        for (const loop of loops) {
          for (const [index, product] of loop.entries()) {
            const next = loop[(index + 1) % loop.length]
            expect(graph.get(product)?.upstreams).toContainEqual({ product: next })
          }
          expect(loop[0]).toBe([...loop].sort()[0])
        }
        expect(new Set(loops.flat()).size).toBe(loops.flat().length)
      }),
    )
  })
})

describe('how often', () => {
  const answers = (...items: GraphProduct[]) => Object.fromEntries(answerEvery(graphOf(...items)))

  test('as a product says, else as all its upstreams do, over any number of steps', () => {
    expect(answers(item('x/a', [], 'day'), item('x/b', ['x/a']), item('x/c', ['x/b', 'x/a']))).toEqual({
      'x/a': { kind: 'known', every: 'day' },
      'x/b': { kind: 'known', every: 'day' },
      'x/c': { kind: 'known', every: 'day' },
    })
  })

  test('upstreams that differ are named; a product’s own word goes before', () => {
    const upstreams = [item('x/a', [], 'day'), item('x/b', [], 'business-day')]
    expect(answers(...upstreams, item('x/c', ['x/a', 'x/b']))['x/c']).toEqual({
      kind: 'differ',
      of: [
        { product: 'x/a', every: 'day' },
        { product: 'x/b', every: 'business-day' },
      ],
    })
    expect(answers(...upstreams, item('x/c', ['x/a', 'x/b'], 'day'))['x/c']).toEqual({ kind: 'known', every: 'day' })
  })

  test('unknown where an upstream is missing or differs itself, and no answer inside a loop', () => {
    const found = answers(item('x/a', ['x/gone']), item('x/b'), item('x/l', ['x/l']))
    expect(found).toEqual({ 'x/a': { kind: 'unknown' }, 'x/b': { kind: 'unknown' } })
  })
})
