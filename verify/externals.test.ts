// I1 and I6 of events of somebody else's shape.
import { expect, test } from 'vitest'
import { toCycleId } from '../model/ids.ts'
import { arrivalOf, HOUR_MS, KEY, NOON_MS, toProduct } from '../model/samples.test-data.ts'
import { deliveryOf, evidenceOf, ledgerRowOf } from './evidence.test-data.ts'
import { checkEvents } from './events-kept.ts'
import type { SandboxRow } from './evidence.ts'
import { findMoving } from './moving.ts'
import { checkPublications } from './publications.ts'

const CYCLE = toCycleId(toProduct('d1/ds3'), KEY)
const closes = (token: string) => arrivalOf('d1/closes', { eventId: `external:d1/closes/${KEY}/${token}` })

test('an upstream cycle outside the mesh satisfies a cycle once, however many ids it is told under', () => {
  const judge = (outcome: 'satisfied' | 'duplicate') =>
    checkPublications(
      evidenceOf({
        ledger: {
          events: [],
          deliveries: [deliveryOf(closes('e-1'), CYCLE), deliveryOf(closes('e-2'), CYCLE, { outcome })],
        },
      }),
    ).violations
  expect(judge('duplicate')).toEqual([])
  expect(judge('satisfied')).toEqual([
    expect.objectContaining({
      invariant: 'I6',
      cycle: CYCLE,
      eventId: closes('e-2').eventId,
      says: `${CYCLE} was satisfied 2 times by d1/closes/${KEY}`,
    }),
  ])
})

/** Into the queue of d1, an hour before noon. */
const queued = (change: Record<string, unknown> = {}): SandboxRow => ({
  ...{ seq: 1, atMs: NOON_MS - HOUR_MS, kind: 'event-routed', service: 'events', account: '' },
  facts: {
    ...{ eventId: 'e-1', source: 'vendor.feed', detailType: 'File Ready', messageId: 'm-1' },
    ...{ targetArn: 'arn:aws:sqs:us-east-1:222222222222:sluice-d1-events', ...change },
  },
})

test('one that reached the queue is in the ledger: as what it means, as unread, or as refused', () => {
  const judge = (eventId: string, row = queued()) =>
    checkEvents(
      evidenceOf({
        sandbox: [row],
        ledger: { events: [ledgerRowOf(closes('e-1'), { eventId, outcome: 'unmatched' })], deliveries: [] },
      }),
    ).violations
  for (const eventId of [closes('e-1').eventId, 'foreign:e-1', 'sqs:m-1']) expect(judge(eventId)).toEqual([])
  expect(judge('foreign:e-2')).toEqual([
    expect.objectContaining({ invariant: 'I1', eventId: 'e-1', says: expect.stringContaining('left no row') }),
  ])
  // What S3 sends goes by the object's id, and of Glue most is nobody's.
  expect(judge('foreign:e-2', queued({ source: 'aws.s3' }))).toEqual([])
  expect(judge('foreign:e-2', queued({ source: 'aws.glue' }))).toEqual([])
})

test('one that is on its way, was just taken or just sent again is not judged yet', () => {
  const iso = (atMs: number): string => new Date(atMs).toISOString()
  const moving = (change: { rowMs?: number; firstMs?: number; redrivenMs?: number }) => {
    const { rowMs = NOON_MS - HOUR_MS, firstMs = NOON_MS - HOUR_MS, redrivenMs } = change
    const times = { firstSeenAt: iso(firstMs), redrivenAt: redrivenMs === undefined ? null : iso(redrivenMs) }
    const ledger = { events: [ledgerRowOf(closes('e-2'), times)], deliveries: [] }
    return findMoving(evidenceOf({ sandbox: [{ ...queued(), atMs: rowMs }], ledger })).events
  }
  expect(moving({})).toEqual([])
  expect(moving({ rowMs: NOON_MS - 60_000 })).toEqual(['e-1'])
  expect(moving({ firstMs: NOON_MS - 1_000 })).toEqual([closes('e-2').eventId])
  expect(moving({ redrivenMs: NOON_MS - 60_000 })).toEqual([closes('e-2').eventId])
})
