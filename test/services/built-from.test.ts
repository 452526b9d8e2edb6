// What a refresh was made of and without, as the mirror and the ledger keep it: whoever opens later recalls it with the event.
import { expect, test } from 'vitest'
import { recordUntaken } from '../../mirror/ledger.ts'
import { readPast } from '../../mirror/past.ts'
import { type CycleRow, flagsAt, readCycleRow } from '../../mirror/status.ts'
import { listMissedArrivals, listMissedCorrections } from '../../mirror/missed.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { applyFact, type Fact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import {
  arrivalOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../../model/samples.test-data.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { insertApplied } from './applied-rows.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'

let lent: LentDatabase
useDatabase((given) => (lent = given))

const D1 = 'd1' as Domain
const from = (revision: number) => [{ product: toProduct('raw/a'), cycle: KEY, revision }]
const opened = (product: string, upstreams: string[]): Cycle =>
  openRun(inputOf(definitionOf(product, upstreams)), NOON_MS)
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), cycle)
const record = (cycle: Cycle) => recordCycle(lent.db, toRecord(cycle, 0))
const recalled = (product: string): Promise<Arrival[]> =>
  recallArrivals(lent.db, D1, [{ product: toProduct(product), key: KEY }])

test('of a publication: its row says what it was built from and without', async () => {
  const cycle = publishedOf(applyArrival(opened('d1/left', ['raw/a', 'raw/b']), arrivalOf('raw/a'), NOON_MS))
  await record(cycle)
  expect(await recalled('d1/left')).toEqual([cycle.published])
  expect(cycle.published).toMatchObject({ builtFrom: from(1), builtWithout: ['raw/b'] })
})

test('of an event that a cycle took: the ledger has it, and so has the input of a cycle that is brought back', async () => {
  const arrival = arrivalOf('x/right', { builtFrom: from(2), builtWithout: [toProduct('x/gone')] })
  const cycle = applyArrival(opened('d1/end', ['x/right']), arrival, NOON_MS)
  await record(cycle)
  expect(await recalled('x/right')).toEqual([arrival])
  const past = await readPast(lent.db, cycle.id)
  expect(past?.dependencies[0]?.arrival?.builtFrom).toEqual(from(2))
})

test('of an event that nobody took; a cycle that waits for it is told the same', async () => {
  const { key, ...arrival } = arrivalOf('x/late', { builtFrom: from(3), builtWithout: [toProduct('x/gone')] })
  const waiting = opened('d1/waits', ['x/late'])
  await record(waiting)
  await recordUntaken(lent.db, D1, [
    {
      ...{ ...arrival, key, outcome: 'unmatched', reason: 'nobody waits', messageId: 'm', body: '{}' },
      ...{ source: 'dataproduct.x', account: '111111111111', deliveries: [] },
    },
  ])
  expect(await recalled('x/late')).toEqual([{ ...arrival, key }])
  expect(await listMissedArrivals(lent.db, D1)).toEqual([{ cycle: waiting.id, arrivals: [{ ...arrival, key }] }])
})

test('a closed cycle whose input was corrected since says so, until a run has used the correction', async () => {
  const input = arrivalOf('x/input')
  const begun = after(applyArrival(opened('d1/closed', ['x/input']), input, NOON_MS), { kind: 'begun' })
  await record(begun)
  const flags = async () => flagsAt((await readCycleRow(lent.db, begun.id)) as CycleRow, NOON_MS)
  expect(await flags()).toEqual([])

  const newer = arrivalOf('x/input', { revision: 2 })
  const delivery = { cycle: begun.id, upstream: input.product, outcome: 'correction' as const, note: null }
  const told = { outcome: 'routed', reason: null, messageId: 'c', body: '{}', source: 's', account: 'a' } as const
  await recordUntaken(lent.db, D1, [{ ...newer, ...told, deliveries: [delivery] }])
  expect(await flags()).toEqual(['outdated'])

  const used = begun.dependencies.map((one) => ({ ...one, arrival: newer }))
  await record({ ...begun, runNumber: 2, dependencies: used })
  expect(await flags()).toEqual([])
})

test('of a publication that a cycle never heard of, a cycle that ran on the one before is told, unless it ignores it', async () => {
  const begunOn = (product: string): Cycle =>
    after(applyArrival(opened(product, ['x/lost']), arrivalOf('x/lost'), NOON_MS), { kind: 'begun' })
  const [asks, ignores] = [begunOn('d1/asks'), begunOn('d1/ignores')]
  for (const [{ input }, word] of [
    [asks, 'rerun'],
    [ignores, 'ignore'],
  ] as const) {
    await insertApplied(lent.db, input, [{ upstream: 'x/lost', onRevision: word }])
  }
  for (const cycle of [asks, ignores]) await record(cycle)
  expect(await listMissedCorrections(lent.db, D1, NOON_MS)).toEqual([])

  // Another cycle of the domain took it, so the ledger has it whole.
  const newer = arrivalOf('x/lost', { revision: 2 })
  await record(applyArrival(opened('d1/other', ['x/lost']), newer, NOON_MS))
  expect(await listMissedCorrections(lent.db, D1, NOON_MS)).toEqual([{ cycle: asks.id, arrivals: [newer] }])
  await record(applyArrival(asks, newer, NOON_MS))
  expect(await listMissedCorrections(lent.db, D1, NOON_MS)).toEqual([])
})
