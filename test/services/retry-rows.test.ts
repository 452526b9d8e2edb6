// What PostgreSQL and the catalog object keep of retries: the policy of a version, the flags of a cycle, whose failure an
// attempt's end was.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { domainText } from '../../catalog/samples.test-data.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { flagsAt, readCycleRow } from '../../mirror/status.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { applyHoldUp } from '../../model/cycle/held-up.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { cycleOf, endOf, NOON_MS } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'

let sandbox: Sandbox
let space: CatalogSpace
beforeAll(async () => {
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'retries')
})
afterAll(async () => {
  await space.end()
  await sandbox.close()
})

test('a policy is a column of its version and reaches those who open cycles; nothing said is null', async () => {
  const retry = '{ throttled: { attempts: 9, after: 1m, atMost: 1h }, timeout: { attempts: 1 } }'
  await space.applied({
    'd1.yaml': domainText('d1'),
    'a.yaml': `product: d1/a\nevery: day\nrun: { glue: d1-a, retry: ${retry} }\n`,
    'b.yaml': 'product: d1/b\nevery: day\nrun: { glue: d1-b }\n',
  })
  const resolved = { throttled: { attempts: 9, afterMs: 60_000, atMostMs: 3_600_000 }, timeout: { attempts: 1 } }
  expect(await space.db.rows('select product, retry from data_pipeline_config order by product')).toEqual([
    { product: 'd1/a', retry: resolved },
    { product: 'd1/b', retry: null },
  ])
  const loaded = await loadDomainCatalog(space.s3, space.bucket, 'd1')
  const runs = loaded.kind === 'loaded' ? loaded.catalog.products.map(({ definition }) => definition.run) : []
  expect(runs.map((run) => run.retry)).toEqual([resolved, undefined])
})

test('a limit shows in the row as long as the cycle waits for it, then whose failure its run was', async () => {
  const begun = applyFact(cycleOf({}, []), { kind: 'begun' }, NOON_MS)
  const limited = { step: 'start', reason: 'Could not start', isRefusal: false, limit: 'account-quota' } as const
  const waiting = applyHoldUp(begun, limited, NOON_MS)
  const running = applyFact(waiting, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS)
  const failure = { ...endOf('FAILED'), error: 'Internal service error' }
  const paused = applyFact(running, { kind: 'run-ended', end: failure }, NOON_MS)
  const seen: unknown[] = []
  for (const cycle of [waiting, running, paused]) {
    await recordCycle(space.db, toRecord(cycle, 0))
    const row = await readCycleRow(space.db, cycle.id)
    seen.push(row && [flagsAt(row, NOON_MS), row.reason, row.attempts.map((attempt) => attempt.failure)])
  }
  expect(seen).toEqual([
    [['waits-for-account-quota'], 'Could not start', [undefined]],
    [[], null, [undefined]],
    [['retrying'], expect.stringContaining('attempt 2 at '), ['infrastructure']],
  ])
})
