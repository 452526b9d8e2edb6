// Which upstream cycles a cycle expects, by every rule, and the law that routing is its inverse.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DependencyDefinition,
  type Every,
  type MatchRule,
  PERIODS,
  type Period,
  type ProductDefinition,
  type UpstreamDefinition,
} from '../definition.ts'
import { type CycleKey, toCycleId } from '../ids.ts'
import {
  CALENDARS,
  calendarOf,
  catalogOf,
  definitionOf,
  KEY,
  timetableOf,
  toKey,
  toProduct,
  versionOf,
} from '../samples.test-data.ts'
import { toCadence } from './cadence.ts'
import { hasCycle, type ProductSchedule, type Timetable } from './cycles.ts'
import { keyAt, keysOver } from './dates.ts'
import { toConsumer } from './due.ts'
import { upstreamsIn } from '../dependencies.ts'
import { concernedBy, edgesOf, expectedOf } from './match.ts'
import { buildIndex, route } from './routing.ts'

const U = toProduct('raw/u')
const edge = (change: Partial<UpstreamDefinition> = {}): UpstreamDefinition => ({ product: U, ...change })

/** What a cycle of `own` expects of `raw/u`, which refreshes as `theirs` says. */
function expectation(
  own: Partial<ProductDefinition>,
  theirs: Partial<ProductSchedule>,
  dependsOn: DependencyDefinition[],
  key: string = KEY,
) {
  const consumer = definitionOf('d1/c', [], { ...own, dependsOn })
  return expectedOf(timetableOf({ [U]: theirs }), consumer, { key: toKey(key), toMs: () => 0 })
}
const keysOf = (...args: Parameters<typeof expectation>): string[] =>
  expectation(...args).expected.map(({ key }) => key)
const on = (calendar: string) => ({ calendar })

describe('a cycle of its own key', () => {
  test('is expected of each upstream, in the order of the definition, and needs no further condition', () => {
    const definition = definitionOf('d1/c', ['raw/b', 'raw/a'])
    expect(expectedOf(timetableOf(), definition, { key: KEY, toMs: () => 0 })).toEqual({
      expected: [
        { product: 'raw/b', key: KEY },
        { product: 'raw/a', key: KEY },
      ],
    })
  })

  test('when the upstream has none that day, what is declared counts: wait, previous, run-without, skip-cycle', () => {
    const veterans = '2026-11-11'
    const at = (ifNone?: UpstreamDefinition['ifNone']) =>
      expectation(on('equities'), on('bonds'), [edge(ifNone ? { ifNone } : {})], veterans)
    const why = 'raw/u has no cycle 2026-11-11: not a business day of bonds (Veterans Day)'
    // Waited for all the same: somebody may publish it.
    expect(at()).toEqual({ expected: [{ product: U, key: veterans, why, isAbsent: true }] })
    expect(at('run-without').condition).toMatchObject({ of: [{ then: 'run-without' }] })
    expect(at('skip-cycle').condition).toMatchObject({ of: [{ then: 'skip-cycle', why }] })
    const previous = at('previous')
    expect(previous.expected[0]).toEqual({ product: U, key: '2026-11-10', why: `${why}; so the one before` })
    expect(previous.condition).toMatchObject({ of: [{ kind: 'first-not-skipped', of: [0, 1, 2, 3, 4, 5] }] })
  })

  test('when the upstream has one, a skip of it leads to the one before, where so declared', () => {
    expect(keysOf(on('bonds'), on('bonds'), [edge({ ifNone: 'previous' })])).toEqual([
      ...['2026-11-20', '2026-11-19', '2026-11-18', '2026-11-17', '2026-11-16', '2026-11-13'],
    ])
    expect(expectation({}, {}, [edge({ ifNone: 'run-without' })]).condition).toEqual({
      ...{ kind: 'at-least', n: 1 },
      of: [{ kind: 'cycle', at: 0, ifSkipped: 'run-without' }],
    })
  })
})

describe('days before', () => {
  const before = (n: number): MatchRule => ({ kind: 'business-days-before', n })

  test("business days are counted on the consumer's calendar, and only then the upstream's own asked", () => {
    expect(keysOf(on('weekdays'), on('weekdays'), [edge({ match: before(1) })], '2026-11-23')).toEqual(['2026-11-20'])
    // The Friday after Thanksgiving: for equities Wednesday comes before it, for weekdays Thursday, when bonds rest.
    expect(keysOf(on('equities'), on('bonds'), [edge({ match: before(1) })], '2026-11-27')).toEqual(['2026-11-25'])
    expect(expectation(on('weekdays'), on('bonds'), [edge({ match: before(1) })], '2026-11-27').expected).toMatchObject(
      [{ key: '2026-11-26', isAbsent: true }],
    )
    const previous = [edge({ match: before(1), ifNone: 'previous' as const })]
    expect(keysOf(on('weekdays'), on('bonds'), previous, '2026-11-27')[0]).toBe('2026-11-25')
    expect(keysOf({}, {}, [edge({ match: before(3) })], '2026-11-23')).toEqual(['2026-11-18'])
  })

  test('of a Saturday, the business day before it is Friday', () => {
    expect(keysOf({ every: 'day' }, {}, [edge({ match: before(1) })], '2026-11-21')).toEqual(['2026-11-20'])
  })

  test('calendar days are just subtracted; of a coarser upstream the period that holds the date is meant', () => {
    const rule = [edge({ match: { kind: 'calendar-days-before' as const, n: 1 } })]
    expect(keysOf({ every: 'day' }, { every: 'day' }, rule, '2026-03-01')).toEqual(['2026-02-28'])
    expect(keysOf({ every: 'day' }, { every: 'month' }, rule, '2026-03-01')).toEqual(['2026-02'])
  })
})

test('days that the calendar does not cover are none to wait for, and hold up no event', () => {
  const desk = { ...calendarOf('desk'), from: '2026-01-01', to: '2026-12-31' }
  const timetable = timetableOf({ [U]: { calendar: 'desk' } }, [desk])
  const dependsOn = [edge({ match: { kind: 'business-days-before' as const, n: 3 } })]
  const consumer = definitionOf('d1/c', [], { calendar: 'desk', dependsOn })
  const at = (key: string) => expectedOf(timetable, consumer, { key: toKey(key), toMs: () => 0 })
  expect(at('2026-01-02').condition).toMatchObject({
    of: [{ kind: 'none', why: expect.stringContaining('covers 2026') }],
  })
  for (const key of ['2025-12-30', '2026-01-01', '2026-12-30', '2026-12-31', '2027-01-04']) {
    expect(() => concernedBy(edgesOf(timetable, consumer, U), toKey(key))).not.toThrow()
  }
})

describe('periods', () => {
  const every = [edge({ match: { kind: 'every-of-period' as const } })]
  const last = [edge({ match: { kind: 'last-of-period' as const } })]

  test('every or the last fine cycle of a coarse period', () => {
    const days = keysOf({ every: 'month-end(business)', calendar: 'equities' }, on('bonds'), every, '2026-11')
    expect([days.length, days[0], days.at(-1), days.includes('2026-11-11')]).toEqual([
      19,
      '2026-11-02',
      '2026-11-30',
      false,
    ])
    expect(keysOf({ every: 'month' }, {}, last, '2026-10')).toEqual(['2026-10-30'])
    expect(keysOf({ every: 'quarter' }, { every: 'month' }, every, '2026-Q4')).toEqual([
      '2026-10',
      '2026-11',
      '2026-12',
    ])
    // A week belongs to the month in which it ends.
    expect(keysOf({ every: 'month' }, { every: 'week' }, every, '2026-11')).toEqual([
      ...['2026-W44', '2026-W45', '2026-W46', '2026-W47', '2026-W48'],
    ])
  })

  test.each([
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['America/New_York', '2026-11-02', 24],
    ['Europe/London', '2026-03-29', 23],
    ['Australia/Sydney', '2026-04-05', 25],
    // Clocks are turned by half an hour: 23 hours of UTC begin in the short day and 25 in the long one.
    ['Australia/Lord_Howe', '2026-10-04', 23],
    ['Australia/Lord_Howe', '2026-04-05', 25],
    ['Australia/Lord_Howe', '2026-04-06', 24],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['America/Sao_Paulo', '2019-02-16', 25],
  ])('of hours a day in %s on %s has %i', (timezone, date, count) => {
    expect(keysOf({ every: 'day', timezone }, { every: 'hour' }, every, date)).toHaveLength(count)
  })

  test('the coarse cycle that holds the date', () => {
    const covering = [edge({ match: { kind: 'covering' as const } })]
    expect(keysOf({}, { every: 'month' }, covering)).toEqual(['2026-11'])
    expect(keysOf({}, { every: 'week' }, covering, '2027-01-01')).toEqual(['2026-W53'])
    // Half past one in the night of UTC is the evening before in New York.
    expect(keysOf({ every: 'hour' }, { every: 'day' }, covering, '2026-11-20T01Z')).toEqual(['2026-11-19'])
  })
})

test('the newest of some days: all that may be it, oldest first, none later than the cycle', () => {
  const latest = [edge({ match: { kind: 'latest-within' as const, days: 4 } })]
  const { expected, condition } = expectation({}, {}, latest, '2026-11-23')
  expect(expected.map(({ key }) => key)).toEqual(['2026-11-19', '2026-11-20', '2026-11-23'])
  expect(condition).toMatchObject({ of: [{ kind: 'newest', of: [0, 1, 2] }] })
  expect(keysOf({}, { every: 'month-end(business)' }, latest, '2026-11-23')).toEqual([])
  expect(keysOf({}, { every: 'month-end(business)' }, latest, '2026-11-02')).toEqual(['2026-10'])
})

test('its own cycle before, but of the very first none', () => {
  const own: DependencyDefinition[] = [{ product: toProduct('d1/c'), match: { kind: 'self-previous' } }]
  expect(keysOf({}, {}, own, '2026-11-23')).toEqual(['2026-11-20'])
  expect(keysOf({ every: 'month' }, {}, own, '2027-01')).toEqual(['2026-12'])
  const version = { ...versionOf(definitionOf('d1/c', [], { dependsOn: own })), firstAppliedAt: '2026-11-21T12:00:00Z' }
  const at = (key: string) => expectedOf(timetableOf(), toConsumer(version), { key: toKey(key), toMs: () => 0 })
  expect(at('2026-11-23')).toMatchObject({
    expected: [{ key: '2026-11-20', isBeforeFirst: true }],
    condition: { of: [{ kind: 'cycle', at: 0, ifSkipped: 'run-without' }] },
  })
  expect(at('2026-11-24').expected).toEqual([{ product: 'd1/c', key: '2026-11-23', why: 'its own cycle before this' }])
})

test('what fell due before the upstream was first applied is marked: it may never come', () => {
  const theirs = { firstDate: '2026-11-19' }
  const marked = (dependency: UpstreamDefinition, own: Partial<ProductDefinition> = {}, key: string = KEY) =>
    expectation(own, theirs, [dependency], key)
      .expected.filter(({ isBeforeFirst }) => isBeforeFirst)
      .map((one) => one.key)
  expect(marked(edge(), {}, '2026-11-18')).toEqual(['2026-11-18'])
  expect(marked(edge(), {}, '2026-11-19')).toEqual([])
  expect(marked(edge({ match: { kind: 'business-days-before', n: 2 } }))).toEqual(['2026-11-18'])
  expect(marked(edge({ match: { kind: 'latest-within', days: 3 } }))).toEqual(['2026-11-17', '2026-11-18'])
  expect(marked(edge({ match: { kind: 'last-of-period' } }), { every: 'month' }, '2026-10')).toEqual(['2026-10-30'])
})

describe('where a calendar says nothing', () => {
  const desk = { ...calendarOf('desk'), from: '2026-01-01', to: '2026-12-15' }
  const at = (dependency: UpstreamDefinition, own: Partial<ProductDefinition>, key: string) =>
    expectedOf(
      timetableOf({ [U]: { calendar: 'desk' } }, [desk, calendarOf('weekdays')]),
      definitionOf('d1/c', [], { ...own, dependsOn: [dependency] }),
      { key: toKey(key), toMs: () => 0 },
    ).condition

  test.each<[string, UpstreamDefinition, Partial<ProductDefinition>, string]>([
    ['the same day', edge({ ifNone: 'run-without' }), {}, '2026-12-16'],
    ['the one before', edge({ ifNone: 'previous' }), {}, '2026-12-16'],
    [
      'each of a month',
      edge({ match: { kind: 'every-of-period' }, ifNone: 'run-without' }),
      { every: 'month' },
      '2026-12',
    ],
    ['the newest', edge({ match: { kind: 'latest-within', days: 4 }, ifNone: 'skip-cycle' }), {}, '2026-12-16'],
    ['the newest of days before it', edge({ match: { kind: 'latest-within', days: 9 } }), {}, '2026-01-05'],
  ])('nobody goes without, whatever is declared: %s', (_what, dependency, own, key) => {
    expect(at(dependency, own, key)).toMatchObject({
      of: [{ kind: 'none', then: 'wait', why: expect.stringContaining('says nothing about') }],
    })
  })

  test('business days are counted back over 400 days at most, and an event concerns no more than that', () => {
    const weeks = [{ from: '2026-01-01', open: [] }]
    const closes = { ...calendarOf('closes'), weeks, opened: { '2026-12-31': 'Close', '2028-12-29': 'Close' } }
    const timetable = timetableOf({ [U]: { calendar: 'weekdays' } }, [
      { ...closes, from: '2026-01-01', to: '2199-12-31' },
      calendarOf('weekdays'),
    ])
    const dependsOn = [edge({ match: { kind: 'business-days-before', n: 1 }, ifNone: 'run-without' })]
    const consumer = definitionOf('d1/c', [], { every: 'day', calendar: 'closes', dependsOn })
    const of = (key: string) => expectedOf(timetable, consumer, { key: toKey(key), toMs: () => 0 })
    expect(of('2028-02-04').expected).toMatchObject([{ key: '2026-12-31' }])
    expect(of('2028-02-05')).toMatchObject({
      expected: [],
      condition: { of: [{ why: 'closes has not 1 business day in the 400 days before 2028-02-05' }] },
    })
    expect(concernedBy(edgesOf(timetable, consumer, U), toKey('2028-12-29'))).toHaveLength(400)
  })

  test('an event of a date far outside is answered at once', () => {
    const timetable = timetableOf({ [U]: { calendar: 'desk', every: 'day' } }, [{ ...desk, to: '2199-12-31' }])
    const match = { kind: 'business-days-before' as const, n: 3 }
    const consumer = definitionOf('d1/c', [], { calendar: 'desk', dependsOn: [edge({ match })] })
    const touched: string[] = []
    const watched: Timetable = {
      ...timetable,
      calendars: new Map(
        [...timetable.calendars].map(([name, calendar]) => [
          name,
          {
            ...calendar,
            get weeks() {
              touched.push(name)
              return calendar.weeks
            },
          },
        ]),
      ),
    }
    expect(concernedBy(edgesOf(watched, consumer, U), toKey('1900-01-01'))).toEqual([])
    expect(touched.length).toBeLessThan(100)
  })
})

test('of an upstream that has changed its kind since, no cycle of now looks at an event', () => {
  const dependency = edge({ ifNone: 'wait' })
  const consumer = definitionOf('d1/c', [], { every: 'business-day', dependsOn: [dependency] })
  const timetable = timetableOf({ [U]: { every: 'month' } })
  expect(concernedBy(edgesOf(timetable, consumer, U), toKey('2026-11-20'))).toEqual([])
})

test('a month without a cycle that is covered opens no day, as one with a cycle', () => {
  const covering = edge({ match: { kind: 'covering' }, ifNone: 'wait' })
  const theirs = { every: 'month' as const, onNonBusinessDay: 'skip' as const }
  const consumer = definitionOf('d1/c', [], { every: 'day', dependsOn: [covering] })
  const found = concernedBy(edgesOf(timetableOf({ [U]: theirs }), consumer, U), toKey('2026-10'))
  expect([found.length, found.some(({ isLookBack }) => !isLookBack)]).toEqual([31, false])
})

test('groups and times make a condition over the expected cycles, each cycle once', () => {
  const a: UpstreamDefinition = { product: toProduct('raw/a') }
  const b: UpstreamDefinition = { product: toProduct('raw/b') }
  const dependsOn: DependencyDefinition[] = [
    a,
    { atLeast: 1, of: [a, { atLeast: 2, of: [b, edge()] }] },
    { ...b, optionalAfter: { time: '20:00', days: 0, unit: 'day' } },
  ]
  const { expected, condition } = expectedOf(timetableOf(), definitionOf('d1/c', [], { dependsOn }), {
    ...{ key: KEY, toMs: () => 77 },
  })
  expect(expected.map(({ product }) => product)).toEqual(['raw/a', 'raw/b', 'raw/u'])
  expect(condition).toEqual({
    kind: 'at-least',
    n: 3,
    of: [
      { kind: 'cycle', at: 0 },
      {
        ...{ kind: 'at-least', n: 1 },
        of: [
          { kind: 'cycle', at: 0 },
          {
            ...{ kind: 'at-least', n: 2 },
            of: [
              { kind: 'cycle', at: 1 },
              { kind: 'cycle', at: 2 },
            ],
          },
        ],
      },
      { kind: 'optional', afterMs: 77, of: { kind: 'cycle', at: 1 } },
    ],
  })
})

describe('law: what a cycle expects and whom an event concerns are inverse', () => {
  /** Its ends lie within the dates that are tried. */
  const desk = { ...calendarOf('desk', { '2026-11-11': 'Veterans Day' }), from: '2026-09-28', to: '2026-12-10' }
  const everies: Every[] = [
    ...(['hour', 'day', 'business-day', 'week', 'month', 'quarter'] as const),
    ...(['week-end(business)', 'month-end(business)', 'quarter-end(business)', 'nth-business-day(3)'] as const),
  ]
  const aSchedule = fc
    .record({
      every: fc.constantFrom(...everies),
      calendar: fc.constantFrom('weekdays', 'equities', 'bonds', 'desk'),
      timezone: fc.constantFrom('America/New_York', 'Asia/Tokyo', 'Pacific/Apia', 'Australia/Lord_Howe', 'UTC'),
      shift: fc.constantFrom(undefined, 'skip' as const, 'next' as const, 'previous' as const),
    })
    .map(({ shift, ...schedule }): ProductSchedule => (shift ? { ...schedule, onNonBusinessDay: shift } : schedule))
  const aRule: fc.Arbitrary<MatchRule | undefined> = fc.oneof(
    fc.constant(undefined),
    fc.record({
      kind: fc.constantFrom('business-days-before' as const, 'calendar-days-before' as const),
      n: fc.integer({ min: 1, max: 12 }),
    }),
    fc.record({
      kind: fc.constantFrom(
        'every-of-period' as const,
        'last-of-period' as const,
        'covering' as const,
        'self-previous' as const,
      ),
    }),
    fc.record({ kind: fc.constant('latest-within' as const), days: fc.integer({ min: 1, max: 12 }) }),
  )
  const aCase = fc.record({
    own: aSchedule,
    theirs: aSchedule,
    match: aRule,
    ifNone: fc.constantFrom(
      undefined,
      'wait' as const,
      'previous' as const,
      'run-without' as const,
      'skip-cycle' as const,
    ),
    hour: fc.integer({ min: 0, max: 23 }),
    date: fc
      .integer({ min: 0, max: 160 })
      .map((day) => new Date(Date.UTC(2026, 8, 15 + day)).toISOString().slice(0, 10)),
  })

  test('for unequal calendars, granularities and zones, with and without a cycle on the day', () => {
    let met = 0
    fc.assert(
      fc.property(aCase, ({ own, theirs, match, ifNone, date, hour }) => {
        const isSelf = match?.kind === 'self-previous'
        const product = toProduct(isSelf ? 'd1/c' : 'raw/u')
        const dependency: UpstreamDefinition = { product, ...(match ? { match } : {}), ...(ifNone ? { ifNone } : {}) }
        const consumer = definitionOf('d1/c', [], { ...own, dependsOn: [dependency] })
        const upstream = isSelf ? own : theirs
        const [mine, other] = [toCadence(own.every).period, toCadence(upstream.every).period]
        // What validate refuses has no meaning, and hours of whole quarters would take minutes.
        if (match === undefined && mine !== other) return
        const finer = PERIODS.indexOf(other) - PERIODS.indexOf(mine)
        if (match?.kind === 'covering' && finer <= 0) return
        if (match?.kind.endsWith('-of-period') && finer >= 0) return
        if ([mine, other].includes('hour') && [mine, other].includes('quarter')) return
        const timetable = timetableOf({ [product]: upstream }, [...CALENDARS, desk])
        const keyOn = (period: Period): CycleKey =>
          period === 'hour' ? toKey(`${date}T${String(hour).padStart(2, '0')}Z`) : keyAt(period, date)
        const expectedBy = (key: CycleKey) => expectedOf(timetable, consumer, { key, toMs: () => 0 }).expected
        const key = keyOn(mine)
        if (hasCycle(timetable.calendars, own, key)) {
          for (const { key: upstreamKey } of expectedBy(key)) {
            met += 1
            expect(concernedBy(edgesOf(timetable, consumer, product), upstreamKey).map((one) => one.key)).toContain(key)
          }
        }
        const event = keyOn(other)
        for (const one of concernedBy(edgesOf(timetable, consumer, product), event)) {
          expect(expectedBy(one.key).map((wanted) => wanted.key)).toContain(event)
        }
      }),
      { numRuns: 120 },
    )
    expect(met).toBeGreaterThan(10)
  })

  test('whole: each event is routed to exactly the due cycles that expect it, by one delivery each', () => {
    const names = ['d1/a', 'd1/b', 'raw/e', 'raw/f']
    const aDefinition = fc
      .record({
        product: fc.constantFrom('d1/a', 'd1/b'),
        upstreams: fc.subarray(names),
        match: fc.constantFrom<(MatchRule | undefined)[]>(
          undefined,
          { kind: 'business-days-before', n: 2 },
          { kind: 'latest-within', days: 5 },
        ),
        every: fc.constantFrom('day' as const, 'business-day' as const),
      })
      .map(({ product, upstreams, match, every }) =>
        definitionOf(product, [], {
          every,
          dependsOn: upstreams.map((upstream) => ({ product: toProduct(upstream), ...(match ? { match } : {}) })),
        }),
      )
    const aCatalog = fc
      .record({
        current: fc.uniqueArray(aDefinition, { maxLength: 2, selector: ({ product }) => product }),
        older: fc.array(aDefinition, { maxLength: 3 }),
      })
      .map(({ current, older }) =>
        catalogOf(
          current.map((definition) => versionOf(definition, 9)),
          older.map((definition, index) => versionOf(definition, 8 - index)),
        ),
      )
    fc.assert(
      fc.property(aCatalog, fc.constantFrom(...names).map(toProduct), (catalog, product) => {
        const index = buildIndex(catalog)
        const routing = route(index, product, KEY)
        const found = routing.kind === 'routed' ? routing.routes : []
        const wanted = [...catalog.products, ...catalog.earlier].flatMap((version) =>
          keysOver('day', '2026-11-18', '2026-11-30')
            .filter((key) => hasCycle(index.timetable.calendars, version.definition, key))
            .filter((key) =>
              expectedOf(index.timetable, version.definition, { key, toMs: () => 0 }).expected.some(
                (one) => one.product === product && one.key === KEY,
              ),
            )
            .map((key) => ({ cycle: toCycleId(version.definition.product, key), version })),
        )
        expect(found.map(({ cycle }) => cycle).sort()).toEqual([...new Set(wanted.map(({ cycle }) => cycle))].sort())
        for (const { cycle, version, isCurrent } of found) {
          expect(isCurrent).toBe(catalog.products.includes(version))
          const current = wanted.find((one) => one.cycle === cycle && catalog.products.includes(one.version))
          if (current) expect(version).toBe(current.version)
        }
        expect(upstreamsIn([])).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})
