// I1 of events that no cycle is opened by, and of events of somebody else's shape.
import { describe, expect, test } from 'vitest'
import { type CycleId, toCycleId } from '../model/ids.ts'
import type { UpstreamDefinition } from '../model/definition.ts'
import { REFRESHED } from '../model/refresh-event.ts'
import {
  arrivalOf,
  definitionOf,
  HOUR_MS,
  inputOf,
  KEY,
  NOON_MS,
  toKey,
  toProduct,
  versionOf,
} from '../model/samples.test-data.ts'
import { checkEvents } from './events-kept.ts'
import type { Evidence, SandboxRow } from './evidence.ts'
import { cycleEvidenceOf, deliveryOf, evidenceOf, ledgerRowOf, type Told } from './evidence.test-data.ts'

const CYCLE = toCycleId(toProduct('d1/ds3'), KEY)
const THURSDAY = toKey('2026-11-19')
const says = (evidence: Evidence) => checkEvents(evidence).violations.map((one) => one.says)

const consumerOf = (upstream: Partial<UpstreamDefinition> & { product: UpstreamDefinition['product'] }) =>
  definitionOf('d1/ds3', [], { dependsOn: [upstream] })

/** Into the queue of d1, an hour before noon. */
const queued = (eventId: string): SandboxRow => ({
  ...{ seq: 1, atMs: NOON_MS - HOUR_MS, kind: 'event-routed', service: 'events', account: '' },
  facts: {
    ...{ detailType: REFRESHED, metadataId: eventId, messageId: `m-${eventId}`, source: 'dataproduct.raw' },
    targetArn: 'arn:aws:sqs:us-east-1:222222222222:sluice-d1-events',
  },
})

describe('an event that was kept for the cycles that look back', () => {
  const definition = consumerOf({ product: toProduct('raw/rd1'), match: { kind: 'latest-within', days: 7 } })
  const input = inputOf(definition, {
    expected: [
      { product: toProduct('raw/rd1'), key: THURSDAY },
      { product: toProduct('raw/rd1'), key: KEY },
    ],
    condition: { kind: 'newest', of: [0, 1] },
  })
  const [first, second] = [1, 2].map((revision) => arrivalOf('raw/rd1', { key: THURSDAY, revision })) as [
    ReturnType<typeof arrivalOf>,
    ReturnType<typeof arrivalOf>,
  ]
  interface Case {
    redrivenAt?: string | null
    firstMs?: number
    openedMs?: number
    status?: string
  }
  const judge = (
    told: Told[],
    { redrivenAt = null, openedMs = NOON_MS, status = 'RUNNING', firstMs = NOON_MS - HOUR_MS }: Case = {},
  ) => {
    const firstSeenAt = new Date(firstMs).toISOString()
    const cycle = cycleEvidenceOf(input, told, openedMs)
    for (const run of cycle.runs) run.status = status
    return says(
      evidenceOf({
        sandbox: [queued(first.eventId), queued(second.eventId)],
        cycles: [cycle],
        definitions: [versionOf(definition)],
        ledger: {
          events: [ledgerRowOf(first, { firstSeenAt, redrivenAt }), ledgerRowOf(second, { firstSeenAt })],
          deliveries: told.some((one) => 'recall' in one && one.recall.length > 0) ? [deliveryOf(second, CYCLE)] : [],
        },
      }),
    )
  }

  test('is nobody’s violation where a newer revision was recalled in its place, also after it was sent again', () => {
    expect(judge([{ recall: [second] }])).toEqual([])
    expect(judge([{ recall: [second] }], { redrivenAt: new Date(NOON_MS - HOUR_MS / 2).toISOString() })).toEqual([])
  })

  test('nor while the cycle has recalled nothing yet', () => {
    expect(judge([])).toEqual([])
  })

  test('but a recall that does not bring the newest has lost it', () => {
    expect(judge([{ recall: [] }])).toEqual([
      expect.stringContaining(`${first.eventId} has 0 outcomes for ${CYCLE}`),
      expect.stringContaining(`${second.eventId} has 0 outcomes for ${CYCLE}`),
    ])
  })

  test('nor where it was written down only after the cycle had opened, from what another cycle took', () => {
    expect(judge([{ recall: [] }], { firstMs: NOON_MS + HOUR_MS })).toEqual([])
  })

  test('nor where the cycle ended before it wrote anything: no bridge can know of it', () => {
    const again = { redrivenAt: new Date(NOON_MS + HOUR_MS).toISOString() }
    expect(judge([], { ...again, status: 'TERMINATED' })).toEqual([])
  })

  test('and a cycle that was open when it came, or came again, must have judged it', () => {
    const wasOpen = { openedMs: NOON_MS - 2 * HOUR_MS }
    expect(judge([{ recall: [second] }], wasOpen)).toEqual([expect.stringContaining(`${first.eventId} has 0`)])
    const again = { redrivenAt: new Date(NOON_MS + HOUR_MS).toISOString() }
    expect(judge([{ recall: [second] }], again)).toEqual([expect.stringContaining(`${first.eventId} has 0`)])
  })
})

test('a closed cycle of another rule than the present one is not asked', () => {
  const definition = consumerOf({ product: toProduct('raw/rd1') })
  const present = consumerOf({ product: toProduct('raw/rd1'), match: { kind: 'business-days-before', n: 1 } })
  const one = arrivalOf('raw/rd1')
  const evidence = (status: string) => {
    const cycle = cycleEvidenceOf(inputOf(definition), [{ wrote: 1 }], NOON_MS - 2 * HOUR_MS)
    for (const run of cycle.runs) run.status = status
    const ledger = { events: [ledgerRowOf(one)], deliveries: [] }
    return evidenceOf({ sandbox: [queued(one.eventId)], cycles: [cycle], definitions: [versionOf(present)], ledger })
  }
  expect(says(evidence('COMPLETED'))).toEqual([])
  expect(says(evidence('RUNNING'))).toEqual([expect.stringContaining('has 0 outcomes')])
})

describe('an event of somebody else’s shape', () => {
  const product = toProduct('d1/closes')
  const definition = consumerOf({ product })
  const closes = (token = 'e-1', revision = 5) =>
    arrivalOf('d1/closes', { eventId: `external:d1/closes/${KEY}/${token}`, revision })
  const other: CycleId = toCycleId(toProduct('d1/ds4'), KEY)
  const waiting = [definition, { ...definition, product: toProduct('d1/ds4') }]

  interface Case {
    told?: Told[][]
    ledger: Evidence['ledger']
    openedMs?: number
  }
  const judge = ({ told = [[{ arrive: [closes()] }], [{ arrive: [closes()] }]], ledger, openedMs }: Case) =>
    says(
      evidenceOf({
        cycles: waiting.map((one, at) => cycleEvidenceOf(inputOf(one), told[at] ?? [], openedMs)),
        definitions: waiting.map((one) => versionOf(one)),
        ledger,
      }),
    )
  const both = [deliveryOf(closes(), CYCLE), deliveryOf(closes(), other)]

  test('reaches each cycle that waits for it, once', () => {
    expect(judge({ ledger: { events: [ledgerRowOf(closes())], deliveries: both } })).toEqual([])
  })

  test.each([
    ['lost on its way to one', both.slice(0, 1), 'has 0 outcomes for d1/ds4/'],
    ['told twice to one', [...both, ...both.slice(1)], 'has 2 outcomes for d1/ds4/'],
  ])('%s is seen, also where that cycle’s history does not know it', (_, deliveries, what) => {
    const told = [[{ arrive: [closes()] }], []]
    expect(judge({ told, ledger: { events: [ledgerRowOf(closes())], deliveries } })).toEqual([
      expect.stringContaining(what),
    ])
  })

  test('brought to a cycle, it has its row', () => {
    expect(judge({ ledger: { events: [], deliveries: both } })).toEqual([
      expect.stringContaining('has 0 rows in event_ledger'),
    ])
  })

  test('kept until somebody waits for it, it is asked of those who opened later and recalled', () => {
    const firstSeenAt = new Date(NOON_MS - HOUR_MS).toISOString()
    const ledger = { events: [ledgerRowOf(closes(), { outcome: 'unmatched', firstSeenAt })], deliveries: [] }
    expect(judge({ told: [[{ recall: [] }], []], ledger })).toEqual([
      expect.stringContaining(`has 0 outcomes for ${CYCLE}`),
    ])
    expect(judge({ told: [[{ recall: [] }], []], ledger, openedMs: NOON_MS - 2 * HOUR_MS })).toEqual([])
  })
})
