// The ledger of events on a real server: what comes twice, forged or early, and what the bridge asks of it.
import { describe, expect, test } from 'vitest'
import type { Postgres } from '../../clients/postgres.ts'
import { listDeliveriesOf, listEvents, listUntaken, takeForRedrive } from '../../mirror/events.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { recordUntaken, type UntakenEvent } from '../../mirror/ledger.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readCycle } from '../../mirror/status.ts'
import type { CycleRecord } from '../../model/cycle/record.ts'
import type { CycleId, Domain, ProductId } from '../../model/ids.ts'
import { useDatabase } from './postgres.ts'
import { arrive, at, KEY, tell, untaken } from './told-cycle.ts'

const D1 = 'd1' as Domain

let db: Postgres
useDatabase((lent) => ({ db } = lent))

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
