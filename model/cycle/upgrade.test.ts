import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProductDefinition } from '../definition.ts'
import { arrivalOf, cycleOf, definitionOf, HOUR_MS, inputOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival, applyRecall } from './arrivals.ts'
import type { Cycle, CycleInput } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { toRecord } from './record.ts'
import { aStory } from './story.test-data.ts'
import { compareExpected, refuseUpgrade } from './upgrade.ts'

const LATER_MS = NOON_MS + HOUR_MS
const who = { actor: 'ann', reason: 'the vendor has a new feed', requestId: 'request-1' }

const inputTo = (
  dependsOn: string[],
  change: Partial<CycleInput> = {},
  definition: Partial<ProductDefinition> = {},
): CycleInput => inputOf(definitionOf('d1/ds3', dependsOn, definition), { definitionVersion: 8, ...change })

const upgraded = (cycle: Cycle, to: CycleInput, nowMs = LATER_MS): Cycle =>
  applyFact(cycle, { kind: 'upgraded', command: { ...who, to } }, nowMs)
const arrive = (cycle: Cycle, product: string, change = {}): Cycle =>
  applyArrival(cycle, arrivalOf(product, change), NOON_MS + 1)
const statesOf = ({ dependencies }: Cycle) => dependencies.map(({ product, state }) => `${product} ${state}`)
const outcomesOf = ({ deliveries }: Cycle) => deliveries.map(({ eventId, outcome }) => `${eventId} ${outcome}`)

describe('a cycle that waits, by a newer version of its definition', () => {
  test('keeps what has arrived and is still needed, waits for what is new, and no more for what is dropped', () => {
    const before = arrive(cycleOf(), 'd1/ds1')
    const after = upgraded(before, inputTo(['d1/ds1', 'raw/new']))
    expect(statesOf(after)).toEqual(['d1/ds1 ARRIVED', 'raw/new WAITING'])
    expect(after.dependencies[0]).toEqual(before.dependencies[0])
    expect(after.input).toMatchObject({ definitionVersion: 8, openedBy: before.input.openedBy })
    expect(compareExpected(before.input.expected, after.input.expected)).toEqual({
      ...{ added: [`raw/new/${KEY}`], dropped: [`raw/rd2/${KEY}`] },
    })
    expect(after.actions).toMatchObject([{ ...who, action: 'upgrade', versions: { from: 7, to: 8 }, refused: null }])
  })

  test('begins when all that it still needs is there', () => {
    const after = upgraded(arrive(cycleOf(), 'd1/ds1'), inputTo(['d1/ds1']))
    expect(decideNext(after, LATER_MS)).toEqual({ kind: 'begin' })
  })

  test('takes what came while it had no use for it, at once and as the same delivery', () => {
    const before = arrive(arrive(cycleOf(), 'raw/new'), 'raw/new')
    expect(outcomesOf(before)).toEqual([`raw/new/${KEY}/r1 late`])
    const after = upgraded(before, inputTo(['d1/ds1', 'raw/new']))
    expect(statesOf(after)).toEqual(['d1/ds1 WAITING', 'raw/new ARRIVED'])
    expect(after.deliveries).toMatchObject([{ outcome: 'satisfied', seen: 2 }])
    expect(toRecord(after, before.version).deliveries).toHaveLength(1)
  })

  test('takes it also when only the recall still has it, as from a worker of an older version', () => {
    const heard = arrive(cycleOf(), 'raw/new')
    const before = { ...heard, deliveries: heard.deliveries.map(({ arrival: _, ...delivery }) => delivery) }
    const after = upgraded(before, inputTo(['d1/ds1', 'raw/new']))
    expect(statesOf(after)).toEqual(['d1/ds1 WAITING', 'raw/new WAITING'])
    const recalled = applyRecall(after, { arrivals: [arrivalOf('raw/new')], skipped: [] }, LATER_MS)
    expect(statesOf(recalled)).toEqual(['d1/ds1 WAITING', 'raw/new ARRIVED'])
    expect(recalled.deliveries).toMatchObject([{ outcome: 'satisfied', seen: 1 }])
  })

  test('has what had arrived again, when a third version asks for what the second had dropped', () => {
    const second = upgraded(arrive(cycleOf(), 'd1/ds1'), inputTo(['raw/rd2']))
    expect(statesOf(second)).toEqual(['raw/rd2 WAITING'])
    const third = upgraded(second, inputTo(['raw/rd2', 'd1/ds1'], { definitionVersion: 9 }))
    expect(statesOf(third)).toEqual(['raw/rd2 WAITING', 'd1/ds1 ARRIVED'])
    expect(third.deliveries).toHaveLength(1)
  })

  test('takes a partial refresh that the version before refused', () => {
    const whole = { dependsOn: [{ product: toProduct('d1/ds1'), acceptPartial: false as const }] }
    const opened = cycleOf({ definition: definitionOf('d1/ds3', [], whole) }, ['d1/ds1'])
    const before = arrive(opened, 'd1/ds1', { builtWithout: [toProduct('raw/x')] })
    expect(outcomesOf(before)).toEqual([`d1/ds1/${KEY}/r1 partial`])
    expect(outcomesOf(upgraded(before, inputTo(['d1/ds1'], {}, whole)))).toEqual([`d1/ds1/${KEY}/r1 partial`])
    expect(statesOf(upgraded(before, inputTo(['d1/ds1'])))).toEqual(['d1/ds1 ARRIVED'])
  })

  test('goes by its new condition', () => {
    const condition = { kind: 'at-least' as const, n: 1, of: [0, 1].map((at) => ({ kind: 'cycle' as const, at })) }
    const loose = upgraded(arrive(cycleOf(), 'd1/ds1'), inputTo(['d1/ds1', 'raw/rd2'], { condition }))
    expect(decideNext(loose, LATER_MS)).toEqual({ kind: 'begin' })
    const strict = upgraded(arrive(cycleOf({ condition }), 'raw/x'), inputTo(['d1/ds1', 'raw/rd2']))
    expect(decideNext(strict, LATER_MS)).toMatchObject({ kind: 'wait' })
    expect(strict.input).not.toHaveProperty('condition')
  })
})

describe('the cutoff of an upgraded cycle', () => {
  const withCutoff = (cutoffMs: number | null): CycleInput =>
    inputTo(
      ['d1/ds1', 'raw/rd2'],
      { cutoffMs },
      { cutoff: { at: { time: '12:30', days: 0, unit: 'day' }, then: 'error' } },
    )

  test('that lies before now does not end the wait of a cycle that had none', () => {
    const after = upgraded(cycleOf(), withCutoff(NOON_MS + 1))
    expect(decideNext(after, LATER_MS)).toEqual({ kind: 'wait', untilMs: null })
  })

  test('ends it when it comes', () => {
    const after = upgraded(cycleOf({ cutoffMs: LATER_MS + 1 }), withCutoff(LATER_MS + 2))
    expect(decideNext(after, LATER_MS + 1)).toEqual({ kind: 'wait', untilMs: LATER_MS + 2 })
    expect(decideNext(after, LATER_MS + 2)).toMatchObject({ kind: 'miss' })
  })

  test('that was over before the command came is over', () => {
    const after = upgraded(cycleOf({ cutoffMs: NOON_MS + 1 }), withCutoff(NOON_MS + 2))
    expect(decideNext(after, LATER_MS)).toMatchObject({ kind: 'miss' })
  })

  test('of a cycle that missed it: the reason names what is missing now, and what arrives still starts it', () => {
    const opened = arrive(cycleOf({ ...withCutoff(NOON_MS + 1), definitionVersion: 7 }), 'd1/ds1')
    const missed = applyFact(opened, { kind: 'missed', missing: ['raw/rd2'] }, NOON_MS + 1)
    const after = upgraded(missed, inputTo(['d1/ds1', 'raw/new'], { cutoffMs: NOON_MS + 1 }))
    expect(after).toMatchObject({ state: 'ERROR', step: 'wait' })
    expect(after.reason).toBe('cutoff passed; version 8 of the definition since, still waiting for raw/new')
    expect(decideNext(arrive(after, 'raw/new'), LATER_MS)).toEqual({ kind: 'begin' })
  })
})

describe('an upgrade is refused', () => {
  test('to the version it carries, to an older one, to another cycle', () => {
    const cycle = cycleOf()
    expect(refuseUpgrade(cycle, inputTo([], { definitionVersion: 7 }))).toBe('It carries version 7 already.')
    expect(refuseUpgrade(cycle, inputTo([], { definitionVersion: 6 }))).toContain('version 6 is older')
    expect(refuseUpgrade(cycle, inputTo([], { product: toProduct('d1/other') }))).toContain(`d1/other/${KEY}`)
  })

  test('and recorded, and changes nothing else', () => {
    const before = cycleOf()
    const after = upgraded(before, inputTo([], { definitionVersion: 7 }))
    expect(after.actions).toMatchObject([{ action: 'upgrade', refused: 'It carries version 7 already.' }])
    expect({ ...after, actions: [], version: before.version }).toEqual(before)
  })
})

/** All moments of any story, with inputs of other versions. */
const always = (holds: (cycle: Cycle, nowMs: number, to: CycleInput) => void): void => {
  const products = fc.uniqueArray(fc.constantFrom('d1/ds1', 'raw/rd2', 'x/y', 'raw/stranger'))
  fc.assert(
    fc.property(aStory, products, (moments, dependsOn) => {
      for (const { cycle, nowMs } of moments) holds(cycle, nowMs, inputTo(dependsOn))
    }),
    { numRuns: 60 },
  )
}

test('law: to the same definition it changes nothing but the version', () => {
  always((cycle, nowMs) => {
    const after = upgraded(cycle, { ...cycle.input, definitionVersion: 8 }, nowMs)
    const { definitionVersion: _, ...input } = after.input
    const { definitionVersion: _before, ...wanted } = cycle.input
    expect(input).toEqual(wanted)
    expect({ ...after, input, actions: [], version: 0 }).toEqual({ ...cycle, input, actions: [], version: 0 })
  })
})

test('law: no arrival of an input that is still expected is lost, and none is an input that is not expected', () => {
  always((cycle, nowMs, to) => {
    const after = upgraded(cycle, to, nowMs)
    if (after.input.definitionVersion !== 8) return
    expect(after.dependencies.map(({ product, key }) => ({ product, key }))).toEqual(to.expected)
    for (const { product, state, arrival } of cycle.dependencies) {
      const now = after.dependencies.find((one) => one.product === product)
      if (state === 'ARRIVED' && now) expect(now).toMatchObject({ state, arrival })
    }
    // Of what came for nothing, the newest is what a new input has.
    for (const { upstream, arrival } of cycle.deliveries)
      if (arrival) {
        const now = after.dependencies.find(({ product }) => product === upstream)
        if (now) expect(now.arrival?.revision).toBeGreaterThanOrEqual(arrival.revision)
      }
    expect(new Set(after.deliveries.map(({ eventId }) => eventId)).size).toBe(after.deliveries.length)
    expect(after.deliveries.length).toBe(cycle.deliveries.length)
    expect(after.deliveries.map(({ seen }) => seen)).toEqual(cycle.deliveries.map(({ seen }) => seen))
  })
})

test('law: once an attempt has begun it is refused, and what the attempt reads stays', () => {
  always((cycle, nowMs, to) => {
    if (cycle.lastAttempt === 0) return
    const after = upgraded(cycle, to, nowMs)
    expect(after.actions.at(-1)?.refused).not.toBeNull()
    expect({ ...after, actions: cycle.actions, version: cycle.version }).toEqual(cycle)
  })
})
