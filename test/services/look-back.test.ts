// What a cycle needs of the past: the bridge keeps it, opens nothing by it, and the recall finds it.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { createRecalling } from '../../activities/recalling.ts'
import { createRepairing } from '../../activities/repairing.ts'
import { type LedgerEvent, listEvents } from '../../mirror/events.ts'
import { listMissedSkips } from '../../mirror/missed.ts'
import { recall, recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { UpstreamDefinition } from '../../model/definition.ts'
import type { Domain } from '../../model/ids.ts'
import { NOT_REFRESHED } from '../../model/refresh-event.ts'
import { calendarOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BridgeStage, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, NOT_ASKED, NOW_MS, notRefreshedOf, refreshedOf } from './refresh-messages.ts'
import { isThere, signalsOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const THURSDAY = '2026-11-19'
const RD1 = toProduct('raw/rd1')

/** ds1 waits for raw/rd1 in this way. */
async function define(change: Partial<UpstreamDefinition>): Promise<void> {
  const { definition, ...version } = stage.version('ds1')
  const dependsOn = [{ product: RD1, ...change }]
  await stage.apply({ products: [{ ...version, version: 2, definition: { ...definition, dependsOn } }] })
  await stage.parts.index.reload()
}

async function take(body: string): Promise<LedgerEvent[]> {
  await stage.send(body)
  await stage.untilEmpty()
  return listEvents(database.db, { domain: stage.domain, limit: 100 })
}

const inputOf = (key = KEY) =>
  openCycle(stage.timetable, stage.version('ds1'), {
    ...{ key: toKey(key), openedBy: 'scheduler', settings: stage.parts.settings },
  })

test('an event that is only looked back on opens nothing, is kept, and is recalled', async () => {
  await define({ match: { kind: 'latest-within', days: 7 } })
  stage.start()
  expect(await take(messageOf(refreshedOf('raw/rd1', { key: THURSDAY })))).toMatchObject([
    { outcome: 'routed', reason: expect.stringContaining('kept for the cycles that look back'), deliveries: [] },
  ])
  expect(await isThere(client, stage.cycle('ds1', THURSDAY))).toBe(false)
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
  const { expected } = inputOf()
  expect(expected.map(({ key }) => key)).toContain(THURSDAY)
  expect(await recallArrivals(database.db, stage.domain, expected)).toMatchObject([
    { product: RD1, key: THURSDAY, revision: 1 },
  ])
})

test('of the cycle before the first one is known that nobody opened it, until somebody does', async () => {
  await define({ match: { kind: 'business-days-before', n: 1 }, ifNone: 'run-without' })
  const first = { product: stage.product('ds1'), key: toKey(KEY), isBeforeFirst: true as const }
  const ask = () => recall(database.db, stage.domain, [first, { product: RD1, key: toKey(KEY) }])
  expect((await ask()).skipped).toMatchObject([
    { product: first.product, key: KEY, state: 'SKIPPED', isUnopened: true },
  ])
  await recordCycle(database.db, toRecord(openRun(inputOf(), NOW_MS), 0, NOW_MS))
  expect(await ask()).toEqual({ arrivals: [], skipped: [] })
})

test('a cycle that Temporal knows was opened, though its row is not written yet', async () => {
  const recalling = createRecalling({ temporal: client, db: database.db })
  const first = { product: stage.product('ds1'), key: toKey(KEY), isBeforeFirst: true as const }
  const ask = () => recalling.recallArrivals({ domain: stage.domain, expected: [first] })
  expect((await ask()).skipped).toMatchObject([{ key: KEY, isUnopened: true }])
  await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(inputOf()))
  expect(await ask()).toEqual({ arrivals: [], skipped: [] })
})

test('an event that is looked back on reaches the cycle that is open', async () => {
  await define({ match: { kind: 'latest-within', days: 7 } })
  await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(inputOf()))
  stage.start()
  expect(await take(messageOf(refreshedOf('raw/rd1', { key: THURSDAY })))).toEqual([])
  expect(await signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)).toMatchObject([[{ key: THURSDAY }]])
})

test('a cycle that was open when its day was closed by a calendar gets what it waits for, and its blockers', async () => {
  await define({})
  await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(inputOf()))
  await recordCycle(database.db, toRecord(openRun(inputOf(), NOW_MS), 0, NOW_MS))
  const weekdays = calendarOf('weekdays', { [KEY]: 'Storm' })
  await stage.apply({ calendars: [weekdays] })
  await stage.parts.index.reload()
  stage.start()
  const skipped = notRefreshedOf('raw/rd1', { data: { state: 'ERROR', step: 'run' } })
  expect(await take(messageOf(skipped, { 'detail-type': NOT_REFRESHED }))).toMatchObject([
    { outcome: 'routed', reason: `named as the blocker of ${stage.cycle('ds1', KEY)}` },
  ])
  await take(messageOf(refreshedOf('raw/rd1')))
  expect(await signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)).toMatchObject([
    [{ product: RD1, key: KEY }],
  ])
  expect(await signalsOf(client, stage.cycle('ds1', KEY), BLOCKERS_SIGNAL)).toMatchObject([[{ state: 'ERROR' }]])
  // Nobody waits for that of another day.
  expect(await take(messageOf(refreshedOf('raw/rd1', { key: toKey('2026-11-21') })))).toContainEqual(
    expect.objectContaining({ outcome: 'unmatched', key: '2026-11-21' }),
  )
})

test('so does one whose event belongs to another cycle by the calendar of now', async () => {
  await define({ match: { kind: 'business-days-before', n: 1 } })
  await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(inputOf()))
  await recordCycle(database.db, toRecord(openRun(inputOf(), NOW_MS), 0, NOW_MS))
  await stage.apply({ calendars: [calendarOf('weekdays', { [KEY]: 'Storm' })] })
  await stage.parts.index.reload()
  stage.start()
  expect(await take(messageOf(refreshedOf('raw/rd1', { key: THURSDAY })))).toMatchObject([
    { outcome: 'routed', deliveries: [{ cycle: stage.cycle('ds1', '2026-11-23'), outcome: 'early' }] },
  ])
  const told = await signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)
  expect(told).toMatchObject([[{ product: RD1, key: THURSDAY }]])
})

test('yesterday’s event opens today’s cycle that waits for the business day before', async () => {
  await define({ match: { kind: 'business-days-before', n: 1 } })
  stage.start()
  expect(await take(messageOf(refreshedOf('raw/rd1', { key: THURSDAY })))).toEqual([])
  expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(true)
  expect(await isThere(client, stage.cycle('ds1', THURSDAY))).toBe(false)
})

test('over a weekend it comes too early, which is written, and the recall brings it', async () => {
  await define({ match: { kind: 'business-days-before', n: 1 } })
  stage.start()
  expect(await take(messageOf(refreshedOf('raw/rd1')))).toMatchObject([
    { outcome: 'routed', deliveries: [{ cycle: stage.cycle('ds1', '2026-11-23'), outcome: 'early' }] },
  ])
  const { expected } = inputOf('2026-11-23')
  expect(await recallArrivals(database.db, stage.domain, expected)).toMatchObject([{ product: RD1, key: KEY }])
})

test('that the upstream skipped its cycle is recalled, until it is published after all; a failure is not a skip', async () => {
  await define({ ifNone: 'run-without' })
  stage.start()
  const skipped = (key: string, state = 'SKIPPED') =>
    messageOf(notRefreshedOf('raw/rd1', { key, data: { state, step: state === 'ERROR' ? 'run' : null } }), {
      'detail-type': NOT_REFRESHED,
    })
  await take(skipped(KEY))
  await take(skipped(THURSDAY, 'ERROR'))
  const expected = [KEY, THURSDAY].map((key) => ({ product: RD1, key: toKey(key) }))
  expect((await recall(database.db, stage.domain, expected)).skipped).toMatchObject([
    { product: RD1, key: KEY, state: 'SKIPPED', step: null, reason: 'no such table' },
  ])

  const start = toCycleStart(inputOf())
  await client.workflow.start(CYCLE_WORKFLOW, start)
  await recordCycle(database.db, toRecord(openRun(inputOf(), NOW_MS), 0, NOW_MS))
  const repairing = createRepairing({ temporal: client, db: database.db, warn: () => undefined, ...NOT_ASKED })
  expect(await repairing.repairArrivals({ domain: stage.domain })).toEqual({ repaired: 1 })
  expect(await signalsOf(client, start.workflowId, BLOCKERS_SIGNAL)).toMatchObject([[{ key: KEY, state: 'SKIPPED' }]])

  await client.workflow.getHandle(start.workflowId).terminate('so that the event finds no cycle')
  await take(messageOf(refreshedOf('raw/rd1')))
  expect((await recall(database.db, stage.domain, expected)).skipped).toEqual([])
})

test('a skip of which the bus lost the notice is known by the row of who skipped, private rows to their own domain only', async () => {
  const waiting = openRun({ ...inputOf(), expected: [{ product: stage.product('ds2'), key: toKey(KEY) }] }, NOW_MS)
  const skip = async (visibility: 'domain' | 'mesh', domain: Domain): Promise<void> => {
    const product = toProduct(`${domain}/ds2`)
    const cycle = openRun(
      { ...inputOf(), product, definition: { ...inputOf().definition, product, visibility } },
      NOW_MS,
    )
    const record = toRecord({ ...cycle, state: 'SKIPPED', reason: 'no data that day' }, 0, NOW_MS)
    await recordCycle(database.db, record)
  }
  const askedOf = async (domain: Domain) =>
    (await recall(database.db, stage.domain, [{ product: toProduct(`${domain}/ds2`), key: toKey(KEY) }])).skipped
  await recordCycle(database.db, toRecord(waiting, 0, NOW_MS))
  expect(await listMissedSkips(database.db, stage.domain)).toEqual([])

  await skip('domain', stage.domain)
  const notice = { product: stage.product('ds2'), key: KEY, state: 'SKIPPED', reason: 'no data that day' }
  expect(await askedOf(stage.domain)).toMatchObject([notice])
  expect(await listMissedSkips(database.db, stage.domain)).toMatchObject([{ cycle: waiting.id, blockers: [notice] }])
  const [open, closed] = [`${stage.domain}open`, `${stage.domain}closed`] as [Domain, Domain]
  await skip('mesh', open)
  await skip('domain', closed)
  expect(await askedOf(open)).toMatchObject([{ state: 'SKIPPED' }])
  expect(await askedOf(closed)).toEqual([])
})
