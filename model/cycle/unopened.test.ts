// What fell due before its product was first applied, and nobody had opened: when it counts, and until when it may change.
import { expect, test } from 'vitest'
import { cycleOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyAnotherLook, applyRecall } from './arrivals.ts'
import type { Cycle } from './cycle.ts'
import { decideNext, worthAnotherLook } from './decide.ts'
import { toUnopened, unopenedOf } from './unopened.ts'

const u = { product: toProduct('d1/u'), key: KEY }
const unopened = toUnopened(u, '2026-11-20T12:00:00.000Z')
const recalled = (
  openedBy: 'scheduler' | 'arrival',
  ifSkipped: 'run-without' | 'skip-cycle' = 'run-without',
): Cycle => {
  const waiting = cycleOf({ condition: { kind: 'cycle', at: 0, ifSkipped }, expected: [u], openedBy }, [])
  return applyRecall(waiting, { arrivals: [], skipped: [unopened] }, NOON_MS)
}

test('it is done without at once, but where an event opened the cycle only some minutes later', () => {
  expect(decideNext(recalled('scheduler'), NOON_MS)).toEqual({ kind: 'begin' })
  expect(decideNext(recalled('scheduler', 'skip-cycle'), NOON_MS)).toMatchObject({ kind: 'skip' })
  const byEvent = recalled('arrival')
  const untilMs = byEvent.openedAtMs + 600_000
  expect(decideNext(byEvent, untilMs - 1)).toEqual({ kind: 'wait', untilMs })
  expect(decideNext(byEvent, untilMs)).toEqual({ kind: 'begin' })
})

test('the minutes end with the cutoff, and of another domain they count for whoever opened the cycle', () => {
  const other = { ...unopened, product: toProduct('raw/u') }
  const opened = (openedBy: 'scheduler' | 'arrival', product: string, cutoffMs: number | null = null): Cycle => {
    const expected = [{ product: toProduct(product), key: KEY }]
    const condition = { kind: 'cycle' as const, at: 0, ifSkipped: 'run-without' as const }
    return cycleOf({ condition, expected, openedBy, cutoffMs }, [])
  }
  const byScheduler = applyRecall(opened('scheduler', 'raw/u'), { arrivals: [], skipped: [other] }, NOON_MS)
  expect(decideNext(byScheduler, NOON_MS)).toMatchObject({ kind: 'wait' })
  const cutoffMs = byScheduler.openedAtMs + 60_000
  const cutOff = applyRecall(opened('arrival', 'd1/u', cutoffMs), { arrivals: [], skipped: [unopened] }, NOON_MS)
  expect(decideNext(cutOff, cutoffMs - 1)).toEqual({ kind: 'wait', untilMs: cutoffMs })
  expect(decideNext(cutOff, cutoffMs)).toEqual({ kind: 'begin' })
})

test('nobody is asked again where the answer makes no difference', () => {
  const waiting = recalled('scheduler')
  expect(worthAnotherLook(waiting, NOON_MS)).toHaveLength(1)
  const [one] = waiting.dependencies
  const enough = {
    ...waiting,
    input: {
      ...waiting.input,
      condition: { kind: 'optional' as const, afterMs: NOON_MS, of: { kind: 'cycle' as const, at: 0 } },
    },
  }
  expect(one?.blocker?.isUnopened).toBe(true)
  expect(decideNext(enough, NOON_MS)).toEqual({ kind: 'begin' })
  expect(worthAnotherLook(enough, NOON_MS)).toEqual([])
})

test('another look takes back what somebody has opened since, and changes nothing else', () => {
  const waiting = recalled('scheduler')
  expect(unopenedOf(waiting)).toMatchObject([u])
  expect(applyAnotherLook(waiting, { arrivals: [], skipped: [unopened] }, NOON_MS)).toBe(waiting)
  const opened = applyAnotherLook(waiting, { arrivals: [], skipped: [] }, NOON_MS)
  expect(unopenedOf(opened)).toEqual([])
  expect(decideNext(opened, NOON_MS)).toEqual({ kind: 'wait', untilMs: null })
  const { isUnopened: _, ...notice } = unopened
  const told = applyAnotherLook(waiting, { arrivals: [], skipped: [notice] }, NOON_MS)
  expect(told.dependencies[0]?.blocker).toEqual(notice)
})
