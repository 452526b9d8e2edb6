// I10 of a cycle that waits: stuck is what could go on by its condition, with what is proved to be published.
import { describe, expect, test } from 'vitest'
import { openCycle } from '../model/calendar/due.ts'
import { applyBlocker } from '../model/cycle/arrivals.ts'
import { type Blocker, type Cycle, type CycleInput, openRun } from '../model/cycle/cycle.ts'
import { toRecord } from '../model/cycle/record.ts'
import type { DependencyDefinition, ProductDefinition } from '../model/definition.ts'
import type { Arrival } from '../model/refresh-event.ts'
import {
  arrivalOf,
  definitionOf,
  HOUR_MS,
  NOON_MS,
  timetableOf,
  toKey,
  toProduct,
  versionOf,
} from '../model/samples.test-data.ts'
import type { HistoryStep } from './evidence.ts'
import { cycleEvidenceOf, evidenceOf, ledgerRowOf } from './evidence.test-data.ts'
import { checkLife } from './life.ts'
import { readHistory } from './read-history.ts'

/** Equities trade on it, bonds do not. */
const VETERANS_DAY = toKey('2026-11-11')
const FRIDAY = toKey('2026-11-20')
const THURSDAY = toKey('2026-11-19')
const A = toProduct('raw/a')
const B = toProduct('raw/b')
const BONDS = toProduct('raw/bonds')
const settings = { checkGlueMs: 1, errorWaitMs: 100 * HOUR_MS, recordRetryMs: 1 }

const open = (dependsOn: DependencyDefinition[], key = FRIDAY, change: Partial<ProductDefinition> = {}): CycleInput => {
  const version = versionOf(definitionOf('d1/c', [], { dependsOn, calendar: 'equities', ...change }))
  return openCycle(timetableOf({ 'raw/bonds': { calendar: 'bonds' } }), version, { key, openedBy: 'arrival', settings })
}

interface Story {
  input: CycleInput
  /** What the domain heard of and the run did not. */
  published?: Arrival[]
  blockers?: Blocker[]
  /** Asked and unanswered. */
  asks?: string
  atMs?: number
}

const judge = ({ input, published = [], blockers = [], asks, atMs = NOON_MS + HOUR_MS }: Story) => {
  const cycle = blockers.reduce(applyBlocker, openRun(input, NOON_MS))
  const steps = [wrote(cycle), ...(asks ? [asked(2, asks, {})] : [])]
  const [run] = cycleEvidenceOf(input, []).runs
  const cycles = [{ cycle: cycle.id, runs: run ? [{ ...run, steps }] : [] }]
  const ledger = { events: published.map((one) => ledgerRowOf(one)), deliveries: [] }
  return checkLife(evidenceOf({ cycles, ledger, readFromMs: atMs })).violations
}

const asked = (at: number, activity: string, given: unknown): HistoryStep => ({
  ...{ at, atMs: NOON_MS + at, kind: 'asked', activity, activityId: `${activity}-${at}`, input: given },
})
const wrote = (cycle: Cycle): HistoryStep => asked(1, 'recordCycle', toRecord(cycle, 0, NOON_MS))
const blockerOf = (change: Partial<Blocker> = {}): Blocker => ({
  ...{ eventId: `raw/a/${FRIDAY}/not-refreshed-1.2`, product: A, key: FRIDAY, state: 'SKIPPED', step: null },
  ...{ reason: 'cutoff passed', occurredAt: '2026-11-20T11:00:00.000Z' },
  ...change,
})

const stuck = (evidence: unknown = expect.arrayContaining([expect.anything()])) =>
  [
    { ...{ invariant: 'I10', says: expect.stringContaining('is WAITING, though all it needs is there') }, evidence },
  ].map((one) => expect.objectContaining(one))

describe('a cycle that waits is not stuck', () => {
  test('where its upstream has no cycle that day and it is to wait', () => {
    const input = open([{ product: BONDS, ifNone: 'wait' }], VETERANS_DAY)
    expect(input.expected).toMatchObject([{ product: BONDS, isAbsent: true }])
    expect(judge({ input })).toEqual([])
  })

  test('for a revision that its producer took back; for the one after it, it is', () => {
    const input = open([{ product: A }])
    const taken = blockerOf({ eventId: `raw/a/${FRIDAY}/not-refreshed-withdrawn.r1`, state: 'CANCELLED', withdraws: 1 })
    const first = arrivalOf('raw/a')
    expect(judge({ input, published: [first] })).toEqual(stuck())
    expect(judge({ input, published: [first], blockers: [taken] })).toEqual([])
    const second = arrivalOf('raw/a', { revision: 2 })
    expect(judge({ input, published: [first, second], blockers: [taken] })).toEqual(
      stuck([expect.stringContaining('raw/a/2026-11-20/r2 routed')]),
    )
  })

  test('while some of all, or too few of several, are there', () => {
    const both = [{ product: A }, { product: B }]
    expect(judge({ input: open(both), published: [arrivalOf('raw/a')] })).toEqual([])
    expect(judge({ input: open([{ atLeast: 2, of: both }]), published: [arrivalOf('raw/a')] })).toEqual([])
  })

  test('where one before is there and nobody knows that the first was skipped', () => {
    const input = open([{ product: A, ifNone: 'previous' }])
    expect(judge({ input, published: [arrivalOf('raw/a', { key: THURSDAY })] })).toEqual([])
  })

  test('before the time of an optional one, and within the quiet after it', () => {
    const at = { time: '08:00', days: 0, unit: 'day' } as const
    const input = open([{ product: A }, { product: B, optionalAfter: at }])
    const published = [arrivalOf('raw/a')]
    const eightMs = Date.parse('2026-11-20T13:00:00Z')
    expect(judge({ input, published, atMs: eightMs - 1 })).toEqual([])
    expect(judge({ input, published, atMs: eightMs + 4_999 })).toEqual([])
    expect(judge({ input, published, atMs: eightMs + 5_000 })).toEqual(
      stuck([expect.stringContaining('raw/a'), expect.stringContaining('raw/b/2026-11-20 not needed any more')]),
    )
  })

  test('before its own time', () => {
    const notBefore = { time: '17:00', days: 0, unit: 'day' } as const
    const input = open([{ product: A }], FRIDAY, { notBefore })
    expect(judge({ input, published: [arrivalOf('raw/a')] })).toEqual([])
  })

  test('while it asks again who has been opened meanwhile', () => {
    const input = open([{ product: A, ifNone: 'run-without' }])
    const blockers = [blockerOf({ isUnopened: true })]
    expect(judge({ input, blockers, asks: 'recallArrivals' })).toEqual([])
    expect(judge({ input, blockers })).toEqual(stuck())
  })
})

describe('a cycle that waits is stuck', () => {
  test('where all have come', () => {
    const input = open([{ product: A }, { product: B }])
    const published = [arrivalOf('raw/a'), arrivalOf('raw/b')]
    expect(judge({ input, published })).toEqual(
      stuck([
        expect.stringContaining('raw/a/2026-11-20/r1 routed'),
        expect.stringContaining('raw/b/2026-11-20/r1 routed'),
      ]),
    )
  })

  test.each<[string, DependencyDefinition, Arrival]>([
    ['one of several is there', { atLeast: 1, of: [{ product: A }, { product: B }] }, arrivalOf('raw/b')],
    [
      'one of the last days is there',
      { product: A, match: { kind: 'latest-within', days: 3 } },
      arrivalOf('raw/a', { key: THURSDAY }),
    ],
    ['the first is there, and no other is asked for', { product: A, ifNone: 'previous' }, arrivalOf('raw/a')],
  ])('where %s', (_, dependency, arrival) => {
    const input = open([dependency])
    expect(judge({ input })).toEqual([])
    expect(judge({ input, published: [arrival] })).toEqual(
      stuck([expect.stringContaining(`${arrival.eventId} routed`)]),
    )
  })

  test('where the first is known to be skipped and the one before is there', () => {
    const input = open([{ product: A, ifNone: 'previous' }])
    const published = [arrivalOf('raw/a', { key: THURSDAY })]
    expect(judge({ input, published, blockers: [blockerOf()] })).toEqual(stuck())
  })

  test('where it is to go on without what was skipped, or needs nothing at all', () => {
    const without = open([{ product: A, ifNone: 'run-without' }])
    expect(judge({ input: without, blockers: [blockerOf()] })).toEqual(
      stuck([expect.stringContaining('raw/a/2026-11-20')]),
    )
    const nothing = open([{ product: BONDS, ifNone: 'run-without' }], VETERANS_DAY)
    expect(judge({ input: nothing })).toEqual(stuck())
  })
})

describe('a run whose workflow task fails', () => {
  const task = (eventId: number, change: object) => ({ eventId: String(eventId), eventTime: FAILED_AT, ...change })
  const FAILED_AT = new Date(NOON_MS).toISOString()
  const failed = task(3, {
    workflowTaskFailedEventAttributes: {
      cause: 'WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE',
      failure: { message: 'the record is too large' },
    },
  })
  const completed = task(4, { workflowTaskCompletedEventAttributes: {} })
  const judged = (events: object[], afterMs: number, status = 'RUNNING') => {
    const input = open([{ product: A }])
    const { cycle, runs } = cycleEvidenceOf(input, [{ wrote: 1 }])
    const { failing } = readHistory({ events: [task(1, {}), ...events] })
    const cycles = [{ cycle, runs: runs.map((run) => ({ ...run, status, ...(failing && { failing }) })) }]
    return checkLife(evidenceOf({ cycles, readFromMs: NOON_MS + afterMs })).violations
  }

  test('for a minute and more stands still, and the history says why', () => {
    expect(judged([failed], 61_000)).toMatchObject([
      {
        says: `d1/c/2026-11-20 does not go on: its workflow task fails since ${FAILED_AT}`,
        evidence: ['history of d1/c/2026-11-20, event 3: PAYLOADS_TOO_LARGE: the record is too large'],
      },
    ])
  })

  test('for seconds, before one that succeeded, or in a run that is over, is nothing', () => {
    expect(judged([failed], 30_000)).toEqual([])
    expect(judged([failed, completed], 61_000)).toEqual([])
    expect(judged([failed], 61_000, 'TERMINATED')).toEqual([])
  })
})
