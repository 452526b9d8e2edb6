// Edits in mid-flight: a definition drops, adds or rematches a dependency between the opening of a cycle and an arrival.
// The bridge's own parts over a real Temporal and PostgreSQL, by the catalog that an apply would write; the real workflow.
import { randomUUID } from 'node:crypto'
import type { GlueClient } from '@aws-sdk/client-glue'
import pino from 'pino'
import { expect, test } from 'vitest'
import { createRecalling } from '../../activities/recalling.ts'
import { createCallPace } from '../../bridge/call-pace.ts'
import { createTakenBack } from '../../bridge/taken-back.ts'
import { handleBatch } from '../../bridge/handle-batch.ts'
import { toCatalogDocuments } from '../../catalog/domain-catalog.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { readPast } from '../../mirror/past.ts'
import { listWaiting } from '../../mirror/missed.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readCycle } from '../../mirror/status.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { buildIndex, OPENING_WINDOW, type RoutingIndex } from '../../model/calendar/routing.ts'
import type { Cycle, CycleInput } from '../../model/cycle/cycle.ts'
import type { DefinitionVersion, ExternalDefinition, UpstreamDefinition } from '../../model/definition.ts'
import type { CycleKey, Domain, ProductId } from '../../model/ids.ts'
import { arrivalOf, CALENDARS, definitionOf, toKey, toProduct, versionOf } from '../../model/samples.test-data.ts'
import type { CycleActivities } from '../../workflows/contract.ts'
import { toEntry } from './scenarios-bridge.ts'
import { useOwnDomain } from './own-domain.ts'
import type { Stage } from './stage.ts'
import { putCycle, type StagedCycle, untilAtRest } from './staged-cycle.ts'

const [BEFORE, KEY, NEXT] = ['2026-11-19', '2026-11-20', '2026-11-23'].map(toKey) as [CycleKey, CycleKey, CycleKey]
const NOW_MS = Date.parse('2026-11-20T22:00:00Z')
const SETTINGS = { checkGlueMs: 60_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }
const [OWN, RAW] = ['222222222222', '111111111111']

let db: Postgres
let stage: Stage
let domain: Domain
let index: RoutingIndex
useOwnDomain((lent) => ({ db, domain, stage } = lent))

const a: UpstreamDefinition = { product: toProduct('raw/a') }
const b: UpstreamDefinition = { product: toProduct('raw/b') }
const bBefore: UpstreamDefinition = { ...b, match: { kind: 'business-days-before', n: 1 } }

test.each([
  { edit: 'drops', from: [a, b], to: [a] },
  { edit: 'rematches to the day before', from: [a, b], to: [a, bBefore] },
  { edit: 'replaces', from: [a, b], to: [a, { product: toProduct('raw/c') }] },
])('version 2 $edit a dependency: the open cycle gets the arrival that it waits for', async ({ from, to }) => {
  apply(from)
  await publish('raw/a', KEY)
  const cycle = await openedBy('raw/a', KEY)
  apply(from, to)
  await publish('raw/b', KEY)
  await cycle.glueEnds(1)
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  expect(await reportOf(cycle)).toEqual({ version: 1, inputs: [`raw/a/${KEY} ARRIVED`, `raw/b/${KEY} ARRIVED`] })
})

test('version 2 rematches from the day before to the same: the open cycle gets that of the day before', async () => {
  apply([a, bBefore])
  await publish('raw/a', KEY)
  const cycle = await openedBy('raw/a', KEY)
  apply([a, bBefore], [a, b])
  await publish('raw/b', KEY)
  await publish('raw/b', BEFORE)
  await cycle.glueEnds(1)
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  expect(await reportOf(cycle)).toEqual({ version: 1, inputs: [`raw/a/${KEY} ARRIVED`, `raw/b/${BEFORE} ARRIVED`] })
})

test('version 2 adds a dependency: the open cycle goes without, the next one waits for it', async () => {
  apply([a])
  const cycle = await openBy(KEY)
  apply([a], [a, b])
  await publish('raw/b', KEY)
  await cycle.until('it is told', ({ deliveries }) => deliveries[0]?.outcome === 'late')
  await publish('raw/a', KEY)
  await cycle.glueEnds(1)
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  expect(await reportOf(cycle)).toEqual({ version: 1, inputs: [`raw/a/${KEY} ARRIVED`] })

  const next = await openBy(NEXT)
  await publish('raw/a', NEXT)
  expect(await next.until('one is there', has(a))).toMatchObject({ state: 'WAITING', input: { definitionVersion: 2 } })
  await publish('raw/b', NEXT)
  await next.glueEnds(1)
  expect(await next.result()).toMatchObject({ state: 'COMPLETED' })
})

test.each([
  { edit: 'adds a dependency that looks back', from: [a] },
  { edit: 'rematches one to look back', from: [a, bBefore] },
])('version 2 $edit: what an open cycle had no use for is not lost to the next', async ({ from }) => {
  // Of an external only the domain's own ledger knows.
  const external = { product: toProduct(`${domain}/closes`) }
  const own = from.map((one) => (one === bBefore ? { ...external, match: bBefore.match } : one))
  const to: UpstreamDefinition[] = [a, { ...external, match: { kind: 'latest-within', days: 7 } }]
  apply(own)
  const cycle = await openBy(KEY)
  apply(own, to)
  await publish(external.product, KEY)
  await cycle.until('it is told', ({ deliveries }) => deliveries[0]?.outcome === 'late')
  await untilAtRest(stage.client, cycle.id)
  const next = await openBy(NEXT)
  await publish('raw/a', NEXT)
  await next.glueEnds(1)
  expect(await next.result()).toMatchObject({ state: 'COMPLETED' })
  expect((await reportOf(next)).inputs).toContain(`${external.product}/${KEY} ARRIVED`)
})

const has =
  ({ product }: UpstreamDefinition) =>
  ({ dependencies }: Cycle): boolean =>
    dependencies.some((one) => one.product === product && one.state === 'ARRIVED')

const consumer = (): ProductId => toProduct(`${domain}/ds3`)

const toVersion = (dependsOn: UpstreamDefinition[], version: number): DefinitionVersion => {
  const run = { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts: 1, retryAfterMs: 0 }
  return versionOf(definitionOf(consumer(), [], { run, dependsOn }), version)
}

/** The last is in force, those before it are superseded. */
function apply(...versions: UpstreamDefinition[][]): void {
  const all = versions.map((dependsOn, at) => toVersion(dependsOn, at + 1))
  const current = all.at(-1) as DefinitionVersion
  const closes: ExternalDefinition = {
    ...{ product: toProduct(`${domain}/closes`), description: '', every: 'business-day', calendar: 'weekdays' },
    ...{ timezone: 'America/New_York', mappings: [] },
  }
  const owner = { team: 'wealth-data', email: 'wealth-data@example.com' }
  const toDomain = (name: string, account: string) => ({
    ...{ version: 1, definition: { domain: name as Domain, account, owner, calendar: 'weekdays' } },
  })
  const domains = [toDomain(domain, OWN), toDomain('raw', RAW)].map(({ version, definition }) => ({
    ...{ version, definition: { ...definition, timezone: 'America/New_York', location: null } },
  }))
  const upstreams = ['raw/a', 'raw/b', 'raw/c'].map((name) => versionOf(definitionOf(name)))
  const documents = toCatalogDocuments(
    {
      ...{ domains, products: [current, ...upstreams], externals: [{ version: 1, definition: closes }] },
      calendars: CALENDARS.map((definition) => ({ version: 1, from: 'files' as const, definition })),
    },
    all.slice(0, -1).toReversed(),
  )
  const document = documents.find((one) => one.domain.domain === domain)
  if (!document) throw new Error('No document.')
  index = buildIndex({ revision: versions.length, ...document })
}

async function publish(product: string, key: CycleKey): Promise<void> {
  const entry = toEntry({ arrival: arrivalOf(product, { key }) } as Parameters<typeof toEntry>[0])
  const account = product.startsWith('raw/') ? RAW : OWN
  const envelope = { version: '0', id: randomUUID(), 'detail-type': entry.DetailType, source: entry.Source, account }
  const rest = { time: new Date(NOW_MS).toISOString(), region: 'us-east-1', resources: [] }
  const body = JSON.stringify({ ...envelope, ...rest, detail: JSON.parse(entry.Detail ?? '') })
  const parts = {
    ...{ domain, temporal: stage.client, settings: SETTINGS, centralAccount: '999999999999', window: OPENING_WINDOW },
    ...{ nowMs: () => NOW_MS, log: pino({ level: 'silent' }), glue: {} as GlueClient, glueCalls: createCallPace(9, 9) },
    index: { current: () => index, reload: async () => undefined },
    takenBack: createTakenBack(),
    ledger: {
      recordUntaken: (rows: Parameters<typeof recordUntaken>[2]) => recordUntaken(db, domain, rows),
      judgePast: (question: Omit<Parameters<typeof judgePast>[1], 'domain'>) => judgePast(db, { domain, ...question }),
      readPast: (cycle: Parameters<typeof readPast>[1]) => readPast(db, cycle),
      listWaiting: (upstream: Parameters<typeof listWaiting>[2]) => listWaiting(db, domain, upstream),
    },
    deadLetters: {
      send: async (_body: string, { reason }: { reason: string }) => {
        throw new Error(`refused: ${reason}`)
      },
    },
  }
  const { staying } = await handleBatch(parts, [{ MessageId: randomUUID(), Body: body }])
  expect(staying.map(({ later }) => String(later.error))).toEqual([])
}

const script: Partial<CycleActivities> = {
  recordCycle: (record) => recordCycle(db, record),
  recallArrivals: (question) => createRecalling({ temporal: stage.client, db }).recallArrivals(question),
}

/** By the version in force. */
function inputOf(key: CycleKey): CycleInput {
  const version = index.current.get(consumer())
  if (!version) throw new Error('Nothing is applied.')
  return openCycle(index.timetable, version, { key, openedBy: 'scheduler', settings: SETTINGS })
}

const cycleOn = (key: CycleKey): StagedCycle => putCycle(stage.client, stage.outside, inputOf(key), script)

/** As the scheduler does it. */
async function openBy(key: CycleKey): Promise<StagedCycle> {
  const cycle = cycleOn(key)
  await cycle.start()
  return cycle
}

/** As an event has done it. */
async function openedBy(product: string, key: CycleKey): Promise<StagedCycle> {
  const cycle = cycleOn(key)
  await cycle.until('it has that', has({ product: toProduct(product) }))
  return cycle
}

async function reportOf({ id }: StagedCycle): Promise<{ version: number | undefined; inputs: string[] }> {
  const report = await readCycle(db, id)
  const inputs = (report?.dependencies ?? []).map(({ product, key, state }) => `${product}/${key} ${state}`)
  return { version: report?.row.definitionVersion, inputs }
}
