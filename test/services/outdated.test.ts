// What became of the inputs of a cycle since it ran, as its row and its report tell: a correction counts until it is taken
// back; what a newer definition dropped counts no more. And of a cycle that came back, what its row keeps.
import { beforeEach, expect, test } from 'vitest'
import { readReport } from '../../cli/events-show.ts'
import { readAwaited } from '../../mirror/awaited.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { flagsAt, readCycle } from '../../mirror/status.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { type CycleSnapshot, toRecord } from '../../model/cycle/record.ts'
import type { OnRevision } from '../../model/definition.ts'
import { type Domain, toCycleId, toEventId, toWithdrawalId } from '../../model/ids.ts'
import {
  arrivalOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../../model/samples.test-data.ts'
import { insertApplied } from './applied-rows.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'

let lent: LentDatabase
let tests = 0
let domain: Domain
useDatabase((given) => (lent = given))
beforeEach(() => {
  tests += 1
  domain = `d${tests}` as Domain
})

const UPSTREAMS = ['raw/a', 'raw/b']
const record = (cycle: Cycle, change: Partial<CycleSnapshot> = {}) => {
  const told = toRecord(cycle, 0)
  return recordCycle(lent.db, { ...told, snapshot: { ...told.snapshot, ...change } })
}
const opened = (name: string): Cycle => openRun(inputOf(definitionOf(`${domain}/${name}`, UPSTREAMS)), NOON_MS)
const arrived = (name: string): Cycle =>
  UPSTREAMS.reduce((cycle, product) => applyArrival(cycle, arrivalOf(product), NOON_MS), opened(name))

/** A cycle that ran on revision 1 of both. */
async function completed(words: Record<string, OnRevision> = {}): Promise<Cycle> {
  const cycle = publishedOf(arrived('one'))
  const edges = UPSTREAMS.map((upstream) => ({ upstream, onRevision: words[upstream] ?? null }))
  await insertApplied(lent.db, cycle.input, edges)
  await record(cycle)
  return cycle
}

const NOBODYS = { messageId: 'm', body: '{}', source: 's', account: '1', location: null }

/** As the bridge writes a correction that the closed cycle did not take. */
async function correct(cycle: Cycle, product: string, revision: number): Promise<void> {
  const delivery = { cycle: cycle.id, upstream: toProduct(product), outcome: 'correction', note: null } as const
  const arrival = arrivalOf(product, { revision })
  await recordUntaken(lent.db, domain, [
    { ...NOBODYS, ...arrival, outcome: 'routed', reason: null, deliveries: [delivery] },
  ])
}

const takeBack = (product: string, revision: number): Promise<void> => {
  const about = {
    ...arrivalOf(product),
    revision: null,
    eventId: toWithdrawalId(toCycleId(toProduct(product), KEY), revision),
  }
  return recordUntaken(lent.db, domain, [{ ...NOBODYS, ...about, outcome: 'routed', reason: 'kept', deliveries: [] }])
}

const reportOf = async ({ id }: Cycle) => {
  const report = await readCycle(lent.db, id)
  if (!report) throw new Error(`The mirror has no ${id}`)
  return { flags: flagsAt(report.row, NOON_MS), outdated: report.outdated }
}
const eventOf = (product: string, revision: number) =>
  readReport(lent.db, toEventId(toCycleId(toProduct(product), KEY), revision), domain)
const A = { product: 'raw/a', key: KEY, used: 1 }

test('the highest correction that stands is named; taken back, the one before it; then none', async () => {
  const cycle = await completed()
  for (const revision of [2, 4, 3]) await correct(cycle, 'raw/a', revision)
  expect(await reportOf(cycle)).toEqual({ flags: ['outdated'], outdated: [{ ...A, newer: 4 }] })
  // A notice says that this revision does not count, and none before it.
  await takeBack('raw/a', 4)
  expect(await reportOf(cycle)).toEqual({ flags: ['withdrawn-input'], outdated: [] })
})

test('a correction after the one that was taken back counts', async () => {
  const cycle = await completed()
  await correct(cycle, 'raw/a', 2)
  await takeBack('raw/a', 2)
  await correct(cycle, 'raw/a', 3)
  expect(await reportOf(cycle)).toEqual({ flags: ['outdated', 'withdrawn-input'], outdated: [{ ...A, newer: 3 }] })
})

test('of an input that its definition ignores nothing is told', async () => {
  const cycle = await completed({ 'raw/b': 'ignore' })
  await correct(cycle, 'raw/b', 2)
  expect(await reportOf(cycle)).toEqual({ flags: [], outdated: [] })
  await correct(cycle, 'raw/a', 2)
  expect(await reportOf(cycle)).toEqual({ flags: ['outdated'], outdated: [{ ...A, newer: 2 }] })
})

test('an input that a newer definition dropped is neither outdated nor withdrawn, and nobody waits for it', async () => {
  const cycle = await completed()
  const waiting = opened('two')
  await record(waiting)
  await correct(cycle, 'raw/b', 2)
  await takeBack('raw/b', 1)
  const asked = { product: toProduct('raw/b'), key: KEY }
  expect((await eventOf('raw/b', 2))?.receipts[0]?.deliveries).toMatchObject([{ isInput: true }])

  for (const one of [cycle, waiting]) {
    const input = inputOf(definitionOf(one.input.product, ['raw/a']))
    await record({ ...one, input, dependencies: one.dependencies.slice(0, 1), version: one.version + 1 })
  }
  expect(await reportOf(cycle)).toEqual({ flags: [], outdated: [] })
  expect((await eventOf('raw/b', 2))?.receipts[0]?.deliveries).toMatchObject([{ isInput: false }])
  await lent.db.changed('update data_product set superseded_at = now() where superseded_at is null')
  expect(await readAwaited(lent.db, asked)).toMatchObject({ isAwaited: false })
})

test('an event that was taken back says so, by its notice or by the row of who published it; a later one stands', async () => {
  const cycle = await completed()
  for (const revision of [2, 3]) await correct(cycle, 'raw/a', revision)
  await takeBack('raw/a', 2)
  expect(await eventOf('raw/a', 2)).toMatchObject({ isTakenBack: true, next: [] })
  expect(await eventOf('raw/a', 3)).toMatchObject({ isTakenBack: false, next: [{}] })
})

test('a cycle that is brought back keeps who opened it, when, and its last Glue run until the next begins', async () => {
  const cycle = await completed()
  const rowNow = async () => (await readCycle(lent.db, cycle.id))?.row
  const first = await rowNow()
  expect(first).toMatchObject({ openedBy: 'arrival', glueRunId: 'jr_1', runNumber: 1 })
  const input = { ...cycle.input, openedBy: 'rerun' as const }
  const back: Cycle = { ...cycle, input, openedAtMs: NOON_MS + 60_000, runNumber: 2, version: 1, attempts: [] }
  await record(back)
  const kept = { openedBy: 'arrival', openedAt: first?.openedAt, glueRunId: 'jr_1', runNumber: 2 }
  expect(await rowNow()).toMatchObject(kept)
  const [attempt] = cycle.attempts
  if (!attempt) throw new Error('The cycle has run')
  const begun = { ...attempt, number: 2, runId: null, endedAtMs: null, end: null }
  await record({ ...back, version: 2, attempts: [begun], lastAttempt: 2 })
  expect(await rowNow()).toMatchObject({ ...kept, glueRunId: null })
})
