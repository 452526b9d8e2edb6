import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { DependencyDefinition, MatchRule, UpstreamDefinition, WallTime } from '../model/definition.ts'
import { IF_NONE, ON_REVISION } from '../model/definition.ts'
import { type DependencyFile, dependency as dependencySchema } from '../model/dependency.schema.ts'
import { aProduct } from '../model/samples.test-data.ts'
import { toDependencies } from './dependencies.ts'
import { dependenciesWords, dependencyWords, matchWords, placeUpstreams } from './rule-words.ts'

const aNumber = fc.integer({ min: 1, max: 400 })
const aMatch: fc.Arbitrary<MatchRule> = fc.oneof(
  fc.record({ kind: fc.constantFrom('business-days-before' as const, 'calendar-days-before' as const), n: aNumber }),
  fc.record({ kind: fc.constant('latest-within' as const), days: aNumber }),
  fc.constantFrom(
    ...(['every-of-period', 'last-of-period', 'covering', 'self-previous'] as const).map((kind) => ({ kind })),
  ),
)
const aWall: fc.Arbitrary<WallTime> = fc.oneof(
  fc.constantFrom<WallTime>(
    { time: '20:00', days: 0, unit: 'day' },
    { time: '06:00', days: 1, unit: 'business-day' },
    { time: '00:30', days: 2, unit: 'day' },
  ),
  fc.constantFrom(20, 120, 125).map((minutes): WallTime => ({ unit: 'minute', minutes })),
)
const optional = fc.option(aWall).map((wall) => (wall ? { optionalAfter: wall } : {}))
const onCorrections: fc.Arbitrary<Pick<UpstreamDefinition, 'onRevision' | 'acceptPartial'>> = fc.record(
  { onRevision: fc.constantFrom(...ON_REVISION), acceptPartial: fc.constant(false as const) },
  { requiredKeys: [] },
)
const anUpstream: fc.Arbitrary<UpstreamDefinition> = fc
  .tuple(aProduct, fc.option(aMatch), fc.option(fc.constantFrom(...IF_NONE)), optional, onCorrections)
  .filter(([, match, ifNone]) => ifNone !== 'previous' || !/within|self/.test(match?.kind ?? ''))
  .filter(([, , ifNone, until]) => ifNone !== 'skip-cycle' || !('optionalAfter' in until))
  .map(([product, match, ifNone, until, corrections]) => ({
    ...{ product, ...(match ? { match } : {}), ...corrections },
    ...{ ...(ifNone ? { ifNone } : {}), ...until },
  }))
const groupOf = (inner: fc.Arbitrary<DependencyDefinition>): fc.Arbitrary<DependencyDefinition> =>
  fc
    .tuple(fc.array(inner, { minLength: 2, maxLength: 4 }), fc.nat(), optional)
    .map(([of, n, until]) => ({ atLeast: 1 + (n % of.length), of, ...until }))
const aDependency = fc.oneof(anUpstream, groupOf(fc.oneof(anUpstream, groupOf(anUpstream))))

describe('the words of a dependency', () => {
  test('are what the definition file takes for the same', () => {
    fc.assert(
      fc.property(fc.array(aDependency, { maxLength: 4 }), (dependsOn) => {
        const written = parse(`[${dependenciesWords(dependsOn)}]`) as DependencyFile[]
        for (const one of written) expect(dependencySchema.safeParse(one).error).toBeUndefined()
        const file = { product: 'd1/own', dependsOn: written } as Parameters<typeof toDependencies>[0]
        expect(toDependencies(file)).toEqual(dependsOn)
      }),
    )
  })

  const [a, b, c] = ['raw/a', 'raw/b', 'raw/c'].map((product) => ({ product }) as UpstreamDefinition)
  if (!a || !b || !c) throw new Error('Three upstreams.')
  const at8: WallTime = { time: '20:00', days: 0, unit: 'day' }

  test.each<[string, DependencyDefinition]>([
    ['raw/a', a],
    ['{ product: raw/a, cycle: previous-business-day }', { ...a, match: { kind: 'business-days-before', n: 1 } }],
    [
      '{ product: raw/a, cycle: { businessDaysBefore: 3 }, ifNone: previous }',
      { ...a, match: { kind: 'business-days-before', n: 3 }, ifNone: 'previous' },
    ],
    ['{ product: raw/a, latestWithin: 7d }', { ...a, match: { kind: 'latest-within', days: 7 } }],
    ['{ product: raw/a, optionalAfter: "20:00" }', { ...a, optionalAfter: at8 }],
    ['{ anyOf: [raw/a, raw/b] }', { atLeast: 1, of: [a, b] }],
    ['{ allOf: [raw/a, raw/b] }', { atLeast: 2, of: [a, b] }],
    [
      '{ atLeast: 2, of: [raw/a, raw/b, raw/c], optionalAfter: "20:00" }',
      { atLeast: 2, of: [a, b, c], optionalAfter: at8 },
    ],
  ])('%s', (words, dependency) => {
    expect(dependencyWords(dependency)).toBe(words)
  })

  test('a rule in short, for a column of its own', () => {
    expect(matchWords(undefined)).toBe('same')
    expect(matchWords({ kind: 'calendar-days-before', n: 1 })).toBe('calendarDaysBefore: 1')
    expect(matchWords({ kind: 'self-previous' })).toBe('self-previous')
  })

  test('each upstream is told with the groups in which it stands', () => {
    const inner: DependencyDefinition = { atLeast: 2, of: [b, c], optionalAfter: at8 }
    const placed = placeUpstreams([a, { atLeast: 1, of: [a, inner] }])
    expect(placed.map(({ upstream, part }) => [upstream.product, part])).toEqual([
      ['raw/a', null],
      ['raw/a', '2: at least 1 of'],
      ['raw/b', '2: at least 1 of > 2: at least 2 of, optional after 20:00'],
      ['raw/c', '2: at least 1 of > 2: at least 2 of, optional after 20:00'],
    ])
  })
})
