import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  arrivalOf,
  cycleOf,
  definitionOf,
  HOUR_MS,
  inputOf,
  KEY,
  NOON_MS,
  toKey,
  toProduct,
} from '../samples.test-data.ts'
import { applyArrival, applyBlocker } from './arrivals.ts'
import { type Condition, judgeCondition } from './condition.ts'
import { type Blocker, type Cycle, openRun } from './cycle.ts'
import { judgeInputs, missingOf } from './inputs.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { builtFrom, builtWithout, waitingFor } from './outgoing.ts'
import { toRecord } from './record.ts'

const NAMES = ['raw/a', 'raw/b', 'raw/c']
const cycle = (at: number, ifSkipped?: 'run-without' | 'skip-cycle'): Condition => ({
  ...{ kind: 'cycle', at },
  ...(ifSkipped ? { ifSkipped } : {}),
})
const atLeast = (n: number, ...of: Condition[]): Condition => ({ kind: 'at-least', n, of })

/** Waits for `raw/a`, `raw/b` and `raw/c` as the condition says. */
const opened = (
  condition: Condition,
  expected = NAMES.map((name) => ({ product: toProduct(name), key: KEY })),
): Cycle => cycleOf({ condition, expected }, [])
const arrive = (cycle: Cycle, ...names: string[]): Cycle =>
  names.reduce((cycle, name) => applyArrival(cycle, arrivalOf(name), NOON_MS), cycle)
const skipped = (name: string, key = KEY): Blocker => ({
  ...{ eventId: `${name}/${key}/not-refreshed-1.2`, product: toProduct(name), key, state: 'SKIPPED', step: null },
  ...{ reason: 'cutoff passed', occurredAt: '2026-11-20T11:00:00.000Z' },
})
const next = (cycle: Cycle, nowMs = NOON_MS) => decideNext(cycle, nowMs)

describe('groups', () => {
  test('one of several is enough, and what came is what the job reads', () => {
    const one = opened(atLeast(1, cycle(0), cycle(1)))
    expect(next(one).kind).toBe('wait')
    const begun = applyFact(arrive(one, 'raw/b'), { kind: 'begun' }, NOON_MS)
    expect(builtFrom(begun).map(({ product }) => product)).toEqual(['raw/b'])
    expect(builtWithout(begun)).toEqual([])
    expect(begun.dependencies.map(({ state }) => state)).toEqual(['WAITING', 'ARRIVED', 'WAITING'])
  })

  test('what comes after others had been enough is late, and nobody did without it', () => {
    const begun = applyFact(arrive(opened(atLeast(1, cycle(0), cycle(1))), 'raw/b'), { kind: 'begun' }, NOON_MS)
    expect(arrive(begun, 'raw/a').deliveries.at(-1)).toMatchObject({
      ...{ outcome: 'late', note: 'other inputs had been enough to start the cycle' },
    })
  })

  test('two of three are not one', () => {
    const two = opened(atLeast(2, cycle(0), cycle(1), cycle(2)))
    expect(judgeInputs(arrive(two, 'raw/c'), NOON_MS)).toMatchObject({ holds: false, missing: [0, 1], used: [2] })
    expect(next(arrive(two, 'raw/c', 'raw/a')).kind).toBe('begin')
  })
})

describe('in a group, what is gone without is not one of those that are enough', () => {
  const gone = { kind: 'none', product: toProduct('raw/fri'), then: 'run-without', why: 'no cycle that day' } as const
  const notes = { kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: cycle(2) } as const
  const judgeNow = (cycle: Cycle, nowMs = NOON_MS) => judgeInputs(cycle, nowMs)

  test('one of two, and one has no cycle that day: the other is waited for, and nobody did without the first', () => {
    const one = opened(atLeast(1, gone, cycle(0)))
    expect(judgeNow(one)).toMatchObject({ holds: false, missing: [0] })
    expect(judgeNow(arrive(one, 'raw/a'))).toMatchObject({ holds: true, used: [0], without: [] })
  })

  test('the same when its upstream skipped it', () => {
    const one = applyBlocker(opened(atLeast(1, cycle(0, 'run-without'), cycle(1))), skipped('raw/a'))
    expect(judgeNow(one)).toMatchObject({ holds: false, missing: [1] })
    expect(judgeNow(arrive(one, 'raw/b'))).toMatchObject({ holds: true, used: [1], without: [] })
  })

  test('two of three, one of them optional: from its time on two of two', () => {
    const two = opened(atLeast(2, cycle(0), cycle(1), notes))
    const late = NOON_MS + HOUR_MS
    expect(judgeNow(arrive(two, 'raw/a'), late)).toMatchObject({ holds: false, missing: [1], untilMs: null })
    expect(judgeNow(arrive(two, 'raw/a', 'raw/c'))).toMatchObject({ holds: true, used: [0, 2], without: [] })
    expect(judgeNow(arrive(two, 'raw/a', 'raw/b'), late)).toMatchObject({ holds: true, used: [0, 1], without: [] })
  })

  test('where fewer are left than are asked for, those are enough, and what is gone is told', () => {
    const two = opened(atLeast(2, gone, cycle(0), notes))
    expect(judgeNow(arrive(two, 'raw/a'))).toMatchObject({ holds: false, untilMs: NOON_MS + HOUR_MS })
    const late = judgeNow(arrive(two, 'raw/a'), NOON_MS + HOUR_MS)
    expect(late).toMatchObject({ holds: true, used: [0], without: ['raw/fri', 'raw/c'] })
  })

  test('where all are gone it holds with nothing', () => {
    const none = opened(atLeast(1, gone, notes))
    expect(judgeNow(none)).toMatchObject({ holds: false })
    const late = judgeNow(none, NOON_MS + HOUR_MS)
    expect(late).toMatchObject({ holds: true, used: [], without: ['raw/fri', 'raw/c'] })
  })

  test('a group in it that runs without one of its own is there, and tells it', () => {
    const both = opened(atLeast(1, atLeast(2, cycle(0), gone), cycle(1)))
    expect(judgeNow(both)).toMatchObject({ holds: false, missing: [0, 1] })
    expect(judgeNow(arrive(both, 'raw/a'))).toMatchObject({ holds: true, used: [0], without: ['raw/fri'] })
  })

  test('a skip that is left alone with what is gone skips the cycle', () => {
    const left = applyBlocker(opened(atLeast(1, gone, cycle(0, 'skip-cycle'))), skipped('raw/a'))
    expect(next(left)).toEqual({ kind: 'skip', reason: 'raw/a/2026-11-20 was skipped' })
  })
})

describe('optional', () => {
  const until = opened(atLeast(2, cycle(0), { kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: cycle(1) }))

  test('is waited for until its time, and no longer; without it is said', () => {
    const waiting = arrive(until, 'raw/a')
    expect(next(waiting, NOON_MS + HOUR_MS - 1)).toEqual({ kind: 'wait', untilMs: NOON_MS + HOUR_MS })
    expect(next(waiting, NOON_MS + HOUR_MS).kind).toBe('begin')
    const begun = applyFact(waiting, { kind: 'begun' }, NOON_MS + HOUR_MS)
    expect(builtWithout(begun)).toEqual(['raw/b'])
    expect(begun.dependencies[1]?.state).toBe('WAIVED')
    expect(arrive(begun, 'raw/b').deliveries.at(-1)).toMatchObject({
      ...{ outcome: 'late', note: 'the cycle had started without it' },
    })
  })

  test('is missing until its time, not after it', () => {
    expect(missingOf(until, NOON_MS + HOUR_MS - 1)).toEqual(['raw/a', 'raw/b'])
    expect(missingOf(until, NOON_MS + HOUR_MS)).toEqual(['raw/a'])
    const failed = { ...until, state: 'ERROR' as const, step: 'wait' as const }
    const notes = [until, failed].map((cycle) => waitingFor(cycle, NOON_MS + HOUR_MS))
    expect(notes).toEqual([['raw/a'], ['raw/a']])
    expect(toRecord(until, 0, NOON_MS + HOUR_MS).snapshot.waitingFor).toEqual(['raw/a'])
  })

  test('its time alone starts nothing that misses something else', () => {
    expect(next(until, NOON_MS + 2 * HOUR_MS)).toEqual({ kind: 'wait', untilMs: null })
  })
})

describe('the newest of several', () => {
  const keys = ['2026-11-18', '2026-11-19', '2026-11-20'].map(toKey)
  const newest = opened(
    { kind: 'newest', of: [0, 1, 2] },
    keys.map((key) => ({ product: toProduct('raw/a'), key })),
  )

  test('one is enough, and only the newest that has arrived is read', () => {
    const some = [keys[1], keys[0]].reduce(
      (cycle, key) => (key ? applyArrival(cycle, arrivalOf('raw/a', { key }), NOON_MS) : cycle),
      newest,
    )
    expect(next(some).kind).toBe('begin')
    expect(builtFrom(some).map(({ cycle }) => cycle)).toEqual(['2026-11-19'])
  })
})

describe('a cycle that the upstream skipped', () => {
  test('is done without, skips this cycle too, or is only named, as declared', () => {
    const without = applyBlocker(opened(cycle(0, 'run-without')), skipped('raw/a'))
    expect(next(without).kind).toBe('begin')
    expect(builtWithout(without)).toEqual(['raw/a'])
    const skip = applyBlocker(opened(cycle(0, 'skip-cycle')), skipped('raw/a'))
    expect(next(skip)).toEqual({ kind: 'skip', reason: 'raw/a/2026-11-20 was skipped' })
    const ended = applyFact(skip, { kind: 'skipped', reason: 'raw/a/2026-11-20 was skipped' }, NOON_MS)
    expect([ended.state, next(ended).kind]).toEqual(['SKIPPED', 'report'])
    expect(next(applyBlocker(opened(cycle(0)), skipped('raw/a')))).toEqual({ kind: 'wait', untilMs: null })
  })

  test('skips nothing as long as enough others may come', () => {
    const any = applyBlocker(opened(atLeast(1, cycle(0, 'skip-cycle'), cycle(1))), skipped('raw/a'))
    expect(next(any).kind).toBe('wait')
    expect(next(arrive(any, 'raw/b')).kind).toBe('begin')
  })

  test('hands on to the one before, as far back as were skipped', () => {
    const keys = ['2026-11-20', '2026-11-19', '2026-11-18'].map(toKey)
    const first = opened(
      { kind: 'first-not-skipped', of: [0, 1, 2] },
      keys.map((key) => ({ product: toProduct('raw/a'), key })),
    )
    const older = applyArrival(first, arrivalOf('raw/a', { key: toKey('2026-11-19') }), NOON_MS)
    expect(next(older).kind).toBe('wait')
    const handed = applyBlocker(older, skipped('raw/a'))
    expect(next(handed).kind).toBe('begin')
    expect(builtFrom(handed).map(({ cycle }) => cycle)).toEqual(['2026-11-19'])
  })
})

test('where there is nothing to wait for: wait never holds and says so, skip-cycle skips, run-without runs', () => {
  const none = (then: 'wait' | 'run-without' | 'skip-cycle'): Cycle =>
    opened({ kind: 'none', product: toProduct('raw/a'), then, why: 'raw/a has no cycle' })
  expect(judgeInputs(none('wait'), Infinity)).toMatchObject({ holds: false, never: [{ product: 'raw/a' }] })
  expect(next(none('skip-cycle'))).toEqual({ kind: 'skip', reason: 'raw/a has no cycle' })
  expect(builtWithout(none('run-without'))).toEqual(['raw/a'])
})

test('a cycle that is brought back reads what it had, whatever the order, and whatever the definition says by now', () => {
  const keys = ['2026-11-18', '2026-11-19', '2026-11-20'].map(toKey)
  const expected = keys.map((key) => ({ product: toProduct('raw/a'), key }))
  const first = opened({ kind: 'newest', of: [0, 1, 2] }, expected)
  const had = [keys[0], keys[1]].reduce(
    (cycle, key) => (key ? applyArrival(cycle, arrivalOf('raw/a', { key }), NOON_MS) : cycle),
    first,
  )
  const begun = applyFact(had, { kind: 'begun' }, NOON_MS)
  const past = {
    ...{ runNumber: 1, state: 'COMPLETED' as const, step: null, lastAttempt: 1, revision: 1, attempt: null },
    // As the mirror lists them.
    dependencies: begun.dependencies.toReversed(),
    command: { actor: 'ann', reason: 'again', requestId: '1' },
  }
  const again = openRun({ ...first.input, past }, NOON_MS)
  expect(builtFrom(again).map(({ cycle }) => cycle)).toEqual(['2026-11-19'])
  const changed = openRun({ ...inputOf(definitionOf('d1/ds3', ['raw/b'])), past }, NOON_MS)
  expect(
    builtFrom(changed)
      .map(({ cycle }) => cycle)
      .toSorted(),
  ).toEqual(['2026-11-18', '2026-11-19'])
  expect(builtWithout(changed)).toEqual(['raw/b'])
})

const aCondition: fc.Arbitrary<Condition> = fc.letrec<{ part: Condition }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'condition' },
    fc.record({ kind: fc.constant('cycle' as const), at: fc.nat(5) }),
    fc.record({
      kind: fc.constant('cycle' as const),
      at: fc.nat(5),
      ifSkipped: fc.constantFrom('run-without' as const, 'skip-cycle' as const),
    }),
    fc.record({
      kind: fc.constantFrom('newest' as const, 'first-not-skipped' as const),
      of: fc.uniqueArray(fc.nat(5), { minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('optional' as const),
      afterMs: fc.constantFrom(NOON_MS - 1, NOON_MS + 1),
      of: tie('part'),
    }),
    fc
      .tuple(fc.array(tie('part'), { minLength: 1, maxLength: 3 }), fc.nat(3))
      .map(([of, n]) => ({ kind: 'at-least' as const, n: Math.min(n, of.length), of })),
    fc.record({
      ...{ kind: fc.constant('none' as const), product: fc.constant(toProduct('raw/x')), why: fc.constant('none') },
      then: fc.constantFrom('wait' as const, 'run-without' as const, 'skip-cycle' as const),
    }),
  ),
})).part

const SIX = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `raw/${name}`)
const six = (condition: Condition): Cycle =>
  opened(
    condition,
    SIX.map((name) => ({ product: toProduct(name), key: KEY })),
  )
const someNames = fc.array(fc.constantFrom(...SIX), { maxLength: 8 })
const withSkips = (cycle: Cycle, names: string[]): Cycle =>
  names.map((name) => skipped(name)).reduce(applyBlocker, cycle)

describe('laws', () => {
  test('once an attempt has begun, neither arrivals nor notices change what it reads or did without', () => {
    fc.assert(
      fc.property(
        aCondition,
        fc.array(someNames, { minLength: 4, maxLength: 4 }),
        (condition, [names, skips, late, notices]) => {
          const ready = withSkips(arrive(six(condition), ...(names ?? [])), skips ?? [])
          const begun = applyFact(ready, { kind: 'begun' }, NOON_MS)
          const after = withSkips(arrive(withSkips(begun, notices ?? []), ...(late ?? [])), notices ?? [])
          expect([builtFrom(after), builtWithout(after)]).toEqual([builtFrom(begun), builtWithout(begun)])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('one more arrival never un-satisfies a condition, nor turns it into a skip', () => {
    fc.assert(
      fc.property(aCondition, someNames, someNames, fc.constantFrom(...SIX), (condition, names, skips, more) => {
        const before = withSkips(arrive(six(condition), ...names), skips)
        const [was, is] = [before, arrive(before, more)].map((cycle) =>
          judgeCondition(condition, cycle.dependencies, NOON_MS),
        )
        if (was?.holds) expect(is?.holds).toBe(true)
        if (was?.skip === null) expect(is?.skip).toBeNull()
      }),
      { numRuns: 2_000 },
    )
  })

  test('a group holds exactly when enough of what is left is there; then nothing but what is lacking is told', () => {
    fc.assert(
      fc.property(
        fc.array(aCondition, { minLength: 1, maxLength: 4 }),
        fc.nat(4),
        someNames,
        someNames,
        fc.constantFrom(NOON_MS, Infinity),
        (of, most, names, skips, nowMs) => {
          const n = Math.min(most, of.length)
          const { dependencies } = withSkips(arrive(six(atLeast(n, ...of)), ...names), skips)
          const parts = of.map((part) => judgeCondition(part, dependencies, nowMs)).filter(({ holds }) => holds)
          const supply = parts.filter(({ used }) => used.length > 0)
          const left = of.length - (parts.length - supply.length)
          const judged = judgeCondition(atLeast(n, ...of), dependencies, nowMs)
          expect(judged.holds).toBe(supply.length >= Math.min(n, left))
          const told = supply.length >= n ? supply : parts
          if (judged.holds) expect(judged.without).toEqual(told.flatMap(({ without }) => without))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('what begins does without what it was judged to do without, and waives no other place', () => {
    fc.assert(
      fc.property(aCondition, someNames, someNames, (condition, names, skips) => {
        const ready = withSkips(arrive(six(condition), ...names), skips)
        const judged = judgeInputs(ready, Infinity)
        const begun = applyFact(ready, { kind: 'begun' }, NOON_MS)
        const waived = begun.dependencies.flatMap(({ state }, at) => (state === 'WAIVED' ? [at] : []))
        const lacking = judged.waived.filter((at) => ready.dependencies[at]?.state === 'WAITING')
        expect(new Set(waived)).toEqual(new Set(lacking))
        if (judged.holds) expect(judgeInputs(begun, Infinity)).toMatchObject({ holds: true, used: judged.used })
        // A part of a group that has only some of its own may be enough once the rest of it is waived: then others are not
        // missed.
        const without = builtWithout(begun)
        const known = [judged.without, judged.waived.map((at) => ready.dependencies[at]?.product)].flat()
        for (const product of without) expect(known).toContain(product)
        expect(without.length > 0).toBe(judged.without.length > 0)
      }),
      { numRuns: 2_000 },
    )
  })

  test('order and duplication of arrivals do not matter', () => {
    fc.assert(
      fc.property(aCondition, someNames, fc.infiniteStream(fc.nat()), (condition, names, numbers) => {
        const shuffled = [...names, ...names]
          .map((name) => ({ name, by: numbers.next().value }))
          .sort((a, b) => a.by - b.by)
        const one = arrive(six(condition), ...names)
        const other = arrive(six(condition), ...shuffled.map(({ name }) => name))
        expect(judgeInputs(other, NOON_MS)).toEqual(judgeInputs(one, NOON_MS))
      }),
      { numRuns: 500 },
    )
  })

  test('time only helps, nothing that has arrived is missing, and nothing is read that has not', () => {
    fc.assert(
      fc.property(aCondition, someNames, someNames, (condition, names, skips) => {
        const cycle = withSkips(arrive(six(condition), ...names), skips)
        const now = judgeInputs(cycle, NOON_MS)
        if (now.holds) expect(judgeInputs(cycle, Infinity).holds).toBe(true)
        if (now.holds) expect([now.missing, now.skip]).toEqual([[], null])
        if (now.untilMs !== null) expect(now.untilMs).toBeGreaterThan(NOON_MS)
        for (const at of now.missing) expect(cycle.dependencies[at]?.state).not.toBe('ARRIVED')
        for (const at of now.used) expect(cycle.dependencies[at]?.state).toBe('ARRIVED')
      }),
      { numRuns: 1_000 },
    )
  })
})
