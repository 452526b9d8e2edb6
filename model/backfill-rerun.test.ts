import { expect, test } from 'vitest'
import {
  applyLook,
  applyOpened,
  type BackfillOrder,
  beginBackfill,
  decideBackfill,
  type SeenCycle,
} from './backfill.ts'
import { toProgress, toProgressWords } from './backfill-progress.ts'
import { isRerunId, isToRerun, RERUN_CHOICES, type RerunChoice, toRerunId } from './backfill-rerun.ts'
import type { CycleKey } from './ids.ts'
import { toKey, toProduct } from './samples.test-data.ts'
import type { CycleState } from './states.ts'

const MADE_BEFORE_MS = Date.parse('2026-11-20T12:00:00Z')
const KEYS = ['2026-11-09', '2026-11-10', '2026-11-11', '2026-11-12', '2026-11-13'].map(toKey)
const [first, second, third, fourth, fifth] = KEYS as [CycleKey, CycleKey, CycleKey, CycleKey, CycleKey]

const beginOf = (which?: RerunChoice, change: Partial<BackfillOrder> = {}) =>
  beginBackfill(
    {
      ...{
        product: toProduct('d1/ds1'),
        from: first,
        to: fifth,
        parallel: 2,
        stopAfter: 10,
        lookMs: 15_000,
        looksPerRun: 150,
      },
      ...{ actor: 'ann', reason: 'a bug in the job', requestId: 'request-1', ...change },
      ...(which && { rerun: { which, madeBeforeMs: MADE_BEFORE_MS } }),
    },
    KEYS,
  )

/** As its first run left it, long before. */
const seen = (key: CycleKey, state: CycleState, change: Partial<SeenCycle> = {}): SeenCycle => ({
  ...{ key, state, isWaiting: false, isWithoutRun: false, runNumber: 1, version: 7, sinceMs: MADE_BEFORE_MS - 1 },
  ...change,
})

test.each<[CycleState, boolean, RerunChoice[]]>([
  ['COMPLETED', false, ['completed', 'all']],
  ['ERROR', false, ['failed', 'all']],
  ['WAITING', true, ['failed', 'all']],
  ['PROCESSING', true, ['failed', 'all']],
  ['WAITING', false, []],
  ['PROCESSING', false, []],
  ['SKIPPED', false, []],
  ['CANCELLED', false, []],
])('%s (without a run: %s) is made anew by %j only', (state, isWithoutRun, choices) => {
  const by = (sinceMs?: number) =>
    RERUN_CHOICES.filter((which) =>
      isToRerun(
        { which, madeBeforeMs: MADE_BEFORE_MS },
        { state, isWithoutRun, ...(sinceMs !== undefined && { sinceMs }) },
      ),
    )
  expect(by(MADE_BEFORE_MS - 1).toSorted()).toEqual(choices.toSorted())
  expect(by(MADE_BEFORE_MS)).toEqual([])
  expect(by()).toEqual([])
})

test('of a rerun of two cycles of one order the ids differ, and a repeat has the same', () => {
  expect(toRerunId('request-1', first)).toBe('request-1/2026-11-09')
  expect(toRerunId('request-1', second)).not.toBe(toRerunId('request-1', first))
  expect(isRerunId(toRerunId('request-1', first), first)).toBe(true)
  for (const other of [toRerunId('request-1', second), toRerunId('', first), 'request-1', first])
    expect(isRerunId(other, first)).toBe(false)
})

test('without being asked to it makes nothing anew', () => {
  const backfill = applyLook(beginOf(), [seen(first, 'COMPLETED'), seen(second, 'ERROR')])
  expect(decideBackfill(backfill)).toEqual({ kind: 'open', keys: [third, fourth] })
  expect(toProgress(backfill)).not.toHaveProperty('rerun')
})

test('what is there and what is not are begun in one order, each in its way', () => {
  const there = [seen(first, 'COMPLETED'), seen(third, 'ERROR'), seen(fourth, 'COMPLETED'), seen(fifth, 'SKIPPED')]
  let backfill = applyLook(beginOf('all'), there)
  expect(toProgressWords(toProgress(backfill))).toBe('0 of 5 completed, 1 skipped or cancelled, 1 to open, 3 to rerun')
  const begun: unknown[] = []
  for (
    let next = decideBackfill(backfill);
    next.kind === 'open' || next.kind === 'rerun';
    next = decideBackfill(backfill)
  ) {
    begun.push([next.kind, next.keys])
    const answer = next.kind === 'open' ? 'opened' : 'rerun'
    backfill = applyOpened(
      backfill,
      next.keys.map((key) => ({ key, answer, isReady: true })),
    )
  }
  expect(begun).toEqual([
    ['rerun', [first]],
    ['open', [second]],
  ])
  backfill = applyLook(backfill, [seen(first, 'COMPLETED', { runNumber: 2 }), seen(second, 'COMPLETED')])
  expect(decideBackfill(backfill)).toEqual({ kind: 'rerun', keys: [third, fourth] })
  expect(toProgress(backfill)).toMatchObject({
    opened: 1,
    rerun: 1,
    existing: 1,
    completed: 2,
    unopened: 0,
    toRerun: 2,
  })
})

const rerunOf = (isOurs = true) =>
  applyOpened(applyLook(beginOf('all'), [seen(first, 'COMPLETED'), seen(second, 'ERROR')]), [
    { key: first, answer: isOurs ? 'rerun' : 'existing', isReady: true, from: { runNumber: 2, version: 0 } },
    { key: second, answer: 'rerun', isReady: true, from: { runNumber: 1, version: 8 } },
  ])

test('a row that still says how it stood before is no news', () => {
  for (const isOurs of [true, false]) {
    const backfill = applyLook(rerunOf(isOurs), [seen(first, 'COMPLETED'), seen(second, 'ERROR')])
    expect(toProgress(backfill)).toMatchObject({ completed: 0, busy: [first, second], failed: [] })
  }
  const after = [seen(first, 'COMPLETED', { runNumber: 2, version: 3 }), seen(second, 'PROCESSING', { version: 8 })]
  const heard = applyLook(rerunOf(), after)
  expect(toProgress(heard)).toMatchObject({ completed: 1, busy: [second] })
  // From then on any row of it counts, as of what was opened.
  expect(heard.followed).toEqual([{ key: second, standing: 'busy', isOurs: true, patience: 0 }])
})

test('one of which nothing is ever heard does not keep it for ever, and counts again once it is', () => {
  let backfill = rerunOf()
  for (let look = 0; look < 200; look += 1) backfill = applyLook(backfill, [])
  expect(toProgress(backfill)).toMatchObject({ busy: [first, second] })
  backfill = applyLook(backfill, [])
  expect(toProgress(backfill)).toMatchObject({ busy: [], failed: [first, second] })
  expect(toProgress(applyLook(backfill, [seen(first, 'PROCESSING', { runNumber: 2 })]))).toMatchObject({
    ...{ busy: [first], failed: [second] },
  })
})

test('what fails again counts as its own failure, and what failed before does not', () => {
  const before = applyLook(beginOf('failed', { stopAfter: 1 }), [
    seen(first, 'ERROR'),
    seen(second, 'ERROR', { sinceMs: MADE_BEFORE_MS }),
  ])
  expect(decideBackfill(before)).toEqual({ kind: 'rerun', keys: [first] })
  const begun = applyOpened(before, [
    { key: first, answer: 'rerun', isReady: true, from: { runNumber: 2, version: 0 } },
  ])
  const failed = applyLook(begun, [seen(first, 'ERROR', { runNumber: 2 })])
  expect(decideBackfill(failed)).toEqual({ kind: 'end', how: 'too-many-failed' })
})

test('however many may be at work, two are rerun at a time, so that a stop comes between', () => {
  const all = KEYS.map((key) => seen(key, 'COMPLETED'))
  const backfill = applyLook(beginOf('all', { parallel: 5 }), all)
  expect(decideBackfill(backfill)).toEqual({ kind: 'rerun', keys: [first, second] })
  const going = applyOpened(
    backfill,
    [first, second].map((key) => ({ key, answer: 'rerun', isReady: true })),
  )
  expect(decideBackfill(going)).toEqual({ kind: 'rerun', keys: [third, fourth] })
})
