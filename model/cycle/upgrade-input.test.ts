import { describe, expect, test } from 'vitest'
import { definitionOf, inputOf } from '../samples.test-data.ts'
import type { Condition } from './condition.ts'
import { faultOfInput } from './upgrade-input.ts'

const input = inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2']))

test('what a cycle is opened with is sound, with every kind of condition too', () => {
  const parts: Condition[] = [
    { kind: 'cycle', at: 0, ifSkipped: 'run-without' },
    { kind: 'newest', of: [0, 1] },
    { kind: 'first-not-skipped', of: [1] },
    { kind: 'optional', afterMs: 1, of: { kind: 'at-least', n: 1, of: [{ kind: 'cycle', at: 1 }] } },
    { kind: 'none', product: input.product, then: 'run-without', why: 'a holiday' },
  ]
  expect(faultOfInput(input)).toBeNull()
  const condition: Condition = { kind: 'at-least', n: 4, of: parts }
  expect(faultOfInput({ ...input, condition, businessDate: '2026-11-20', cutoffMs: 5 })).toBeNull()
  const definition = { ...input.definition, publish: null, cutoff: { at: {}, then: 'skip' } }
  expect(faultOfInput({ ...input, definition })).toBeNull()
})

describe('what a cycle would trip over is named by its place:', () => {
  test.each([undefined, null, 'text', 7, []])('%j instead of an input', (value) => {
    expect(faultOfInput(value)).toBe('product')
  })

  test.each<[string, object]>([
    ['key', { key: ' ' }],
    ['definitionVersion', { definitionVersion: 1.5 }],
    ['definitionVersion', { definitionVersion: 2 ** 31 }],
    ['expected', { expected: null }],
    ['expected', { expected: [{ product: 'd1/ds1' }] }],
    ['condition', { condition: { kind: 'moon' } }],
    ['condition', { condition: { kind: 'cycle', at: 2 } }],
    ['condition', { condition: { kind: 'at-least', n: 1, of: [{ kind: 'newest', of: [-1] }] } }],
    ['condition', { condition: { kind: 'optional', afterMs: 1e300, of: { kind: 'cycle', at: 0 } } }],
    ['cutoffMs', { cutoffMs: '2026' }],
    ['notBeforeMs', { notBeforeMs: 8.64e15 + 1 }],
    ['availableByMs', { availableByMs: undefined }],
    ['businessDate', { businessDate: 'soon' }],
    ['definition.product', { definition: null }],
    ['definition.product', { definition: { ...input.definition, product: 'd1/other' } }],
    ['definition.dependsOn', { definition: { ...input.definition, dependsOn: [{ atLeast: 1 }] } }],
    ['definition.cutoff', { definition: { ...input.definition, cutoff: { then: 'moon' } } }],
    ['definition.run.glue', { definition: { ...input.definition, run: {} } }],
    [
      'definition.run.attempts',
      { definition: { ...input.definition, run: { ...input.definition.run, attempts: '1' } } },
    ],
    [
      'definition.run.retryAfterMs',
      { definition: { ...input.definition, run: { ...input.definition.run, retryAfterMs: 2 ** 53 - 1 } } },
    ],
    ...[{ afterMs: '1m' }, { atMostMs: -1 }, { attempts: 0.5 }].map((infrastructure): [string, object] => [
      'definition.run.retry',
      { definition: { ...input.definition, run: { ...input.definition.run, retry: { infrastructure } } } },
    ]),
    ['definition.settleMs', { definition: { ...input.definition, settleMs: '5m' } }],
    [
      'definition.run.arguments',
      { definition: { ...input.definition, run: { ...input.definition.run, arguments: 1 } } },
    ],
  ])('%s', (place, change) => {
    expect(faultOfInput({ ...input, ...change })).toBe(place)
  })
})
