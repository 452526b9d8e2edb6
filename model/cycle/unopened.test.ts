// What fell due before its product was first applied, and nobody had opened: when it counts, and until when it may change.
import { expect, test } from 'vitest'
import { cycleOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyAnotherLook, applyRecall, unopenedOf } from './arrivals.ts'
import type { Blocker, Cycle } from './cycle.ts'
import { decideNext } from './decide.ts'

const u = { product: toProduct('raw/u'), key: KEY }
const unopened: Blocker = {
  ...{ ...u, eventId: `raw/u/${KEY}/never-opened`, state: 'SKIPPED', step: null, isUnopened: true },
  ...{ reason: 'first applied later', occurredAt: '2026-11-20T12:00:00.000Z' },
}
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
