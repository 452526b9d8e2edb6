import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { upstreamsIn } from '../model/dependencies.ts'
import type { DependencyDefinition, Every, MatchRule, UpstreamDefinition } from '../model/definition.ts'
import { type Condition, judgeCondition } from '../model/cycle/condition.ts'
import type { DependencyStatus } from '../model/cycle/cycle.ts'
import { toKey, toProduct } from '../model/samples.test-data.ts'
import { answerEvery, atSameTime, findDeadlocks, findLoops, type Graph, type GraphProduct, inOrder } from './graph.ts'

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
const nameOf = (index: number): string => `x/p${String(index).padStart(5, '0')}`
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
    const graph = graphOf(item('x/c', ['x/b', 'x/gone']), item('x/b', ['x/a']), item('x/a'))
    const { ordered, inLoops } = inOrder(graph, atSameTime(graph))
    expect(namesOf(ordered)).toEqual(['x/a', 'x/b', 'x/c'])
    expect(inLoops).toEqual([])
  })

  test('a chain as long as a large mesh is no problem', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => item(`x/p${index}`, [`x/p${index + 1}`]))
    const graph = graphOf(...chain)
    expect(inOrder(graph, atSameTime(graph)).ordered).toHaveLength(20_000)
    const loop = graphOf(...chain, item('x/p20000', ['x/p0']))
    expect(findLoops(loop, atSameTime(loop))[0]).toHaveLength(20_001)
    expect(findDeadlocks(loop)[0]).toHaveLength(20_001)
  })

  test('nor is a long chain behind a loop, whose names rise away from it, nor a product that many wait for', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => item(nameOf(index + 1), [nameOf(index)]))
    const behind = graphOf(item(nameOf(0), [nameOf(0)]), ...chain)
    expect(findLoops(behind, atSameTime(behind))).toEqual([[nameOf(0)]])
    expect(findDeadlocks(behind)).toEqual([[nameOf(0)]])
    const fan = graphOf(item('x/a'), ...Array.from({ length: 20_000 }, (_, index) => item(nameOf(index), ['x/a'])))
    expect(inOrder(fan, atSameTime(fan)).ordered).toHaveLength(20_001)
  })

  test('law: every product once, each after its upstreams; the rest hangs in loops or behind them', () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        const { ordered, inLoops } = inOrder(graph, atSameTime(graph))
        expect(namesOf([...ordered, ...inLoops]).sort()).toEqual([...graph.keys()].sort())
        const done = new Set<string>()
        for (const { product, upstreams } of ordered) {
          for (const upstream of upstreams) if (graph.has(upstream.product)) expect(done).toContain(upstream.product)
          done.add(product)
        }
        for (const { upstreams } of inLoops)
          expect(upstreams.some((upstream) => !done.has(upstream.product))).toBe(true)
        expect(findLoops(graph, atSameTime(graph)).length > 0).toBe(inLoops.length > 0)
      }),
    )
  })
})

describe('loops', () => {
  test('begin with the first of their names and go along "waits for"', () => {
    const graph = graphOf(item('x/c', ['x/b']), item('x/b', ['x/a']), item('x/a', ['x/c']), item('x/behind', ['x/a']))
    expect(findLoops(graph, atSameTime(graph))).toEqual([['x/a', 'x/c', 'x/b']])
  })

  test('of one product', () => {
    const graph = graphOf(item('x/a', ['x/a']))
    expect(findLoops(graph, atSameTime(graph))).toEqual([['x/a']])
  })

  test('law: what is told is a loop, and no two of them share a product', () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        const loops = findLoops(graph, atSameTime(graph))
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

describe('deadlocks', () => {
  const back = (name: string, more: Partial<UpstreamDefinition> = {}): UpstreamDefinition => ({
    ...{ product: toProduct(name), match: { kind: 'calendar-days-before', n: 1 } },
    ...more,
  })
  const needing = (name: string, ...needs: DependencyDefinition[]): GraphProduct => ({
    ...item(name, [], 'day'),
    ...{ needs, upstreams: upstreamsIn(needs) },
  })
  const anyOf = (...of: DependencyDefinition[]): DependencyDefinition => ({ atLeast: 1, of })

  test('a group is a way in only where enough of its parts can begin', () => {
    const others = [item('x/b', ['x/a'], 'day'), item('x/c', ['x/a'], 'day'), item('x/free', [], 'day')]
    const told = (need: DependencyDefinition) => findDeadlocks(graphOf(needing('x/a', need), ...others))
    expect(told(anyOf(back('x/b'), back('x/c')))).toEqual([['x/a', 'x/b']])
    expect(told({ atLeast: 2, of: [back('x/b'), back('x/c'), back('x/free')] })).toEqual([['x/a', 'x/b']])
    expect(told(anyOf(back('x/b'), anyOf(back('x/c'), back('x/free'))))).toEqual([])
    expect(told(anyOf(back('x/b'), back('x/unknown')))).toEqual([])
    expect(told(anyOf(back('x/b', { ifNone: 'run-without' }), back('x/c', { ifNone: 'run-without' })))).toEqual([])
  })

  test('in a group, what is gone without leaves the others to wait for', () => {
    const others = [item('x/b', ['x/a'], 'day'), item('x/c', ['x/a'], 'day'), item('x/free', [], 'day')]
    const told = (need: DependencyDefinition) => findDeadlocks(graphOf(needing('x/a', need), ...others))
    const without = back('x/c', { ifNone: 'run-without' })
    expect(told(anyOf(back('x/b'), without))).toEqual([['x/a', 'x/b']])
    expect(told({ atLeast: 2, of: [without, back('x/free')] })).toEqual([])
    const optional = { product: toProduct('x/free'), optionalAfter: { unit: 'minute', minutes: 1 } } as const
    expect(told({ atLeast: 1, of: [back('x/b'), optional] })).toEqual([])
    expect(told({ ...anyOf(back('x/b')), optionalAfter: optional.optionalAfter })).toEqual([])
  })

  test('of latest-within the first finds none but that of the same date, so to go without it is no way in', () => {
    const within = back('x/b', { match: { kind: 'latest-within', days: 7 }, ifNone: 'run-without' })
    expect(findDeadlocks(graphOf(needing('x/a', within), item('x/b', ['x/a'], 'day')))).toEqual([['x/a', 'x/b']])
  })

  test('the loop is told, not who waits behind it', () => {
    const graph = graphOf(
      ...[needing('x/a', back('x/c')), needing('x/b', back('x/c')), needing('x/c', back('x/b'))],
      needing('x/d', anyOf(back('x/a'), back('x/b'))),
    )
    expect(findDeadlocks(graph)).toEqual([['x/b', 'x/c']])
  })

  const aPart: fc.Arbitrary<DependencyDefinition> = fc.letrec<{ part: DependencyDefinition }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 2 },
      fc
        .record({ to: fc.integer({ min: 0, max: 9 }), isWithout: fc.boolean() })
        .map(({ to, isWithout }) => back(`x/p${to}`, isWithout ? { ifNone: 'run-without' } : {})),
      fc
        .tuple(fc.array(tie('part'), { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 2 }))
        .map(([of, less]) => ({ atLeast: Math.max(1, of.length - less), of })),
    ),
  })).part

  const ARRIVED: DependencyStatus[] = [
    { product: toProduct('x/any'), key: toKey('2026-11-20'), state: 'ARRIVED' } as DependencyStatus,
  ]
  /** As a first cycle has it: all that began has arrived, of the others some are gone without. */
  const toCondition = (parts: readonly DependencyDefinition[], graph: Graph, begun: Set<string>): Condition => ({
    ...{ kind: 'at-least', n: parts.length },
    of: parts.map((part): Condition => {
      if ('atLeast' in part) return { ...toCondition(part.of, graph, begun), n: part.atLeast } as Condition
      const { product } = part
      if (!graph.has(product) || begun.has(product)) return { kind: 'cycle', at: 0 }
      return { kind: 'none', product, then: part.ifNone === 'run-without' ? 'run-without' : 'wait', why: '' }
    }),
  })

  test('law: there is one just where, trying again and again, some product never begins', () => {
    const wanted = fc.array(fc.array(aPart, { maxLength: 3 }), { maxLength: 8 })
    fc.assert(
      fc.property(wanted, (all) => {
        const graph = graphOf(...all.map((needs, index) => needing(`x/p${index}`, ...needs)))
        const begun = new Set<string>()
        const isMet = (needs: readonly DependencyDefinition[]): boolean =>
          judgeCondition(toCondition(needs, graph, begun), ARRIVED, 0).holds
        for (let round = 0; round < all.length; round += 1)
          for (const { product, needs } of graph.values()) if (isMet(needs)) begun.add(product)
        const told = findDeadlocks(graph)
        expect(told.length > 0).toBe(begun.size < graph.size)
        for (const product of told.flat()) expect(begun).not.toContain(product)
      }),
    )
  })
})

describe('who looks back', () => {
  const told = (own: Every | undefined, theirs: Every | undefined, match: MatchRule): string[][] => {
    const upstream = { product: toProduct('x/u'), match }
    const graph = graphOf(
      { ...item('x/c', [], own), upstreams: [upstream], needs: [upstream] },
      { ...item('x/u', ['x/c'], theirs) },
    )
    return findLoops(graph, atSameTime(graph))
  }

  test.each<[Every | undefined, Every | undefined, MatchRule, boolean]>([
    ['day', 'day', { kind: 'calendar-days-before', n: 1 }, true],
    ['business-day', 'day', { kind: 'business-days-before', n: 1 }, true],
    ['hour', 'day', { kind: 'calendar-days-before', n: 1 }, true],
    ['day', 'month', { kind: 'calendar-days-before', n: 1 }, false],
    ['day', 'month-end(business)', { kind: 'business-days-before', n: 1 }, false],
    ['day', 'month', { kind: 'calendar-days-before', n: 31 }, true],
    ['month', 'month', { kind: 'calendar-days-before', n: 1 }, false],
    ['month', 'day', { kind: 'calendar-days-before', n: 1 }, false],
    [undefined, 'week', { kind: 'calendar-days-before', n: 6 }, false],
    ['day', undefined, { kind: 'calendar-days-before', n: 1 }, true],
    ['day', 'day', { kind: 'latest-within', days: 7 }, true],
    ['day', 'month', { kind: 'covering' }, false],
  ])('a product of each %s that waits for one of each %s by %j: %s', (own, theirs, match, isBack) => {
    expect(told(own, theirs, match)).toEqual(isBack ? [] : [['x/c', 'x/u']])
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
