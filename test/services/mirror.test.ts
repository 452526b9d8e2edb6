// The mirror on a real server: flushes that come late, twice or in any order, what people and the bridge ask of it,
// domains kept apart, and a server that dies.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { isOutage } from '../../clients/postgres-errors.ts'
import { recordAction } from '../../mirror/actions.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { listDeliveriesOf, listEvents, listUntaken, takeForRedrive } from '../../mirror/events.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { recordUntaken, type UntakenEvent } from '../../mirror/ledger.ts'
import { readPast } from '../../mirror/past.ts'
import { recall, recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readHighestRevision } from '../../mirror/withdrawn.ts'
import { readSignsOfLife } from '../../mirror/signs-of-life.ts'
import { isLate, listCycles, readCycle } from '../../mirror/status.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, type CycleInput, currentAttempt, openRun } from '../../model/cycle/cycle.ts'
import { decideNext } from '../../model/cycle/decide.ts'
import { applyFact, type Fact } from '../../model/cycle/facts.ts'
import { type CycleRecord, toRecord } from '../../model/cycle/record.ts'
import { type CycleId, type CycleKey, type Domain, type ProductId, toCycleId, toEventId } from '../../model/ids.ts'
import type { Arrival, Cascade } from '../../model/refresh-event.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

const D1 = 'd1' as Domain
const KEY = '2026-11-20' as CycleKey
const T0 = Date.parse('2026-11-20T22:00:00Z')
const at = (minute: number): string => new Date(T0 + minute * 60_000).toISOString()

let lent: LentDatabase
let db: Postgres
beforeAll(async () => {
  lent = await lendDatabase()
  db = lent.db
})
afterAll(() => lent.drop())

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

describe('the ledger', () => {
  test('a batch may come twice and hold an event twice: one row, counted by message', async () => {
    const batch = [untaken('raw/twice/2026-11-20/r1', 'm1'), untaken('raw/twice/2026-11-20/r1', 'm2')]
    await recordUntaken(db, D1, batch)
    await recordUntaken(db, D1, [batch[1] as UntakenEvent])
    const events = await listEvents(db, { domain: D1, product: 'raw/twice', limit: 10 })
    expect(events).toMatchObject([
      { outcome: 'unmatched', reason: 'nobody waits', seen: 2, hasBody: true, deliveries: [] },
    ])
  })

  test.each([
    ['after', false],
    ['before', true],
  ])('an event that a cycle takes %s the bridge found nobody is routed, without its body', async (_order, isFirst) => {
    const upstream = `raw/route-${isFirst}`
    const eventId = `${upstream}/2026-11-20/r1`
    const told = tell(`d1/route-${isFirst}`, [upstream], [arrive(0), 'flush'])
    const record = () => recordCycle(db, told.records[0] as CycleRecord)
    if (isFirst) await record()
    await recordUntaken(db, D1, [untaken(eventId, 'm1')])
    if (!isFirst) await record()
    const events = await listEvents(db, { product: upstream, limit: 10 })
    expect(events).toMatchObject([
      { outcome: 'routed', reason: null, hasBody: false, deliveries: [{ outcome: 'satisfied' }] },
    ])
  })

  test('early gives way to what the cycle makes of it; late stays', async () => {
    const told = tell('d1/early', ['raw/early'], [arrive(0), 'flush'])
    const deliver = (outcome: 'early' | 'late'): UntakenEvent => ({
      ...untaken('raw/early/2026-11-20/r1', outcome),
      ...{
        outcome: 'routed',
        deliveries: [{ cycle: told.cycle.id, upstream: 'raw/early' as ProductId, outcome, note: null }],
      },
    })
    await recordUntaken(db, D1, [deliver('early')])
    await recordCycle(db, told.records[0] as CycleRecord)
    await recordUntaken(db, D1, [deliver('late')])
    expect((await readCycle(db, told.cycle.id))?.deliveries).toMatchObject([{ outcome: 'satisfied', seen: 2 }])
  })

  test('a forged event cannot hold the place of the true one', async () => {
    const eventId = 'raw/forged/2026-11-20/r1'
    await recordUntaken(db, D1, [
      { ...untaken(eventId, 'm1'), outcome: 'refused', reason: 'wrong account', account: '9' },
    ])
    await recordUntaken(db, D1, [untaken(eventId, 'm2')])
    await recordUntaken(db, D1, [
      { ...untaken(eventId, 'm3'), outcome: 'refused', reason: 'wrong account', account: '9' },
    ])
    const events = await listUntaken(db, { product: 'raw/forged', limit: 10 })
    expect(events).toMatchObject([{ reason: 'nobody waits', account: '111111111111', seen: 3 }])
  })

  test('a notice that nobody waits for is in the ledger, but no event to do something about; one that was refused is', async () => {
    const notice = { ...untaken('raw/notice/2026-11-20/r1', 'm1'), eventId: 'raw/notice/2026-11-20/not-refreshed-1.4' }
    await recordUntaken(db, D1, [notice])
    expect(await listEvents(db, { product: 'raw/notice', limit: 10 })).toHaveLength(1)
    expect(await listUntaken(db, { product: 'raw/notice', limit: 10 })).toEqual([])
    const forged = { ...notice, outcome: 'refused' as const, reason: 'wrong account', account: '9' }
    for (const eventId of [
      'raw/notice/2026-11-20/not-refreshed-1.5',
      'raw/notice/2026-11-20/not-refreshed-withdrawn.r1',
    ])
      await recordUntaken(db, D1, [{ ...forged, eventId }])
    expect(await listUntaken(db, { domain: D1, limit: 100 })).toMatchObject(
      expect.arrayContaining(
        ['withdrawn.r1', '1.5'].map((end) =>
          expect.objectContaining({ eventId: `raw/notice/2026-11-20/not-refreshed-${end}`, reason: 'wrong account' }),
        ),
      ),
    )
  })

  test('bodies come back for redrive as they were, each NUL as its escape', async () => {
    const event = { ...untaken('sqs:m9', 'm9'), body: '{"a":"\0"}', outcome: 'refused' as const, reason: '' }
    await recordUntaken(db, D1, [event])
    expect(await takeForRedrive(db, D1, ['sqs:m9', 'unknown'])).toEqual([
      { eventId: 'sqs:m9', body: '{"a":"\\u0000"}' },
    ])
    const [row] = await listEvents(db, { outcomes: ['refused'], limit: 10 })
    expect(row).toMatchObject({ eventId: 'sqs:m9', reason: 'no reason given', redrivenAt: expect.any(String) })
  })

  test('an event’s deliveries are looked up by domain, which the index begins with', async () => {
    const [here, there] = ['d1/by-domain', 'd7/by-domain'].map((product) =>
      tell(product, ['raw/by'], [arrive(0), 'flush']),
    )
    for (const told of [here, there]) await recordCycle(db, told?.records[0] as CycleRecord)
    const event = { domain: D1, eventId: 'raw/by/2026-11-20/r1' }
    expect((await listDeliveriesOf(db, [event])).map(({ cycle }) => cycle)).toEqual([here?.cycle.id])
  })

  test('what was written since the last look is listed in order', async () => {
    await recordUntaken(db, 'd9' as Domain, [untaken('raw/tail/2026-11-20/r1', 'm1')])
    const [first] = await listEvents(db, { domain: 'd9' as Domain, limit: 1 })
    await recordUntaken(db, 'd9' as Domain, [untaken('raw/tail/2026-11-20/r2', 'm2')])
    await recordUntaken(db, 'd9' as Domain, [untaken('raw/tail/2026-11-20/r3', 'm3')])
    const since = await listEvents(db, { domain: 'd9' as Domain, after: first?.position, limit: 10 })
    expect(since.map(({ eventId }) => eventId)).toEqual(['raw/tail/2026-11-20/r2', 'raw/tail/2026-11-20/r3'])
  })

  test.each([
    ['raw/judge/2026-11-20/r2', 'raw/judge', 2, 'duplicate'],
    ['another id', 'raw/judge', 2, 'duplicate'],
    ['raw/judge/2026-11-20/r1', 'raw/judge', 1, 'superseded'],
    ['raw/judge/2026-11-20/r3', 'raw/judge', 3, 'correction'],
    ['raw/missed/2026-11-20/r1', 'raw/missed', 1, 'late'],
    ['raw/other/2026-11-20/r1', 'raw/other', 1, 'late'],
  ])('to a closed cycle that took revision 2, %s of %s is %4$s', async (eventId, product, revision, outcome) => {
    const told = tell('d1/judge', ['raw/judge', 'raw/missed'], [arrive(0, 2), 'flush'])
    for (const record of told.records) await recordCycle(db, record)
    const question = { domain: D1, cycle: told.cycle.id, eventId, product: product as ProductId, key: KEY, revision }
    expect(await judgePast(db, question)).toMatchObject({ outcome })
    const unknown = { ...question, cycle: 'd1/judge/1999-01-01' as CycleId }
    expect(await judgePast(db, unknown)).toBeNull()
  })

  test('what its producer had taken back before it came corrects no closed cycle', async () => {
    const told = tell('d1/judge-back', ['raw/judge-back'], [arrive(0), 'flush'])
    for (const record of told.records) await recordCycle(db, record)
    const id = 'raw/judge-back/2026-11-20/not-refreshed-withdrawn.r2'
    await recordUntaken(db, D1, [{ ...untaken(id, 'm-back'), revision: null }])
    const question = { domain: D1, cycle: told.cycle.id, product: 'raw/judge-back' as ProductId, key: KEY }
    const judged = [2, 3].map((revision) => judgePast(db, { ...question, eventId: `r${revision}`, revision }))
    expect(await Promise.all(judged)).toMatchObject([{ outcome: 'withdrawn' }, { outcome: 'correction' }])
  })

  test('an event that was not refused is recalled, the newest revision of it', async () => {
    const product = 'raw/outside' as ProductId
    const event = (revision: number, outcome: 'unmatched' | 'refused'): UntakenEvent => ({
      ...{ ...untaken(`raw/outside/2026-11-20/r${revision}`, `m${revision}`), outcome },
    })
    await recordUntaken(db, D1, [event(1, 'unmatched'), event(2, 'unmatched'), event(3, 'refused')])
    expect(await recallArrivals(db, D1, [{ product, key: KEY }])).toEqual([
      {
        ...{ eventId: 'raw/outside/2026-11-20/r2', product, key: KEY, revision: 2, location: 's3://raw/' },
        ...{ correlationId: 'c', occurredAt: at(0) },
      },
    ])
    expect(await recallArrivals(db, 'd2' as Domain, [{ product, key: KEY }])).toEqual([])
  })
})

describe('row security', () => {
  const domainDb = async (domain: Domain): Promise<Postgres> => {
    const password = `password of ${domain}`
    const role = await ensureDomainRole(db, domain, password)
    await ensureDomainRole(db, domain, password)
    return openPostgres(Object.assign(new URL(lent.url), { username: role, password }).href)
  }
  let d1: Postgres
  let d2: Postgres
  const publish = (product: string): CycleRecord =>
    tell(product, [], ['advance', 'advance', 'advance', 'advance', 'flush']).records[0] as CycleRecord

  beforeAll(async () => {
    d1 = await domainDb('secure-1' as Domain)
    d2 = await domainDb('secure-2' as Domain)
    await defineProduct('secure-1/public', 'mesh')
    await defineProduct('secure-1/private', 'domain')
    await recordCycle(d1, publish('secure-1/public'))
    await recordCycle(d1, publish('secure-1/private'))
    await recordUntaken(d1, 'secure-1' as Domain, [untaken('raw/x/2026-11-20/r1', 'm1')])
    await recordAction(d1, actionOn('secure-1/public/2026-11-20'))
  })
  afterAll(() => Promise.all([d1.end(), d2.end()]))

  test('a domain sees its own rows, and of the others what they published to the mesh', async () => {
    const products = async (of: Postgres) => (await listCycles(of, { limit: 10 })).map(({ product }) => product)
    expect(await products(d1)).toEqual(['secure-1/private', 'secure-1/public'])
    expect(await products(d2)).toEqual(['secure-1/public'])
    const expected = ['secure-1/public', 'secure-1/private'].map((product) => ({
      product: product as ProductId,
      key: KEY,
    }))
    const visible = [{ product: 'secure-1/public' }]
    expect(await recallArrivals(d2, 'secure-2' as Domain, expected)).toMatchObject(visible)
    // Also for whom row security does not bind.
    expect(await recallArrivals(db, 'secure-2' as Domain, expected)).toMatchObject(visible)
  })

  test('what another domain has opened and not published is known as opened, and no more of it', async () => {
    const firsts = ['later', 'opened-public', 'private'].map((name) => ({
      ...{ product: `secure-1/${name}` as ProductId, key: KEY, isBeforeFirst: true as const },
    }))
    const unopened = async (of: Postgres, domain: string) =>
      (await recall(of, domain as Domain, firsts)).skipped.map(({ product, isUnopened }) => isUnopened && product)
    expect(await unopened(d2, 'secure-2')).toEqual(['secure-1/later', 'secure-1/opened-public', 'secure-1/private'])
    const { records } = tell('secure-1/opened-public', ['raw/x'], ['flush'])
    for (const record of records) await recordCycle(d1, record)
    expect(await unopened(d2, 'secure-2')).toEqual(['secure-1/later', 'secure-1/private'])
    expect(await unopened(d1, 'secure-1')).toEqual(['secure-1/later'])
    expect((await listCycles(d2, { limit: 10 })).map(({ product }) => product)).toEqual(['secure-1/public'])
  })

  test('that another domain skipped a cycle is known where its product is for the mesh', async () => {
    const names = ['skipped-public', 'skipped-private']
    for (const name of names) {
      const [record] = tell(`secure-1/${name}`, ['raw/x'], ['flush']).records as [CycleRecord]
      const skipped = { state: 'SKIPPED' as const, reason: 'no data that day' }
      await recordCycle(d1, { ...record, snapshot: { ...record.snapshot, ...skipped } })
    }
    const expected = names.map((name) => ({ product: `secure-1/${name}` as ProductId, key: KEY }))
    const known = async (of: Postgres, domain: string) =>
      (await recall(of, domain as Domain, expected)).skipped.map(({ product, reason }) => [product, reason])
    const seen = ['secure-1/skipped-public', 'no data that day']
    expect(await known(d2, 'secure-2')).toEqual([seen])
    expect(await known(d1, 'secure-1')).toEqual([['secure-1/skipped-private', 'no data that day'], seen])
  })

  test('the ledger, the history and the audit of another domain are not to be seen', async () => {
    const cycle = 'secure-1/public/2026-11-20' as CycleId
    expect(await listEvents(d1, { limit: 10 })).toHaveLength(1)
    expect(await listEvents(d2, { limit: 10 })).toEqual([])
    expect(await readCycle(d2, cycle)).toMatchObject({ transitions: [], dependencies: [], deliveries: [], actions: [] })
    expect(await d2.rows('select product from data_product')).toEqual([{ product: 'secure-1/public' }])
  })

  test('how far a product from outside has refreshed is known to its own domain by what others heard', async () => {
    const about = { product: 'secure-1/outside' as ProductId, key: KEY }
    const known = (of: Postgres, domain: string) => readHighestRevision(of, domain as Domain, about)
    expect(await known(d1, 'secure-1')).toBe(0)
    await recordUntaken(d2, 'secure-2' as Domain, [
      { ...untaken('secure-1/outside/2026-11-20/r3', 'm3'), ...about, revision: 3 },
      { ...untaken('secure-1/outside/2026-11-20/r9', 'm9'), ...about, revision: 9, outcome: 'refused' },
    ])
    expect(await known(d1, 'secure-1')).toBe(3)
    expect(await known(d2, 'secure-2')).toBe(3)
    expect(
      await readHighestRevision(d1, 'secure-1' as Domain, { ...about, product: 'secure-1/public' as ProductId }),
    ).toBe(1)
  })

  test('nobody writes rows of another domain, nor takes its ids', async () => {
    const foreign = publish('secure-1/other')
    await expect(recordCycle(d2, foreign)).rejects.toThrow(/row-level security/)
    await expect(recordCycle(d2, { ...foreign, domain: 'secure-2' as Domain })).rejects.toThrow(
      /data_product_status_id/,
    )
    expect(await d2.changed(`update data_product_status set reason = 'mine'`)).toBe(false)
  })

  test.each([
    'delete from event_ledger',
    'delete from data_product_status',
    'update data_product_status_history set reason = null',
    'truncate operator_action',
    `update data_product set visibility = 'mesh'`,
    'select before from catalog_version',
    'alter table data_product_status disable row level security',
  ])('a domain may not: %s', async (sql) => {
    await expect(d1.rows(sql)).rejects.toThrow(/permission denied|must be owner/)
  })

  test('an action is recorded once', async () => {
    expect(await recordAction(d1, actionOn('secure-1/public/2026-11-20'))).toBe(false)
    const report = await readCycle(d1, 'secure-1/public/2026-11-20' as CycleId)
    expect(report?.actions).toMatchObject([{ actorVerified: true, outcome: 'refused', refusedBecause: 'It runs.' }])
  })

  test('an action on another cycle is another action, though it bears the same request id', async () => {
    expect(await recordAction(d1, actionOn('secure-1/private/2026-11-20'))).toBe(true)
    const report = await readCycle(d1, 'secure-1/private/2026-11-20' as CycleId)
    expect(report?.actions).toMatchObject([{ requestId: 'request-1', outcome: 'refused' }])
  })

  test('a password that nobody could send is refused before anything is made', async () => {
    await expect(ensureDomainRole(db, 'secure-3' as Domain, 'short')).rejects.toThrow(/8 or more/)
    await expect(ensureDomainRole(db, 'x'.repeat(57) as Domain, 'long enough')).rejects.toThrow(/Shorten it/)
  })
})

test.each([
  ['no commitment', null, null, 'WAITING', false],
  ['at the instant itself', at(10), null, 'WAITING', false],
  ['after it', at(9), null, 'ERROR', true],
  ['completed in time', at(9), at(8), 'COMPLETED', false],
  ['completed late', at(7), at(8), 'COMPLETED', true],
  ['rerun after it was in time', at(9), at(8), 'PROCESSING', false],
  ['skipped', at(9), null, 'SKIPPED', false],
] as const)('late: %s', (_case, availableBy, firstCompletedAt, state, late) => {
  const opened = { openedBy: 'scheduler', openedAt: new Date(T0).toISOString() } as const
  expect(isLate({ state, availableBy, firstCompletedAt, ...opened }, T0 + 10 * 60_000)).toBe(late)
})

describe('a server that fails', () => {
  test('killed in the middle of a transaction: an outage, nothing half, and the same pool goes on', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'sluice-killed-'))
    const options = { folder: path.join(root, 'postgres'), logFile: path.join(root, 'postgres.log') }
    let server = await startPostgres(options)
    const own = openPostgres(server.url, { connectTimeoutMs: 5_000 })
    try {
      await own.rows('create table note (id int)')
      const killed = own.transaction(async (transaction): Promise<void> => {
        await transaction.rows('insert into note values (1)')
        await server.kill()
        // A session may outlive its killed server for a moment; it never gets as far as the commit.
        for (;;) await transaction.rows('insert into note values (2)')
      })
      expect(isOutage(await killed.catch((error: unknown) => error))).toBe(true)
      const refused = await own.rows('select').catch((error: unknown) => error)
      expect(isOutage(refused)).toBe(true)
      expect(String(refused)).toMatch(
        /Could not connect to PostgreSQL at postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres: /,
      )

      server = await startPostgres({ ...options, port: server.port })
      expect(await own.rows('select id from note')).toEqual([])
    } finally {
      await own.end()
      await server.stop()
      removeData(options.folder)
      rmSync(root, { recursive: true, force: true })
    }
  })

  test.each([
    ['a statement that takes too long', 'select pg_sleep(60)'],
    ['a session ended by an administrator', 'select pg_terminate_backend(pg_backend_pid())'],
    ['a server that has become read-only', 'set default_transaction_read_only = on; select 1; create table t (id int)'],
  ])('%s is an outage', async (_case, sql) => {
    const own = openPostgres(lent.url, { statementTimeoutMs: 200, maxConnections: 1 })
    const run = async (): Promise<void> => {
      for (const statement of sql.split('; ')) await own.rows(statement)
    }
    expect(isOutage(await run().catch((error: unknown) => error))).toBe(true)
    await own.end()
  })

  test.each([
    [
      'a wrong password',
      (url: URL) => Object.assign(url, { password: 'hush-hush' }),
      /Check the user and the password/,
    ],
    [
      'a missing database',
      (url: URL) => Object.assign(url, { pathname: '/absent' }),
      /"absent" does not exist.*Create the database/,
    ],
  ])('%s is final and says what to do, without the password', async (_case, spoil, says) => {
    const own = openPostgres(spoil(new URL(lent.url)).href)
    const error = await own.rows('select').catch((error: unknown) => error)
    await own.end()
    expect(isOutage(error)).toBe(false)
    expect(String(error)).toMatch(says)
    expect(String(error)).not.toContain(new URL(lent.url).password)
    expect(String(error)).not.toContain('hush-hush')
  })

  test.each(['localhost:5432', 'mysql://u:hush-hush@h/d', 'hush-hush'])('%s is no database URL', (url) => {
    expect(() => openPostgres(url)).toThrow(/^The database URL is no PostgreSQL URL: give it as/)
  })

  test('a broken statement is final', async () => {
    expect(isOutage(await db.rows('select nonsense').catch((error: unknown) => error))).toBe(false)
  })
})

// A cycle told step by step by the model itself, and the flushes its workflow would have made.

type StoryStep =
  | 'advance'
  | 'fail'
  | 'fail-publish'
  | 'rerun'
  | 'reopen'
  | 'flush'
  | { upstream: number; revision: number }

function arrive(upstream: number, revision = 1): StoryStep {
  return { upstream, revision }
}

const stepOf: fc.Arbitrary<StoryStep> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<StoryStep>('advance') },
  { weight: 4, arbitrary: fc.constant<StoryStep>('flush') },
  { weight: 4, arbitrary: fc.record({ upstream: fc.nat({ max: 1 }), revision: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.constantFrom<StoryStep>('fail', 'fail-publish', 'rerun', 'reopen') },
)

const BUILD: StoryStep[] = ['advance', 'advance', 'advance', 'advance']

/** Chance alone seldom publishes twice, so half of the stories begin with it. */
const storyOf: fc.Arbitrary<StoryStep[]> = fc
  .tuple(
    fc.constantFrom<StoryStep[]>([], [arrive(0), arrive(1), ...BUILD, 'flush', 'reopen', 'flush', ...BUILD, 'flush']),
    fc.array(stepOf, { minLength: 5, maxLength: 40 }),
  )
  .map(([beginning, steps]) => [...beginning, ...steps])

function upstreamsOf(tag: string): string[] {
  return [`raw/up-${tag}`, `raw/down-${tag}`]
}

function tell(product: string, upstreams: string[], steps: StoryStep[]): { cycle: Cycle; records: CycleRecord[] } {
  let nowMs = T0
  let cycle = openRun(inputOf(product as ProductId, upstreams as ProductId[]), nowMs)
  let written = 0
  const records: CycleRecord[] = []
  const flush = (): void => {
    if (written === cycle.version) return
    records.push(toRecord(cycle, written))
    written = cycle.version
  }
  for (const [index, step] of [...steps, 'flush' as const].entries()) {
    nowMs += 60_000
    if (step === 'flush') flush()
    else if (step === 'reopen') {
      if (decideNext(cycle, nowMs).kind !== 'close') continue
      // A run closes only after its last flush.
      flush()
      written = 0
      cycle = reopen(cycle, index, nowMs)
    } else cycle = apply(cycle, step, index, nowMs)
  }
  return { cycle, records }
}

function apply(cycle: Cycle, step: Exclude<StoryStep, 'flush' | 'reopen'>, index: number, nowMs: number): Cycle {
  if (typeof step === 'object') return applyArrival(cycle, arrivalOf(cycle, step), nowMs)
  if (step === 'rerun') return applyFact(cycle, { kind: 'rerun', command: commandOf(cycle, index) }, nowMs)
  const fact = nextFact(cycle, step, nowMs)
  return fact ? applyFact(cycle, fact, nowMs) : cycle
}

function nextFact(cycle: Cycle, step: 'advance' | 'fail' | 'fail-publish', nowMs: number): Fact | undefined {
  const next = decideNext(cycle, nowMs)
  const runId = `jr_${cycle.lastAttempt}`
  switch (next.kind) {
    case 'begin':
      return { kind: 'begun' }
    case 'start':
      return step === 'fail'
        ? { kind: 'start-failed', error: 'no such job' }
        : { kind: 'run-started', runId, adopted: false }
    case 'await-end': {
      const state = step === 'fail' ? 'FAILED' : 'SUCCEEDED'
      return { kind: 'run-ended', end: { runId, state, error: null, executionSeconds: 1, noticedBy: 'event' } }
    }
    case 'publish': {
      const revision = cycle.revision + 1
      return step === 'fail-publish'
        ? { kind: 'publish-failed', error: 'the bus is away' }
        : { kind: 'published', eventId: toEventId(cycle.id, revision), revision }
    }
    case 'report':
      return { kind: 'reported' }
    default:
      return undefined
  }
}

function reopen(cycle: Cycle, index: number, nowMs: number): Cycle {
  const { runNumber, state, step, lastAttempt, revision, dependencies } = cycle
  const command = commandOf(cycle, index)
  const attempt = state === 'ERROR' && step === 'publish' ? (currentAttempt(cycle) ?? null) : null
  const past = { runNumber, state, step, lastAttempt, revision, dependencies, attempt, command }
  const reopened = openRun({ ...cycle.input, openedBy: 'rerun', past }, nowMs)
  return applyFact(reopened, { kind: 'reopened', command }, nowMs)
}

const commandOf = (cycle: Cycle, index: number) => ({
  ...{ actor: 'ann', reason: 'the vendor corrected it', requestId: `${cycle.id} ${index}` },
})

const arrivalOf = (cycle: Cycle, { upstream, revision }: { upstream: number; revision: number }): Arrival => {
  const expected = cycle.input.expected[upstream]
  const product = expected?.product ?? ('raw/none' as ProductId)
  return {
    ...{ eventId: toEventId(toCycleId(product, KEY), revision), product, key: KEY, revision },
    ...{ location: `s3://raw/${revision}/`, correlationId: `c-${revision}`, occurredAt: at(revision) },
  }
}

const inputOf = (product: ProductId, upstreams: ProductId[]): CycleInput => ({
  product,
  key: KEY,
  definition: {
    ...{ product, description: '', owner: { team: 'team', email: 'team@example.com' } },
    // What is not about publishing stays its domain's own, so that no test sees the cycles of another.
    visibility: product.endsWith('public') ? 'mesh' : 'domain',
    ...{ calendar: 'weekdays', timezone: 'UTC', every: 'day', notBefore: null, availableBy: null, cutoff: null },
    dependsOn: upstreams.map((upstream) => ({ product: upstream })),
    run: { glue: 'job', arguments: {}, timeoutMinutes: 60, attempts: 2, retryAfterMs: 0 },
    publish: { location: `s3://${product.replace('/', '-products/')}/` },
  },
  definitionVersion: 1,
  openedBy: 'arrival',
  expected: upstreams.map((upstream) => ({ product: upstream, key: KEY })),
  ...{ notBeforeMs: null, cutoffMs: null, availableByMs: null, past: null },
  settings: { checkGlueMs: 1_000, errorWaitMs: 1_000_000_000, recordRetryMs: 1_000 },
})

const untaken = (eventId: string, messageId: string): UntakenEvent => ({
  ...{ eventId, messageId, outcome: 'unmatched', reason: 'nobody waits', body: `body of ${messageId}` },
  ...{ source: 'dataproduct.raw', account: '111111111111', product: eventId.split('/2026')[0] as ProductId, key: KEY },
  ...{ revision: Number(eventId.at(-1)), location: 's3://raw/', correlationId: 'c', occurredAt: at(0), deliveries: [] },
})

const actionOn = (cycle: string) => ({
  ...{ cycle: cycle as CycleId, action: 'rerun' as const, actor: 'ann', actorVerified: true, reason: 'wrong figures' },
  ...{ requestId: 'request-1', refused: 'It runs.', atMs: T0 },
})

/** The least that row security asks of the catalog. */
async function defineProduct(product: string, visibility: string): Promise<void> {
  await db.rows(
    `with applied as (insert into catalog_version (actor, before, after) values ('ann', '{}', '{}') returning *)
     insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
       definition_hash, applied_at, first_applied_at, catalog_version)
     select $1, 1, split_part($1, '/', 1), '', '', '', $2, '{}', '', now(), now(), catalog_version from applied`,
    [product, visibility],
  )
}

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
