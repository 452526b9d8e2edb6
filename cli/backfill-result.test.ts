import { expect, test } from 'vitest'
import { beginBackfill, type BackfillOrder } from '../model/backfill.ts'
import { toProgress } from '../model/backfill-progress.ts'
import { NOON_MS, toProduct } from '../model/samples.test-data.ts'
import { requireReruns } from './backfill-result.ts'

const order: BackfillOrder = {
  ...{ product: toProduct('d1/ds1'), from: '2026-11-09', to: '2026-11-13', parallel: 2, stopAfter: 10, lookMs: 1_000 },
  ...{ looksPerRun: 150, actor: 'ann', reason: 'a bug in the job', requestId: 'request-1' },
}
const asked: BackfillOrder = { ...order, rerun: { which: 'all', madeBeforeMs: NOON_MS } }

test('a worker of an older version, which says nothing of reruns, is named where they were asked for', () => {
  const [older, newer] = [order, asked].map((one) => toProgress(beginBackfill(one, []))) as [never, never]
  expect(() => requireReruns(asked, older)).toThrow('The worker of d1 is of an older version, which makes nothing anew')
  expect(() => requireReruns(asked, newer)).not.toThrow()
  expect(() => requireReruns(order, older)).not.toThrow()
})
