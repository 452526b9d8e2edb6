// The mirror is made to tell the truth again, on a real PostgreSQL and a real Temporal: after a terminate, a reset, a lost
// write, a restored database.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createReconciling } from '../../activities/reconciling.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { readPast } from '../../mirror/past.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { type CycleReport, readCycle } from '../../mirror/status.ts'
import type { Domain } from '../../model/ids.ts'
import { arrivalOf, HOUR_MS } from '../../model/samples.test-data.ts'
import type { RowsReconciled } from '../../workflows/contract.ts'
import { eventually } from './eventually.ts'
import { useOwnDomain } from './own-domain.ts'
import { refused } from './outside.ts'
import type { Stage } from './stage.ts'
import { type StagedCycle, untilAtRest } from './staged-cycle.ts'

const INPUTS = 'data_product_dependencies_events_status'

let db: Postgres
let stage: Stage
/** Of the test's own, so that no test compares another's cycles. */
let domain: Domain
useOwnDomain((lent) => ({ db, domain, stage } = lent))

test('behind the row of a terminated cycle nobody is, which is said once and is over once it comes back', async () => {
  const cycle = await waitingFor('raw/b')
  const past = await cycle.terminate(({ dependencies }) => dependencies.some(({ state }) => state === 'ARRIVED'))
  await untilListed(cycle, 'closed')

  const found = await reconcile()
  expect(found).toMatchObject({ compared: 1, left: 0, unanswered: 0 })
  expect(found.rewritten.count).toBe(0)
  expect(found.withoutRun).toEqual({ count: 1, names: [cycle.id] })
  const { row } = await reportOf(cycle)
  expect(row).toMatchObject({ state: 'WAITING', runEndedAs: 'terminated', runEndedAt: expect.any(String) })
  expect(await reconcile()).toMatchObject({ compared: 0, withoutRun: { count: 1 } })

  await cycle.comeBack(past)
  await untilWritten(cycle, ({ row: { runNumber } }) => runNumber === 2)
  expect((await reportOf(cycle)).row).toMatchObject({ runEndedAs: null, runEndedAt: null })
  expect((await reconcile()).withoutRun).toEqual({ count: 0, names: [] })
})

test('the flush that a terminated run could not carry out is written from its history', async () => {
  const cycle = await waitingFor('raw/b')
  cycle.script({
    recordCycle: async () => {
      throw new Error('PostgreSQL does not answer')
    },
  })
  await cycle.arrive(arrivalOf('raw/b'))
  await eventually(
    'the last flush was asked for',
    () => cycle.asked('recordCycle').at(-1)?.snapshot.state,
    (state) => state === 'PROCESSING',
  )
  await stage.client.workflow.getHandle(cycle.id).terminate()
  const asked = cycle.asked('recordCycle').at(-1)
  const before = await reportOf(cycle)
  expect(before.row.version).toBeLessThan(asked?.version ?? 0)

  expect((await reconcile()).rewritten).toEqual({ count: 1, names: [cycle.id] })
  const { row, dependencies } = await reportOf(cycle)
  expect(row).toMatchObject({ version: asked?.version, state: asked?.snapshot.state, runEndedAs: 'terminated' })
  expect(dependencies.map(({ state }) => state)).toEqual(['ARRIVED', 'ARRIVED'])
  expect(await readPast(db, cycle.id)).toMatchObject({ runNumber: 1, lastAttempt: asked?.snapshot.lastAttempt })
})

test('rows that a restored database lost are written anew from what their runs say', async () => {
  const [lost, old] = [await waitingFor('raw/b', 'lost'), await waitingFor('raw/b', 'old')]
  const [wanted, wantedOld] = [await reportOf(lost), await reportOf(old)]
  await db.changed('delete from data_product_status where cycle = $1', [lost.id])
  await db.changed('delete from data_product_dependencies_events_status where cycle = $1', [lost.id])
  await db.changed(`update data_product_status set version = 1, state = 'PROCESSING' where cycle = $1`, [old.id])
  await db.changed(
    `update data_product_dependencies_events_status set version = 1, state = 'WAITING', event_id = null where cycle = $1`,
    [old.id],
  )

  expect((await reconcile()).rewritten.names.toSorted()).toEqual([lost.id, old.id].toSorted())
  expect(timeless(await reportOf(lost))).toEqual(timeless(wanted))
  expect(timeless(await reportOf(old))).toEqual(timeless(wantedOld))
  expect(await reconcile()).toMatchObject({ compared: 2, rewritten: { count: 0 } })
})

test.each([
  ['another event', `update ${INPUTS} set event_id = 'none', revision = 7 where cycle = $1 and state = 'ARRIVED'`],
  [
    'an arrival taken away, said to be newer',
    `update ${INPUTS} set state = 'WAITING', event_id = null, version = 99 where cycle = $1`,
  ],
  ['an arrival invented', `update ${INPUTS} set state = 'ARRIVED', event_id = 'none', revision = 1 where cycle = $1`],
  ['an input deleted', `delete from ${INPUTS} where cycle = $1 and state = 'WAITING'`],
  ['what it waits for', `update data_product_status set waiting_for = '{raw/z}' where cycle = $1`],
  ['its attempt', 'update data_product_status set last_attempt = 3 where cycle = $1'],
  ['its version', 'update data_product_status set version = 99 where cycle = $1'],
])('a row of an open cycle that somebody altered is written anew: %s', async (_what, sql) => {
  const cycle = await waitingFor('raw/b')
  const wanted = await reportOf(cycle)
  expect(await db.changed(sql, [cycle.id])).toBe(true)

  expect((await reconcile()).rewritten).toEqual({ count: 1, names: [cycle.id] })
  expect(timeless(await reportOf(cycle))).toEqual(timeless(wanted))
  expect((await reconcile()).rewritten.count).toBe(0)

  await cycle.arrive(arrivalOf('raw/b'))
  await untilWritten(cycle, ({ row: { state } }) => state === 'PROCESSING')
})

test('a move of an open cycle that a superuser deleted from the insert-only history is there again', async () => {
  const cycle = await waitingFor('raw/b')
  const wanted = await reportOf(cycle)
  await db.session(10_000, ({ script }) =>
    script(
      `set session_replication_role = replica; delete from data_product_status_history where cycle = '${cycle.id}'`,
    ),
  )
  expect((await reportOf(cycle)).transitions).toEqual([])

  expect((await reconcile()).rewritten).toEqual({ count: 1, names: [cycle.id] })
  expect(timeless(await reportOf(cycle))).toEqual(timeless(wanted))
})

test('a row of a cycle that closed lately says another state, by hand, or is gone: it is written anew from the history', async () => {
  const cycle = await closedInError('given-up')
  await reconcile()
  const wanted = await reportOf(cycle)
  const alterations = [
    `update data_product_status set state = 'PROCESSING', step = null, run_ended_as = null where cycle = $1`,
    'update data_product_status set version = 99, run_ended_as = null where cycle = $1',
    'update data_product_status set version = 1, run_ended_as = null where cycle = $1',
    `update data_product_status set state = 'COMPLETED', step = null where cycle = $1`,
    'delete from data_product_status where cycle = $1',
  ]
  for (const sql of alterations) {
    await db.changed(sql, [cycle.id])
    expect((await reconcile()).rewritten, sql).toEqual({ count: 1, names: [cycle.id] })
    expect(timeless(await reportOf(cycle)), sql).toEqual(timeless(wanted))
  }
})

test('a rerun whose rows are those of before it, which say the same state, is written anew from its history', async () => {
  const cycle = cycleOf('rerun')
  await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
  await cycle.glueEnds(1)
  const ended = await cycle.result()
  const before = await readRows(cycle)
  await cycle.comeBack(ended)
  await cycle.glueEnds(2)
  await cycle.result()
  await untilListed(cycle, 'closed')
  const wanted = await reportOf(cycle)
  expect(wanted.row).toMatchObject({ state: 'COMPLETED', runNumber: 2, revision: 2 })

  await putBack(cycle, before)
  expect((await reportOf(cycle)).row).toMatchObject({ state: 'COMPLETED', runNumber: 1, revision: 1 })
  expect((await reconcile()).rewritten).toEqual({ count: 1, names: [cycle.id] })
  expect(timeless(await reportOf(cycle))).toEqual(timeless(wanted))
  expect(await reconcile()).toMatchObject({ compared: 0, left: 0 })
})

test('a flush that waits for PostgreSQL is not taken for a lost one', async () => {
  const cycle = await waitingFor('raw/b')
  cycle.script({
    recordCycle: async () => {
      throw new Error('PostgreSQL does not answer')
    },
  })
  await cycle.arrive(arrivalOf('raw/a', { eventId: 'another', revision: 2 }))
  await cycle.untilAsked('recordCycle', cycle.asked('recordCycle').length + 1)
  const { row } = await reportOf(cycle)
  expect(await reconcile()).toMatchObject({ compared: 1, rewritten: { count: 0 } })
  expect((await reportOf(cycle)).row).toEqual(row)
})

test('after a reset the row tells of the new run, whose next writes are not refused as older', async () => {
  const cycle = await waitingFor('raw/b')
  await cycle.arrive(arrivalOf('raw/b'))
  await untilWritten(cycle, ({ row: { state } }) => state === 'PROCESSING')
  const ahead = await reportOf(cycle)
  await resetTo('its opening', cycle)

  expect((await reconcile()).rewritten).toEqual({ count: 1, names: [cycle.id] })
  const back = await reportOf(cycle)
  expect(back.row).toMatchObject({ state: 'WAITING', runEndedAs: null, waitingFor: ['raw/b'] })
  expect(back.row.version).toBeLessThan(ahead.row.version)
  expect(back.dependencies.map(({ state }) => state)).toEqual(['ARRIVED', 'WAITING'])

  await cycle.arrive(arrivalOf('raw/b'))
  await untilWritten(cycle, ({ row: { state } }) => state === 'PROCESSING')
  expect(await reconcile()).toMatchObject({ rewritten: { count: 0 }, withoutRun: { count: 0 } })
})

test('a run that was reset and then ended is told from its own history, though the row was ahead of it', async () => {
  const cycle = await waitingFor('raw/b')
  await cycle.arrive(arrivalOf('raw/b'))
  await untilWritten(cycle, ({ row: { state } }) => state === 'PROCESSING')
  await resetTo('its opening', cycle)
  await stage.client.workflow.getHandle(cycle.id).terminate()

  expect(await reconcile()).toMatchObject({ rewritten: { names: [cycle.id] }, withoutRun: { names: [cycle.id] } })
  expect((await reportOf(cycle)).row).toMatchObject({ state: 'WAITING', runEndedAs: 'terminated' })
})

test('a terminated run that a reset brought back as it was is there again, and the row says so', async () => {
  const cycle = await waitingFor('raw/b')
  await stage.client.workflow.getHandle(cycle.id).terminate()
  expect((await reconcile()).withoutRun.count).toBe(1)
  const { row } = await reportOf(cycle)
  await resetTo('its end', cycle)
  await untilListed(cycle, 'open')
  expect(await reconcile()).toMatchObject({ rewritten: { names: [cycle.id] }, withoutRun: { count: 0 } })
  expect((await reportOf(cycle)).row).toEqual({ ...row, runEndedAs: null, runEndedAt: null })
})

test('an ERROR that nobody mended in time has no run, and nobody is called for it again', async () => {
  const cycle = await closedInError('given-up')
  await untilListed(cycle, 'closed')
  expect(await reconcile()).toMatchObject({ compared: 1, withoutRun: { count: 0 } })
  expect((await reportOf(cycle)).row).toMatchObject({ state: 'ERROR', runEndedAs: 'failed' })
  expect(await reconcile()).toMatchObject({ compared: 0 })
})

test('of a cycle that Temporal does not know that is said, and its row stays as it is', async () => {
  const cycle = await waitingFor('raw/b')
  await db.changed(
    `update data_product_status set cycle = product || '/2026-11-19', cycle_key = '2026-11-19' where cycle = $1`,
    [cycle.id],
  )
  await reconcile()
  const report = await readCycle(db, cycle.id.replace(/20$/, '19') as StagedCycle['id'])
  expect(report?.row).toMatchObject({ state: 'WAITING', runEndedAs: 'forgotten', runEndedAt: null })
})

test('what was written a moment ago is left alone', async () => {
  await waitingFor('raw/b')
  expect(await reconcile(Date.now)).toMatchObject({ compared: 0, left: 0 })
})

test('while PostgreSQL is away nothing is compared, which is said and is no failure', async () => {
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  const warned: string[] = []
  const parts = { temporal: stage.client, db: nowhere, nowMs: Date.now, warn: (said: string) => void warned.push(said) }
  expect(await createReconciling(parts).reconcileRows({ domain, after: null })).toBeNull()
  expect(warned).toEqual([expect.stringContaining('PostgreSQL does not answer')])
  await nowhere.end()
})

/** An hour later than it is, so that nothing is too young to be compared. */
const later = (): number => Date.now() + HOUR_MS

async function reconcile(nowMs: () => number = later): Promise<RowsReconciled> {
  const told: unknown[] = []
  const warn = (message: string, facts: Record<string, unknown>): void => void told.push(message, facts)
  const found = await createReconciling({ temporal: stage.client, db, nowMs, warn }).reconcileRows({
    ...{ domain, after: null },
  })
  if (!found) throw new Error(JSON.stringify(told))
  return found
}

const cycleOf = (name: string, script: Parameters<StagedCycle['script']>[0] = {}, settings = {}) =>
  stage.cycle(name, {
    script: { recordCycle: (record) => recordCycle(db, record), ...script },
    input: { settings: { checkGlueMs: 60_000, errorWaitMs: 60_000, recordRetryMs: 1_000, ...settings } },
  })

/** It has had its other input, and that is written. */
async function waitingFor(missing: string, name = 'ds1'): Promise<StagedCycle> {
  const cycle = cycleOf(name)
  await cycle.arrive(arrivalOf(missing === 'raw/b' ? 'raw/a' : 'raw/b'))
  await untilWritten(cycle, ({ row: { waitingFor } }) => waitingFor.join() === missing)
  await untilAtRest(stage.client, cycle.id)
  return cycle
}

async function closedInError(name: string): Promise<StagedCycle> {
  const failing = async () => {
    throw refused('no such job')
  }
  const cycle = cycleOf(name, { startGlueJob: failing }, { errorWaitMs: 1_000 })
  await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
  await cycle.failure()
  return cycle
}

const timeless = ({ row, ...rest }: CycleReport) => ({ ...rest, row: { ...row, updatedAt: '' } })

async function reportOf({ id }: StagedCycle): Promise<CycleReport> {
  const report = await readCycle(db, id)
  if (!report) throw new Error(`${id} has no row`)
  return report
}

type Rows = { row: unknown; inputs: unknown }

const readRows = async ({ id }: StagedCycle): Promise<Rows> =>
  (await db.one<Rows>(
    `select to_jsonb(status) as row, (select jsonb_agg(input) from ${INPUTS} as input where cycle = $1) as inputs
     from data_product_status as status where cycle = $1`,
    [id],
  )) as Rows

/** As a database does that is restored. */
async function putBack({ id }: StagedCycle, { row, inputs }: Rows): Promise<void> {
  for (const table of [INPUTS, 'data_product_status']) await db.changed(`delete from ${table} where cycle = $1`, [id])
  await db.changed(
    'insert into data_product_status select * from jsonb_populate_record(null::data_product_status, $1)',
    [JSON.stringify(row)],
  )
  await db.changed(`insert into ${INPUTS} select * from jsonb_populate_recordset(null::${INPUTS}, $1)`, [
    JSON.stringify(inputs),
  ])
}

const untilWritten = (cycle: StagedCycle, holds: (report: CycleReport) => boolean) =>
  eventually(
    `${cycle.id} is written`,
    () => readCycle(db, cycle.id),
    (report) => report !== undefined && holds(report),
  )

/** Temporal's list is a moment behind. */
const untilListed = ({ id }: StagedCycle, as: 'open' | 'closed') =>
  eventually(
    `${id} is listed as ${as}`,
    async () => (await stage.client.workflow.count(`WorkflowId = "${id}" AND ExecutionStatus = "Running"`)).count,
    (count) => count === (as === 'open' ? 1 : 0),
  )

/** As `temporal workflow reset` does: a new run that goes on from there, without the signals that came since. */
async function resetTo(when: 'its opening' | 'its end', cycle: StagedCycle): Promise<void> {
  const { id } = cycle
  const { namespace } = stage.client.options
  const { events } = await stage.client.workflow.getHandle(id).fetchHistory()
  const tasks = events?.filter(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)
  const { runId } = await stage.client.workflow.getHandle(id).describe()
  await stage.client.workflowService.resetWorkflowExecution({
    ...{ namespace, workflowExecution: { workflowId: id, runId }, reason: 'for the test', requestId: randomUUID() },
    workflowTaskFinishEventId: tasks?.at(when === 'its end' ? -1 : 0)?.eventId ?? null,
    resetReapplyType: NO_SIGNALS,
  })
  await cycle.untilState('WAITING')
  await untilAtRest(stage.client, cycle.id)
}

/** `RESET_REAPPLY_TYPE_NONE`. */
const NO_SIGNALS = 2
