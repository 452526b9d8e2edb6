import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CATCH_UPS, type CatchUp, type DefinitionVersion, type ProductDefinition } from '../definition.ts'
import { type CycleKey, toCycleId } from '../ids.ts'
import { definitionOf, HOUR_MS, timetableOf, toProduct, versionOf } from '../samples.test-data.ts'
import { listDue, missedAfterMs, type Openings, planOpenings } from './catch-up.ts'
import { DAY_MS } from './due.ts'

const timetable = timetableOf()
/** A Friday; New York's date begins at 05:00. */
const FRIDAY_MS = Date.parse('2026-11-20T05:00:00Z')

const define = (catchUp?: CatchUp, change: Partial<ProductDefinition> = {}): DefinitionVersion =>
  versionOf(definitionOf('d1/ds1', [], { ...change, ...(catchUp ? { catchUp } : {}) }))

/** Of a tick; `known`: the keys of the cycles that there are. */
function tick(version: DefinitionVersion, atMs: number, known: Iterable<string> = [], tickMs?: number): Openings {
  const { due } = listDue(timetable, [version], atMs)
  const ids = new Set([...known].map((key) => toCycleId(version.definition.product, key as CycleKey)))
  return due[0] ? planOpenings(timetable, due[0], { atMs, tickMs, known: ids }) : { toOpen: [], leftOut: [] }
}

describe('after an outage from Tuesday noon to Friday noon', () => {
  const noonMs = FRIDAY_MS + 12 * HOUR_MS
  const before = ['2026-11-16', '2026-11-17']
  const missed = ['2026-11-18', '2026-11-19', '2026-11-20']

  test.each<[string, CatchUp | undefined, string[], string[]]>([
    ['what was missed is opened, where nothing is said', undefined, missed, []],
    ['all: what was missed is opened', 'all', missed, []],
    ['latest: only the newest is opened', 'latest', missed.slice(2), missed.slice(0, 2)],
    ['none: nothing is opened', 'none', [], missed],
  ])('%s', (_said, catchUp, toOpen, leftOut) => {
    const version = define(catchUp)
    expect(tick(version, noonMs, before)).toEqual({ toOpen, leftOut })
    // Whatever comes to be known, what is left out stays so.
    expect(tick(version, noonMs, [...before, ...toOpen])).toEqual({ toOpen: [], leftOut })
    expect(tick(version, noonMs + DAY_MS / 2, [...before, ...toOpen])).toEqual({ toOpen: [], leftOut })
  })

  test('latest: when an arrival has opened the newest, the ones before it stay unopened', () => {
    expect(tick(define('latest'), noonMs, [...before, '2026-11-20'])).toEqual({
      ...{ toOpen: [], leftOut: ['2026-11-18', '2026-11-19'] },
    })
  })

  test('latest: when an arrival has opened another than the newest, the newest is opened', () => {
    expect(tick(define('latest'), noonMs, [...before, '2026-11-18'])).toEqual({
      ...{ toOpen: ['2026-11-20'], leftOut: ['2026-11-19'] },
    })
  })

  test('the next cycle is opened when it is due', () => {
    const mondayMs = FRIDAY_MS + 3 * DAY_MS
    for (const catchUp of ['latest', 'none'] as const)
      expect(tick(define(catchUp), mondayMs - 10 * 60_000, [...before, '2026-11-20'])).toEqual({
        ...{ toOpen: ['2026-11-23'], leftOut: ['2026-11-18', '2026-11-19'] },
      })
  })
})

test.each(CATCH_UPS)('%s: what is due just now or ahead is not missed', (catchUp) => {
  const hours = define(catchUp, { every: 'hour' })
  const known = ['2026-11-20T05Z']
  const atMs = FRIDAY_MS + 2 * HOUR_MS - 60_000
  expect(tick({ ...hours, firstAppliedAt: '2026-11-20T05:00:00Z' }, atMs, known)).toEqual({
    ...{ toOpen: ['2026-11-20T06Z', '2026-11-20T07Z'], leftOut: [] },
  })
})

test('a cycle that is due for an hour is missed, a minute before it is not', () => {
  const known = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-13']
  expect(tick(define('none'), FRIDAY_MS + HOUR_MS - 60_000, known).toOpen).toEqual(['2026-11-20'])
  expect(tick(define('none'), FRIDAY_MS + HOUR_MS, known).leftOut).toEqual(['2026-11-20'])
})

test('where ticks come rarely, two of them are no outage', () => {
  expect(tick(define('none'), FRIDAY_MS + 3 * HOUR_MS, [], 2 * HOUR_MS).toOpen).toEqual(['2026-11-20'])
  expect(tick(define('none'), FRIDAY_MS + 4 * HOUR_MS, [], 2 * HOUR_MS).toOpen).toEqual([])
})

test.each(CATCH_UPS)('%s: the first day of a new product is no outage, late in the day as it is', (catchUp) => {
  const version = { ...define(catchUp), firstAppliedAt: '2026-11-20T20:00:00Z' }
  expect(tick(version, FRIDAY_MS + 15 * HOUR_MS + 60_000)).toEqual({ toOpen: ['2026-11-20'], leftOut: [] })
})

test('a new version of an old product makes nothing of what was missed come back', () => {
  const version = { ...define('none'), version: 2, appliedAt: '2026-11-20T16:59:00Z' }
  expect(tick(version, FRIDAY_MS + 12 * HOUR_MS).toOpen).toEqual([])
})

test('a definition that cannot be followed is named with the reason; the others are listed', () => {
  const bad = versionOf(definitionOf('d1/bad', [], { calendar: 'tradng-days' }))
  const { due, notFollowed } = listDue(timetable, [bad, define()], FRIDAY_MS)
  expect(due.map(({ version }) => version.definition.product)).toEqual(['d1/ds1'])
  expect(notFollowed.get(toProduct('d1/bad'))).toMatch(/^There is no calendar "tradng-days"/)
})

describe('laws, over any ticks, schedules and arrivals', () => {
  const aSchedule = fc.constantFrom<Partial<ProductDefinition>>(
    { every: 'hour' },
    { every: 'day' },
    { every: 'business-day' },
    { every: 'week' },
    { every: 'month-end(business)' as ProductDefinition['every'] },
    { every: 'day', onNonBusinessDay: 'next' },
    { every: 'day', onNonBusinessDay: 'previous', timezone: 'Asia/Tokyo' },
  )
  const aVersion = fc
    .tuple(aSchedule, fc.constantFrom(...CATCH_UPS), fc.integer({ min: 0, max: 10 * 24 * 60 }))
    .map(([schedule, catchUp, minutes]) => ({
      ...define(catchUp, schedule),
      firstAppliedAt: new Date(Date.parse('2026-11-10T00:00:00Z') + minutes * 60_000).toISOString(),
    }))

  /** A scheduler that ticks after each pause; between two ticks an arrival may open what is due about then. */
  function play(version: DefinitionVersion, pauses: { pauseMs: number; arrivals: number[] }[]) {
    const known = new Set<string>()
    let atMs = Date.parse(version.firstAppliedAt)
    return pauses.map(({ pauseMs, arrivals }) => {
      atMs += pauseMs
      const keys = listDue(timetable, [version], atMs).due[0]?.keys ?? []
      for (const arrival of arrivals) known.add(keys[arrival % keys.length] ?? '')
      const unknown = keys.filter((key) => !known.has(key))
      const openings = tick(version, atMs, known)
      for (const key of openings.toOpen) known.add(key)
      return { atMs, unknown, ...openings, again: tick(version, atMs, known) }
    })
  }
  const pausesUpTo = (mostMs: number) =>
    fc.array(
      fc.record({ pauseMs: fc.integer({ min: 0, max: mostMs }), arrivals: fc.array(fc.nat(), { maxLength: 2 }) }),
      { minLength: 1, maxLength: 12 },
    )

  test('each is opened or left out; the same tick again opens nothing; what is left out once is so for good', () => {
    fc.assert(
      fc.property(aVersion, pausesUpTo(5 * DAY_MS), (version, pauses) => {
        const gone = new Set<CycleKey>()
        for (const { unknown, toOpen, leftOut, again } of play(version, pauses)) {
          expect(new Set([...toOpen, ...leftOut])).toEqual(new Set(unknown))
          expect(toOpen.length + leftOut.length).toBe(unknown.length)
          expect(again).toEqual({ toOpen: [], leftOut })
          expect(toOpen.filter((key) => gone.has(key))).toEqual([])
          for (const key of leftOut) gone.add(key)
          if (version.definition.catchUp === 'all') expect(leftOut).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a scheduler that lives opens the same by each of the three, with pauses shorter than the grace', () => {
    fc.assert(
      fc.property(aVersion, pausesUpTo(missedAfterMs() - 1), (version, pauses) => {
        for (const { leftOut } of play(version, pauses)) expect(leftOut).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('latest opens one more than none at most, and that the newest of them', () => {
    fc.assert(
      fc.property(aVersion, fc.integer({ min: 0, max: 20 * DAY_MS }), (version, agoMs) => {
        const atMs = Date.parse(version.firstAppliedAt) + agoMs
        const by = (catchUp: CatchUp) => tick({ ...version, definition: { ...version.definition, catchUp } }, atMs)
        const missed = by('none').leftOut
        expect(by('latest')).toEqual({
          toOpen: [...missed.slice(-1), ...by('none').toOpen],
          leftOut: missed.slice(0, -1),
        })
        expect(by('all').toOpen).toEqual([...missed, ...by('none').toOpen])
      }),
      { numRuns: 300 },
    )
  })
})
