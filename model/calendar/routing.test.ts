import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DefinitionVersion, ProductDefinition } from '../definition.ts'
import type { Domain } from '../ids.ts'
import { catalogOf, definitionOf, KEY, toKey, toProduct, versionOf } from '../samples.test-data.ts'
import { DAY_MS } from './due.ts'
import { buildIndex, decideOpening, OPENING_WINDOW, ownerAccount, type Route, type Routing, route } from './routing.ts'

const DS1 = toProduct('d1/ds1')
const SATURDAY = toKey('2026-11-21')
const ds3 = (version: number, upstreams: string[], change: Partial<ProductDefinition> = {}): DefinitionVersion =>
  versionOf(definitionOf('d1/ds3', upstreams, change), version)

const routesOf = (routing: Routing): Route[] => (routing.kind === 'routed' ? routing.routes : [])
const summary = (routing: Routing) =>
  routesOf(routing).map(({ cycle, version, isCurrent }) => [cycle, version.version, isCurrent])

describe('who waits for an upstream cycle', () => {
  test('every consumer of it, each with its own due time', () => {
    const ds4 = versionOf(definitionOf('d1/ds4', ['d1/ds1'], { timezone: 'UTC' }))
    const routes = routesOf(route(buildIndex(catalogOf([ds3(1, ['d1/ds1', 'raw/rd2']), ds4])), DS1, KEY))
    expect(routes.map(({ cycle, dueAtMs }) => [cycle, new Date(dueAtMs).toISOString()])).toEqual([
      ['d1/ds3/2026-11-20', '2026-11-20T05:00:00.000Z'],
      ['d1/ds4/2026-11-20', '2026-11-20T00:00:00.000Z'],
    ])
  })

  test('a product of the domain that nobody waits for is irrelevant, one nobody has heard of unknown', () => {
    const index = buildIndex(catalogOf([ds3(1, ['d1/ds1'])]))
    expect(route(index, toProduct('d1/ds3'), KEY)).toEqual({ kind: 'irrelevant' })
    expect(route(index, toProduct('d1/ds9'), KEY)).toEqual({ kind: 'unknown' })
  })

  test('a cycle that no consumer has is unmatched, and each reason is said once', () => {
    const catalog = catalogOf([ds3(2, ['d1/ds1'])], [ds3(1, ['d1/ds1'], { every: 'business-day' })])
    expect(route(buildIndex(catalog), DS1, SATURDAY)).toEqual({
      kind: 'unmatched',
      reason: 'd1/ds3 has no cycle for 2026-11-21: not a business day of weekdays (Saturday)',
    })
  })

  test('a Saturday reaches the consumer that refreshes daily and not the one of business days', () => {
    const daily = versionOf(definitionOf('d1/daily', ['d1/ds1'], { every: 'day' }))
    const index = buildIndex(catalogOf([ds3(1, ['d1/ds1']), daily]))
    expect(summary(route(index, DS1, SATURDAY))).toEqual([['d1/daily/2026-11-21', 1, true]])
  })
})

describe('versions', () => {
  test('an older version that alone waits for it delivers, and is marked so that it opens nothing', () => {
    const index = buildIndex(catalogOf([ds3(2, ['raw/rd2'])], [ds3(1, ['d1/ds1'])]))
    const routing = route(index, DS1, KEY)
    expect(summary(routing)).toEqual([['d1/ds3/2026-11-20', 1, false]])
    const [old] = routesOf(routing)
    expect(old && decideOpening(old, OPENING_WINDOW, old.dueAtMs)).toBe('not-current')
  })

  test('where old and current versions wait for it, there is one delivery, by the current one', () => {
    const index = buildIndex(catalogOf([ds3(3, ['d1/ds1'])], [ds3(2, ['d1/ds1', 'x/y']), ds3(1, ['d1/ds1', 'x/z'])]))
    expect(summary(route(index, DS1, KEY))).toEqual([['d1/ds3/2026-11-20', 3, true]])
  })

  test('among older versions the newest delivers', () => {
    const index = buildIndex(catalogOf([ds3(3, ['raw/rd2'])], [ds3(2, ['d1/ds1']), ds3(1, ['d1/ds1', 'x/y'])]))
    expect(summary(route(index, DS1, KEY))).toEqual([['d1/ds3/2026-11-20', 2, false]])
  })

  test('of a removed product the open cycles are still served', () => {
    const index = buildIndex(catalogOf([], [ds3(1, ['d1/ds1'])]))
    expect(summary(route(index, DS1, KEY))).toEqual([['d1/ds3/2026-11-20', 1, false]])
    expect(index.current.size).toBe(0)
  })
})

describe('the index', () => {
  test('names the jobs of every version, the current definitions and the accounts', () => {
    const run = { glue: 'old-job', arguments: {}, timeoutMinutes: 1, attempts: 1, retryAfterMs: 1_000 }
    const current = ds3(2, ['d1/ds1'])
    const index = buildIndex(catalogOf([current], [ds3(1, ['d1/ds1'], { run })]))
    expect([...index.jobs]).toEqual(['d1-ds3', 'old-job'])
    expect(index.current.get(toProduct('d1/ds3'))).toBe(current)
    expect(ownerAccount(index, toProduct('raw/rd2'))).toBe('111111111111')
    expect(ownerAccount(index, 'd1' as Domain)).toBe('222222222222')
    expect(ownerAccount(index, toProduct('d9/x'))).toBeUndefined()
  })
})

describe('whether a delivery may open the cycle', () => {
  const [found] = routesOf(route(buildIndex(catalogOf([ds3(1, ['d1/ds1'])])), DS1, KEY))
  const due = found as Route
  test.each([
    ['a day before it is due, to the millisecond', -DAY_MS, 'open'],
    ['a millisecond earlier', -DAY_MS - 1, 'too-early'],
    ['when it is due', 0, 'open'],
    ['21 days after, to the millisecond', 21 * DAY_MS, 'open'],
    ['a millisecond later', 21 * DAY_MS + 1, 'too-old'],
  ])('%s', (_, afterMs, decision) => {
    expect(decideOpening(due, OPENING_WINDOW, due.dueAtMs + afterMs)).toBe(decision)
    const takenBack = decision === 'too-old' ? decision : 'taken-back'
    expect(decideOpening(due, OPENING_WINDOW, due.dueAtMs + afterMs, true)).toBe(takenBack)
  })

  test('what looks back never, whatever the time', () => {
    const past = { ...due, isLookBack: true }
    expect(decideOpening(past, OPENING_WINDOW, due.dueAtMs)).toBe('look-back')
    expect(decideOpening(past, OPENING_WINDOW, due.dueAtMs - DAY_MS - 1)).toBe('look-back-later')
  })

  test('an older version never, whatever the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100 * DAY_MS, max: 100 * DAY_MS }), (afterMs) => {
        expect(decideOpening({ ...due, isCurrent: false }, OPENING_WINDOW, due.dueAtMs + afterMs)).toBe('not-current')
      }),
    )
  })
})
