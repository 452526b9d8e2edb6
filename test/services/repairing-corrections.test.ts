// A correction that nobody delivered, found by the tick: its cycle runs again, or the ledger says once why it does not.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createRepairing } from '../../activities/repairing.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { listDeliveriesTo, listEvents } from '../../mirror/events.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readCycleRow } from '../../mirror/status.ts'
import { buildIndex } from '../../model/calendar/routing.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { OnRevision } from '../../model/definition.ts'
import type { Domain } from '../../model/ids.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { arrivalOf, catalogOf, definitionOf, inputOf, publishedOf, versionOf } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { insertApplied } from './applied-rows.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { NOT_ASKED, NOW_MS } from './refresh-messages.ts'
import { closeRun, isThere, type LentTemporal, lendTemporal, signalsOf, startInputOf } from './temporal.ts'

let temporal: LentTemporal
let lent: LentDatabase
let domain: Domain
/** How often a repair read the catalog. */
let loads = 0
beforeAll(async () => {
  ;[temporal, lent] = await Promise.all([lendTemporal(), lendDatabase()])
})
afterAll(() => Promise.all([temporal.stop(), lent.drop()]))
beforeEach(() => {
  domain = `d${randomUUID().slice(0, 8)}` as Domain
  loads = 0
})

const definition = (name: string, word: OnRevision) => {
  const { dependsOn, ...rest } = definitionOf(`${domain}/${name}`, ['raw/a'])
  return { ...rest, dependsOn: dependsOn.map((edge) => ({ ...edge, onRevision: word })) }
}
const record = async (cycle: Cycle): Promise<void> => void (await recordCycle(lent.db, toRecord(cycle, 0)))
const take = (input: CycleInput, arrival: Arrival): Cycle => applyArrival(openRun(input, NOW_MS), arrival, NOW_MS)

/** A cycle that ran on revision 1 of raw/a, and whose run Temporal has closed. */
async function completed(name: string, word: OnRevision = 'rerun'): Promise<Cycle> {
  const input = inputOf(definition(name, word), { definitionVersion: 1 })
  await insertApplied(lent.db, input, [{ upstream: 'raw/a', onRevision: word }])
  const cycle = publishedOf(take(input, arrivalOf('raw/a')), NOW_MS)
  await record(cycle)
  return cycle
}

/** Revision 2 is known to the domain: a cycle of its own that waited for it took it. */
const correct = (): Promise<void> =>
  record(take(inputOf(definitionOf(`${domain}/other`, ['raw/a'])), arrivalOf('raw/a', { revision: 2 })))

function repair(
  cycles: Cycle[],
  {
    nowMs = () => NOW_MS,
    isApplied = true,
    db = lent.db,
  }: { nowMs?: () => number; isApplied?: boolean; db?: Postgres } = {},
): Promise<{ repaired: number | null }> {
  const versions = cycles.map(({ input }) => versionOf(input.definition))
  const applied = isApplied ? versions : [versionOf(definitionOf(`${domain}/other`))]
  const loadIndex = async () => {
    loads += 1
    return buildIndex(catalogOf(applied))
  }
  const { settings } = NOT_ASKED
  const parts = { temporal: temporal.client, db, settings, loadIndex, nowMs }
  return createRepairing({ ...parts, warn: (said) => expect.unreachable(said) }).repairArrivals({ domain })
}

const wordOf = async ({ id }: Cycle): Promise<string[]> =>
  (await listDeliveriesTo(lent.db, id)).filter(({ revision }) => revision === 2).map(({ outcome }) => outcome)

test('what asks to run again is brought back as it stood, and told; the catalog is read once for all', async () => {
  const cycles = [await completed('one'), await completed('two')]
  expect(await repair(cycles)).toEqual({ repaired: 0 })
  expect(loads).toBe(0)
  await correct()
  expect(await repair(cycles)).toEqual({ repaired: 2 })
  expect(loads).toBe(1)
  for (const { id } of cycles) {
    const input = await startInputOf<CycleInput>(temporal.client, id)
    expect(input).toMatchObject({ openedBy: 'rerun', past: { runNumber: 1, state: 'COMPLETED', revision: 1 } })
    const told = await signalsOf<Arrival[]>(temporal.client, id, ARRIVALS_SIGNAL)
    expect(told).toEqual([[arrivalOf('raw/a', { revision: 2 })]])
  }
  // Open again: told once more, which it knows as a duplicate; no second run.
  expect(await repair(cycles)).toEqual({ repaired: 2 })
})

test('one whose last run the mirror has lost goes on from what that run says', async () => {
  const cycle = await completed('one')
  const start = { ...toCycleStart(cycle.input), workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const }
  await temporal.client.workflow.start(CYCLE_WORKFLOW, start)
  const { state, step, reason, dependencies } = cycle
  const result = {
    ...{ state, step, reason, dependencies },
    runNumber: 2,
    lastAttempt: 2,
    revision: 2,
    succeeded: null,
  }
  await closeRun(temporal.client, start.taskQueue, { result })
  await correct()
  expect(await repair([cycle])).toEqual({ repaired: 1 })
  const input = await startInputOf<CycleInput>(temporal.client, cycle.id)
  expect(input).toMatchObject({ openedBy: 'rerun', past: { runNumber: 2, revision: 2, lastAttempt: 2 } })
})

const DAY_MS = 86_400_000
test.each([
  ['as old as what opens no cycle', { nowMs: () => NOW_MS + 22 * DAY_MS }, 0],
  ['of a product that is applied no more', { isApplied: false }, 1],
] as const)('one %s is not brought back; what can be said is said once', async (_what, how, left) => {
  const cycle = await completed('one')
  await lent.db.changed('update data_product_status set updated_at = $2 where cycle = $1', [
    cycle.id,
    new Date(NOW_MS + 10 * DAY_MS),
  ])
  await correct()
  expect(await repair([cycle], how)).toEqual({ repaired: 0 })
  expect(await isThere(temporal.client, cycle.id)).toBe(false)
  expect(await wordOf(cycle)).toEqual(left ? [] : ['correction'])
  loads = 0
  expect(await repair([cycle], how)).toEqual({ repaired: 0 })
  expect(loads).toBe(left)
})

test('that it stood so too long ago waits for the next tick', async () => {
  const cycle = await completed('one')
  await correct()
  let nowMs = NOW_MS - 31_000
  expect(await repair([cycle], { nowMs: () => (nowMs += 31_000) })).toEqual({ repaired: 0 })
  expect(await isThere(temporal.client, cycle.id)).toBe(false)
  expect(await wordOf(cycle)).toEqual([])
  expect(await repair([cycle])).toEqual({ repaired: 1 })
})

/** The mirror, and what somebody else does just after it has said how a cycle stood. */
function mirrorAnd(work: () => Promise<unknown>): Postgres {
  const one: Postgres['one'] = async <Row extends object>(sql: string, params?: unknown[]) => {
    const row = await lent.db.one<Row>(sql, params)
    await work()
    return row
  }
  return { ...lent.db, one }
}

const open = ({ input }: Cycle) => temporal.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
const lastRun = async ({ id, input }: Cycle) => ({
  state: (await temporal.client.workflow.getHandle(id).describe()).status.name,
  isOwn: (await startInputOf<CycleInput>(temporal.client, id))?.openedBy !== input.openedBy,
  told: (await signalsOf(temporal.client, id, ARRIVALS_SIGNAL)).length,
})

test('one that was skipped while the tick looked at it stays so; the next tick writes down why', async () => {
  const cycle = await completed('one')
  await correct()
  const skip = async (): Promise<void> => {
    await open(cycle)
    const { step, reason, dependencies } = cycle
    const stood = { step, reason, dependencies, lastAttempt: 1, revision: 1, succeeded: null }
    await closeRun(temporal.client, toCycleStart(cycle.input).taskQueue, {
      result: { ...stood, runNumber: 2, state: 'SKIPPED' },
    })
  }
  expect(await repair([cycle], { db: mirrorAnd(skip) })).toEqual({ repaired: 0 })
  expect(await lastRun(cycle)).toEqual({ state: 'COMPLETED', isOwn: false, told: 0 })
  expect(await wordOf(cycle)).toEqual([])
  expect(await repair([cycle])).toEqual({ repaired: 0 })
  expect(await wordOf(cycle)).toEqual(['correction'])
})

test('one that somebody else opened while the tick looked at it is told', async () => {
  const cycle = await completed('one')
  await correct()
  expect(await repair([cycle], { db: mirrorAnd(() => open(cycle)) })).toEqual({ repaired: 1 })
  expect(await lastRun(cycle)).toEqual({ state: 'RUNNING', isOwn: false, told: 1 })
})

test('what only flags is told of it, so that it shows; what ignores it is not', async () => {
  const [flags, ignores] = [await completed('one', 'flag'), await completed('two', 'ignore')]
  await correct()
  expect(await repair([flags, ignores])).toEqual({ repaired: 0 })
  expect(await wordOf(flags)).toEqual(['correction'])
  // No message brought it once more.
  const [event] = await listEvents(lent.db, { domain, limit: 1 })
  expect(event).toMatchObject({ revision: 2, seen: 1 })
  expect(await wordOf(ignores)).toEqual([])
  expect((await readCycleRow(lent.db, flags.id))?.isOutdated).toBe(true)
  expect(await isThere(temporal.client, flags.id)).toBe(false)
})

test('a cycle that has not begun hears of the revision after the one that it holds, once', async () => {
  const input = { ...inputOf(definitionOf(`${domain}/waits`, ['raw/a', 'raw/b'])), definitionVersion: 1 }
  await temporal.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(input))
  const holds = take(input, arrivalOf('raw/a'))
  await record(holds)
  expect(await repair([holds])).toEqual({ repaired: 0 })
  await correct()
  expect(await repair([holds])).toEqual({ repaired: 1 })
  const told = await signalsOf<Arrival[]>(temporal.client, holds.id, ARRIVALS_SIGNAL)
  expect(told).toEqual([[arrivalOf('raw/a', { revision: 2 })]])
  await record(applyArrival(holds, arrivalOf('raw/a', { revision: 2 }), NOW_MS))
  expect(await repair([holds])).toEqual({ repaired: 0 })
})
