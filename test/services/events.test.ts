// What a person asks of the ledger, on a real server: which events there were, and all of one of them.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReport } from '../../cli/events-show.ts'
import { eventLines } from '../../cli/event-words.ts'
import { listKnownIds } from '../../mirror/event-report.ts'
import { type EventFilter, listEvents } from '../../mirror/events.ts'
import { recordUntaken, type UntakenEvent } from '../../mirror/ledger.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type CycleId, type Domain, parseEventId } from '../../model/ids.ts'
import {
  arrivalOf,
  definitionOf,
  HOUR_MS,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../../model/samples.test-data.ts'
import type { DeliveryOutcome } from '../../model/states.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

let lent: LentDatabase
beforeAll(async () => {
  lent = await lendDatabase()
  await tellTheDay()
})
afterAll(() => lent.drop())

const [D1, D2] = ['d1', 'd2'] as Domain[] as [Domain, Domain]
const CYCLE = `d1/ds/${KEY}` as CycleId
const id = (product: string, revision = 1): string => `${product}/${KEY}/r${revision}`
const list = async (filter: Partial<EventFilter>): Promise<string[]> =>
  (await listEvents(lent.db, { limit: 50, ...filter })).map(({ domain, eventId }) => `${domain} ${eventId}`)

/** d1/ds takes raw/a and completes; then raw/a is corrected, and raw/b comes, which nobody in d2 waits for. */
async function tellTheDay(): Promise<void> {
  const { db } = lent
  const whole = arrivalOf('raw/a', { builtFrom: [{ product: toProduct('x/y'), cycle: KEY, revision: 3 }] })
  const waiting = openRun(inputOf(definitionOf('d1/ds', ['raw/a'])), NOON_MS)
  await recordCycle(db, toRecord(publishedOf(applyArrival(waiting, whole, NOON_MS), NOON_MS + HOUR_MS), 0))
  await recordUntaken(db, D1, [
    {
      ...untaken('raw/a', 2),
      outcome: 'routed',
      reason: null,
      deliveries: [delivery('correction', 'revision 1 had arrived before')],
    },
  ])
  await recordUntaken(db, D2, [untaken('raw/a', 2), { ...untaken('raw/b', 1), builtWithout: [toProduct('x/z')] }])
  await recordUntaken(db, D2, [{ ...untaken('raw/b', 1), messageId: 'again' }])
}

const delivery = (outcome: DeliveryOutcome, note: string) => ({
  cycle: CYCLE,
  upstream: toProduct('raw/a'),
  outcome,
  note,
})

const untaken = (product: string, revision: number): UntakenEvent => ({
  ...{
    eventId: id(product, revision),
    outcome: 'unmatched',
    reason: 'nobody waits',
    messageId: `m-${product}-${revision}`,
  },
  ...{
    body: '{}',
    source: 'dataproduct.raw',
    account: '111111111111',
    product: toProduct(product),
    key: KEY,
    revision,
  },
  ...{ location: `s3://raw/${revision}/`, correlationId: 'c', occurredAt: '2026-11-20T11:00:00.000Z', deliveries: [] },
})

describe('events are listed newest first,', () => {
  test.each<[string, Partial<EventFilter>, string[]]>([
    ['by domain', { domain: D1 }, [`d1 ${id('raw/a', 2)}`, `d1 ${id('raw/a')}`]],
    ['by product', { product: 'raw/b' }, [`d2 ${id('raw/b')}`]],
    ['by outcome', { domain: D2, outcomes: ['unmatched'], product: 'raw/a' }, [`d2 ${id('raw/a', 2)}`]],
    ['by what they were to a cycle', { delivery: 'correction' }, [`d1 ${id('raw/a', 2)}`]],
    ['that came to a cycle', { cycle: CYCLE }, [`d1 ${id('raw/a', 2)}`, `d1 ${id('raw/a')}`]],
    [
      'of a cycle that were this to another',
      { cycle: `raw/a/${KEY}` as CycleId, delivery: 'satisfied' },
      [`d1 ${id('raw/a')}`],
    ],
    ['seen before an instant', { to: '2026-11-20T12:00:00.001Z' }, [`d1 ${id('raw/a')}`]],
    ['seen since another', { to: '2026-11-20T13:00:00Z', from: '2026-11-20T12:00:00.001Z' }, []],
    ['so many', { domain: D1, limit: 1 }, [`d1 ${id('raw/a', 2)}`]],
  ])('%s', async (_, filter, expected) => {
    expect(await list(filter)).toEqual(expected)
  })

  test('those of a cycle in every domain', async () => {
    const found = await list({ cycle: `raw/a/${KEY}` as CycleId })
    expect(found.toSorted()).toEqual([`d1 ${id('raw/a')}`, `d1 ${id('raw/a', 2)}`, `d2 ${id('raw/a', 2)}`])
  })
})

describe('of one event is shown', () => {
  test('what the cycle that took it made of it, of what it was built, and that it was corrected', async () => {
    const report = await readReport(lent.db, id('raw/a'))
    expect(report).toMatchObject({
      correctedBy: id('raw/a', 2),
      next: [],
      receipts: [
        {
          ...{ domain: 'd1', outcome: 'routed', builtFrom: [{ product: 'x/y', revision: 3 }] },
          deliveries: [
            { cycle: CYCLE, outcome: 'satisfied', runNumber: 1, state: 'COMPLETED', takenEventId: id('raw/a') },
          ],
        },
      ],
    })
  })

  test('in each domain what it was there, by whose word, and the next step', async () => {
    const report = await readReport(lent.db, id('raw/a', 2))
    expect(report?.receipts).toMatchObject([
      {
        domain: 'd1',
        deliveries: [{ outcome: 'correction', runNumber: null, takenEventId: id('raw/a'), isInput: true }],
      },
      { domain: 'd2', outcome: 'unmatched', deliveries: [] },
    ])
    expect(report?.next.map(({ command }) => command)).toEqual([
      `sluice rerun ${CYCLE} --reason "<why>"`,
      `sluice events redrive d2 ${id('raw/a', 2)}`,
    ])
    expect((await readReport(lent.db, id('raw/a', 2), D2))?.receipts.map(({ domain }) => domain)).toEqual(['d2'])
  })

  test('how often it came, and what it was made without', async () => {
    const lines = eventLines((await readReport(lent.db, id('raw/b')))!)
    expect(lines).toContain('  built without x/z')
    expect(lines.find((line) => line.startsWith('  in d2'))).toMatch(
      /unmatched \(nobody waits\), first seen .*, came 2 times/,
    )
  })

  test('what no ledger has, but a cycle has published', async () => {
    const report = await readReport(lent.db, id('d1/ds'))
    expect(report).toMatchObject({
      receipts: [],
      published: { cycle: CYCLE, revision: 1, builtFrom: [{ product: 'raw/a' }] },
    })
    expect(await readReport(lent.db, id('d1/ds', 2))).toBeUndefined()
    expect(await readReport(lent.db, id('d1/ds'), D1)).toBeUndefined()
  })

  test('of an id that nobody knows: nothing, and those that may be meant', async () => {
    expect(await readReport(lent.db, id('raw/c'))).toBeUndefined()
    expect(await readReport(lent.db, 'no id at all\0')).toBeUndefined()
    const { cycle } = parseEventId(id('raw/b', 9))!
    expect(await listKnownIds(lent.db, cycle)).toEqual([id('raw/a'), id('raw/a', 2), id('raw/b')])
    expect(await listKnownIds(lent.db, undefined, D1)).toEqual([id('raw/a'), id('raw/a', 2)])
  })
})

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

function sluice(...args: string[]): { code: number | null; out: string; err: string } {
  const env = { ...process.env, DATABASE_URL: lent.url }
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'events', ...args], { env, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

describe('the command', () => {
  test('lists for people and for programs', () => {
    const { code, out } = sluice('list', '--domain', 'd1')
    expect(code).toBe(0)
    expect(out.split('\n')[1]).toContain(`d1      ${id('raw/a', 2)}  routed  ${CYCLE} correction`)
    expect(JSON.parse(sluice('list', '--cycle', CYCLE, '--delivery', 'satisfied', '-o', 'json').out)).toMatchObject([
      { eventId: id('raw/a'), deliveries: [{ cycle: CYCLE, outcome: 'satisfied' }] },
    ])
    expect(sluice('list', '--to', '2001-01-01')).toEqual({ code: 0, out: '', err: 'No event is like that.\n' })
  })

  test('shows one, and of an unknown one says which may be meant', () => {
    expect(JSON.parse(sluice('show', id('raw/a'), '-o', 'json').out)).toMatchObject({ correctedBy: id('raw/a', 2) })
    expect(sluice('show', id('raw/b')).out.split('\n')[0]).toBe(id('raw/b'))
    const { code, out, err } = sluice('show', `raw/b/${KEY}`)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`No ledger has an event "raw/b/${KEY}"; the nearest known are ${id('raw/b')}`)
    expect(sluice('show', id('raw/b'), '--domain', 'd1').err).toContain(
      `The ledger of d1 has no event "${id('raw/b')}"`,
    )
  })
})
