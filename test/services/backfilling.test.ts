// What a backfill's activities do, against a real Temporal and a real PostgreSQL: a cycle is opened once, also when Temporal
// has forgotten it; and how each stands, as its row has it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBackfilling } from '../../activities/backfilling.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { isOutage } from '../../clients/postgres-errors.ts'
import { listSeen } from '../../mirror/backfill.ts'
import { recall } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { buildIndex } from '../../model/calendar/routing.ts'
import { type Cycle, type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { ProductDefinition } from '../../model/definition.ts'
import { type CycleKey, toCycleId } from '../../model/ids.ts'
import {
  catalogOf,
  definitionOf,
  inputOf,
  NOON_MS,
  publishedOf,
  toKey,
  toProduct,
  versionOf,
} from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { isThere, type LentTemporal, lendTemporal, startInputOf } from './temporal.ts'

let temporal: LentTemporal
let lent: LentDatabase
beforeAll(async () => {
  ;[temporal, lent] = await Promise.all([lendTemporal(), lendDatabase()])
})
afterAll(async () => {
  await Promise.all([lent.drop(), temporal.stop()])
})

const define = (name: string, dependsOn: string[] = [], change: Partial<ProductDefinition> = {}) =>
  definitionOf(`d1/${name}`, dependsOn, change)

const backfillingOf = (definition: ProductDefinition, db: Postgres = lent.db) =>
  createBackfilling({
    ...{ temporal: temporal.client, db, settings: inputOf(definition).settings, nowMs: () => NOON_MS },
    warn: () => undefined,
    loadIndex: async () => buildIndex(catalogOf([versionOf(definition)])),
    recallArrivals: ({ domain, expected }) => recall(db, domain, expected),
  })

const write = (
  definition: ProductDefinition,
  key: string,
  become: (cycle: Cycle) => Cycle,
  change: Partial<CycleInput> = {},
) => recordCycle(lent.db, toRecord(become(openRun(inputOf(definition, { ...change, key: toKey(key) }), NOON_MS)), 0))

const keys = (...texts: string[]): CycleKey[] => texts.map(toKey)

test('opens each cycle with all that a cycle has, and says whether it begins at once', async () => {
  const definition = define('opens', ['raw/a'])
  await write(definitionOf('raw/a'), '2026-11-09', publishedOf)
  const asked = { product: definition.product, keys: keys('2026-11-09', '2026-11-10'), backfill: 'backfill/d1/opens/x' }

  expect(await backfillingOf(definition).openBackfilled(asked)).toEqual([
    { key: '2026-11-09', answer: 'opened', isReady: true },
    { key: '2026-11-10', answer: 'opened', isReady: false },
  ])
  const cycle = toCycleId(definition.product, toKey('2026-11-09'))
  expect(await startInputOf<CycleInput>(temporal.client, cycle)).toMatchObject({
    ...{ key: '2026-11-09', openedBy: 'backfill', definitionVersion: 1, past: null },
    expected: [{ product: 'raw/a', key: '2026-11-09' }],
  })
  const described = await temporal.client.workflow.getHandle(cycle).describe()
  expect(described).toMatchObject({ priority: { priorityKey: 5 }, memo: { backfill: 'backfill/d1/opens/x' } })
})

test('asked again it knows its own from those of others, and opens none twice', async () => {
  const definition = define('again')
  const asked = { product: definition.product, keys: keys('2026-11-09') }
  const answers: string[] = []
  for (const backfill of ['one', 'one', 'other']) {
    const [opened] = await backfillingOf(definition).openBackfilled({ ...asked, backfill })
    answers.push(opened?.answer ?? '')
  }
  expect(answers).toEqual(['opened', 'opened', 'existing'])
})

test('one that Temporal has forgotten and the mirror remembers is there, and does not begin anew', async () => {
  const definition = define('forgotten')
  await write(definition, '2020-01-06', publishedOf)
  const asked = { product: definition.product, keys: keys('2020-01-06'), backfill: 'one' }
  const opened = await backfillingOf(definition).openBackfilled(asked)
  expect(opened).toEqual([{ key: '2020-01-06', answer: 'existing', isReady: true }])
  expect(await isThere(temporal.client, toCycleId(definition.product, toKey('2020-01-06')))).toBe(false)
})

test('what the definition in force does not have any more, or opens by itself, is refused with the reason', async () => {
  const definition = define('refused')
  const asked = { product: definition.product, keys: keys('2026-11-14', '2026-11-23'), backfill: 'one' }
  expect(await backfillingOf(definition).openBackfilled(asked)).toMatchObject([
    { key: '2026-11-14', answer: 'refused', reason: expect.stringContaining('not a business day of weekdays') },
    { key: '2026-11-23', answer: 'refused', reason: 'it opens by itself when it is due' },
  ])
  const gone = { ...asked, product: toProduct('d1/gone') }
  expect(await backfillingOf(definition).openBackfilled(gone)).toMatchObject([
    { answer: 'refused', reason: 'no definition of d1/gone is applied any more' },
    { answer: 'refused' },
  ])
})

test('while PostgreSQL is away nothing is opened', async () => {
  const away = openPostgres('postgres://nobody@127.0.0.1:1/none')
  const definition = define('away')
  const asked = { product: definition.product, keys: keys('2026-11-09'), backfill: 'one' }
  const opening = backfillingOf(definition, away).openBackfilled(asked)
  expect(isOutage(await opening.catch((error: unknown) => error))).toBe(true)
  expect(await isThere(temporal.client, toCycleId(definition.product, toKey('2026-11-09')))).toBe(false)
  await away.end()
})

test('how each stands: waiting, held, at work, failed, without a run; of others nothing', async () => {
  const definition = define('stands', ['raw/b'])
  const begun = (cycle: Cycle): Cycle => applyFact(cycle, { kind: 'begun' }, NOON_MS)
  const held = { actor: 'ann', reason: 'audit', sinceMs: NOON_MS, of: 'product' } as const
  await write(definition, '2026-11-09', (cycle) => cycle)
  await write(definition, '2026-11-10', (cycle) => cycle, { expected: [] })
  await write(definition, '2026-11-11', (cycle) => cycle, { expected: [], held })
  await write(definition, '2026-11-12', begun)
  await write(definition, '2026-11-13', begun)
  await write(definition, '2026-11-16', publishedOf)
  await write(define('other'), '2026-11-17', publishedOf)
  const ended = toCycleId(definition.product, toKey('2026-11-13'))
  await lent.db.changed(`update data_product_status set run_ended_as = 'terminated' where cycle = $1`, [ended])

  const asked = ['09', '10', '11', '12', '13', '16', '17'].map((day) => toKey(`2026-11-${day}`))
  const stands = (key: string, state: string, isWaiting = false, isWithoutRun = false) => ({
    key,
    state,
    isWaiting,
    isWithoutRun,
    ...{ sinceMs: expect.any(Number), runNumber: 1, version: expect.any(Number) },
  })
  expect(await listSeen(lent.db, definition.product, asked)).toEqual([
    stands('2026-11-09', 'WAITING', true),
    stands('2026-11-10', 'WAITING'),
    stands('2026-11-11', 'WAITING', true),
    stands('2026-11-12', 'PROCESSING'),
    stands('2026-11-13', 'PROCESSING', false, true),
    stands('2026-11-16', 'COMPLETED'),
  ])
  expect(await listSeen(lent.db, definition.product, keys('2026-11-09'))).toHaveLength(1)
})
