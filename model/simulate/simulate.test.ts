import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DependencyDefinition, IfNone, ProductDefinition, WallTime } from '../definition.ts'
import { definitionOf, toProduct } from '../samples.test-data.ts'
import { briefly, comes, ends, outcomesOf, type Play, play, rowOf, type Said } from './play.test-data.ts'

/** A Friday, the Monday after, and the Tuesday; New York is five hours behind UTC. */
const [FRI, MON, TUE] = ['2026-11-20', '2026-11-23', '2026-11-24']

const ds = (product: string, upstreams: string[], change: Partial<ProductDefinition> = {}): ProductDefinition =>
  definitionOf(product, upstreams, change)

const ruled = (product: string, dependsOn: object[], change: Partial<ProductDefinition> = {}): ProductDefinition =>
  definitionOf(product, [], { dependsOn: dependsOn as DependencyDefinition[], ...change })

const at = (time: string): WallTime => ({ time, days: 0, unit: 'day' })
const runs = (attempts: number): Pick<ProductDefinition, 'run'> => ({
  run: { glue: 'job', arguments: {}, timeoutMinutes: 60, attempts, retryAfterMs: 300_000 },
})

const CHAIN = [ds('d1/ds1', ['raw/rd1', 'raw/rd2']), ds('d1/ds2', ['d1/ds1'])]

describe('a cycle', () => {
  test('is opened when it is due, starts when all it needs has arrived, and is the next event', () => {
    const said = [comes(`${FRI}T22:05`, 'raw/rd1', FRI), comes(`${FRI}T22:30`, 'raw/rd2', FRI)]
    const simulated = play({ products: CHAIN, said, durationMs: 600_000 })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toEqual({
      product: 'd1/ds1',
      cycle: FRI,
      openedAt: `${FRI}T05:00:00.000Z`,
      openedBy: 'scheduler',
      state: 'COMPLETED',
      startedAt: `${FRI}T22:30:00.000Z`,
      completedAt: `${FRI}T22:40:00.000Z`,
      revision: 1,
      dependencies: [
        { product: 'raw/rd1', cycles: [FRI], state: 'ARRIVED', arrivedAt: `${FRI}T22:05:00.000Z` },
        { product: 'raw/rd2', cycles: [FRI], state: 'ARRIVED', arrivedAt: `${FRI}T22:30:00.000Z` },
      ],
      reason: null,
    })
    expect(rowOf(simulated, 'd1/ds2', FRI)).toMatchObject({
      startedAt: `${FRI}T22:40:00.000Z`,
      completedAt: `${FRI}T22:50:00.000Z`,
      dependencies: [{ product: 'd1/ds1', arrivedAt: `${FRI}T22:40:00.000Z` }],
    })
  })

  test('that is open at the end keeps its state, and says what it waits for', () => {
    const simulated = play({ products: CHAIN, said: [comes(`${FRI}T22:05`, 'raw/rd1', FRI)] })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({
      ...{ state: 'WAITING', startedAt: null, completedAt: null, revision: 0 },
      reason: `waits for raw/rd2/${FRI}`,
    })
  })

  test('whose run is under way at the end is PROCESSING', () => {
    const simulated = play({ products: [ds('raw/rd1', [])], to: FRI, durationMs: 24 * 3_600_000 })
    expect(briefly(simulated, 'raw/rd1', FRI)).toBe(`PROCESSING ${FRI}T05:00`)
  })

  test('without upstreams runs by itself when it is due; one with events in the file is driven by them', () => {
    const products = [ds('raw/rd1', []), ds('raw/rd2', []), ...CHAIN]
    const simulated = play({ products, said: [comes(`${FRI}T22:05`, 'raw/rd2', FRI)] })
    expect(briefly(simulated, 'raw/rd1', FRI)).toBe(`COMPLETED ${FRI}T05:00`)
    expect(simulated.rows.filter(({ product }) => product === 'raw/rd2')).toEqual([])
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${FRI}T22:05`)
  })

  test('due before the first date is not opened by itself', () => {
    const { rows } = play({ products: [ds('raw/rd1', [])], from: MON })
    expect(rows.map(({ cycle }) => cycle)).toEqual([MON, TUE])
  })

  test('opens on the dates of its calendar, and there is none on a holiday', () => {
    const products = [ds('raw/rd1', [], { calendar: 'equities' })]
    const { rows } = play({ products, from: '2026-11-25', to: '2026-11-30' })
    expect(rows.map(({ cycle }) => cycle)).toEqual(['2026-11-25', '2026-11-27', '2026-11-30'])
  })

  test('that does not publish starts nobody', () => {
    const simulated = play({ products: [ds('raw/rd1', [], { publish: null }), ds('d1/ds1', ['raw/rd1'])] })
    expect(rowOf(simulated, 'raw/rd1', FRI)).toMatchObject({ state: 'COMPLETED', revision: 0 })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe('WAITING')
  })

  test('of a private product reaches its own domain only', () => {
    const hidden = ds('d1/hidden', [], { visibility: 'domain' })
    const simulated = play({ products: [hidden, ds('d1/own', ['d1/hidden']), ds('d2/other', ['d1/hidden'])] })
    expect(briefly(simulated, 'd1/own', FRI)).toBe(`COMPLETED ${FRI}T05:00`)
    expect(briefly(simulated, 'd2/other', FRI)).toBe('WAITING')
  })
})

test('an external of a domain comes from the file, and reaches that domain only', () => {
  const schedule = { every: 'business-day', calendar: 'equities', timezone: 'America/New_York' } as const
  const externals = [{ product: toProduct('d1/vendor'), description: '', mappings: [], ...schedule }]
  const products = [ds('d1/ds1', ['d1/vendor']), ds('d2/ds2', ['d1/vendor'])]
  const simulated = play({ products, externals, said: [comes(`${FRI}T22:00`, 'd1/vendor', FRI)] })
  expect(outcomesOf(simulated)).toEqual([[`d1/ds1/${FRI} satisfied`]])
  expect(briefly(simulated, 'd2/ds2', FRI)).toBe('WAITING')
})

describe('rules', () => {
  const holiday = { from: '2026-11-25', to: '2026-11-30' }

  test.each([
    ['over a weekend', MON, FRI, {}],
    ['over Thanksgiving', '2026-11-27', '2026-11-25', holiday],
  ])('previous-business-day, %s', (_, key, before, span) => {
    const rule = { product: 'raw/rd1', match: { kind: 'business-days-before', n: 1 } }
    const products = [ruled('d1/ds1', [rule], { calendar: 'equities' })]
    const simulated = play({ products, said: [comes(`${before}T22:00`, 'raw/rd1', before)], ...span })
    const opened = key === MON ? `${MON}T05:00` : '2026-11-27T05:00'
    expect(briefly(simulated, 'd1/ds1', key)).toBe(`COMPLETED ${opened}`)
    expect(rowOf(simulated, 'd1/ds1', key)?.dependencies[0]?.cycles).toEqual([before])
  })

  test('any-of starts with the first of them', () => {
    const group = { atLeast: 1, of: [{ product: 'raw/a' }, { product: 'raw/b' }] }
    const said = [comes(`${FRI}T21:00`, 'raw/b', FRI), comes(`${FRI}T22:00`, 'raw/a', FRI)]
    const simulated = play({ products: [ruled('d1/ds1', [group])], said })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${FRI}T21:00`)
    expect(rowOf(simulated, 'd1/ds1', FRI)?.dependencies.map(({ product, state }) => [product, state])).toEqual([
      ['raw/a', 'WAITING'],
      ['raw/b', 'ARRIVED'],
    ])
    expect(outcomesOf(simulated)).toEqual([[`d1/ds1/${FRI} satisfied`], [`d1/ds1/${FRI} late`]])
  })

  test('optionalAfter: from then on it does without', () => {
    const notes = { product: 'ref/notes', optionalAfter: at('20:00') }
    const products = [ruled('d1/ds1', [{ product: 'raw/rd1' }, notes])]
    const simulated = play({ products, said: [comes(`${FRI}T22:00`, 'raw/rd1', FRI)] })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe('COMPLETED 2026-11-21T01:00')
    expect(rowOf(simulated, 'd1/ds1', FRI)?.dependencies[1]).toMatchObject({ state: 'WAIVED', arrivedAt: null })
  })

  test('optionalAfter: at the end it is waited for until its time, and not after it', () => {
    const waitReason = (time: string) => {
      const notes = { product: 'ref/notes', optionalAfter: at(time) }
      const simulated = play({ products: [ruled('d1/ds1', [{ product: 'raw/rd1' }, notes])], to: FRI })
      return rowOf(simulated, 'd1/ds1', FRI)?.reason
    }
    expect(waitReason('18:59')).toBe(`waits for raw/rd1/${FRI}`)
    // The simulation ends at midnight in UTC, and then is not played.
    expect(waitReason('19:00')).toBe(`waits for raw/rd1/${FRI}, ref/notes/${FRI}`)
  })

  test('notBefore: no start before that, however early all is there', () => {
    const simulated = play({ products: [ds('raw/rd1', [], { notBefore: at('17:00') })] })
    expect(briefly(simulated, 'raw/rd1', FRI)).toBe(`COMPLETED ${FRI}T22:00`)
  })

  test.each([
    ['error', 'ERROR', 'cutoff passed, still waiting for raw/rd1'],
    ['skip', 'SKIPPED', 'cutoff passed, still waiting for raw/rd1'],
    ['run-without', `COMPLETED 2026-11-21T01:00`, null],
  ] as const)('at the cutoff: %s', (then, brief, reason) => {
    const simulated = play({ products: [ds('d1/ds1', ['raw/rd1'], { cutoff: { at: at('20:00'), then } })] })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(brief)
    expect(rowOf(simulated, 'd1/ds1', FRI)?.reason).toBe(reason)
  })

  test('a late arrival starts a cycle in ERROR(wait), until nobody waits for an operator any more', () => {
    const products = [ds('d1/ds1', ['raw/rd1'], { cutoff: { at: at('20:00'), then: 'error' } })]
    const said = [comes(`${MON}T10:00`, 'raw/rd1', FRI), comes('2026-11-28T01:00', 'raw/rd1', MON)]
    const simulated = play({ products, said, to: '2026-11-30' })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${MON}T10:00`)
    expect(briefly(simulated, 'd1/ds1', MON)).toBe('ERROR')
    expect(outcomesOf(simulated)).toEqual([[`d1/ds1/${FRI} satisfied`], [`d1/ds1/${MON} late`]])
  })

  test('every-of-period: a month of days', () => {
    const rule = { product: 'raw/rd1', match: { kind: 'every-of-period' } }
    const products = [ds('raw/rd1', []), ruled('d1/month', [rule], { every: 'month' })]
    const simulated = play({ products, from: '2026-11-01', to: '2026-11-30' })
    expect(briefly(simulated, 'd1/month', '2026-11')).toBe('COMPLETED 2026-11-30T05:00')
    expect(rowOf(simulated, 'd1/month', '2026-11')?.dependencies[0]?.cycles).toHaveLength(21)
    expect(rowOf(simulated, 'd1/month', '2026-11')?.openedBy).toBe('scheduler')
  })

  test('every-of-period: a month that waits has not arrived, though most of its days have', () => {
    const rule = { product: 'raw/rd1', match: { kind: 'every-of-period' } }
    const products = [ruled('d1/month', [rule, { product: 'raw/notes' }], { every: 'month' })]
    const days = ['2026-11-02', '2026-11-03', '2026-11-04']
    const said = days.map((day) => comes(`${day}T12:00`, 'raw/rd1', day))
    const weekdays = { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' } as const
    const simulated = play({ products, said, schedules: { 'raw/rd1': weekdays }, from: '2026-11-01', to: '2026-11-30' })
    expect(rowOf(simulated, 'd1/month', '2026-11')?.dependencies[0]).toMatchObject({
      state: 'WAITING',
      arrivedAt: null,
    })
  })

  test('latestWithin: of several that came the newest is what it needed', () => {
    const rule = { product: 'ref/notes', match: { kind: 'latest-within', days: 7 } }
    const products = [ruled('d1/ds1', [rule, { product: 'raw/rd1' }])]
    const said = [
      comes(`${FRI}T12:00`, 'ref/notes', FRI),
      comes(`${MON}T12:00`, 'ref/notes', MON),
      comes(`${MON}T13:00`, 'ref/notes', '2026-11-19'),
      comes(`${MON}T22:00`, 'raw/rd1', MON),
    ]
    const row = rowOf(play({ products, said }), 'd1/ds1', MON)
    expect(row?.dependencies[0]).toMatchObject({ state: 'ARRIVED', arrivedAt: `${MON}T12:00:00.000Z` })
    expect(row?.startedAt).toBe(`${MON}T22:00:00.000Z`)
  })

  test('self-previous: a cycle waits for the one before, the first for none', () => {
    const itself = { product: 'd1/ds1', match: { kind: 'self-previous' } }
    const products = [ruled('d1/ds1', [itself, { product: 'raw/rd1' }])]
    const said = [comes(`${MON}T12:00`, 'raw/rd1', MON), comes(`${MON}T22:00`, 'raw/rd1', FRI)]
    const simulated = play({ products, said })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${MON}T22:00`)
    expect(briefly(simulated, 'd1/ds1', MON)).toBe(`COMPLETED ${MON}T22:00`)
    const [before] = rowOf(simulated, 'd1/ds1', FRI)?.dependencies ?? []
    expect(before).toMatchObject({ cycles: ['2026-11-19'], state: 'WAIVED' })
  })

  test('what one event opens together waits for each other, also before the first apply', () => {
    const without = { product: 'd1/u', ifNone: 'run-without' }
    const upstreams = [{ product: 'raw/rd1' }, without]
    const products = [ruled('d1/c', upstreams), ds('d1/u', ['raw/rd1', 'raw/rd2']), ruled('d2/c', upstreams)]
    const said = [comes(`${FRI}T12:00`, 'raw/rd1', '2026-11-19'), comes(`${FRI}T12:05`, 'raw/rd2', '2026-11-19')]
    const simulated = play({ products, said })
    for (const product of ['d1/c', 'd2/c'])
      expect(briefly(simulated, product, '2026-11-19')).toBe(`COMPLETED ${FRI}T12:05`)
    const alone = play({ products: [ruled('d1/c', upstreams), ds('d1/u', ['raw/rd2'])], said: said.slice(0, 1) })
    expect(briefly(alone, 'd1/c', '2026-11-19')).toBe(`COMPLETED ${FRI}T12:10`)
  })

  test('its own cycle before is waited for when somebody opened it since, though it fell due before the first apply', () => {
    const itself = { product: 'd1/ds1', match: { kind: 'self-previous' } }
    const products = [ruled('d1/ds1', [itself, { product: 'raw/rd1' }, { product: 'raw/rd2' }])]
    const said = [
      comes(`${FRI}T10:00`, 'raw/rd1', '2026-11-19'),
      comes(`${FRI}T11:00`, 'raw/rd1', FRI),
      comes(`${FRI}T11:00`, 'raw/rd2', FRI),
      comes(`${FRI}T12:00`, 'raw/rd2', '2026-11-19'),
    ]
    const simulated = play({ products, said })
    expect(briefly(simulated, 'd1/ds1', '2026-11-19')).toBe(`COMPLETED ${FRI}T12:00`)
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${FRI}T12:00`)
  })

  test('of many of which only some were there at the cutoff it did without', () => {
    const hours = { product: 'raw/hourly', match: { kind: 'every-of-period' } }
    const cutoff = { at: at('20:00'), then: 'run-without' as const }
    const products = [ruled('d1/day', [hours], { every: 'day', cutoff })]
    const hourly = { every: 'hour', calendar: 'weekdays', timezone: 'America/New_York' } as const
    const said = [comes(`${FRI}T12:00`, 'raw/hourly', `${FRI}T11Z`)]
    const row = rowOf(play({ products, said, schedules: { 'raw/hourly': hourly } }), 'd1/day', FRI)
    expect(row).toMatchObject({ state: 'COMPLETED', dependencies: [{ state: 'WAIVED', arrivedAt: null }] })
  })

  test('ifNone wait: what somebody publishes for a day without a cycle is taken', () => {
    const closed = { every: 'business-day', calendar: 'bonds', timezone: 'America/New_York' } as const
    const waiting = { product: 'raw/bonds', ifNone: 'wait' }
    const products = [ruled('d1/spread', [waiting, { product: 'raw/rd1' }])]
    const veterans = '2026-11-11'
    const span = { products, schedules: { 'raw/bonds': closed }, from: '2026-11-10', to: '2026-11-12' }
    const first = comes(`${veterans}T20:00`, 'raw/rd1', veterans)
    expect(briefly(play({ ...span, said: [first] }), 'd1/spread', veterans)).toBe('WAITING')
    const said = [first, comes(`${veterans}T21:00`, 'raw/bonds', veterans)]
    expect(briefly(play({ ...span, said }), 'd1/spread', veterans)).toBe(`COMPLETED ${veterans}T21:00`)
  })

  test('a loop that looks back begins, and goes on from one to the next', () => {
    const before = { product: 'd1/books', match: { kind: 'business-days-before', n: 1 }, ifNone: 'run-without' }
    const products = [ruled('d1/prices', [before, { product: 'raw/rd1' }]), ds('d1/books', ['d1/prices'])]
    const said = [comes(`${MON}T12:00`, 'raw/rd1', MON), comes(`${MON}T22:00`, 'raw/rd1', FRI)]
    const simulated = play({ products, said })
    for (const key of [FRI, MON]) expect(briefly(simulated, 'd1/books', key)).toBe(`COMPLETED ${MON}T22:00`)
    expect(rowOf(simulated, 'd1/prices', MON)?.dependencies[0]).toMatchObject({ cycles: [FRI], state: 'ARRIVED' })
    expect(briefly(simulated, 'd1/prices', TUE)).toBe('WAITING')
  })

  test.each<[string, IfNone | undefined, Said[], string]>([
    ['is waited for', undefined, [], 'WAITING'],
    ['is done without where so declared', 'run-without', [], `COMPLETED ${FRI}T20:00`],
    ['skips the cycle where so declared', 'skip-cycle', [], 'SKIPPED'],
    [
      'and opened by an event of the file',
      'run-without',
      [comes(`${FRI}T21:00`, 'raw/rd1', '2026-11-19')],
      `COMPLETED ${FRI}T21:00`,
    ],
  ])('a cycle of a day before its product was first applied %s', (_what, ifNone, more, told) => {
    const yesterday = { product: 'raw/rd1', match: { kind: 'business-days-before', n: 1 }, ...(ifNone && { ifNone }) }
    const products = [ds('raw/rd1', []), ruled('d1/ds1', [yesterday, { product: 'raw/rd2' }])]
    const simulated = play({ products, said: [comes(`${FRI}T20:00`, 'raw/rd2', FRI), ...more] })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(told)
  })

  test.each([
    ['2026-03-08', 23],
    ['2026-11-01', 25],
    ['2026-11-20', 24],
  ])('a day of hours: %s has %i in New York', (day, hours) => {
    const rule = { product: 'raw/hourly', match: { kind: 'every-of-period' } }
    const products = [ds('raw/hourly', [], { every: 'hour' }), ruled('d1/day', [rule], { every: 'day' })]
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
    const simulated = play({ products, from: day, to: next })
    const row = rowOf(simulated, 'd1/day', day)
    expect(row?.dependencies[0]?.cycles).toHaveLength(hours)
    expect(row?.completedAt).toBe(row?.dependencies[0]?.cycles.at(-1)?.replace('Z', ':00:00.000Z'))
  })
})

describe('runs', () => {
  const products = (attempts: number) => [ds('d1/ds1', ['raw/rd1'], runs(attempts)), ds('d1/ds2', ['d1/ds1'])]
  const arrival = comes(`${FRI}T22:00`, 'raw/rd1', FRI)

  test('a failed attempt is made again after the pause, as often as the definition says', () => {
    const said = [arrival, ends(`${FRI}T22:00`, 'd1/ds1', FRI, 'FAILED')]
    const simulated = play({ products: products(2), said, durationMs: 60_000 })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({
      ...{ state: 'COMPLETED', startedAt: `${FRI}T22:00:00.000Z`, completedAt: `${FRI}T22:07:00.000Z`, revision: 1 },
    })
    expect(simulated.unused).toEqual([])
  })

  test('when the last attempt fails it is ERROR(run) with the reason, and its consumers go on waiting', () => {
    const fails = ends(`${FRI}T21:00`, 'd1/ds1', FRI, 'FAILED')
    const simulated = play({ products: products(2), said: [arrival, fails, fails] })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({
      ...{ state: 'ERROR', completedAt: null, revision: 0 },
      reason: 'Glue run run-2 ended FAILED, a failure of the job (2 of 2): as line 3 says',
    })
    expect(briefly(simulated, 'd1/ds2', FRI)).toBe('WAITING')
  })

  test('a run that was stopped is not made again', () => {
    const simulated = play({ products: products(3), said: [arrival, ends(`${FRI}T22:00`, 'd1/ds1', FRI, 'STOPPED')] })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({
      state: 'ERROR',
      reason: expect.stringContaining('STOPPED'),
    })
  })

  test('a fact after the end of the last attempt is about nothing, and is given back', () => {
    const simulated = play({ products: products(1), said: [arrival, ends(`${FRI}T22:01`, 'd1/ds1', FRI, 'FAILED')] })
    expect(briefly(simulated, 'd1/ds1', FRI)).toBe(`COMPLETED ${FRI}T22:00`)
    expect(simulated.unused.map(({ line }) => line)).toEqual([2])
  })
})

describe('a cycle that was skipped', () => {
  const skipped = ds('d1/up', ['raw/rd1'], { cutoff: { at: at('20:00'), then: 'skip' } })
  const after = (ifNone: string): ProductDefinition =>
    ruled('d1/down', [{ product: 'd1/up', ifNone }, { product: 'raw/rd2' }])
  const said = [comes(`${FRI}T22:00`, 'raw/rd1', FRI), comes(`${MON}T22:00`, 'raw/rd2', MON)]

  test.each([
    ['wait', 'WAITING'],
    ['run-without', 'COMPLETED 2026-11-24T01:00'],
    ['skip-cycle', 'SKIPPED'],
    ['previous', 'COMPLETED 2026-11-24T01:00'],
  ])('ifNone: %s', (ifNone, brief) => {
    const simulated = play({ products: [skipped, after(ifNone)], said })
    expect(briefly(simulated, 'd1/up', MON)).toBe('SKIPPED')
    expect(briefly(simulated, 'd1/down', MON)).toBe(brief)
  })

  test('the next in the chain hears of it too, also when it opens later', () => {
    const last = ruled('d1/last', [{ product: 'd1/down', ifNone: 'skip-cycle' }], { timezone: 'Pacific/Honolulu' })
    const early = { ...skipped, cutoff: { at: at('00:30'), then: 'skip' as const } }
    const simulated = play({ products: [early, after('skip-cycle'), last], said })
    expect(rowOf(simulated, 'd1/last', MON)).toMatchObject({
      ...{ state: 'SKIPPED', openedAt: `${MON}T10:00:00.000Z`, reason: `d1/down/${MON} was skipped` },
    })
  })

  test('the previous one is what it read', () => {
    const simulated = play({ products: [skipped, after('previous')], said })
    expect(rowOf(simulated, 'd1/down', MON)?.dependencies[0]).toMatchObject({
      ...{ state: 'ARRIVED', arrivedAt: `${MON}T05:00:00.000Z` },
      cycles: expect.arrayContaining([MON, FRI]),
    })
  })
})

describe('events', () => {
  const products = [ds('d1/ds1', ['raw/rd1'])]

  test('a revision after completion is a correction and starts nothing', () => {
    const correction = comes(`${MON}T09:00`, 'raw/rd1', FRI, 2)
    const simulated = play({ products, said: [comes(`${FRI}T22:00`, 'raw/rd1', FRI), correction, correction] })
    const words = ['satisfied', 'correction', 'duplicate']
    expect(outcomesOf(simulated)).toEqual(words.map((word) => [`d1/ds1/${FRI} ${word}`]))
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({ revision: 1, completedAt: `${FRI}T22:00:00.000Z` })
  })

  test('repeated and overtaken ones are told as such, before and after completion', () => {
    const both = [ds('d1/ds1', ['raw/rd1', 'raw/rd2'])]
    const again = (time: string) => [
      comes(time, 'raw/rd1', FRI, 2),
      comes(time, 'raw/rd1', FRI, 2),
      comes(time, 'raw/rd1', FRI, 2, `another-at-${time}`),
      comes(time, 'raw/rd1', FRI, 1),
    ]
    const said = [...again(`${FRI}T22:00`), comes(`${FRI}T22:30`, 'raw/rd2', FRI), ...again(`${FRI}T23:00`)]
    const words = outcomesOf(play({ products: both, said })).map(([first]) => first?.split(' ')[1])
    const repeated = 'duplicate'
    expect(words.slice(0, 5)).toEqual(['satisfied', repeated, repeated, 'superseded', 'satisfied'])
    expect(words.slice(5)).toEqual([repeated, repeated, repeated, repeated])
  })

  test('one within a day of the due time opens the cycle', () => {
    const simulated = play({
      products: [ds('d1/ds1', ['raw/rd1', 'raw/rd2'])],
      said: [comes(`${MON}T23:00`, 'raw/rd1', TUE)],
    })
    expect(rowOf(simulated, 'd1/ds1', TUE)).toMatchObject({ openedBy: 'arrival', openedAt: `${MON}T23:00:00.000Z` })
  })

  test('an earlier one is remembered: early at first, and recalled when the cycle opens, the newest revision', () => {
    const said = [comes(`${FRI}T12:00`, 'raw/rd1', TUE), comes(`${FRI}T13:00`, 'raw/rd1', TUE, 2)]
    const before = play({ products, said, to: FRI })
    expect(outcomesOf(before)).toEqual([[`d1/ds1/${TUE} early`], [`d1/ds1/${TUE} early`]])
    const simulated = play({ products, said })
    expect(outcomesOf(simulated)).toEqual([[`d1/ds1/${TUE} early`], [`d1/ds1/${TUE} satisfied`]])
    expect(rowOf(simulated, 'd1/ds1', TUE)).toMatchObject({ openedBy: 'scheduler', startedAt: `${TUE}T05:00:00.000Z` })
  })

  test('one that cycles look back on opens none of them and is recalled by each', () => {
    const monthly = { every: 'month', calendar: 'weekdays', timezone: 'America/New_York' } as const
    const rule = { product: 'ref/clients', match: { kind: 'covering' } }
    const said = [comes('2026-11-02T12:00', 'ref/clients', '2026-11')]
    const simulated = play({ products: [ruled('d1/ds1', [rule])], said, schedules: { 'ref/clients': monthly } })
    expect(simulated.rows.map(({ cycle, startedAt }) => [cycle, startedAt])).toEqual(
      [FRI, MON, TUE].map((day) => [day, `${day}T05:00:00.000Z`]),
    )
    expect(outcomesOf(simulated)).toEqual([[FRI, MON, TUE].map((day) => `d1/ds1/${day} satisfied`)])
  })

  test('one that a cycle recalls after it came to its end is late, and a repeat of it a duplicate', () => {
    const never = { product: 'ref/bonds', ifNone: 'skip-cycle' }
    const schedules = { 'ref/bonds': { every: 'business-day', calendar: 'bonds', timezone: 'UTC' } as const }
    const skipping = [ruled('d1/ds1', [never, { product: 'raw/rd1' }], { calendar: 'equities' })]
    const early = comes('2026-11-09T12:00', 'raw/rd1', '2026-11-11')
    const said = [early, comes('2026-11-11T12:00', 'raw/rd1', '2026-11-11')]
    const simulated = play({ products: skipping, said, schedules, from: '2026-11-09', to: '2026-11-12' })
    expect(rowOf(simulated, 'd1/ds1', '2026-11-11')).toMatchObject({
      ...{ state: 'SKIPPED', reason: 'ref/bonds has no cycle 2026-11-11: not a business day of bonds (Veterans Day)' },
    })
    expect(outcomesOf(simulated)).toEqual([['d1/ds1/2026-11-11 late'], ['d1/ds1/2026-11-11 duplicate']])
  })

  test('one that is nothing to anybody says why', () => {
    const said = [
      comes(`${FRI}T12:00`, 'raw/rd9', FRI),
      comes(`${FRI}T12:00`, 'raw/rd1', '2026-11-21'),
      comes(`${FRI}T12:00`, 'raw/rd1', '2026-10-01'),
      comes('2027-01-04T12:00', 'raw/rd1', FRI),
    ]
    expect(play({ products, said }).events).toEqual([
      { line: 1, outcomes: [], reason: 'nobody waits for raw/rd9' },
      {
        line: 2,
        outcomes: [],
        reason: expect.stringContaining('d1/ds1 has no cycle for 2026-11-21: not a business day'),
      },
      { line: 3, outcomes: [], reason: expect.stringContaining('due too long ago for an event to open them') },
      { line: 4, outcomes: [], reason: 'it comes after the end of the simulation' },
    ])
  })
})

const DAYS = [FRI, MON, TUE]
const TIMES = [`${FRI}T12:00`, `${FRI}T22:00`, `${MON}T05:00`, '2026-11-24T01:00']
const MESH: ProductDefinition[] = [
  ruled('d1/ds1', [{ product: 'raw/a', onRevision: 'rerun' }, { product: 'raw/b' }], runs(2)),
  ruled('d1/ds2', [
    { product: 'd1/ds1', ifNone: 'run-without', onRevision: 'rerun' },
    { product: 'raw/c', optionalAfter: at('20:00') },
  ]),
  ruled('d2/ds3', [
    { atLeast: 1, of: [{ product: 'raw/a', onRevision: 'rerun' }, { product: 'raw/c' }, { product: 'd1/ds2' }] },
    { product: 'raw/b', match: { kind: 'latest-within', days: 4 } },
  ]),
  ds('d2/ds4', ['d2/ds3', 'raw/c'], { cutoff: { at: at('20:00'), then: 'skip' } }),
  ruled('d1/ds5', [
    { product: 'd2/ds4', ifNone: 'previous' },
    { product: 'd1/ds5', match: { kind: 'self-previous' } },
  ]),
]

const anEvent = fc
  .record({
    time: fc.constantFrom(...TIMES),
    product: fc.constantFrom('raw/a', 'raw/b', 'raw/c'),
    key: fc.constantFrom(...DAYS),
    revision: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ time, product, key, revision }) => comes(time, product, key, revision))
const anEnd = fc
  .record({
    time: fc.constantFrom(...TIMES),
    product: fc.constantFrom('d1/ds1', 'd2/ds3'),
    key: fc.constantFrom(...DAYS),
  })
  .map(({ time, product, key }) => ends(time, product, key, 'FAILED'))
const facts = fc.array(fc.oneof({ weight: 5, arbitrary: anEvent }, anEnd), { maxLength: 14 })

/** Everything but which line said that a run failed. */
const answerOf = (said: Said[], more: Partial<Play> = {}) =>
  JSON.stringify(play({ products: MESH, said, ...more }).rows).replaceAll(/as line \d+ says/g, '')

describe('onRevision: rerun', () => {
  const again = (...upstreams: string[]) => upstreams.map((product) => ({ product, onRevision: 'rerun' }))
  const told = [comes(`${FRI}T22:00`, 'raw/a', FRI), comes(`${MON}T14:00`, 'raw/a', FRI, 2)]

  test('brings back a cycle that is closed, once settle is over; its consumers follow', () => {
    const products = [ruled('d1/ds1', again('raw/a')), ruled('d1/ds2', again('d1/ds1')), ds('d1/flagged', ['d1/ds1'])]
    const simulated = play({ products, said: told, durationMs: 600_000 })
    const row = rowOf(simulated, 'd1/ds1', FRI)
    expect(row).toMatchObject({ state: 'COMPLETED', revision: 2, startedAt: `${FRI}T22:00:00.000Z` })
    expect(row).toMatchObject({ openedBy: 'scheduler', completedAt: `${MON}T14:15:00.000Z` })
    expect(rowOf(simulated, 'd1/ds2', FRI)).toMatchObject({ revision: 2, completedAt: `${MON}T14:30:00.000Z` })
    expect(rowOf(simulated, 'd1/flagged', FRI)).toMatchObject({ revision: 1 })
    expect(outcomesOf(simulated)[1]).toEqual([`d1/ds1/${FRI} correction`])
  })

  test('is one rerun of the end of a diamond, though both sides publish anew', () => {
    const sides = [ruled('d1/left', again('raw/a')), ruled('d1/right', again('raw/a'))]
    const products = [...sides, ruled('d1/end', again('d1/left', 'd1/right'))]
    const simulated = play({ products, said: told, durationMs: 60_000 })
    expect(rowOf(simulated, 'd1/end', FRI)).toMatchObject({ revision: 2, completedAt: `${MON}T14:12:00.000Z` })
  })

  test('comes after the attempt that is under way, and takes what has come by then', () => {
    const early = [...told, comes(`${FRI}T22:04`, 'raw/a', FRI, 2), comes(`${FRI}T22:20`, 'raw/a', FRI, 3)].toSpliced(
      1,
      1,
    )
    const simulated = play({ products: [ruled('d1/ds1', again('raw/a'))], said: early, durationMs: 1_800_000 })
    expect(rowOf(simulated, 'd1/ds1', FRI)).toMatchObject({ revision: 2, completedAt: `${FRI}T23:00:00.000Z` })
  })

  test('repeats nothing for an event that comes again, nor for one that is too old', () => {
    const said = [...told, comes(`${MON}T16:00`, 'raw/a', FRI, 2), comes('2026-12-30T12:00', 'raw/a', FRI, 3)]
    const simulated = play({ products: [ruled('d1/ds1', again('raw/a'))], said, to: '2026-12-31' })
    expect(rowOf(simulated, 'd1/ds1', FRI)?.revision).toBe(2)
    const words = ['satisfied', 'correction', 'duplicate', 'correction']
    expect(outcomesOf(simulated)).toEqual(words.map((word) => [`d1/ds1/${FRI} ${word}`]))
  })
})

describe('in every story', () => {
  test('the order of lines makes no difference to any cycle: not across instants, and not within one', () => {
    const shuffled = facts.chain((said) =>
      fc.tuple(fc.constant(said), fc.shuffledSubarray(said, { minLength: said.length })),
    )
    fc.assert(
      fc.property(shuffled, fc.constantFrom(0, 600_000), ([said, others], durationMs) => {
        expect(answerOf(others, { durationMs })).toBe(answerOf(said, { durationMs }))
      }),
      { numRuns: 150 },
    )
  })

  test('the same facts give the same answer', () => {
    fc.assert(
      fc.property(facts, (said) => {
        const [one, other] = [play({ products: MESH, said }), play({ products: MESH, said })]
        expect([one.rows, one.events, one.unused]).toEqual([other.rows, other.events, other.unused])
      }),
      { numRuns: 50 },
    )
  })

  test('no cycle starts before what it needs, and each line has one word for each cycle', () => {
    fc.assert(
      fc.property(facts, (said) => {
        const { rows, events } = play({ products: MESH, said })
        for (const { startedAt, dependencies } of rows) {
          if (startedAt) for (const { arrivedAt } of dependencies) expect((arrivedAt ?? '') <= startedAt).toBe(true)
        }
        for (const { outcomes } of events) {
          const names = outcomes.map(({ consumer, cycle }) => `${consumer}/${cycle}`)
          expect(new Set(names).size).toBe(names.length)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('more events never leave a cycle unfinished that finished without them', () => {
    const products = [ds('d1/ds1', ['raw/a', 'raw/b']), ds('d1/ds2', ['d1/ds1', 'raw/c'])]
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 10 }), anEvent, (said, more) => {
        const finished = (lines: Said[]) =>
          play({ products, said: lines }).rows.flatMap(({ product, cycle, state }) =>
            state === 'COMPLETED' ? `${product}/${cycle}` : [],
          )
        expect(finished([...said, more])).toEqual(expect.arrayContaining(finished(said)))
      }),
      { numRuns: 100 },
    )
  })
})

test('a mesh of many products and days comes to its end, each cycle once', () => {
  const names = (layer: number) => Array.from({ length: 20 }, (_none, at) => `d1/l${layer}-${at}`)
  const products = [0, 1, 2, 3].flatMap((layer) =>
    names(layer).map((name, at) =>
      ds(name, layer === 0 ? [] : [0, 1, 2].map((step) => names(layer - 1)[(at + step * 3) % 20] ?? '')),
    ),
  )
  const { rows } = play({ products, from: '2026-01-05', to: '2026-03-27' })
  expect(rows).toHaveLength(80 * 60)
  expect(rows.every(({ state, startedAt, openedAt }) => state === 'COMPLETED' && startedAt === openedAt)).toBe(true)
})
