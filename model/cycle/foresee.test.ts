import { expect, test } from 'vitest'
import { arrivalOf, definitionOf, HOUR_MS, inputOf, KEY, NOON_MS, toKey, toProduct } from '../samples.test-data.ts'
import type { CycleInput } from './cycle.ts'
import { foresee } from './foresee.ts'

const of = (change: Partial<CycleInput> = {}): CycleInput =>
  inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2']), { openedBy: 'backfill', ...change })
const arrived = ['d1/ds1', 'raw/rd2'].map((product) => arrivalOf(product))
const skipped = {
  ...{ eventId: 'e1', product: toProduct('raw/rd2'), key: KEY, state: 'SKIPPED' as const },
  ...{ step: null, reason: 'no data', occurredAt: '2026-11-20T11:00:00Z' },
}

test('a cycle goes on by itself when all that it needs was published', () => {
  expect(foresee(of(), { arrivals: arrived, skipped: [] }, NOON_MS)).toEqual({ goesOn: true, missing: [] })
})

test('else it says what it would wait for; what others wait for is nothing to it', () => {
  const arrivals = [arrivalOf('d1/ds1'), arrivalOf('raw/rd2', { key: toKey('2026-11-19') })]
  expect(foresee(of(), { arrivals, skipped: [] }, NOON_MS)).toEqual({ goesOn: false, missing: ['raw/rd2'] })
})

test('time alone, or a rule about what was skipped, may let it go on', () => {
  const inTime = of({ notBeforeMs: NOON_MS + HOUR_MS })
  expect(foresee(inTime, { arrivals: arrived, skipped: [] }, NOON_MS).goesOn).toBe(true)
  const condition: CycleInput['condition'] = {
    ...{ kind: 'at-least', n: 2 },
    of: [
      { kind: 'cycle', at: 0 },
      { kind: 'cycle', at: 1, ifSkipped: 'skip-cycle' },
    ],
  }
  const found = { arrivals: [arrivalOf('d1/ds1')], skipped: [skipped] }
  expect(foresee(of({ condition }), found, NOON_MS)).toEqual({ goesOn: true, missing: [] })
})

test('one that is held goes on with nothing, though nothing is missing', () => {
  const held = { actor: 'ann', reason: 'audit', sinceMs: NOON_MS, of: 'product' } as const
  expect(foresee(of({ held }), { arrivals: arrived, skipped: [] }, NOON_MS)).toEqual({ goesOn: false, missing: [] })
})
