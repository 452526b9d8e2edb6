// One tick of the scheduler against a real Temporal: what is due gets opened, once, and nothing else.
import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createScheduling } from '../../activities/scheduling.ts'
import { DAY_MS } from '../../model/calendar/due.ts'
import { buildIndex } from '../../model/calendar/routing.ts'
import type { DefinitionVersion, ProductDefinition } from '../../model/definition.ts'
import type { Domain } from '../../model/ids.ts'
import { catalogOf, definitionOf, versionOf } from '../../model/samples.test-data.ts'
import { until } from './bridge-stage.ts'
import { isThere, type LentTemporal, lendTemporal } from './temporal.ts'

/** A Friday; New York's date begins at 05:00. */
const FRIDAY_MS = Date.parse('2026-11-20T17:00:00Z')
const SETTINGS = { checkGlueMs: 1_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }

let temporal: LentTemporal
let client: Client
beforeAll(async () => {
  temporal = await lendTemporal()
  client = temporal.client
})
afterAll(() => temporal.stop())

const define = (product: string, change: Partial<ProductDefinition> = {}): DefinitionVersion =>
  versionOf(definitionOf(product, [], change))

const warned: unknown[] = []

const scheduling = (definitions: DefinitionVersion[], tickMs = 600_000) =>
  createScheduling({
    ...{ tickMs, temporal: client, settings: SETTINGS, loadIndex: async () => buildIndex(catalogOf(definitions)) },
    warn: (_message, { product }) => void (product && warned.push(product)),
  })

/** A tick of the domain with these definitions. */
const tick = (domain: string, definitions: DefinitionVersion[], atMs = FRIDAY_MS) =>
  scheduling(definitions).openDueCycles({ domain: domain as Domain, atMs })

test('opens the cycles due in the last seven days, each with its input and attributes, and not tomorrow’s', async () => {
  const { opened, existing } = await tick('sa', [define('sa/daily'), define('sa/week', { every: 'day' })])
  // The Friday before began before the look-back, which counts from noon.
  expect(opened.sort()).toEqual([
    ...[16, 17, 18, 19, 20].map((day) => `sa/daily/2026-11-${day}`),
    ...[14, 15, 16, 17, 18, 19, 20].map((day) => `sa/week/2026-11-${day}`),
  ])
  expect(existing).toBe(0)
  const described = await client.workflow.getHandle('sa/daily/2026-11-20').describe()
  expect(described).toMatchObject({ type: 'dataProductCycle', taskQueue: 'sluice-sa', status: { name: 'RUNNING' } })
  await until(async () => {
    const query = `SluiceDomain = "sa" AND SluiceCycle = "2026-11-20" AND SluiceState = "WAITING"`
    expect((await client.workflow.count(query)).count).toBe(2)
  })
})

test('run again it opens nothing; what somebody else opened or closed counts as there', async () => {
  const definitions = [define('sb/one'), define('sb/two')]
  expect((await tick('sb', definitions)).opened).toHaveLength(10)
  await client.workflow.getHandle('sb/one/2026-11-20').terminate('closed, for the test')
  expect(await tick('sb', definitions)).toEqual({ opened: [], existing: 10, skipped: [] })
})

test('of ticks at the same time each cycle is opened by one', async () => {
  const definitions = Array.from({ length: 8 }, (_none, at) => define(`sc/p${at}`))
  const ticks = await Promise.all(Array.from({ length: 4 }, () => tick('sc', definitions)))
  const opened = ticks.flatMap((tick) => tick.opened)
  expect(opened).toHaveLength(40)
  expect(new Set(opened).size).toBe(40)
  expect(ticks.map(({ opened, existing }) => opened.length + existing)).toEqual([40, 40, 40, 40])
})

test('a new definition opens no past: its first cycle is that of the day on which it was first applied', async () => {
  const version = { ...define('sd/new'), firstAppliedAt: '2026-11-20T16:00:00Z' }
  expect((await tick('sd', [version])).opened).toEqual(['sd/new/2026-11-20'])
  expect(await isThere(client, 'sd/new/2026-11-19')).toBe(false)
  const changed = { ...version, version: 2, appliedAt: '2026-11-20T18:00:00Z', firstAppliedAt: '2026-11-19T12:00:00Z' }
  expect((await tick('sd', [changed])).opened).toEqual(['sd/new/2026-11-19'])
})

test('closed days have no cycle, unless the product has one every day', async () => {
  const mondayMs = Date.parse('2026-11-23T17:00:00Z')
  expect((await tick('se', [define('se/daily')], mondayMs)).opened.sort()).toEqual(
    [17, 18, 19, 20, 23].map((day) => `se/daily/2026-11-${day}`),
  )
  expect((await tick('sf', [define('sf/week', { every: 'day' })], mondayMs)).opened.sort()).toEqual([
    ...[17, 18, 19, 20, 21, 22, 23].map((day) => `sf/week/2026-11-${day}`),
  ])
})

test('a cycle is opened a little before its date begins', async () => {
  const midnightMs = Date.parse('2026-11-20T05:00:00Z')
  const version = { ...define('sg/ahead'), firstAppliedAt: '2026-11-20T12:00:00Z' }
  expect((await tick('sg', [version], midnightMs - 16 * 60_000)).opened).toEqual([])
  expect((await tick('sg', [version], midnightMs - 14 * 60_000)).opened).toEqual(['sg/ahead/2026-11-20'])
})

test('where the scheduler ticks once a day, a cycle that no tick could open yet was not missed', async () => {
  const version = define('sk/daily', { catchUp: 'none' })
  expect(await tick('sk', [version])).toMatchObject({ opened: [], leftOut: { 'sk/daily': 5 } })
  const { opened, leftOut } = await scheduling([version], DAY_MS).openDueCycles({
    domain: 'sk' as Domain,
    atMs: FRIDAY_MS,
  })
  expect(opened.sort()).toEqual(['sk/daily/2026-11-19', 'sk/daily/2026-11-20'])
  expect(leftOut).toEqual({ 'sk/daily': 3 })
})

test('without definitions there is nothing to open', async () => {
  expect(await tick('sh', [])).toEqual({ opened: [], existing: 0, skipped: [] })
})

test('a definition that cannot be followed is skipped and named; the others get their cycles', async () => {
  const unknown = { calendar: 'tradng-days' }
  const definitions = [
    define('si/bad', unknown),
    // Every day needs no calendar, its deadline does.
    define('si/deadline', {
      ...{ ...unknown, every: 'day' },
      availableBy: { time: '06:00', days: 1, unit: 'business-day' },
    }),
    define('si/good'),
  ]
  const { opened, existing, skipped } = await tick('si', definitions)
  expect(opened.sort()).toEqual([16, 17, 18, 19, 20].map((day) => `si/good/2026-11-${day}`))
  expect(existing).toBe(0)
  expect(skipped).toEqual([
    expect.stringMatching(/^si\/bad: There is no calendar "tradng-days"/),
    expect.stringMatching(/^si\/deadline: There is no calendar "tradng-days"/),
  ])
  expect(warned).toEqual(['si/bad', 'si/deadline'])
})

test('a cycle that Temporal will never take is named; the others are opened', async () => {
  const huge = { run: { ...define('sj/huge').definition.run, arguments: { '--notes': 'x'.repeat(3_000_000) } } }
  const { opened, skipped } = await tick('sj', [define('sj/huge', huge), define('sj/good')])
  expect(opened).toHaveLength(5)
  expect(skipped).toEqual([expect.stringMatching(/^sj\/huge: sj\/huge\/2026-11-\d\d: Temporal refused it: .*size/i)])
})

test('of hours a week’s worth is opened, and the next tick finds each of them there', async () => {
  const hourly = { ...define('sh/hourly', { every: 'hour' }), firstAppliedAt: '2026-11-18T00:00:00Z' }
  const { opened } = await tick('sh', [hourly])
  expect(opened).toContain('sh/hourly/2026-11-20T11Z')
  expect(opened.length).toBeGreaterThan(50)
  await until(async () => {
    expect((await tick('sh', [hourly])).opened).toEqual([])
    expect((await tick('sh', [hourly])).existing).toBe(opened.length)
  })
})
