import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  applyLook,
  applyOpened,
  type Backfill,
  type BackfillOrder,
  beginBackfill,
  decideBackfill,
  hasTooManyFailed,
  keysToSee,
  type OpenedCycle,
  type SeenCycle,
  stop,
  WAITING_PER_PARALLEL,
} from './backfill.ts'
import { toProgress, toProgressWords } from './backfill-progress.ts'
import { isToRerun, type RerunWish } from './backfill-rerun.ts'
import type { CycleKey } from './ids.ts'
import { toKey, toProduct } from './samples.test-data.ts'
import type { CycleState } from './states.ts'

const keysOf = (count: number): CycleKey[] =>
  Array.from({ length: count }, (_, at) => toKey(new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10)))

const beginOf = (count: number, change: Partial<BackfillOrder> = {}): Backfill =>
  beginBackfill({ ...ORDER, ...change }, keysOf(count))

const ORDER: BackfillOrder = {
  ...{ product: toProduct('d1/ds1'), from: '2026-01-01', to: '2026-12-31' },
  ...{
    parallel: 2,
    stopAfter: 10,
    lookMs: 15_000,
    looksPerRun: 150,
    actor: 'ann',
    reason: 'a new column',
    requestId: 'r1',
  },
}

const seen = (key: string, state: CycleState, change: Partial<SeenCycle> = {}): SeenCycle => ({
  ...{ key: toKey(key), state, isWaiting: false, isWithoutRun: false },
  ...change,
})
const opened = (keys: CycleKey[], change: Partial<OpenedCycle> = {}): OpenedCycle[] =>
  keys.map((key) => ({ key, answer: 'opened', isReady: true, ...change }))

const [first, second, third] = keysOf(3) as [CycleKey, CycleKey, CycleKey]

/** The first two of so many are opened and have all they need. */
const begunOf = (count: number, change: Partial<BackfillOrder> = {}): Backfill =>
  applyOpened(applyLook(beginOf(count, change), []), opened([first, second]))

describe('what is opened', () => {
  test('the oldest first, as many as may be at work', () => {
    const backfill = applyLook(beginOf(5), [])
    expect(decideBackfill(backfill)).toEqual({ kind: 'open', keys: [first, second] })
    expect(decideBackfill(begunOf(5))).toEqual({ kind: 'wait', forMs: 15_000 })
  })

  test('another one once one has ended', () => {
    const backfill = applyLook(begunOf(5), [seen(first, 'COMPLETED'), seen(second, 'PROCESSING')])
    expect(decideBackfill(backfill)).toEqual({ kind: 'open', keys: [third] })
    expect(keysToSee(backfill)).toEqual([second])
  })

  test('none of what is there already, whatever became of it', () => {
    const states = ['COMPLETED', 'ERROR', 'SKIPPED'] as const
    const there = keysOf(3).map((key, at) => seen(key, states[at] ?? 'WAITING'))
    const backfill = applyLook(beginOf(4), there)
    expect(decideBackfill(backfill)).toEqual({ kind: 'open', keys: [keysOf(4)[3]] })
    expect(toProgress(backfill)).toMatchObject({ existing: 3, completed: 1, failed: [second], ended: [third] })
  })

  test('what somebody else opened meanwhile is followed and not counted as opened', () => {
    const before = applyLook(beginOf(2), [])
    const backfill = applyOpened(before, opened([first, second], { answer: 'existing' }))
    expect(toProgress(backfill)).toMatchObject({ opened: 0, existing: 2, busy: [first, second] })
  })
})

describe('cycles that wait for an upstream', () => {
  test('hold up no other', () => {
    const before = applyLook(beginOf(5), [])
    const backfill = applyOpened(before, opened([first, second], { isReady: false }))
    expect(decideBackfill(backfill)).toMatchObject({ kind: 'open', keys: keysOf(4).slice(2) })
  })

  test('are bounded too, and are then looked at without hurry', () => {
    const most = 2 * WAITING_PER_PARALLEL
    const before = applyLook(beginOf(most + 5), [])
    const backfill = applyOpened(before, opened(keysOf(most), { isReady: false }))
    expect(decideBackfill(backfill)).toEqual({ kind: 'wait', forMs: 300_000 })
  })

  test('and are all that is left do not keep it', () => {
    const before = applyLook(beginOf(2), [])
    const backfill = applyOpened(before, opened([first, second], { isReady: false }))
    expect(decideBackfill(backfill)).toEqual({ kind: 'end', how: 'done' })
    expect(toProgress(backfill).waiting).toEqual([first, second])
  })

  test('one that has all it needs is busy until it has heard of it, but not for ever', () => {
    const waiting = [first, second].map((key) => seen(key, 'WAITING', { isWaiting: true }))
    let backfill = begunOf(5)
    for (let look = 0; look < 20; look += 1) {
      backfill = applyLook(backfill, waiting)
      expect(decideBackfill(backfill).kind).toBe('wait')
    }
    expect(decideBackfill(applyLook(backfill, waiting)).kind).toBe('open')
  })
})

test('before the first look nothing is said of how its cycles stand', () => {
  const progress = toProgress(beginOf(2))
  expect(progress).toMatchObject({ isLooking: true, unopened: 2 })
  expect(toProgressWords(progress)).toBe('0 of 2 begun: it looks which are there already')
  expect(toProgress(begunOf(5))).not.toHaveProperty('isLooking')
})

describe('failures', () => {
  const failed = applyLook(begunOf(5, { stopAfter: 2 }), [seen(first, 'ERROR'), seen(second, 'ERROR')])

  test('of its own, so many as were said, end it before all are opened', () => {
    expect(hasTooManyFailed(failed)).toBe(true)
    expect(decideBackfill(failed)).toEqual({ kind: 'end', how: 'too-many-failed' })
    expect(toProgressWords(toProgress(failed))).toBe('0 of 5 completed, 2 failed, 3 to open')
  })

  test('that somebody mended do not count any more', () => {
    const mended = applyLook(failed, [seen(first, 'PROCESSING'), seen(second, 'COMPLETED')])
    expect(decideBackfill(mended)).toEqual({ kind: 'open', keys: [third] })
    expect(toProgressWords(toProgress(mended))).toBe('1 of 5 completed, 1 at work, 3 to open')
  })

  test('from before do not count', () => {
    const there = [first, second].map((key) => seen(key, 'ERROR'))
    const backfill = applyLook(beginOf(5, { stopAfter: 2 }), there)
    expect(decideBackfill(backfill).kind).toBe('open')
  })

  test('a cycle whose run was ended from outside has failed: nothing goes on with it', () => {
    const backfill = applyLook(begunOf(2), [
      seen(first, 'WAITING', { isWithoutRun: true }),
      seen(second, 'PROCESSING', { isWithoutRun: true }),
    ])
    expect(toProgress(backfill).failed).toEqual([first, second])
    expect(decideBackfill(backfill)).toEqual({ kind: 'end', how: 'done' })
  })
})

test('stopped, it opens no more and leaves what is open; who stopped it first stays', () => {
  const by = { actor: 'bob', reason: 'the vendor resends', requestId: 'r2' }
  const stopped = stop(stop(begunOf(5), by), { ...by, actor: 'ann' })
  expect(decideBackfill(stopped)).toEqual({ kind: 'end', how: 'stopped' })
  expect(stopped).toMatchObject({ stoppedBy: by, opened: 2 })
})

const WISH: RerunWish = { which: 'all', madeBeforeMs: 2_000 }
const BEFORE_MS = 1_000

/** Cycles in a world that moves by chance. */
class World {
  readonly rows = new Map<CycleKey, SeenCycle>()
  /** Truly at work, whatever their rows say. */
  readonly working = new Set<CycleKey>()
  readonly opened: CycleKey[] = []
  readonly rerun: CycleKey[] = []
  private readonly chances: number[]
  private asked = 0
  private waits = 0

  constructor(chances: number[]) {
    this.chances = chances
  }

  open(key: CycleKey): OpenedCycle {
    expect(this.rows.has(key)).toBe(false)
    this.opened.push(key)
    const isReady = this.chance() < 70
    // Its row is not written yet, or was before it heard of its inputs.
    if (!isReady || this.chance() < 50) this.rows.set(key, seen(key, 'WAITING', { isWaiting: true }))
    if (isReady) this.working.add(key)
    return { key, answer: 'opened', isReady }
  }

  /** Its row says for a while how it stood before. */
  makeAnew(key: CycleKey): OpenedCycle {
    const before = this.rows.get(key)
    expect(before?.sinceMs).toBe(BEFORE_MS)
    this.rerun.push(key)
    this.working.add(key)
    if (this.chance() < 50) this.write(key, 'PROCESSING')
    return { key, answer: 'rerun', isReady: true, from: { runNumber: 2, version: 0 } }
  }

  private write(key: CycleKey, state: CycleState): void {
    const runNumber = this.rerun.includes(key) ? 2 : 1
    this.rows.set(key, seen(key, state, { runNumber, version: 1, sinceMs: WISH.madeBeforeMs }))
  }

  /** Every few looks at the latest what works has come to its end. */
  passTime(): void {
    this.waits += 1
    if (this.working.size === 0) this.upstreamsCome()
    for (const key of this.working) {
      const luck = this.chance()
      if (this.waits % 7 === 0 || luck < 30) {
        this.working.delete(key)
        this.write(key, luck < 5 ? 'ERROR' : luck < 8 ? 'SKIPPED' : 'COMPLETED')
      } else if (luck < 60) this.write(key, 'PROCESSING')
    }
  }

  private upstreamsCome(): void {
    for (const { key, state } of this.rows.values()) if (state === 'WAITING') this.rows.set(key, seen(key, 'COMPLETED'))
  }

  private chance(): number {
    this.asked += 1
    return this.chances[this.asked % this.chances.length] ?? 0
  }
}

const aStory = fc.record({
  count: fc.integer({ min: 0, max: 40 }),
  parallel: fc.integer({ min: 1, max: 6 }),
  stopAfter: fc.integer({ min: 1, max: 50 }),
  there: fc.array(fc.constantFrom<CycleState>('COMPLETED', 'ERROR', 'SKIPPED'), { maxLength: 10 }),
  rerun: fc.constantFrom(undefined, 'failed' as const, 'completed' as const, 'all' as const),
  chances: fc.array(fc.nat(99), { minLength: 1, maxLength: 200 }),
})

/** As the workflow does it: a look, then open for as long as there is room. */
function play(world: World, begun: Backfill): Backfill {
  let backfill = begun
  for (let looks = 0; looks < 20 * (begun.total + 10); looks += 1) {
    const asked = new Set(keysToSee(backfill))
    backfill = applyLook(
      backfill,
      [...world.rows.values()].filter(({ key }) => asked.has(key)),
    )
    let next = decideBackfill(backfill)
    while (next.kind === 'open' || next.kind === 'rerun') {
      const { keys, kind } = next
      backfill = applyOpened(
        backfill,
        keys.map((key) => (kind === 'open' ? world.open(key) : world.makeAnew(key))),
      )
      expect(world.working.size).toBeLessThanOrEqual(begun.order.parallel)
      next = decideBackfill(backfill)
    }
    if (next.kind === 'end') return backfill
    world.passTime()
  }
  throw new Error('It does not end.')
}

test('whatever happens: never more at work than it may, each opened or rerun once and in order, and it comes to an end', () => {
  fc.assert(
    fc.property(aStory, ({ count, parallel, stopAfter, there, rerun, chances }) => {
      const world = new World(chances)
      const wish = rerun && { ...WISH, which: rerun }
      const begun = beginOf(count, { parallel, stopAfter, ...(wish && { rerun: wish }) })
      for (const [at, state] of there.entries()) {
        const key = begun.unopened[at * 3]
        if (key) world.rows.set(key, seen(key, state, { runNumber: 1, version: 9, sinceMs: BEFORE_MS }))
      }
      const asked = [...world.rows.values()].filter((one) => wish && isToRerun(wish, one)).map(({ key }) => key)
      const { busy, waiting, failed, ended, refused, completed, unopened, ...rest } = toProgress(play(world, begun))
      expect(busy).toEqual([])
      const left = unopened + (rest.toRerun ?? 0)
      expect(waiting.length + failed.length + ended.length + refused.length + completed + left).toBe(count)
      expect(rest.opened + (rest.rerun ?? 0) + rest.existing + left).toBe(count)
      if (failed.length < stopAfter) expect(left).toBe(0)
      expect(world.opened).toEqual([...new Set(world.opened)].sort())
      expect(world.rerun).toEqual(asked.slice(0, world.rerun.length))
    }),
    { numRuns: 500 },
  )
})
