import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Arrival } from '../refresh-event.ts'
import type { CycleState, Step } from '../states.ts'
import { arrivalOf, cycleOf, NOON_MS, toKey, toProduct } from '../samples.test-data.ts'
import { applyArrival, applyBlocker, judgeArrival, judgeRevision } from './arrivals.ts'
import type { Blocker, Cycle } from './cycle.ts'
import { decideNext } from './decide.ts'

const arriveAll = (cycle: Cycle, arrivals: Arrival[]): Cycle =>
  arrivals.reduce((cycle, arrival) => applyArrival(cycle, arrival, NOON_MS), cycle)
const outcomes = (cycle: Cycle): string[] => cycle.deliveries.map(({ outcome }) => outcome)
const inState = (cycle: Cycle, state: CycleState, step: Step | null = null): Cycle => ({ ...cycle, state, step })

describe('what an arrival means', () => {
  test('the first event of an upstream satisfies what waits for it, and nothing else', () => {
    const cycle = applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS)
    expect(cycle.dependencies.map(({ product, state }) => [product, state])).toEqual([
      ['d1/ds1', 'ARRIVED'],
      ['raw/rd2', 'WAITING'],
    ])
    expect(cycle.dependencies[0]).toMatchObject({ arrivedAtMs: NOON_MS, arrival: arrivalOf('d1/ds1') })
    expect(outcomes(cycle)).toEqual(['satisfied'])
  })

  test('a redelivery of the same event is counted, not judged again', () => {
    const cycle = arriveAll(cycleOf(), [arrivalOf('d1/ds1'), arrivalOf('d1/ds1'), arrivalOf('d1/ds1')])
    expect(cycle.deliveries).toMatchObject([{ outcome: 'satisfied', seen: 3, version: cycle.version }])
  })

  test('the same revision under another event id is a duplicate', () => {
    const again = arrivalOf('d1/ds1', { eventId: 'd1/ds1/by-hand' })
    expect(outcomes(arriveAll(cycleOf(), [arrivalOf('d1/ds1'), again]))).toEqual(['satisfied', 'duplicate'])
  })

  test('revision 2 before revision 1: the older one is superseded and its data not taken', () => {
    const cycle = arriveAll(cycleOf(), [arrivalOf('d1/ds1', { revision: 2 }), arrivalOf('d1/ds1')])
    expect(outcomes(cycle)).toEqual(['satisfied', 'superseded'])
    expect(cycle.dependencies[0]?.arrival?.revision).toBe(2)
  })

  test('a correction is taken while the cycle waits, and keeps the instant of the first arrival', () => {
    const first = applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS)
    const corrected = applyArrival(first, arrivalOf('d1/ds1', { revision: 2 }), NOON_MS + 1)
    expect(outcomes(corrected)).toEqual(['satisfied', 'correction'])
    expect(corrected.dependencies[0]).toMatchObject({ arrivedAtMs: NOON_MS, arrival: { revision: 2 } })
  })

  test.each<[CycleState, Step | null]>([
    ['PROCESSING', null],
    ['COMPLETED', null],
    ['ERROR', 'run'],
  ])('in %s a correction is remembered, but the input stays what the attempt was given', (state, step) => {
    const begun = inState(applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS), state, step)
    const cycle = applyArrival(begun, arrivalOf('d1/ds1', { revision: 2 }), NOON_MS)
    expect(outcomes(cycle)).toEqual(['satisfied', 'correction'])
    expect(cycle.dependencies[0]?.arrival?.revision).toBe(1)
  })

  test('made without some of its inputs it does not count where the definition wants it whole; a whole one then does', () => {
    const whole = cycleOf()
    const dependsOn = [
      { product: toProduct('d1/ds1'), acceptPartial: false as const },
      { product: toProduct('raw/rd2') },
    ]
    const { input } = whole
    const cycle = { ...whole, input: { ...input, definition: { ...input.definition, dependsOn } } }
    const partly = { builtWithout: [toProduct('raw/x')] }
    const told = arriveAll(cycle, [arrivalOf('d1/ds1', partly), arrivalOf('raw/rd2', partly)])
    expect(outcomes(told)).toEqual(['partial', 'satisfied'])
    expect(told.deliveries[0]?.note).toBe('it was made without raw/x, and the definition accepts no partial refresh')
    expect(told.dependencies.map(({ state }) => state)).toEqual(['WAITING', 'ARRIVED'])
    const again = arriveAll(told, [
      arrivalOf('d1/ds1', { revision: 2 }),
      arrivalOf('d1/ds1', { ...partly, revision: 3 }),
    ])
    expect(outcomes(again)).toEqual(['partial', 'satisfied', 'satisfied', 'partial'])
    expect(again.dependencies[0]).toMatchObject({ state: 'ARRIVED', arrival: { revision: 2 } })
    expect(outcomes(arriveAll(again, [arrivalOf('d1/ds1', partly)])).at(-1)).toBe('partial')
  })

  test('after the cutoff said error, an arrival still satisfies', () => {
    expect(judgeArrival(inState(cycleOf(), 'ERROR', 'wait'), arrivalOf('d1/ds1')).outcome).toBe('satisfied')
  })

  test.each<[CycleState, Step | null, RegExp]>([
    ['PROCESSING', null, /other inputs had been enough/],
    ['COMPLETED', null, /other inputs had been enough/],
    ['ERROR', 'run', /other inputs had been enough/],
    ['SKIPPED', null, /had closed without it/],
    ['CANCELLED', null, /had closed without it/],
  ])('an input that was missing in %s is late, and the note says what the cycle did', (state, step, note) => {
    const judged = judgeArrival(inState(cycleOf(), state, step), arrivalOf('d1/ds1'))
    expect(judged.outcome).toBe('late')
    expect(judged.note).toMatch(note)
  })

  test.each([
    ['another product', arrivalOf('raw/rd9')],
    ['another cycle of an upstream', arrivalOf('d1/ds1', { key: toKey('2026-11-19') })],
  ])('%s is late, and the note names the version of the definition', (_, arrival) => {
    const cycle = applyArrival(cycleOf(), arrival, NOON_MS)
    expect(cycle.deliveries).toMatchObject([{ outcome: 'late', note: expect.stringContaining('version 7') }])
    expect(cycle.dependencies).toEqual(cycleOf().dependencies)
  })

  test.each([
    [1, 1, 'duplicate'],
    [2, 1, 'superseded'],
    [1, 2, 'correction'],
  ])('revision %i taken, then %i: %s', (taken, revision, outcome) => {
    expect(judgeRevision(taken, revision)).toMatchObject({ outcome, note: expect.stringContaining('had arrived') })
  })
})

describe('laws of arrival', () => {
  const upstreams = ['d1/ds1', 'raw/rd2', 'x/y']
  const anArrival = fc
    .record({ product: fc.constantFrom(...upstreams, 'raw/stranger'), revision: fc.integer({ min: 1, max: 4 }) })
    .map(({ product, revision }) => arrivalOf(product, { revision }))
  const inAnyOrder = fc.array(anArrival, { maxLength: 30 })
  const open = (): Cycle => cycleOf({}, upstreams)

  test('each event has exactly one outcome, which never changes, however often it comes', () => {
    fc.assert(
      fc.property(inAnyOrder, (arrivals) => {
        let cycle = open()
        const said = new Map<string, string>()
        for (const arrival of arrivals) {
          const next = applyArrival(cycle, arrival, NOON_MS)
          expect(next.version).toBe(cycle.version + 1)
          cycle = next
          for (const { eventId, outcome } of cycle.deliveries) {
            if (!said.has(eventId)) said.set(eventId, outcome)
            expect(outcome).toBe(said.get(eventId))
          }
        }
        expect(cycle.deliveries.map(({ eventId }) => eventId)).toEqual([...new Set(arrivals.map((a) => a.eventId))])
        expect(cycle.deliveries.reduce((sum, { seen }) => sum + seen, 0)).toBe(arrivals.length)
      }),
    )
  })

  test('a cycle starts exactly when the last upstream has arrived, never before, in any order', () => {
    fc.assert(
      fc.property(inAnyOrder, (arrivals) => {
        let cycle = open()
        const seen = new Set<string>()
        for (const arrival of arrivals) {
          cycle = applyArrival(cycle, arrival, NOON_MS)
          seen.add(arrival.product)
          const isComplete = upstreams.every((upstream) => seen.has(upstream))
          expect(decideNext(cycle, NOON_MS).kind).toBe(isComplete ? 'begin' : 'wait')
        }
      }),
    )
  })

  test('a waiting cycle ends with the highest revision of each upstream, in any order', () => {
    fc.assert(
      fc.property(inAnyOrder, (arrivals) => {
        const cycle = arriveAll(open(), arrivals)
        for (const { product, arrival } of cycle.dependencies) {
          const revisions = arrivals.filter((arrival) => arrival.product === product).map(({ revision }) => revision)
          expect(arrival?.revision).toBe(revisions.length > 0 ? Math.max(...revisions) : undefined)
        }
      }),
    )
  })
})

describe('blockers', () => {
  const blockerOf = (change: Partial<Blocker> = {}): Blocker => ({
    product: toProduct('d1/ds1'),
    key: cycleOf().input.key,
    eventId: 'd1/ds1/2026-11-20/not-refreshed-1.4',
    state: 'ERROR',
    step: 'run',
    reason: 'no such table',
    occurredAt: '2026-11-20T11:00:00Z',
    ...change,
  })

  test('an upstream that failed is named where it is waited for; its arrival clears the name', () => {
    const blocked = applyBlocker(cycleOf(), blockerOf())
    expect(blocked.dependencies[0]).toMatchObject({ state: 'WAITING', blocker: blockerOf() })
    expect(applyArrival(blocked, arrivalOf('d1/ds1'), NOON_MS).dependencies[0]?.blocker).toBeNull()
  })

  test('what does not wait for it stays as it is', () => {
    const arrived = applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS)
    expect(applyBlocker(arrived, blockerOf())).toBe(arrived)
    const other = cycleOf()
    expect(applyBlocker(other, blockerOf({ key: toKey('2026-11-19') }))).toBe(other)
  })

  test.each([
    ['a whole second and its half', '2026-11-20T11:00:00Z', '2026-11-20T11:00:00.5Z'],
    ['two offsets', '2026-11-20T13:00:00+02:00', '2026-11-20T11:30:00Z'],
  ])('the newer notice counts, in whatever order they come: %s', (_, earlier, later) => {
    const [old, young] = [blockerOf({ occurredAt: earlier }), blockerOf({ occurredAt: later, reason: 'newer' })]
    for (const order of [
      [old, young],
      [young, old],
    ]) {
      expect(order.reduce(applyBlocker, cycleOf()).dependencies[0]?.blocker?.reason).toBe('newer')
    }
  })
})
