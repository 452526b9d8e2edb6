// What a domain's people are told of lateness, on a real PostgreSQL: by the calendar, each cause once, never of a backfill.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withRoot } from '../../activities/naming-root.ts'
import { createLatenessWatch } from '../../activities/watching-lateness.ts'
import { domainText, type Files, productText } from '../../catalog/samples.test-data.ts'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { buildIndex, type RoutingIndex } from '../../model/calendar/routing.ts'
import { type Cycle, type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { applyFact, type Fact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type Domain, toCycleId } from '../../model/ids.ts'
import type { LatenessNotice } from '../../model/lateness/notices.ts'
import { definitionOf, endOf, HOUR_MS, inputOf, toKey } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { CYCLE_WORKFLOW, type FailureNotice, toCycleStart } from '../../workflows/contract.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

const DAY_MS = 24 * HOUR_MS
/** The day after tomorrow: definitions are applied today, and promise nothing before. */
const DAY = new Date(Date.now() + 2 * DAY_MS).toISOString().slice(0, 10)
const NEXT = new Date(Date.now() + 3 * DAY_MS).toISOString().slice(0, 10)
const dayMs = Date.parse(`${DAY}T00:00:00Z`)
const at = (hours: number): number => dayMs + hours * HOUR_MS

const FILES: Files = {
  'd1.yaml': domainText('d1', ['America/New_York', 'UTC']),
  'ds1.yaml': productText('d1/ds1'),
  'ds2.yaml': productText('d1/ds2', 'availableBy: "10:00"\ndependsOn: [d1/ds1]\n'),
  'ds3.yaml': productText('d1/ds3', 'availableBy: "10:00"\ndependsOn: [d1/ds1]\n'),
  'ds4.yaml': productText('d1/ds4', 'availableBy: "11:00"\nowner: { team: risk, email: risk@example.com }\n'),
}

let temporal: LentTemporal
let sandbox: Sandbox
let space: CatalogSpace
let index: RoutingIndex
beforeAll(async () => {
  temporal = await lendTemporal()
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'lateness')
  await space.applied(FILES)
  const loaded = await loadDomainCatalog(space.s3, space.bucket, 'd1')
  if (loaded.kind !== 'loaded') throw new Error('no catalog')
  index = buildIndex(loaded.catalog)
})
afterAll(async () => {
  await space.end()
  await sandbox.close()
  await temporal.stop()
})

async function look(nowMs: number, db: Postgres = space.db) {
  const notices: LatenessNotice[] = []
  const watch = createLatenessWatch({
    ...{ temporal: temporal.client, db, loadIndex: async () => index, nowMs: () => nowMs, warn: () => undefined },
    notify: async (notice) => void notices.push(notice),
  })
  const answer = await watch.watchLateness({ domain: 'd1' as Domain })
  return { answer, notices: notices.map(({ id, cycles }) => [id, ...cycles.map((one) => one.cycle)]), whole: notices }
}

const open = (product: string, upstreams: string[], change: Partial<CycleInput> = {}, nowMs = at(1)): Cycle =>
  openRun(
    inputOf(definitionOf(product, upstreams), {
      key: toKey(DAY),
      businessDate: DAY,
      ...expectedOn(upstreams),
      ...change,
    }),
    nowMs,
  )
const expectedOn = (upstreams: string[]) => ({
  expected: upstreams.map((product) => ({ product: product as never, key: toKey(DAY) })),
})
const after = (cycle: Cycle, facts: Fact[], nowMs: number): Cycle =>
  facts.reduce((found, fact) => applyFact(found, fact, nowMs), cycle)
const record = (cycle: Cycle) => recordCycle(space.db, toRecord(cycle, 0))
/** Visibility has it a moment later. */
async function listed(cycle: string): Promise<void> {
  for (;;)
    for await (const { workflowId } of temporal.client.workflow.list({ query: `WorkflowId = "${cycle}"` }))
      if (workflowId === cycle) return
}
const id = (product: string): string => toCycleId(product as never, toKey(DAY))

test('a cycle that nobody opened is late by the calendar alone, and told once', async () => {
  // Of the day before, which nobody opened either, it is told now.
  expect((await look(at(10) - 1)).notices.filter(([id]) => id?.includes(DAY))).toEqual([])
  const { answer, notices, whole } = await look(at(10))
  expect(answer).toEqual({ told: 2 })
  expect(notices).toEqual([
    [`late/${id('d1/ds2')}/wealth-data`, id('d1/ds2')],
    [`late/${id('d1/ds3')}/wealth-data`, id('d1/ds3')],
  ])
  expect(whole[0]).toMatchObject({ reason: `${id('d1/ds2')} is not open: nobody has opened it`, team: 'wealth-data' })
  expect(await look(at(10))).toMatchObject({ answer: { told: 0 }, notices: [] })
})

test('what one failure makes late is one notice to each owner, which names it', async () => {
  const failed: Fact[] = [
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_1', adopted: false },
    { kind: 'run-ended', end: endOf('FAILED', 'jr_1') },
  ]
  await record(after(open('d1/ds1', []), failed, at(2)))
  const availableByMs = at(10)
  await record(open('d1/ds2', ['d1/ds1'], { availableByMs }))
  await record(open('d1/ds3', ['d1/ds1'], { availableByMs }))
  await record(open('d1/ds4', ['d1/ds1'], { availableByMs: at(11) }))
  const { notices, whole } = await look(at(10))
  expect(notices).toEqual([[`late/${id('d1/ds1')}/wealth-data`, id('d1/ds2'), id('d1/ds3')]])
  expect(whole[0]).toMatchObject({ cause: id('d1/ds1'), reason: expect.stringContaining('is in ERROR (run)') })
  // Another owner hears of it when his time is up; nobody twice.
  expect((await look(at(11))).notices).toEqual([[`late/${id('d1/ds1')}/risk`, id('d1/ds4')]])
  expect((await look(at(12))).notices).toEqual([])
})

test('a cycle that waited in vain names the root to its owner, and goes out without it while the mirror is away', async () => {
  const notice = { cycle: id('d1/ds2'), step: 'wait' } as FailureNotice
  const parts = { db: space.db, nowMs: () => at(10), warn: () => undefined }
  expect(await withRoot(parts, notice)).toMatchObject({
    ...notice,
    root: { cause: id('d1/ds1'), reason: expect.stringContaining('is in ERROR (run)'), way: [] },
  })
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  expect(await withRoot({ ...parts, db: nowhere }, notice)).toEqual(notice)
  expect(await withRoot({ ...parts, db: nowhere }, { ...notice, step: 'run' })).toEqual({ ...notice, step: 'run' })
  await nowhere.end()
})

test('who asks at the same moment as another does not tell it again', async () => {
  await space.db.changed('delete from lateness_notice')
  const looks = await Promise.all(Array.from({ length: 5 }, () => look(at(10))))
  const ofCause = looks.flatMap(({ notices }) => notices).filter(([first]) => first?.includes(id('d1/ds1')))
  expect(ofCause).toEqual([[`late/${id('d1/ds1')}/wealth-data`, id('d1/ds2'), id('d1/ds3')]])
})

test('a notice that the queue refuses is told by the next look', async () => {
  await space.db.changed('delete from lateness_notice')
  const refused = createLatenessWatch({
    ...{ temporal: temporal.client, db: space.db, loadIndex: async () => index, nowMs: () => at(10) },
    ...{ warn: () => undefined, notify: async () => Promise.reject(new Error('the queue is away')) },
  })
  await expect(refused.watchLateness({ domain: 'd1' as Domain })).rejects.toThrow('the queue is away')
  expect((await look(at(10))).notices.map(([first]) => first)).toContain(`late/${id('d1/ds1')}/wealth-data`)
})

test('what Temporal knows was opened just now, though the mirror has no row yet', async () => {
  await space.db.changed('delete from lateness_notice')
  const unopened = async () => (await look(at(34))).notices.filter(([first]) => first?.includes(NEXT))
  const cycle = toCycleId('d1/ds2' as never, toKey(NEXT))
  const input = inputOf(definitionOf('d1/ds2', []), { key: toKey(NEXT) })
  await temporal.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
  await listed(cycle)
  expect((await unopened()).flat()).not.toContain(cycle)
})

test('what a person opened after its own time, or a backfill did, pages nobody; an outage of the scheduler does', async () => {
  const told = async () => {
    await space.db.changed('delete from lateness_notice')
    const told = (await look(at(12))).notices.flat()
    return told.filter((one) => one.includes(DAY) && !one.startsWith('late')).toSorted()
  }
  await space.db.changed(
    "update data_product_status set opened_at = available_by + interval '1 minute' where available_by is not null",
  )
  expect(await told()).toEqual([id('d1/ds2'), id('d1/ds3'), id('d1/ds4')])
  await space.db.changed("update data_product_status set opened_by = 'person' where product = 'd1/ds2'")
  await space.db.changed("update data_product_status set opened_by = 'backfill' where product in ('d1/ds3', 'd1/ds4')")
  expect(await told()).toEqual([])
})

test('what is late all at once is looked at twice at most: the first asks, the others share', async () => {
  let looks = 0
  const loadIndex = async () => (looks++, index)
  const watch = createLatenessWatch({
    ...{ temporal: temporal.client, db: space.db, loadIndex, nowMs: () => at(12), warn: () => undefined },
    notify: async () => undefined,
  })
  const first = watch.watchLateness({ domain: 'd1' as Domain })
  await expect.poll(() => looks, { timeout: 60_000 }).toBe(1)
  const others = Array.from({ length: 50 }, () => watch.watchLateness({ domain: 'd1' as Domain, atMs: at(12) }))
  await Promise.all([first, ...others])
  expect(looks).toBe(2)
})

test('while PostgreSQL is away nobody is told, which is said and is no failure', async () => {
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  expect((await look(at(12), nowhere)).answer).toEqual({ told: null })
  await nowhere.end()
})
