// What is said of one event: lines for people, the step that would change something, the ids that come near.
import { expect, test } from 'vitest'
import type { JudgedDelivery, Receipt } from '../mirror/event-report.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { KEY, toProduct } from '../model/samples.test-data.ts'
import { TOO_OLD } from '../model/calendar/untaken.ts'
import { eventLines, nearestIds, toReport } from './event-words.ts'
import { toDeedCell } from './events-list.ts'

const SEEN = '2026-11-20T22:00:00.000Z'
const CYCLE = `d1/ds/${KEY}` as CycleId
const id = (revision: number): string => `raw/a/${KEY}/r${revision}`

const deliveryOf = (change: Partial<JudgedDelivery>): JudgedDelivery => ({
  ...{ cycle: CYCLE, upstream: toProduct('raw/a'), upstreamKey: KEY, revision: 2, outcome: 'late', note: null },
  ...{ seen: 1, at: SEEN, runNumber: null, state: 'COMPLETED', takenEventId: null, isInput: true },
  ...change,
})

const receiptOf = (change: Partial<Receipt> = {}): Receipt => ({
  ...{
    position: 1,
    domain: 'd1' as Domain,
    eventId: id(2),
    outcome: 'routed',
    reason: null,
    source: 'dataproduct.raw',
  },
  ...{ account: '111111111111', product: 'raw/a', key: KEY, revision: 2, occurredAt: SEEN, firstSeenAt: SEEN, seen: 1 },
  ...{
    hasBody: true,
    redrivenAt: null,
    isTakenBack: false,
    location: null,
    correlationId: 'c',
    builtFrom: null,
    builtWithout: null,
  },
  deliveries: [],
  ...change,
})

const reportOf = (receipts: Receipt[]) =>
  toReport(receipts[0]?.eventId ?? '', { published: null, receipts, siblings: [] })
const nextOf = (change: Partial<Receipt>) => reportOf([receiptOf(change)]).next
const after = (change: Partial<JudgedDelivery>) => nextOf({ deliveries: [deliveryOf(change)] })

test('whence, where, from what, what it did and to whom, what corrects it, what next', () => {
  const receipt = receiptOf({
    ...{ location: 's3://raw/a/', builtFrom: [{ product: toProduct('x/y'), cycle: KEY, revision: 3 }], seen: 2 },
    ...{
      builtWithout: [toProduct('x/z')],
      deliveries: [deliveryOf({ note: 'the cycle had closed without it', seen: 2 })],
    },
  })
  const siblings = [1, 2, 3].map((revision) => ({ eventId: id(revision), revision, firstSeenAt: SEEN }))
  expect(eventLines(toReport(id(2), { published: null, receipts: [receipt], siblings }))).toEqual([
    'raw/a/2026-11-20/r2',
    `  from dataproduct.raw, account 111111111111, occurred at ${SEEN}`,
    '  lies at s3://raw/a/',
    '  built from x/y/2026-11-20 r3',
    '  built without x/z',
    `  in d1: routed, first seen ${SEEN}, came 2 times`,
    `    -> d1/ds/2026-11-20 (COMPLETED now): late (the cycle had closed without it), at ${SEEN}, judged by the bridge, came 2 times`,
    `  revision 1, raw/a/2026-11-20/r1, first seen ${SEEN}`,
    `  revision 3, raw/a/2026-11-20/r3, first seen ${SEEN}: corrects it`,
    '  next:',
    '    d1/ds/2026-11-20 is COMPLETED without it; a rerun takes it: sluice rerun d1/ds/2026-11-20 --reason "<why>"',
  ])
})

test.each<[string, Partial<Receipt>, string, string | null]>([
  [
    'nobody took',
    { outcome: 'unmatched' },
    'd1 takes it once a definition waits for it',
    `sluice events redrive d1 ${id(2)}`,
  ],
  [
    'was refused',
    { outcome: 'refused' },
    'd1 takes it once what it was refused for is put right',
    `sluice events redrive d1 ${id(2)}`,
  ],
  [
    'was sent again in vain',
    { outcome: 'unmatched', redrivenAt: SEEN },
    `sent again at ${SEEN}, and not taken so far; d1 takes`,
    'sluice events',
  ],
  ['left no body', { outcome: 'refused', hasBody: false }, 'd1 keeps no body of it', null],
])('an event that %s: %4$s', (_, change, why, command) => {
  expect(nextOf(change)).toEqual([
    { why: expect.stringContaining(why), command: command === null ? null : expect.stringContaining(command) },
  ])
})

test.each<[string, Partial<JudgedDelivery>, string | null]>([
  ['late to a cycle that failed', { state: 'ERROR' }, `sluice rerun ${CYCLE}`],
  ['a correction of what it has', { outcome: 'correction', takenEventId: id(1) }, `sluice rerun ${CYCLE}`],
  [
    'a correction while it runs',
    { outcome: 'correction', state: 'PROCESSING', takenEventId: id(1) },
    `sluice rerun ${CYCLE}`,
  ],
  ['late to a cycle that was skipped', { state: 'SKIPPED' }, null],
  ['early', { outcome: 'early', state: null, isInput: false }, null],
  ['partial, and refused', { outcome: 'partial', state: 'WAITING' }, null],
])('of one that was %s something is said', (_, change, command) => {
  expect(after(change)).toEqual([
    { why: expect.stringContaining(CYCLE), command: command === null ? null : expect.stringContaining(command) },
  ])
})

test.each<[string, Partial<JudgedDelivery>]>([
  ['it took', { outcome: 'satisfied', takenEventId: id(2) }],
  ['it has taken by a rerun since', { outcome: 'correction', takenEventId: id(2) }],
  ['a newer one has replaced since', { takenEventId: id(3) }],
  ['is older than what it has', { outcome: 'superseded', takenEventId: id(3) }],
  ['it did not wait for', { isInput: false }],
  ['came early and is found by now', { outcome: 'early', takenEventId: id(2) }],
])('of one that %s nothing is left to do', (_, change) => {
  expect(after(change)).toEqual([])
})

test('of a notice that an upstream did not refresh nothing is left to do', () => {
  expect(nextOf({ eventId: `raw/a/${KEY}/not-refreshed-1.4`, outcome: 'unmatched' })).toEqual([])
})

test('a notice that was refused is sent again once that is put right', () => {
  const refused = {
    eventId: `raw/a/${KEY}/not-refreshed-1.4`,
    outcome: 'refused',
    reason: 'unknown-product: none',
  } as const
  expect(nextOf(refused)).toMatchObject([{ command: expect.stringContaining('sluice events redrive') }])
})

test('one that was published and came to nobody says so', () => {
  const of = {
    revision: 1,
    lastRevision: 1,
    publishedAt: SEEN,
    location: 's3://d1/ds/',
    builtFrom: [],
    builtWithout: null,
    isTakenBack: false,
  }
  const report = toReport(`${CYCLE}/r1`, { published: { cycle: CYCLE, ...of }, receipts: [], siblings: [] })
  expect(eventLines(report)).toEqual([
    `${CYCLE}/r1`,
    `  published by ${CYCLE} at ${SEEN}`,
    '  lies at s3://d1/ds/',
    '  no domain has received it: no definition waits for it, or it is under way',
  ])
})

test('one that came too late to open its cycle is not sent again: who opens the cycle has it', () => {
  const [next, ...others] = nextOf({ outcome: 'unmatched', reason: TOO_OLD })
  expect(others).toEqual([])
  expect(next).toEqual({ why: expect.stringContaining('once a person opens it: sluice open'), command: null })
})

test('one that was taken back says so, and offers nothing to get it taken', () => {
  const late = { deliveries: [deliveryOf({})] }
  expect(nextOf(late)).toHaveLength(1)
  const report = reportOf([receiptOf({ ...late, isTakenBack: true })])
  expect(report).toMatchObject({ isTakenBack: true, next: [] })
  expect(eventLines(report)).toContain('  taken back by its producer: no cycle that has not begun takes it')
})

test('a mistyped id: the likeliest first; far from all, those of the same cycle', () => {
  const known = [id(1), id(2), `raw/ab/${KEY}/r1`, 'sqs:m1']
  expect(nearestIds(`raw/ab/${KEY}/r2`, undefined, known)).toEqual([id(2), `raw/ab/${KEY}/r1`, id(1)])
  expect(nearestIds(`raw/a/${KEY}`, `raw/a/${KEY}`, known)).toEqual([id(1), id(2)])
  expect(nearestIds('nothing like it', undefined, known)).toEqual([])
})

test('in a list an event has one line, however many cycles it came to', () => {
  const deliveries = Array.from({ length: 5 }, (_, at) => ({
    ...{ ...deliveryOf({ cycle: `d1/p${at}/${KEY}` as CycleId }), domain: 'd1' as Domain, eventId: id(2) },
  }))
  expect(toDeedCell({ reason: null, deliveries })).toBe(
    'd1/p0/2026-11-20 late, d1/p1/2026-11-20 late, d1/p2/2026-11-20 late, and 2 more',
  )
  expect(toDeedCell({ reason: 'nobody waits', deliveries: [] })).toBe('nobody waits')
})
