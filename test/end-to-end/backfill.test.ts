// `sluice backfill` as real processes on a whole stack: the upstream first, then its consumer, and what `verify` says of it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BackfillResult } from '../../workflows/backfill-contract.ts'
import { type DevStack, startDevStack } from './dev-stack.ts'

const RANGE = ['--from', '2020-02-01', '--to', '2020-02-06']

let stack: DevStack

beforeAll(async () => {
  stack = await startDevStack('sluice-backfill')
})
afterAll(() => stack?.stop())

test('a consumer waits for its upstream; once that is backfilled, all cycles of both complete, and every invariant holds', async () => {
  const dry = await stack.sluice('backfill', 'shop/revenue', ...RANGE, '--dry-run')
  expect(dry).toMatchObject({ code: 0, err: '' })
  expect(dry.out).toMatch(/^shop\/revenue\/2020-02-01 +opens +then waits for shop\/orders$/m)
  expect(dry.out).toContain('6 would wait for shop/orders.')

  const waits = await stack.sluice('backfill', 'shop/revenue', ...RANGE, '--reason', 'new column')
  expect(waits).toMatchObject({ code: 1, out: expect.stringContaining('0 of 6 completed, 6 waiting for upstreams.') })

  const reason = ['--reason', 'new column', '--parallel', '2', '-o', 'json']
  const orders = await stack.sluice('backfill', 'shop/orders', ...RANGE, ...reason)
  expect(orders.code).toBe(0)
  expect(JSON.parse(orders.out) as BackfillResult).toMatchObject({ how: 'done', opened: 6, completed: 6 })
  expect(orders.err).toMatch(/^\d of 6 completed, 2 at work/m)

  for (const day of [1, 2, 3, 4, 5, 6])
    await stack.untilCycle(`shop/revenue/2020-02-0${day}`, ({ state }) => state === 'COMPLETED')
  const again = await stack.json<BackfillResult>('backfill', 'shop/revenue', ...RANGE, '--reason', 'again')
  expect(again).toMatchObject({ how: 'done', opened: 0, existing: 6, completed: 6 })
  const verified = await stack.sluice('verify')
  expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/^I6 .* 0$/m) })
})
