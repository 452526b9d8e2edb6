// Each rule that changes the wait, on the real server: groups, optional inputs, the newest of several, what was skipped.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Condition } from '../../model/cycle/condition.ts'
import type { Blocker } from '../../model/cycle/cycle.ts'
import { arrivalOf, KEY, toKey, toProduct } from '../../model/samples.test-data.ts'
import { SOON_MS } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  // A replay after each task: what the condition remembers must come from the history.
  stage = await openStage(inject('ground'), 'conditions', { maxCachedWorkflows: 0 })
})
afterAll(() => stage.close())

const [a, b, c] = ['raw/a', 'raw/b', 'raw/c'].map((product) => arrivalOf(product)) as [
  ReturnType<typeof arrivalOf>,
  ReturnType<typeof arrivalOf>,
  ReturnType<typeof arrivalOf>,
]
const one = (at: number): Condition => ({ kind: 'cycle', at })
const atLeast = (n: number, ...of: Condition[]): Condition => ({ kind: 'at-least', n, of })
const skipped = (product: string): Blocker => ({
  ...{ eventId: `${product}/${KEY}/not-refreshed-1.2`, product: toProduct(product), key: KEY, state: 'SKIPPED' },
  ...{ step: null, reason: 'cutoff passed', occurredAt: '2026-11-20T11:00:00.000Z' },
})

/** Waits for raw/a, raw/b and raw/c as the condition says. */
const opened = (name: string, condition: Condition) =>
  stage.cycle(name, { dependsOn: ['raw/a', 'raw/b', 'raw/c'], input: { condition } })
type Opened = ReturnType<typeof opened>

async function inputsOf(cycle: Opened): Promise<{ product: string; cycle: string }[]> {
  await cycle.glueEnds(1)
  await cycle.result()
  const [order] = cycle.asked('startGlueJob')
  const given = JSON.parse(order?.arguments['--sluice_inputs'] ?? '[]') as { product: string; cycle: string }[]
  return given.map(({ product, cycle: key }) => ({ product, cycle: key }))
}
const publicationOf = (cycle: Opened) => cycle.asked('publishRefreshEvent')[0]

describe.concurrent('groups', () => {
  test('two of three start it, the third comes late', async () => {
    const cycle = opened('two-of-three', atLeast(2, one(0), one(1), one(2)))
    await cycle.arrive(c)
    await cycle.until('the first is there', ({ deliveries }) => deliveries.length === 1)
    expect((await cycle.now()).state).toBe('WAITING')
    await cycle.arrive(a)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(b)
    await cycle.until('the third is judged', ({ deliveries }) => deliveries.length === 3)
    expect((await cycle.now()).deliveries.at(-1)).toMatchObject({ upstream: 'raw/b', outcome: 'late' })
    expect((await inputsOf(cycle)).map(({ product }) => product)).toEqual(['raw/a', 'raw/c'])
    expect(publicationOf(cycle)?.builtWithout).toEqual([])
  })
})

describe.concurrent('optional', () => {
  test('it starts without when the time is over, and says so downstream', async () => {
    const afterMs = Date.now() + SOON_MS
    const cycle = opened('optional', atLeast(2, one(0), { kind: 'optional', afterMs, of: one(1) }))
    await cycle.arrive(a)
    expect(await inputsOf(cycle)).toEqual([{ product: 'raw/a', cycle: KEY }])
    const { attempts, dependencies } = await cycle.now()
    expect(attempts[0]?.begunAtMs).toBeGreaterThanOrEqual(afterMs)
    expect(dependencies.map(({ state }) => state)).toEqual(['ARRIVED', 'WAIVED', 'WAITING'])
    expect(publicationOf(cycle)?.builtWithout).toEqual(['raw/b'])
  })

  test('what comes in time is taken, and nothing waits for the time', async () => {
    const afterMs = Date.now() + 3_600_000
    const cycle = opened('optional-in-time', atLeast(2, one(0), { kind: 'optional', afterMs, of: one(1) }))
    await cycle.arrive(a, b)
    expect((await inputsOf(cycle)).map(({ product }) => product)).toEqual(['raw/a', 'raw/b'])
  })
})

test('an optional input whose time comes after the cutoff starts the cycle in ERROR, with no event', async () => {
  const cutoffMs = Date.now() + SOON_MS
  const afterMs = cutoffMs + SOON_MS
  const cutoff = { at: { time: '02:00', days: 1, unit: 'day' as const }, then: 'error' as const }
  const condition = atLeast(2, one(0), { kind: 'optional', afterMs, of: one(1) })
  const cycle = stage.cycle('optional-after-cutoff', {
    ...{ dependsOn: ['raw/a', 'raw/b'], definition: { cutoff }, input: { condition, cutoffMs } },
  })
  await cycle.arrive(a)
  expect(await inputsOf(cycle)).toEqual([{ product: 'raw/a', cycle: KEY }])
  const { attempts, transitions } = await cycle.now()
  expect(transitions.map(({ to, step }) => step ?? to)).toEqual(['WAITING', 'wait', 'PROCESSING', 'COMPLETED'])
  expect(attempts[0]?.begunAtMs).toBeGreaterThanOrEqual(afterMs)
  expect(publicationOf(cycle)?.builtWithout).toEqual(['raw/b'])
})

test('of several the newest that has arrived is read', async () => {
  const keys = ['2026-11-18', '2026-11-19', '2026-11-20'].map(toKey)
  const expected = keys.map((key) => ({ product: toProduct('raw/a'), key }))
  const recallArrivals = async () => ({ arrivals: keys.slice(0, 2).map((key) => arrivalOf('raw/a', { key })) })
  const cycle = stage.cycle('newest', {
    input: { expected, condition: { kind: 'newest', of: [0, 1, 2] } },
    script: { recallArrivals },
  })
  await cycle.start()
  expect(await inputsOf(cycle)).toEqual([{ product: 'raw/a', cycle: '2026-11-19' }])
})

describe.concurrent('what the upstream skipped', () => {
  const whole = (name: string, ifSkipped: 'run-without' | 'skip-cycle') =>
    opened(name, atLeast(2, one(0), { kind: 'cycle', at: 1, ifSkipped }))

  test('is done without, where so declared', async () => {
    const cycle = whole('skipped-without', 'run-without')
    await cycle.arrive(a)
    await cycle.block(skipped('raw/b'))
    expect((await inputsOf(cycle)).map(({ product }) => product)).toEqual(['raw/a'])
    expect(publicationOf(cycle)?.builtWithout).toEqual(['raw/b'])
  })

  test('skips this cycle too, which tells its own consumers', async () => {
    const cycle = whole('skipped-too', 'skip-cycle')
    await cycle.start()
    await cycle.block(skipped('raw/b'))
    expect(await cycle.result()).toMatchObject({ state: 'SKIPPED', reason: `raw/b/${KEY} was skipped` })
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'SKIPPED' }])
    expect(cycle.asked('startGlueJob')).toEqual([])
  })

  /** An upstream of its own domain: of others it would count minutes later. */
  const first = (name: string, ifSkipped: 'run-without' | 'skip-cycle') =>
    stage.cycle(name, {
      dependsOn: ['raw/a', 'conditions/u'],
      input: { condition: atLeast(2, one(0), { kind: 'cycle', at: 1, ifSkipped }) },
    })
  const unopened = async () => ({
    arrivals: [a],
    skipped: [{ ...skipped('conditions/u'), isUnopened: true as const }],
  })

  test('is done without, as is what nobody has ever opened', async () => {
    const cycle = first('without-first', 'run-without')
    cycle.script({ recallArrivals: unopened })
    await cycle.start()
    expect((await inputsOf(cycle)).map(({ product }) => product)).toEqual(['raw/a'])
    expect(publicationOf(cycle)?.builtWithout).toEqual(['conditions/u'])
  })

  test.each(['run-without', 'skip-cycle'] as const)(
    '%s: what somebody has opened since is waited for',
    async (then) => {
      const cycle = first(`opened-since-${then}`, then)
      let looks = 0
      const recallArrivals = async () => {
        looks += 1
        return looks === 1 ? unopened() : { arrivals: [], skipped: [] }
      }
      cycle.script({ recallArrivals })
      await cycle.start()
      await cycle.untilAsked('recallArrivals', 2)
      await cycle.until('it is waited for', ({ dependencies }) => dependencies[1]?.blocker === null)
      expect((await cycle.now()).state).toBe('WAITING')
      await cycle.arrive(arrivalOf('conditions/u'))
      expect((await inputsOf(cycle)).map(({ product }) => product)).toEqual(['raw/a', 'conditions/u'])
    },
  )

  test('skips this cycle too, as does what nobody has ever opened', async () => {
    const cycle = first('skipped-at-first', 'skip-cycle')
    cycle.script({ recallArrivals: unopened })
    await cycle.start()
    expect(await cycle.result()).toMatchObject({ state: 'SKIPPED', reason: `conditions/u/${KEY} was never opened` })
  })

  test('is recalled, when it was skipped before this cycle was open; the one before takes its place', async () => {
    const before = toKey('2026-11-19')
    const expected = [KEY, before].map((key) => ({ product: toProduct('raw/b'), key }))
    const recallArrivals = async () => ({
      arrivals: [arrivalOf('raw/b', { key: before })],
      skipped: [skipped('raw/b')],
    })
    const input = { expected, condition: { kind: 'first-not-skipped' as const, of: [0, 1] } }
    const cycle = stage.cycle('skipped-before', { input, script: { recallArrivals } })
    await cycle.start()
    expect(await inputsOf(cycle)).toEqual([{ product: 'raw/b', cycle: before }])
  })
})

test('a day without any cycle of an upstream that says skip-cycle is skipped at once', async () => {
  const none = (then: 'skip-cycle' | 'run-without'): Condition => ({
    ...{ kind: 'none', product: toProduct('raw/x'), then, why: 'raw/x has no cycle 2026-11-20' },
  })
  const cycle = stage.cycle('none-skips', { input: { expected: [], condition: atLeast(1, none('skip-cycle')) } })
  await cycle.start()
  expect(await cycle.result()).toMatchObject({ state: 'SKIPPED', reason: 'raw/x has no cycle 2026-11-20' })
  const without = stage.cycle('none-without', { input: { expected: [], condition: atLeast(1, none('run-without')) } })
  await without.start()
  expect(await inputsOf(without)).toEqual([])
  expect(publicationOf(without)?.builtWithout).toEqual(['raw/x'])
})
