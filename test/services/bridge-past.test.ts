// Events that no open cycle takes: what each meant is judged from what the cycle recorded, and written once.
import type { Client } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import { type LedgerEvent, listEvents } from '../../mirror/events.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { OnRevision } from '../../model/definition.ts'
import { arrivalOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, until, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, NOW_MS, refreshedOf } from './refresh-messages.ts'
import { closeRun, isThere, signalsOf, startInputOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const ledgerRows = (): Promise<LedgerEvent[]> => listEvents(database.db, { domain: stage.domain, limit: 100 })

/** Sends it, and gives the ledger once the bridge is done with it. */
async function take(body: string): Promise<LedgerEvent[]> {
  await stage.send(body)
  await stage.untilEmpty()
  return ledgerRows()
}

/** A cycle of ds1 that ran and is closed, with what its last flush wrote: the revisions of raw/rd1 it took, in order. */
async function closedCycle(
  taken: { revision: number; eventId?: string }[] | 'unrecorded',
  name = 'ds1',
): Promise<void> {
  const input = openCycle(stage.timetable, stage.version(name), {
    key: toKey(KEY),
    openedBy: 'scheduler',
    settings: stage.parts.settings,
  })
  const handle = await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
  await handle.terminate('closed, for the test')
  if (taken === 'unrecorded') return
  const cycle = taken.reduce(
    (before, arrival) => applyArrival(before, arrivalOf('raw/rd1', { key: toKey(KEY), ...arrival }), NOW_MS),
    openRun(input, NOW_MS),
  )
  await recordCycle(database.db, toRecord(cycle, 0))
}

describe('events that concern no cycle', () => {
  test('of a day that is no business day: unmatched, with the reason and the whole message', async () => {
    stage.start()
    const body = messageOf(refreshedOf('raw/rd1', { key: '2026-11-21' }))
    expect(await take(body)).toMatchObject([
      {
        ...{ eventId: 'raw/rd1/2026-11-21/r1', outcome: 'unmatched', product: 'raw/rd1', key: '2026-11-21', seen: 1 },
        ...{ revision: 1, hasBody: true, deliveries: [], reason: expect.stringContaining('not a business day') },
      },
    ])
    expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
  })

  test('too old to open a cycle: unmatched; it opens none', async () => {
    stage.start()
    const rows = await take(messageOf(refreshedOf('raw/rd1', { key: '2026-10-29' })))
    expect(rows).toMatchObject([{ outcome: 'unmatched', reason: expect.stringContaining('due too long ago') }])
    expect(await isThere(client, stage.cycle('ds1', '2026-10-29'))).toBe(false)
  })

  test('too old to open one, but somebody opened it: the cycle has it, and nothing is written', async () => {
    const input = openCycle(stage.timetable, stage.version('ds1'), {
      key: toKey('2026-10-29'),
      openedBy: 'person',
      settings: stage.parts.settings,
    })
    await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
    stage.start()
    expect(await take(messageOf(refreshedOf('raw/rd1', { key: '2026-10-29' })))).toEqual([])
  })

  test('beyond the horizon: early, one delivery for each cycle that will wait for it; it opens none', async () => {
    stage.start()
    const key = '2026-11-24'
    const early = { upstream: 'raw/rd1', upstreamKey: key, outcome: 'early', seen: 1 }
    expect(await take(messageOf(refreshedOf('raw/rd1', { key })))).toMatchObject([
      {
        outcome: 'routed',
        reason: null,
        deliveries: [
          { cycle: stage.cycle('ds1', key), ...early },
          { cycle: stage.cycle('ds2', key), ...early },
        ],
      },
    ])
    expect(await isThere(client, stage.cycle('ds1', key))).toBe(false)
    expect(await take(messageOf(refreshedOf('raw/rd1', { key })))).toMatchObject([
      { seen: 2, deliveries: [{ outcome: 'early', seen: 2 }, { outcome: 'early' }] },
    ])
  })
})

describe('events for a closed cycle', () => {
  /** By its own id, so that only the revision speaks. */
  const others = (revision: number): { revision: number; eventId: string } => ({
    ...{ revision, eventId: `raw/rd1/${KEY}/other-${revision}` },
  })

  test.each([
    ['seen before', [{ revision: 1 }], 1, 'duplicate', 'has seen this event'],
    ['of the revision it took', [others(1)], 1, 'duplicate', 'had arrived as another event'],
    ['of a revision below', [others(2)], 1, 'superseded', 'revision 2 had arrived before'],
    ['of a revision above', [others(1)], 2, 'correction', 'revision 1 had arrived before'],
    ['that it had to do without', [], 1, 'late', 'closed without it'],
  ] as const)('%s', async (what, taken, revision, outcome, note) => {
    await closedCycle([...taken])
    stage.start()
    const eventId = `raw/rd1/${KEY}/r${revision}`
    const own = async () => (await ledgerRows()).filter((row) => row.eventId === eventId)
    const before = (await own()).at(0)
    await take(messageOf(refreshedOf('raw/rd1', { revision })))

    // What the cycle itself wrote stays its word: the repeat is only counted.
    const expected = what === 'seen before' ? { outcome: 'satisfied', seen: 2 } : { outcome, seen: 1 }
    expect(await own()).toMatchObject([
      { outcome: 'routed', deliveries: [{ cycle: stage.cycle('ds1', KEY), ...expected }] },
    ])
    if (!before) expect((await own())[0]?.deliveries[0]?.note).toContain(note)
    // ds2 waits for the same event and is not closed: the arrival opened it.
    expect(await isThere(client, stage.cycle('ds2', KEY))).toBe(true)

    await take(messageOf(refreshedOf('raw/rd1', { revision })))
    const again = (await own())[0]?.deliveries
    expect(again).toMatchObject([{ outcome: expected.outcome, seen: expected.seen + 1 }])
    expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(0)
  })

  test('that left no row is late', async () => {
    await closedCycle('unrecorded')
    stage.start()
    expect(await take(messageOf(refreshedOf('raw/rd1')))).toMatchObject([
      { outcome: 'routed', deliveries: [{ outcome: 'late', note: 'the cycle is closed and left no row' }] },
    ])
  })

  test('the same message received again is not counted again', async () => {
    await closedCycle([])
    const action = { kind: 'error', code: 'InternalError', status: 500 } as const
    stage.sandbox.faults.add({ service: 'sqs', operation: 'DeleteMessageBatch', times: 3, action })
    stage.start()
    await stage.send(messageOf(refreshedOf('raw/rd1')))
    await stage.untilDeleteFails()
    expect(await ledgerRows()).toMatchObject([{ seen: 1 }])
    await stage.untilEmpty(60_000)
    expect(await ledgerRows()).toMatchObject([{ seen: 1, deliveries: [{ outcome: 'late', seen: 1 }] }])
  })
})

describe('corrections of a closed cycle whose definition says rerun', () => {
  const other = { revision: 1, eventId: `raw/rd1/${KEY}/other-1` }

  /** ds1 alone, by this word. */
  async function define(onRevision: OnRevision): Promise<void> {
    const { definition, ...version } = stage.version('ds1')
    const dependsOn = [{ product: toProduct('raw/rd1'), onRevision }]
    await stage.apply({ products: [{ ...version, definition: { ...definition, dependsOn } }] })
    await stage.parts.index.reload()
  }

  /** It took revision 1, and stands so in the mirror. */
  async function closedIn(state: 'COMPLETED' | 'SKIPPED' | 'ERROR', name = 'ds1'): Promise<void> {
    const input = openCycle(stage.timetable, stage.version(name), {
      ...{ key: toKey(KEY), openedBy: 'scheduler', settings: stage.parts.settings },
    })
    const handle = await client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
    await handle.terminate('closed, for the test')
    const took = applyArrival(openRun(input, NOW_MS), arrivalOf('raw/rd1', { key: toKey(KEY), ...other }), NOW_MS)
    const step = state === 'ERROR' ? ('run' as const) : null
    const stood = {
      ...took,
      state,
      step,
      reason: state === 'ERROR' ? 'no such table' : null,
      lastAttempt: 3,
      revision: 2,
    }
    await recordCycle(database.db, toRecord(stood, 0))
  }

  /** Its row tells of run 1 and revision 2; the rerun that read revision 2 of its input and published 3 is lost there. */
  async function closedInALostRerun(): Promise<void> {
    await closedIn('COMPLETED')
    const input = openCycle(stage.timetable, stage.version('ds1'), {
      ...{ key: toKey(KEY), openedBy: 'rerun', settings: stage.parts.settings },
    })
    const start = toCycleStart(input)
    await client.workflow.start(CYCLE_WORKFLOW, { ...start, workflowIdReusePolicy: 'ALLOW_DUPLICATE' })
    const arrival = arrivalOf('raw/rd1', { key: toKey(KEY), revision: 2 })
    const { dependencies } = applyArrival(openRun(input, NOW_MS), arrival, NOW_MS)
    const stood = { state: 'COMPLETED', step: null, reason: null, lastAttempt: 4, succeeded: null, dependencies }
    await closeRun(client, start.taskQueue, { result: { runNumber: 2, revision: 3, ...stood } })
  }

  test('go on from the last run, of which the mirror may have lost the rows', async () => {
    await define('rerun')
    await closedInALostRerun()
    stage.start()
    await take(messageOf(refreshedOf('raw/rd1', { revision: 3 })))
    expect((await openedNow()).input).toMatchObject({
      past: { runNumber: 2, revision: 3, lastAttempt: 4, dependencies: [{ arrival: { revision: 2 } }] },
    })
  })

  test('bring nothing back that the last run has read, whatever the mirror says', async () => {
    await define('rerun')
    await closedInALostRerun()
    stage.start()
    await take(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
    expect(await isOpen()).toBe(false)
  })

  /** What the run that is open now was started with, and the signals it has got. */
  async function openedNow() {
    const cycle = stage.cycle('ds1', KEY)
    const signals = await signalsOf(client, cycle, ARRIVALS_SIGNAL)
    return { input: await startInputOf<CycleInput>(client, cycle), signals: signals.length }
  }
  const isOpen = async (): Promise<boolean> => {
    const { status } = await client.workflow.getHandle(stage.cycle('ds1', KEY)).describe()
    return status.name === 'RUNNING'
  }

  test.each(['COMPLETED', 'ERROR'] as const)(
    'bring it back from %s, as it stood, with the event as a signal',
    async (state) => {
      await define('rerun')
      await closedIn(state)
      stage.start()
      const rows = await take(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
      expect(rows.filter(({ eventId }) => eventId === `raw/rd1/${KEY}/r2`)).toEqual([])
      const { input, signals } = await openedNow()
      expect(signals).toBe(1)
      expect(input).toMatchObject({
        openedBy: 'rerun',
        past: {
          ...{ runNumber: 1, state, lastAttempt: 3, revision: 2, attempt: null, command: null, stateSinceMs: NOW_MS },
          dependencies: [{ product: 'raw/rd1', state: 'ARRIVED', arrival: { revision: 1 } }],
        },
      })

      await take(messageOf(refreshedOf('raw/rd1', { revision: 3 })))
      expect(await openedNow()).toMatchObject({ signals: 2 })
    },
  )

  test('are not delivered a second time when the message comes again while PostgreSQL was away', async () => {
    await define('rerun')
    await closedIn('COMPLETED')
    let asked = 0
    const { ledger } = stage.parts
    const readPast: typeof ledger.readPast = (cycle) => {
      asked += 1
      return asked === 1 ? Promise.reject(Object.assign(new Error('away'), { code: '08006' })) : ledger.readPast(cycle)
    }
    stage.start({ ledger: { ...ledger, readPast } })
    await stage.send(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
    await until(() => expect(asked).toBe(1))
    await stage.untilEmpty(60_000)
    expect(asked).toBe(2)
    expect(await openedNow()).toMatchObject({ signals: 1 })
  })

  test('that took too long to read wait for the next try, so that nothing is repeated by an old answer', async () => {
    await define('rerun')
    await closedIn('COMPLETED')
    let nowMs = NOW_MS
    let reads = 0
    const { ledger } = stage.parts
    const readPast: typeof ledger.readPast = async (cycle) => {
      reads += 1
      const past = await ledger.readPast(cycle)
      nowMs += nowMs === NOW_MS ? 31_000 : 0
      return past
    }
    stage.start({ ledger: { ...ledger, readPast }, nowMs: () => nowMs })
    await stage.send(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
    await until(() => expect(nowMs).toBeGreaterThan(NOW_MS))
    await stage.untilEmpty(60_000)
    expect(reads).toBe(2)
    expect(await openedNow()).toMatchObject({ signals: 1 })
  })

  test.each([
    ['by flag', 'flag', 'COMPLETED', NOW_MS],
    ['of a skipped cycle', 'rerun', 'SKIPPED', NOW_MS],
    ['of a cycle that is too old', 'rerun', 'COMPLETED', NOW_MS + 22 * 86_400_000],
  ] as const)('%s are only written down', async (_what, onRevision, state, nowMs) => {
    await define(onRevision)
    await closedIn(state)
    stage.start({ nowMs: () => nowMs })
    const rows = await take(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
    const own = rows.find(({ eventId }) => eventId === `raw/rd1/${KEY}/r2`)
    expect(own).toMatchObject({ deliveries: [{ cycle: stage.cycle('ds1', KEY), outcome: 'correction' }] })
    expect(await isOpen()).toBe(false)
  })
})
