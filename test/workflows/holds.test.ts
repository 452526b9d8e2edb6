// A hold that passed a cycle by: the tick tells it after all, and lets go what is held with a product that is not.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createHoldRepairing } from '../../activities/repairing-holds.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import type { RoutingIndex } from '../../model/calendar/routing.ts'
import type { Held } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { arrivalOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { openDatabase } from './database.ts'
import { openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

const DOMAIN = 'holds' as Domain
const held: Held = { actor: 'ann', reason: 'source is wrong', sinceMs: 1_795_176_000_000, of: 'product' }

let stage: Stage
let database: Awaited<ReturnType<typeof openDatabase>>
beforeAll(async () => {
  stage = await openStage(inject('ground'), DOMAIN)
  database = await openDatabase()
})
afterAll(async () => {
  await stage.close()
  await database.close()
})

async function opened(name: string, input: { held?: Held } = {}): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], input: { key: toKey('2026-11-20'), ...input } })
  await cycle.start()
  await write(cycle)
  return cycle
}

const write = async (cycle: StagedCycle) => recordCycle(database.db, toRecord(await cycle.now(), 0))

const repair = (holds: Record<string, Held>, db: Postgres = database.db) =>
  createHoldRepairing({
    ...{ temporal: stage.client, db, warn: () => undefined },
    loadIndex: async () => ({ catalog: { holds } }) as unknown as RoutingIndex,
  }).repairHolds({ domain: DOMAIN })

test('holds what is not held, lets go what is, and leaves alone what is held by itself', async () => {
  const missed = await opened('missed')
  const still = await opened('still', { held })
  const own = await opened('own')
  await own.act('hold', { reason: 'one day only' })
  await write(own)
  const holds = { [`${DOMAIN}/missed`]: held }

  expect(await repair(holds)).toEqual({ repaired: 2 })

  expect((await missed.now()).held).toMatchObject({ actor: 'sluice', of: 'product' })
  expect((await missed.now()).actions.at(-1)?.reason).toContain('is held by ann since')
  expect((await still.now()).held).toBeNull()
  expect((await own.now()).held).toMatchObject({ actor: 'ann', of: 'cycle' })

  // Before the mirror has heard of it the same words are said again, and change nothing.
  const before = (await missed.now()).version
  await repair(holds)
  expect((await missed.now()).version).toBe(before)
  await Promise.all([missed, still, own].map(write))
  expect(await repair(holds)).toEqual({ repaired: 0 })

  await still.arrive(arrivalOf('raw/a'))
  await still.glueEnds(1)
  expect(await still.result()).toMatchObject({ state: 'COMPLETED' })
})

test('lets go what had completed and would run again for a correction', async () => {
  const edge = { product: toProduct('raw/a'), onRevision: 'rerun' as const }
  const cycle = stage.cycle('corrected', {
    definition: { dependsOn: [edge], settleMs: 1_000 },
    input: { key: toKey('2026-11-20') },
  })
  await cycle.arrive(arrivalOf('raw/a'))
  await cycle.untilGlueRuns(1)
  await cycle.act('hold', { of: 'product', reason: 'source is wrong' })
  await cycle.arrive(arrivalOf('raw/a', { revision: 2 }))
  await cycle.glueEnds(1)
  await cycle.untilState('COMPLETED')
  await write(cycle)

  // The cycle of the test before is held with its product.
  const holds = { [`${DOMAIN}/missed`]: held }
  expect(await repair(holds)).toEqual({ repaired: 1 })

  await cycle.glueEnds(2)
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
  await write(cycle)
  expect(await repair(holds)).toEqual({ repaired: 0 })
})

test('while PostgreSQL is away nothing is compared, which is said and is no failure', async () => {
  const nowhere = openPostgres('postgres://nobody@127.0.0.1:1/none')
  expect(await repair({}, nowhere)).toEqual({ repaired: null })
  await nowhere.end()
})
