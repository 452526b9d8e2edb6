// A refresh that its producer takes back, on its way: to open cycles as a notice, to the ledger, and to those that open later.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { toWithdrawalEntry } from '../../cli/refresh-entry.ts'
import { type LedgerEvent, listEvents } from '../../mirror/events.ts'
import { listMissedSkips } from '../../mirror/missed.ts'
import { recall, recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { type CycleRow, flagsAt, readCycleRow } from '../../mirror/status.ts'
import { markWithdrawn } from '../../mirror/withdrawn.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { applyArrival, applyBlocker } from '../../model/cycle/arrivals.ts'
import { type Blocker, type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { NOT_REFRESHED } from '../../model/refresh-event.ts'
import { arrivalOf, publishedOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, NOW_MS, notRefreshedOf, refreshedOf } from './refresh-messages.ts'
import { isThere, signalsOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const RD1 = toProduct('raw/rd1')
const EXPECTED = [{ product: RD1, key: toKey(KEY) }]
const notice = (revision: number, change: object = {}): string =>
  messageOf(
    notRefreshedOf('raw/rd1', {
      data: { state: 'CANCELLED', step: null, reason: 'the wrong file', withdraws: revision, ...change },
      metadata: { id: `raw/rd1/${KEY}/not-refreshed-withdrawn.r${revision}`, occurredAt: '2026-11-20T21:59:30.000Z' },
    }),
    { 'detail-type': NOT_REFRESHED },
  )

async function take(body: string): Promise<LedgerEvent[]> {
  await stage.send(body)
  await stage.untilEmpty()
  return listEvents(database.db, { domain: stage.domain, limit: 100 })
}

const opened = (name: string): Cycle =>
  openRun(
    openCycle(stage.timetable, stage.version(name), {
      ...{ key: toKey(KEY), openedBy: 'scheduler', settings: stage.parts.settings },
    }),
    NOW_MS,
  )
const record = (cycle: Cycle) => recordCycle(database.db, toRecord(cycle, 0))

test('open cycles are told, which revision it is too; the ledger keeps the word', async () => {
  stage.start()
  await take(messageOf(refreshedOf('raw/rd1')))
  const rows = await take(notice(1))
  const [told] = await signalsOf<Blocker[]>(client, stage.cycle('ds2', KEY), BLOCKERS_SIGNAL)
  expect(told).toMatchObject([{ product: 'raw/rd1', withdraws: 1, reason: 'the wrong file' }])
  expect(await signalsOf(client, stage.cycle('ds2', KEY), ARRIVALS_SIGNAL)).toHaveLength(1)
  expect(rows).toMatchObject([{ outcome: 'routed', reason: expect.stringMatching(/^told to .*ds1.*ds2/) }])
})

test('with nobody open it is kept, and who opens later waits for another revision and knows why', async () => {
  stage.start()
  // Beyond the horizon it opens nothing.
  const later = '2026-11-24'
  await take(messageOf(refreshedOf('raw/rd1', { key: later })))
  const expected = [{ product: RD1, key: toKey(later) }]
  expect(await recallArrivals(database.db, stage.domain, expected)).toMatchObject([{ revision: 1 }])
  const rows = await take(notice(1).replaceAll(KEY, later))
  expect(rows[0]).toMatchObject({ outcome: 'routed', reason: 'kept for cycles that open later' })
  const found = await recall(database.db, stage.domain, expected)
  expect(found).toMatchObject({ arrivals: [], skipped: [{ product: 'raw/rd1', withdraws: 1 }] })

  await take(messageOf(refreshedOf('raw/rd1', { key: later, revision: 2 })))
  const next = await recall(database.db, stage.domain, expected)
  expect(next).toMatchObject({ arrivals: [{ revision: 2 }], skipped: [] })
})

test('when it is faster than the event, the event opens nothing; the next revision does', async () => {
  stage.start()
  await take(notice(1))
  const rows = await take(messageOf(refreshedOf('raw/rd1')))
  expect(rows.find(({ eventId }) => eventId === `raw/rd1/${KEY}/r1`)).toMatchObject({
    outcome: 'routed',
    deliveries: ['ds1', 'ds2'].map((name) => ({ cycle: stage.cycle(name, KEY), outcome: 'withdrawn' })),
  })
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
  await take(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
})

test('under an id that is not of this revision it is refused', async () => {
  stage.start()
  const rows = await take(notice(1, { withdraws: 2 }))
  expect(rows).toMatchObject([{ outcome: 'refused', reason: expect.stringContaining('not-refreshed-withdrawn.r2') }])
  expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(1)
})

test('the notice that the command sends is one that the bridge reads', async () => {
  stage.start()
  const { Detail } = toWithdrawalEntry('bus', {
    ...{ product: RD1, key: toKey(KEY), revision: 3, reason: 'the wrong file', occurredAt: '2026-11-20T21:59:30.000Z' },
  })
  const rows = await take(messageOf(JSON.parse(Detail), { 'detail-type': NOT_REFRESHED }))
  expect(rows).toMatchObject([{ eventId: `raw/rd1/${KEY}/not-refreshed-withdrawn.r3`, outcome: 'routed' }])
})

test('a delivery that was satisfied is withdrawn, in whatever order the flushes are written', async () => {
  const blocker: Blocker = {
    ...{ eventId: `raw/rd1/${KEY}/not-refreshed-withdrawn.r1`, product: RD1, key: toKey(KEY), state: 'CANCELLED' },
    ...{ step: null, reason: 'the wrong file', occurredAt: '2026-11-20T21:59:30.000Z', withdraws: 1 },
  }
  const before = applyArrival(opened('ds1'), arrivalOf('raw/rd1', { key: toKey(KEY) }), NOW_MS)
  const cycle = applyBlocker(before, blocker)
  for (const one of [before, cycle, before]) await record(one)
  const [row] = await listEvents(database.db, { domain: stage.domain, limit: 10 })
  expect(row?.deliveries).toMatchObject([{ outcome: 'withdrawn', note: 'taken back by its producer: the wrong file' }])
  // It knows already, so no tick tells it again.
  expect(await listMissedSkips(database.db, stage.domain)).toEqual([])
})

test('what Sluice published itself is marked at its row; what ran on it shows a flag', async () => {
  const [source, consumer] = [opened('ds1'), opened('ds2')]
  const ran = (cycle: Cycle, upstreams: string[]): Cycle =>
    publishedOf(
      upstreams.reduce((before, one) => applyArrival(before, arrivalOf(one, { key: toKey(KEY) }), NOW_MS), cycle),
      NOW_MS,
    )
  await record(ran(source, ['raw/rd1']))
  const own = [{ product: stage.product('ds1'), key: toKey(KEY) }]
  expect(await recallArrivals(database.db, stage.domain, own)).toHaveLength(1)
  expect(await markWithdrawn(database.db, { cycle: source.id, revision: 1 })).toBe(true)
  expect(await markWithdrawn(database.db, { cycle: source.id, revision: 2 })).toBe(false)
  expect(await recallArrivals(database.db, stage.domain, own)).toEqual([])

  await record(ran(consumer, ['raw/rd1', 'raw/rd2']))
  const flags = async () => flagsAt((await readCycleRow(database.db, consumer.id)) as CycleRow, NOW_MS)
  expect(await flags()).toEqual([])
  stage.start()
  await take(notice(1))
  expect(await flags()).toEqual(['withdrawn-input'])
  expect(await recallArrivals(database.db, stage.domain, EXPECTED)).toEqual([])
})

test('a notice that the bus lost is made up for by the row of who published: for cycles that opened before, and later', async () => {
  const [source, waiting] = [opened('ds1'), opened('ds2')]
  const published = publishedOf(applyArrival(source, arrivalOf('raw/rd1', { key: toKey(KEY) }), NOW_MS), NOW_MS)
  await record(published)
  const own = [{ product: source.input.product, key: toKey(KEY) }]
  const input = { ...waiting.input, expected: own }
  const holds = applyArrival(openRun(input, NOW_MS), arrivalOf(source.input.product, { key: toKey(KEY) }), NOW_MS)
  const heldUp: Cycle = { ...holds, input: { ...input, notBeforeMs: NOW_MS + 1 } }
  await record(heldUp)
  expect(await listMissedSkips(database.db, stage.domain)).toEqual([])

  await markWithdrawn(database.db, { cycle: source.id, revision: 1 })
  // The ledger has the event, which says nothing of it.
  const notice = { product: source.input.product, key: KEY, withdraws: 1, reason: 'taken back by its producer' }
  expect(await recall(database.db, stage.domain, own)).toMatchObject({ arrivals: [], skipped: [notice] })
  const [missed, ...others] = await listMissedSkips(database.db, stage.domain)
  expect(others).toEqual([])
  expect(missed).toMatchObject({ cycle: waiting.id, blockers: [notice] })
  await record(applyBlocker(heldUp, missed?.blockers[0] as Blocker))
  expect(await listMissedSkips(database.db, stage.domain)).toEqual([])
})
