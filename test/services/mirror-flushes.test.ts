// The mirror's rows of a cycle on a real server: flushes that come late, twice or in any order, and what is asked of them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Postgres } from '../../clients/postgres.ts'
import { readPast } from '../../mirror/past.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readSignsOfLife } from '../../mirror/signs-of-life.ts'
import { listCycles, readCycle } from '../../mirror/status.ts'
import { type CycleRecord, toRecord } from '../../model/cycle/record.ts'
import type { CycleId, Domain, ProductId } from '../../model/ids.ts'
import type { Cascade } from '../../model/refresh-event.ts'
import { useDatabase } from './postgres.ts'
import { arrive, at, BUILD, KEY, storyOf, T0, tell, upstreamsOf } from './told-cycle.ts'

const D1 = 'd1' as Domain

let db: Postgres
useDatabase((lent) => ({ db } = lent))

describe('recordCycle', () => {
  test('a cycle and its inputs read back as they were recorded', async () => {
    const told = tell('d1/read', ['raw/read-a', 'raw/read-b'], [arrive(0), 'flush', arrive(1), 'advance', 'flush'])
    for (const record of told.records) await recordCycle(db, record)

    const report = await readCycle(db, told.cycle.id)
    expect(report?.row).toMatchObject({ state: 'PROCESSING', lastAttempt: 1, waitingFor: [], openedAt: at(0) })
    expect(report?.transitions.map(({ from, to }) => [from, to])).toEqual([
      [null, 'WAITING'],
      ['WAITING', 'PROCESSING'],
    ])
    expect(report?.dependencies.map(({ product, state, eventId }) => [product, state, eventId])).toEqual([
      ['raw/read-a', 'ARRIVED', 'raw/read-a/2026-11-20/r1'],
      ['raw/read-b', 'ARRIVED', 'raw/read-b/2026-11-20/r1'],
    ])
    expect(report?.deliveries.map(({ outcome, seen }) => [outcome, seen])).toEqual([
      ['satisfied', 1],
      ['satisfied', 1],
    ])
    expect(await listCycles(db, { product: 'd1/read', limit: 10 })).toEqual([report?.row])
  })

  test('a flush that comes late changes no newer row, but adds the history that only it has', async () => {
    const told = tell('d1/stale', ['raw/stale'], ['flush', arrive(0), 'flush', 'advance', 'flush'])
    const [opened, arrived, begun] = told.records as [CycleRecord, CycleRecord, CycleRecord]
    await recordCycle(db, begun)
    await recordCycle(db, arrived)
    await recordCycle(db, opened)

    const report = await readCycle(db, told.cycle.id)
    expect(report?.row).toMatchObject({ state: 'PROCESSING', version: begun.version, waitingFor: [] })
    expect(report?.dependencies[0]?.state).toBe('ARRIVED')
    expect(report?.transitions.map(({ to }) => to)).toEqual(['WAITING', 'PROCESSING'])
    expect(report?.deliveries.map(({ outcome }) => outcome)).toEqual(['satisfied'])
  })

  test('a flush after one that the database has lost says so, until all is written once more', async () => {
    const told = tell('d1/failed-over', ['raw/failed-over'], ['flush', arrive(0), 'flush', 'advance', 'flush'])
    const [opened, arrived, begun] = told.records as [CycleRecord, CycleRecord, CycleRecord]
    expect(await recordCycle(db, opened)).toEqual({ lacksEarlier: false })
    expect(await recordCycle(db, begun), 'never had the arrival').toEqual({ lacksEarlier: true })
    expect(await recordCycle(db, toRecord(told.cycle, 0))).toEqual({ lacksEarlier: false })
    const report = await readCycle(db, told.cycle.id)
    expect(report?.deliveries.map(({ outcome }) => outcome)).toEqual(['satisfied'])

    await db.changed('delete from data_product_status where cycle = $1', [told.cycle.id])
    expect(await recordCycle(db, arrived), 'had a row').toEqual({ lacksEarlier: true })
    // The answer may be lost, and so may the run's next ones.
    for (const again of [arrived, begun, begun])
      expect(await recordCycle(db, again), 'until all is written anew').toEqual({ lacksEarlier: true })
    for (const whole of [toRecord(told.cycle, 0), toRecord(told.cycle, 0)])
      expect(await recordCycle(db, whole)).toEqual({ lacksEarlier: false })
    expect(await recordCycle(db, begun), 'a late one').toEqual({ lacksEarlier: false })
  })

  test('whatever the order of the flushes, and though each may come twice, the end is the same', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(storyOf, fc.infiniteStream(fc.nat()), async (steps, random) => {
        run += 1
        const inOrder = tell(`d1/order-${run}-a`, upstreamsOf(`${run}-a`), steps)
        const shuffled = tell(`d1/order-${run}-b`, upstreamsOf(`${run}-b`), steps)
        for (const record of inOrder.records) await recordCycle(db, record)
        for (const record of shuffle([...shuffled.records, ...shuffled.records], random)) await recordCycle(db, record)

        const expected = await everythingOf(inOrder.cycle.id, `${run}-a`)
        expect(await everythingOf(shuffled.cycle.id, `${run}-b`)).toEqual(expected)
        expect(expected).toMatchObject([
          [{ state: inOrder.cycle.state, revision: inOrder.cycle.revision }],
          {},
          {},
          {},
          {},
          {},
          {},
        ])
      }),
      { numRuns: 40 },
    )
  })

  test('an attempt that has ended may learn whom its publication is to ask, and more of them; in whatever order it is told', async () => {
    const [a, b] = ['d1/a' as ProductId, 'd1/b' as ProductId]
    const asked: (Cascade | undefined)[] = [undefined, [a], [a, b], 'all']
    const orders = fc.record({ known: fc.integer({ min: 2, max: 4 }), random: fc.infiniteStream(fc.nat()) })
    let run = 0
    await fc.assert(
      fc.asyncProperty(orders, async ({ known, random }) => {
        run += 1
        const { cycle, records } = tell(`d1/asks-${run}`, [], [...BUILD, 'flush'])
        const [told] = records as [CycleRecord]
        const asking = asked.slice(0, known).map((cascade, later): CycleRecord => {
          const attempts = told.snapshot.attempts.map((attempt) => ({ ...attempt, ...(cascade && { cascade }) }))
          return { ...told, version: told.version + later, snapshot: { ...told.snapshot, attempts } }
        })
        for (const record of shuffle([...asking, ...asking], random)) await recordCycle(db, record)
        expect((await readCycle(db, cycle.id))?.row.attempts).toMatchObject([{ number: 1, cascade: asked[known - 1] }])
      }),
      { numRuns: 60 },
    )
  })

  test('a rerun under way keeps what is published; the next revision replaces it', async () => {
    const told = tell('d1/again', [], [...BUILD, 'flush', 'reopen', 'flush', ...BUILD, 'flush'])
    const [first, reopened, second] = told.records as [CycleRecord, CycleRecord, CycleRecord]
    await recordCycle(db, first)
    await recordCycle(db, reopened)
    const during = await readCycle(db, told.cycle.id)
    expect(during?.row).toMatchObject({ state: 'PROCESSING', runNumber: 2, revision: 1 })
    expect(during?.row.publishedEventId).toBe('d1/again/2026-11-20/r1')
    expect(await recallArrivals(db, D1, [{ product: 'd1/again' as ProductId, key: KEY }])).toMatchObject([
      { eventId: 'd1/again/2026-11-20/r1', revision: 1, location: 's3://d1-products/again/2026-11-20/' },
    ])

    await recordCycle(db, second)
    const after = await readCycle(db, told.cycle.id)
    expect(after?.row).toMatchObject({ state: 'COMPLETED', revision: 2, publishedEventId: 'd1/again/2026-11-20/r2' })
    expect(after?.row.firstCompletedAt).toBe(during?.row.publishedAt)
    expect(after?.row.publishedAt).toBe(after?.row.stateSince)
    expect(after?.actions).toMatchObject([{ actor: 'ann', outcome: 'accepted', actorVerified: false }])
    // The Glue runs of the first run are still known, each once.
    expect(after?.row.attempts.map(({ number, end }) => [number, end?.state])).toEqual([
      [1, 'SUCCEEDED'],
      [2, 'SUCCEEDED'],
    ])
  })

  test('text that PostgreSQL cannot store is kept readable, not refused', async () => {
    const told = tell('d1/nul', [], ['advance', 'advance', 'flush'])
    const record = told.records[0] as CycleRecord
    const snapshot = { ...record.snapshot, state: 'ERROR' as const, step: 'run' as const, reason: 'NUL \0 and \ud800' }
    await recordCycle(db, { ...record, snapshot })
    expect((await readCycle(db, told.cycle.id))?.row.reason).toBe('NUL \\u0000 and \ufffd')
  })

  test('an action without reason, left by a signal, does not block the flush', async () => {
    const told = tell('d1/wordless', ['raw/wordless'], ['flush'])
    const action = {
      action: 'rerun',
      actor: '',
      reason: ' ',
      requestId: 'w',
      refused: 'It waits.',
      atMs: T0,
      version: 2,
    }
    await recordCycle(db, { ...(told.records[0] as CycleRecord), actions: [action as CycleRecord['actions'][0]] })
    const report = await readCycle(db, told.cycle.id)
    expect(report?.actions).toMatchObject([{ actor: 'unnamed', reason: 'none given', outcome: 'refused' }])
  })

  test('a correction that came while an attempt was under way can be recalled for the next one', async () => {
    const told = tell('d1/corrected', ['raw/corrected'], [arrive(0), 'flush', 'advance', arrive(0, 2), 'flush'])
    for (const record of told.records) await recordCycle(db, record)
    const { arrival, newer } = told.cycle.dependencies[0] ?? {}
    expect([arrival?.revision, newer?.revision]).toEqual([1, 2])
    expect(await recallArrivals(db, D1, told.cycle.input.expected)).toEqual([newer])
  })

  test('what a rerun of a closed cycle needs is what its last run knew', async () => {
    const told = tell('d1/past', ['raw/past'], [arrive(0), 'advance', 'advance', 'advance', 'fail-publish', 'flush'])
    for (const record of told.records) await recordCycle(db, record)
    const { runNumber, state, step, reason, stateSinceMs, lastAttempt, revision, dependencies, attempts } = told.cycle
    expect(state).toBe('ERROR')
    expect(await readPast(db, told.cycle.id)).toEqual({
      ...{ runNumber, state, step, reason, stateSinceMs, lastAttempt, revision, dependencies },
      ...{ attempt: attempts[0], definitionVersion: told.cycle.input.definitionVersion },
    })
    const running = tell('d1/past-running', ['raw/past-running'], [arrive(0), 'advance', 'advance', 'flush'])
    for (const record of running.records) await recordCycle(db, record)
    expect(await readPast(db, running.cycle.id)).toMatchObject({
      ...{ state: 'PROCESSING', lastAttempt: 1, attempt: running.cycle.attempts[0] },
    })
    expect(await readPast(db, 'd1/past/1999-01-01' as CycleId)).toBeUndefined()
  })
})

test('a sign of life is what was written last, of one domain or of all', async () => {
  expect(await readSignsOfLife(db, 'silent' as Domain)).toEqual({ statusAt: null, eventAt: null })
  const told = tell('d1/alive', ['raw/alive'], [arrive(0), 'flush'])
  await recordCycle(db, told.records[0] as CycleRecord)
  const [own, all] = [await readSignsOfLife(db, D1), await readSignsOfLife(db)]
  expect(own).toEqual({ statusAt: expect.stringMatching(/Z$/), eventAt: expect.stringMatching(/Z$/) })
  expect(all).toEqual(own)
})

/** Every row of a cycle in every table, without when and where it was written, and without the tag that sets two tellings apart. */
async function everythingOf(cycle: CycleId, tag: string): Promise<object[]> {
  const read = (table: string, where: string): Promise<object[]> =>
    db.rows(`select to_jsonb(t) - 'recorded_at' - 'position' as row from ${table} as t where ${where} order by 1`, [
      cycle,
    ])
  const tables = [
    await db.rows<object>(
      `select state, revision, to_jsonb(t) - 'updated_at' - 'lacks_earlier' as row from data_product_status as t where cycle = $1`,
      [cycle],
    ),
    await read('data_product_status_history', 'cycle = $1'),
    await read('data_product_dependencies_events_status', 'cycle = $1'),
    await read('data_product_dependencies_events_status_history', 'cycle = $1'),
    await read('event_delivery', 'cycle = $1'),
    await read('event_ledger', 'event_id in (select event_id from event_delivery where cycle = $1)'),
    await read('operator_action', 'cycle = $1'),
  ]
  return JSON.parse(JSON.stringify(tables).replaceAll(tag, 'TAG'))
}

function shuffle<T>(items: T[], random: Iterable<number>): T[] {
  const numbers = random[Symbol.iterator]()
  const keyed = items.map((item) => ({ item, place: Number(numbers.next().value) }))
  return keyed.sort((left, right) => left.place - right.place).map(({ item }) => item)
}
