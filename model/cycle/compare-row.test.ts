import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, HOUR_MS, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { isOlder, judgeEndedRow, judgeRow, type Stand, type StandInput, toStand } from './compare-row.ts'
import type { Condition } from './condition.ts'
import type { Cycle } from './cycle.ts'
import { toRecord } from './record.ts'

const opened = cycleOf()
const half = applyArrival(opened, arrivalOf('d1/ds1'), NOON_MS + 1)
const rowOf = (cycle: Cycle, change: Partial<Stand> = {}): Stand => ({
  ...{ ...toStand(toRecord(cycle, 0)), moves: cycle.transitions.length },
  ...change,
})
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

test('a row that was altered anywhere under the right version is astray', () => {
  const altered: Partial<Stand>[] = [
    { step: 'run' },
    { lastAttempt: 7 },
    { revision: -1 },
    { waitingFor: [] },
    { moves: 0 },
  ]
  for (const change of altered) expect(judge(rowOf(half, change), half), JSON.stringify(change)).toBe('astray')
  expect(judge(rowOf(half, { revision: 9, moves: 3 }), half), 'published before a reset').toBe('right')
})

test('a row is astray whose inputs say another arrival, or lack one; inputs of an earlier definition do not matter', () => {
  const { inputs } = rowOf(half)
  const [first, ...others] = inputs as [StandInput, ...StandInput[]]
  const judgeInputs = (...inputs: StandInput[]) => judge(rowOf(half, { inputs }), half)
  expect(first).toMatchObject({ product: 'd1/ds1', state: 'ARRIVED', revision: 1 })
  expect(judgeInputs({ ...first, state: 'WAITING', eventId: null, revision: null }, ...others)).toBe('astray')
  expect(judgeInputs({ ...first, eventId: 'another' }, ...others)).toBe('astray')
  expect(judgeInputs({ ...first, revision: 2 }, ...others)).toBe('astray')
  expect(judgeInputs(...others)).toBe('astray')
  expect(judgeInputs(first)).toBe('astray')
  expect(judgeInputs(...others, first, { ...first, key: '2026-11-19' })).toBe('right')
})

test('what a cycle waits for is not compared where time alone may change it', () => {
  const untilMs = NOON_MS + HOUR_MS / 2
  const optional: Condition = { kind: 'optional', afterMs: untilMs, of: { kind: 'cycle', at: 1 } }
  const condition: Condition = { kind: 'at-least', n: 2, of: [{ kind: 'cycle', at: 0 }, optional] }
  const waiting = applyArrival(cycleOf({ condition }), arrivalOf('d1/ds1'), NOON_MS + 1)
  const row = rowOf(waiting)
  expect(row.waitingFor).toEqual(['raw/rd2'])
  expect(judgeRow(row, waiting, untilMs + 1), 'nothing now').toBe('right')
  expect(judgeRow({ ...row, waitingFor: ['d1/ds1'] }, waiting, untilMs - 1), 'still the same').toBe('astray')
})

test('of an ended run its flushes tell; what a row says beyond them holds only where they may not be all', () => {
  const flushes = [toRecord(opened, 0), toRecord(half, 1)]
  expect(judgeEndedRow(undefined, flushes, false)).toBe('behind')
  expect(judgeEndedRow(rowOf(opened), flushes, false)).toBe('behind')
  expect(judgeEndedRow(rowOf(half), flushes, true)).toBe('right')
  expect(judgeEndedRow(rowOf(half, { version: 9 }), flushes, false)).toBe('right')
  expect(judgeEndedRow(rowOf(half, { version: 9 }), flushes, true)).toBe('astray')
  expect(judgeEndedRow(rowOf(half, { state: 'PROCESSING' }), flushes, false)).toBe('astray')
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
