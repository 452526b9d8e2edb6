// What a tick repairs, against a real Temporal and a real PostgreSQL: cycles that wait for what is published hear of it.
import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createRepairing } from '../../activities/repairing.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { type CycleRecord, type CycleSnapshot, toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { arrivalOf, definitionOf, inputOf, KEY, NOON_MS } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { NOT_ASKED } from './refresh-messages.ts'
import { isThere, type LentTemporal, lendTemporal, signalsOf } from './temporal.ts'

let temporal: LentTemporal
let client: Client
let lent: LentDatabase
/** Of the test's own, so that no test's cycles wait in another's repair. */
let domain: Domain
beforeAll(async () => {
  temporal = await lendTemporal()
  client = temporal.client
  lent = await lendDatabase()
})
afterAll(async () => {
  await lent.drop()
  await temporal.stop()
})
beforeEach(() => {
  domain = `d${randomUUID().slice(0, 8)}` as Domain
})

test('a cycle that waits for what is published hears of it, as often as it waits, and only then', async () => {
  const [waiting, other] = [await openCycle('waiting', ['a', 'b']), await openCycle('other', ['b'])]
  expect(await repair()).toEqual({ repaired: 0 })

  await publish('a')
  expect(await repair()).toEqual({ repaired: 1 })
  expect(await heardBy(waiting)).toEqual([[arrival('a')]])
  expect(await heardBy(other)).toEqual([])

  await publish('b')
  expect(await repair()).toEqual({ repaired: 2 })
  expect((await heardBy(waiting)).at(-1)).toEqual([arrival('a'), arrival('b')])
  expect(await heardBy(other)).toEqual([[arrival('b')]])

  await openCycle('waiting', ['a', 'b'], { dependencies: arrivedOf(['a', 'b']), state: 'PROCESSING' })
  expect(await repair()).toEqual({ repaired: 1 })
})

test('of an event from outside the mesh the domain’s ledger knows', async () => {
  const cycle = await openCycle('waiting', ['outside'])
  const { eventId, product, key, revision, location, correlationId, occurredAt } = arrival('outside')
  const event = { eventId, product, key, revision, location, correlationId, occurredAt }
  const told = { outcome: 'unmatched', reason: 'nobody waits', messageId: 'm', body: '{}' } as const
  await recordUntaken(lent.db, domain, [{ ...event, ...told, source: 's', account: 'a', deliveries: [] }])
  expect(await repair()).toEqual({ repaired: 1 })
  expect(await heardBy(cycle)).toEqual([[arrival('outside')]])
})

test.each([
  ['WAITING', null, 1],
  ['ERROR', 'wait', 1],
  ['ERROR', 'run', 0],
  ['PROCESSING', null, 0],
  ['SKIPPED', null, 0],
] as const)('a cycle in %s(%s) is told %i times of what it has no arrival of', async (state, step, times) => {
  const cycle = await openCycle('one', ['a'], { state, step })
  await publish('a')
  expect(await repair()).toEqual({ repaired: times })
  expect(await heardBy(cycle)).toHaveLength(times)
})

test('what another domain keeps to itself stays unheard', async () => {
  await openCycle('one', ['a'])
  await publish('a', { visibility: 'domain' })
  expect(await repair()).toEqual({ repaired: 0 })
})

test('cycles that are closed or never were in Temporal are passed over, none of them opened, the others told', async () => {
  const [closed, open] = [await openCycle('closed', ['a']), await openCycle('open', ['a'])]
  await client.workflow.getHandle(closed).terminate('closed, for the test')
  await recordCycle(lent.db, recordOf('unknown', ['a']))
  await publish('a')
  expect(await repair()).toEqual({ repaired: 1 })
  expect(await heardBy(open)).toHaveLength(1)
  expect(await isThere(client, `${domain}/unknown/${KEY}`)).toBe(false)
})

test('while PostgreSQL is away nothing is repaired, which is said and is no failure', async () => {
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  const warned: string[] = []
  expect(await repair(nowhere, warned)).toEqual({ repaired: null })
  expect(warned).toEqual([expect.stringContaining('PostgreSQL does not answer')])
  await nowhere.end()
})

const repair = (db: Postgres = lent.db, warned: string[] = []): Promise<{ repaired: number | null }> =>
  createRepairing({ temporal: client, db, warn: (message) => void warned.push(message), ...NOT_ASKED }).repairArrivals({
    domain,
  })

const heardBy = (cycle: string): Promise<Arrival[][]> => signalsOf<Arrival[]>(client, cycle, ARRIVALS_SIGNAL)

/** Upstreams belong to a domain beside the test's own. */
const upstream = (name: string): string => `${domain}-up/${name}`
const arrival = (name: string): Arrival => arrivalOf(upstream(name))

const cycleOf = (name: string, upstreams: string[]) =>
  openRun(inputOf(definitionOf(`${domain}/${name}`, upstreams.map(upstream))), NOON_MS)

let version = 0
function recordOf(name: string, upstreams: string[], change: Partial<CycleSnapshot> = {}): CycleRecord {
  const record = toRecord(cycleOf(name, upstreams), 0)
  version += 1
  return { ...record, version, snapshot: { ...record.snapshot, ...change } }
}

const arrivedOf = (names: string[]): CycleSnapshot['dependencies'] =>
  cycleOf('x', names).dependencies.map((dependency) => ({ ...dependency, state: 'ARRIVED' as const }))

/** In Temporal, unless it is open there already, and in the mirror. */
async function openCycle(name: string, upstreams: string[], change: Partial<CycleSnapshot> = {}): Promise<string> {
  const start = toCycleStart(cycleOf(name, upstreams).input)
  await client.workflow.start(CYCLE_WORKFLOW, start)
  await recordCycle(lent.db, recordOf(name, upstreams, change))
  return start.workflowId
}

/** The upstream's own flush, in which it says what it has published. */
async function publish(name: string, change: Partial<CycleSnapshot> = {}): Promise<void> {
  const record = toRecord(openRun(inputOf(definitionOf(upstream(name))), NOON_MS), 0)
  const published = { state: 'COMPLETED' as const, revision: 1, publication: arrival(name) }
  await recordCycle(lent.db, { ...record, snapshot: { ...record.snapshot, ...published, ...change } })
}
