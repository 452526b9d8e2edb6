import { describe, expect, test } from 'vitest'
import type { Condition } from '../model/cycle/condition.ts'
import { type Blocker, openRun } from '../model/cycle/cycle.ts'
import { applyArrival, applyBlocker } from '../model/cycle/arrivals.ts'
import {
  arrivalOf,
  cycleOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  toKey,
  toProduct,
} from '../model/samples.test-data.ts'
import { type Heard, inputLines, OPEN_WORDS, PAST_WORDS, toHeard } from './explain-inputs.ts'

const told = (
  condition: Condition | undefined,
  expected: { product: string; key?: string; why?: string }[],
  arrived: string[] = [],
) => {
  const whole = expected.map(({ product, key = KEY, ...why }) => ({
    product: toProduct(product),
    key: toKey(key),
    ...why,
  }))
  const { input } = cycleOf({ expected: whole, ...(condition ? { condition } : {}) }, [])
  const cycle = arrived.reduce(
    (before, key) => applyArrival(before, arrivalOf(expected[0]?.product ?? '', { key: toKey(key) }), NOON_MS),
    openRun(input, NOON_MS),
  )
  return inputLines(input, { dependencies: cycle.dependencies, words: OPEN_WORDS, nowMs: NOON_MS })
}

test('without a condition of its own: each upstream cycle, with the reason where it is not the same key', () => {
  expect(
    told(undefined, [{ product: 'raw/a' }, { product: 'raw/b', key: '2026-11-19', why: 'the day before' }], [KEY]),
  ).toEqual([
    `has       raw/a/${KEY} at 2026-11-20T12:00:00.000Z, revision 1`,
    'waits for raw/b/2026-11-19 (the day before)',
  ])
})

test('groups, optional ones, none, and what is skipped are said', () => {
  const condition: Condition = {
    ...{ kind: 'at-least', n: 4 },
    of: [
      {
        kind: 'at-least',
        n: 1,
        of: [
          { kind: 'cycle', at: 0 },
          { kind: 'cycle', at: 1 },
        ],
      },
      { kind: 'optional', afterMs: NOON_MS, of: { kind: 'cycle', at: 2 } },
      { kind: 'none', product: toProduct('raw/x'), then: 'run-without', why: 'raw/x has no cycle' },
      { kind: 'cycle', at: 3, ifSkipped: 'skip-cycle' },
    ],
  }
  expect(
    told(
      condition,
      ['raw/a', 'raw/b', 'raw/c', 'raw/d'].map((product) => ({ product })),
    ),
  ).toEqual([
    'at least 1 of',
    `  waits for raw/a/${KEY}`,
    `  waits for raw/b/${KEY}`,
    'until 2026-11-20T12:00:00.000Z, then without',
    `  waits for raw/c/${KEY}`,
    'no cycle of raw/x, so it runs without: raw/x has no cycle',
    `waits for raw/d/${KEY}`,
    '  if skipped: skip-cycle',
  ])
})

test('of many cycles of one upstream the missing are listed, as far as a person reads', () => {
  const days = Array.from({ length: 20 }, (_none, at) => `2026-11-${String(at + 1).padStart(2, '0')}`)
  const lines = told(
    undefined,
    days.map((key) => ({ product: 'raw/a', key, why: 'one of the 20' })),
    days.slice(0, 12),
  )
  expect(lines[0]).toBe('raw/a: 12 of 20 have arrived, 2026-11-01 to 2026-11-20 (one of the 20)')
  expect(lines.slice(1)).toHaveLength(7)
  expect(lines[1]).toBe('  waits for raw/a/2026-11-13 (one of the 20)')
  expect(lines.at(-1)).toBe('  … and 2 more')
})

describe('of an input that was corrected later', () => {
  const HOUR_LATER_MS = NOON_MS + 3_600_000
  const corrected = [arrivalOf('raw/a'), arrivalOf('raw/a', { revision: 2, occurredAt: '2026-11-20T12:59:00Z' })]
  const opened = openRun(inputOf(definitionOf('d1/top', ['raw/a'])), NOON_MS)
  const cycle = corrected.reduce(
    (before, arrival, at) => applyArrival(before, arrival, at === 0 ? NOON_MS : HOUR_LATER_MS),
    opened,
  )
  const lineOf = (heard: Heard[]): string[] => {
    const told = { dependencies: cycle.dependencies, words: PAST_WORDS, nowMs: HOUR_LATER_MS, heard }
    return inputLines(cycle.input, told)
  }
  const [first, second] = cycle.deliveries.map((one) => ({ ...one, at: new Date(one.atMs).toISOString() }))

  test('each revision is told with its own time', () => {
    expect(lineOf(toHeard(cycle))).toEqual([
      `had       raw/a/${KEY} at 2026-11-20T12:00:00.000Z, revision 1; corrected at 2026-11-20T13:00:00.000Z, revision 2`,
    ])
    expect(lineOf(first ? [first] : [])).toEqual([
      `had       raw/a/${KEY} at 2026-11-20T12:00:00.000Z, revision 1; corrected, revision 2`,
    ])
  })

  test('a time that is not known to be its own is left out', () => {
    expect(lineOf(second ? [second] : [])).toEqual([`had       raw/a/${KEY} at 2026-11-20T13:00:00.000Z, revision 2`])
    expect(lineOf([])).toEqual([`had       raw/a/${KEY}, revision 2`])
  })

  test('one that came as it is has its time', () => {
    const [only] = corrected
    const { input, dependencies } = only ? applyArrival(opened, only, NOON_MS) : opened
    const lines = inputLines(input, { dependencies, words: PAST_WORDS, nowMs: NOON_MS, heard: [] })
    expect(lines).toEqual([`had       raw/a/${KEY} at 2026-11-20T12:00:00.000Z, revision 1`])
  })
})

const unopened = (product: string, key: string = KEY): Blocker => ({
  ...{ eventId: `${product}/${key}/never-opened`, product: toProduct(product), key: toKey(key), state: 'SKIPPED' },
  ...{ step: null, reason: 'first applied later', occurredAt: '2026-11-20T12:00:00Z', isUnopened: true },
})
const linesOf = (
  condition: Condition,
  { keys, blocked, words = OPEN_WORDS }: { keys: string[]; blocked: string[]; words?: typeof OPEN_WORDS },
) => {
  const expected = keys.map((key) => ({ product: toProduct('raw/a'), key: toKey(key) }))
  const opened = cycleOf({ condition, expected }, [])
  const { input, dependencies } = blocked.map((key) => unopened('raw/a', key)).reduce(applyBlocker, opened)
  return inputLines(input, { dependencies, words, nowMs: NOON_MS })
}

test('what nobody had opened is not waited for where it may be gone without', () => {
  const cycle = { kind: 'cycle' as const, at: 0 }
  const one = { keys: [KEY], blocked: [KEY] }
  expect(linesOf({ ...cycle, ifSkipped: 'run-without' }, one)).toEqual([`without   raw/a/${KEY}: first applied later`])
  expect(linesOf(cycle, one)).toEqual([`waits for raw/a/${KEY}: first applied later`])
})

test('of those before, each that was skipped is named, and the one that counts; not those before that', () => {
  const condition: Condition = { kind: 'first-not-skipped', of: [0, 1, 2] }
  const keys = [KEY, '2026-11-19', '2026-11-18']
  expect(linesOf(condition, { keys, blocked: [KEY] })).toEqual([
    `waits for raw/a/${KEY}: first applied later, if skipped: the one before`,
    '  instead of it waits for raw/a/2026-11-19',
  ])
  expect(linesOf(condition, { keys, blocked: keys })).toHaveLength(3)
  expect(linesOf(condition, { keys, blocked: [], words: PAST_WORDS })).toEqual([
    `never had raw/a/${KEY}, if skipped: the one before`,
  ])
})
