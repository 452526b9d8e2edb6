import { expect, test } from 'vitest'
import type { Blocker } from '../model/cycle/cycle.ts'
import { arrivalOf, KEY, toProduct } from '../model/samples.test-data.ts'
import { createTakenBack } from './taken-back.ts'

const noticeOf = (product: string, withdraws?: number): Blocker => ({
  ...{ eventId: 'x', product: toProduct(product), key: KEY, state: 'CANCELLED', step: null, reason: '' },
  ...{ occurredAt: '2026-11-20T10:00:00Z', ...(withdraws !== undefined && { withdraws }) },
})

test('a revision that was taken back, and those before it; the highest word counts; a failure takes nothing back', () => {
  const takenBack = createTakenBack()
  for (const notice of [noticeOf('raw/a', 2), noticeOf('raw/a', 1), noticeOf('raw/b')]) takenBack.note(notice)
  const has = (product: string, revision: number) => takenBack.has(arrivalOf(product, { revision }))
  expect([has('raw/a', 1), has('raw/a', 2), has('raw/a', 3), has('raw/b', 1), has('raw/c', 1)]).toEqual([
    ...[true, true, false],
    ...[false, false],
  ])
})

test('of too many the one heard of longest ago is forgotten', () => {
  const takenBack = createTakenBack(2)
  for (const product of ['raw/a', 'raw/b', 'raw/a', 'raw/c']) takenBack.note(noticeOf(product, 1))
  expect(['raw/a', 'raw/b', 'raw/c'].map((product) => takenBack.has(arrivalOf(product)))).toEqual([true, false, true])
})
