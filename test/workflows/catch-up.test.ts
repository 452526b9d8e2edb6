// After a day without a tick: the scheduler's real decision and real starts, by ticks on a real Temporal. There is no
// PostgreSQL in this ring, and what would write to it or read from it says so.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createScheduling } from '../../activities/scheduling.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { buildIndex } from '../../model/calendar/routing.ts'
import type { CatchUp, DefinitionVersion } from '../../model/definition.ts'
import type { CycleId } from '../../model/ids.ts'
import { catalogOf, definitionOf, HOUR_MS, inputOf, toKey, versionOf } from '../../model/samples.test-data.ts'
import {
  CYCLE_WORKFLOW,
  type DueCycles,
  SCHEDULER_WORKFLOW,
  toCycleStart,
  toTaskQueue,
} from '../../workflows/contract.ts'
import { eventually } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'

const DOMAIN = 'outage'
/** Six in the morning, and one hour into New York's Thursday; the products are an hour old. */
const LAST_TICK_MS = Date.parse('2026-11-19T06:05:00Z')
const NEXT_TICK_MS = LAST_TICK_MS + 24 * HOUR_MS
/** Every hour that was missed; that of the tick itself was not. */
const MISSED = Array.from(
  { length: 23 },
  (_, hour) => `${new Date(LAST_TICK_MS + (hour + 1) * HOUR_MS).toISOString().slice(0, 13)}Z`,
)
const JUST_NOW = '2026-11-20T06Z'

let stage: Stage
beforeAll(async () => {
  stage = await openStage(inject('ground'), DOMAIN)
})
afterAll(() => stage.close())

const define = (name: string, catchUp?: CatchUp): DefinitionVersion => ({
  ...versionOf(definitionOf(`${DOMAIN}/${name}`, ['raw/a'], { every: 'hour', ...(catchUp ? { catchUp } : {}) })),
  firstAppliedAt: new Date(LAST_TICK_MS - HOUR_MS / 2).toISOString(),
})
const VERSIONS = [define('unsaid'), define('all', 'all'), define('latest', 'latest'), define('none', 'none')]
const index = buildIndex(catalogOf(VERSIONS))
const settings = inputOf(definitionOf(`${DOMAIN}/any`)).settings

const away = (): never => {
  throw new Error('PostgreSQL does not answer')
}

/** A whole tick, with what it says in the log. */
async function tick(workflowId: string, atMs: number): Promise<DueCycles & { warned: string[] }> {
  const warned: string[] = []
  const warn = (message: string): void => void warned.push(message)
  const scheduling = createScheduling({ temporal: stage.client, settings, warn, loadIndex: async () => index })
  stage.outside.script(workflowId, {
    openDueCycles: ({ domain }) => scheduling.openDueCycles({ domain, atMs }),
    repairArrivals: async () => ({ repaired: null }),
  })
  const start = { workflowId, taskQueue: toTaskQueue(DOMAIN), args: [DOMAIN] }
  return { ...((await stage.client.workflow.execute(SCHEDULER_WORKFLOW, start)) as DueCycles), warned }
}

const cyclesOf = (name: string, keys: string[]): string[] => keys.map((key) => `${DOMAIN}/${name}/${key}`)

/** As the bridge does during the outage. */
async function openByArrival(version: DefinitionVersion | undefined, key: string): Promise<void> {
  if (!version) throw new Error('There is such a product.')
  const opening = { key: toKey(key), openedBy: 'arrival' as const, settings }
  await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(openCycle(index.timetable, version, opening)))
}

test('after a day without ticks all, the latest or none of what was missed is opened, and no more by the next tick', async () => {
  for (const name of ['unsaid', 'all', 'latest', 'none'])
    for (const cycle of cyclesOf(name, ['2026-11-19T05Z', '2026-11-19T06Z', ...MISSED, JUST_NOW]))
      stage.outside.script(cycle, { recordCycle: async () => away(), recallArrivals: async () => away() })
  expect((await tick('before', LAST_TICK_MS)).opened).toHaveLength(8)
  const arrived = MISSED[13] ?? ''
  await openByArrival(VERSIONS[2], arrived)
  await eventually(
    'what is open is listed',
    () => stage.client.workflow.count(`SluiceDomain = "${DOMAIN}"`),
    ({ count }) => count === 9,
  )

  const [first, second] = [await tick('after', NEXT_TICK_MS), await tick('after-that', NEXT_TICK_MS + HOUR_MS / 6)]

  expect(first.opened.toSorted()).toEqual(
    [
      ...cyclesOf('unsaid', [...MISSED, JUST_NOW]),
      ...cyclesOf('all', [...MISSED, JUST_NOW]),
      ...cyclesOf('latest', ['2026-11-20T05Z', JUST_NOW]),
      ...cyclesOf('none', [JUST_NOW]),
    ].toSorted(),
  )
  const leftOut = { [`${DOMAIN}/latest`]: MISSED.length - 2, [`${DOMAIN}/none`]: MISSED.length }
  expect(first).toMatchObject({ leftOut, skipped: [], repaired: null, warned: [expect.stringContaining('catchUp')] })
  expect(second).toMatchObject({ opened: [], leftOut, skipped: [], repaired: null })
  const opened = await stage.client.workflow.getHandle(`${DOMAIN}/latest/2026-11-20T05Z` as CycleId).describe()
  expect(opened.status.name).toBe('RUNNING')
})

test('a tick that leaves nothing out says nothing of it', async () => {
  const said = await tick('before-all', LAST_TICK_MS)
  expect(said).toMatchObject({ opened: [], existing: 8, skipped: [], warned: [] })
  expect(said).not.toHaveProperty('leftOut')
})
