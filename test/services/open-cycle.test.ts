// Opening a cycle by hand, against a real Temporal and a real PostgreSQL: once, also when Temporal has forgotten it.
import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openByHand } from '../../cli/open-cycle.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { isOutage } from '../../clients/postgres-errors.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { dateAt } from '../../model/calendar/wall-time.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type CycleKey, toCycleId } from '../../model/ids.ts'
import {
  catalogOf,
  definitionOf,
  inputOf,
  NOON_MS,
  toKey,
  toProduct,
  versionOf,
} from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { isThere, type LentTemporal, lendTemporal } from './temporal.ts'

/** Older than any event that may still open a cycle. */
const OLD = toKey('2020-01-06')
const DAILY = definitionOf('d1/daily', [], { every: 'day' })
const SETTINGS = { checkGlueMs: 1_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }

let temporal: LentTemporal
let client: Client
let lent: LentDatabase
let away: Postgres
beforeAll(async () => {
  temporal = await lendTemporal()
  client = temporal.client
  lent = await lendDatabase()
  away = openPostgres('postgres://nobody@127.0.0.1:1/none')
})
afterAll(async () => {
  await Promise.all([away.end(), lent.drop(), temporal.stop()])
})

const open = (key: CycleKey, mirror?: Postgres) =>
  openByHand(client, catalogOf([versionOf(DAILY)]), { product: toProduct('d1/daily'), key }, SETTINGS, mirror)

test('a cycle is opened once', async () => {
  const key = toKey('2020-01-01')
  expect(await open(key, lent.db)).toEqual({ kind: 'opened', cycle: 'd1/daily/2020-01-01' })
  expect(await open(key, lent.db)).toEqual({ kind: 'existing', cycle: 'd1/daily/2020-01-01' })
  expect(await open(key)).toEqual({ kind: 'existing', cycle: 'd1/daily/2020-01-01' })
})

test('one of the far future is not: it would wait for ever in everybody’s way', async () => {
  expect(await open(toKey('2999-01-01'), lent.db)).toEqual({
    kind: 'refused',
    reason: 'd1/daily/2999-01-01 is due at 2999-01-01T05:00:00.000Z and opens by itself then.',
  })
})

test('one that Temporal has forgotten and the mirror remembers is there already, and does not begin anew', async () => {
  await recordCycle(lent.db, toRecord(openRun(inputOf(DAILY, { key: OLD }), NOON_MS), 0))
  expect(await open(OLD, lent.db)).toEqual({ kind: 'existing', cycle: `d1/daily/${OLD}` })
  expect(await isThere(client, toCycleId(DAILY.product, OLD))).toBe(false)
})

test('while the mirror is away, one that only it would know is not opened; a young one, which Temporal knows, is', async () => {
  const today = dateAt(Date.now(), DAILY.timezone) as CycleKey
  expect(isOutage(await open(toKey('2020-01-07'), away).catch((error: unknown) => error))).toBe(true)
  expect(await isThere(client, 'd1/daily/2020-01-07')).toBe(false)
  expect(await open(today, away)).toMatchObject({ kind: 'opened' })
})
