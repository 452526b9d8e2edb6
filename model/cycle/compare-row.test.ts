import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, HOUR_MS, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { isOlder, judgeEndedRow, judgeRow, type Stand, toStand } from './compare-row.ts'
import type { Cycle } from './cycle.ts'
import { toRecord } from './record.ts'

const opened = cycleOf()
const half = applyArrival(opened, arrivalOf('d1/ds1'), NOON_MS + 1)
const rowOf = (cycle: Cycle, change: Partial<Stand> = {}): Stand => ({ ...toStand(toRecord(cycle, 0)), ...change })
const judge = (row: Stand | undefined, cycle: Cycle) => judgeRow(row, cycle, NOON_MS + HOUR_MS)

test('a row is right when it says what the run says, behind when it is missing or older', () => {
  expect(judge(rowOf(half), half)).toBe('right')
  expect(judge(undefined, half)).toBe('behind')
  expect(judge(rowOf(opened), half)).toBe('behind')
  expect(judge(rowOf(half, { runNumber: 0, version: 99 }), half)).toBe('behind')
})

test('a row is not behind because of moves whose flush is not due: they go with the next one', () => {
  const all = applyArrival(half, arrivalOf('raw/rd2'), NOON_MS + 2)
  expect(judge(rowOf(half), all)).toBe('right')
  expect(judge(undefined, all)).toBe('behind')
})

test('a row that is ahead of its run, or tells another story under the same version, is astray', () => {
  expect(judge(rowOf(half), opened)).toBe('astray')
  expect(judge(rowOf(half, { runNumber: 2 }), half)).toBe('astray')
  expect(judge(rowOf(half, { state: 'PROCESSING' }), half)).toBe('astray')
  expect(judge(rowOf(half, { stateSinceMs: NOON_MS + 5 }), half)).toBe('astray')
})

test('of an ended run its flushes tell; only a reset takes back what a row says beyond them', () => {
  const flushes = [toRecord(opened, 0), toRecord(half, 1)]
  expect(judgeEndedRow(undefined, flushes, false)).toBe('behind')
  expect(judgeEndedRow(rowOf(opened), flushes, false)).toBe('behind')
  expect(judgeEndedRow(rowOf(half), flushes, true)).toBe('right')
  expect(judgeEndedRow(rowOf(half, { version: 9 }), flushes, false)).toBe('right')
  expect(judgeEndedRow(rowOf(half, { version: 9 }), flushes, true)).toBe('astray')
  expect(judgeEndedRow(rowOf(half), [], true)).toBe('right')
})

const stand = fc.record({ runNumber: fc.nat(3), version: fc.nat(3) }).map((at) => ({ ...rowOf(half), ...at }))

test('of two stands one is older, or neither is: they are the same', () => {
  fc.assert(
    fc.property(stand, stand, (one, other) => {
      const isSame = one.runNumber === other.runNumber && one.version === other.version
      expect(Number(isOlder(one, other)) + Number(isOlder(other, one))).toBe(isSame ? 0 : 1)
    }),
  )
})
