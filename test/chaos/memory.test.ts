// Row 16: a worker with more cycles than it may hold at once, and one that dies of those it holds.
// The cap of its cache holds: what it lets go is built again from its history; no cycle is lost or doubled either way.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CaseRun, type Played, playCase } from './cases.ts'
import type { BuiltCycle } from './cycle-cache.ts'
import { rawProducts, type Walk } from './mesh.ts'
import { IS_FULL, IS_SUITE, RUNS } from './seeds.ts'
import { type Stage, startStage } from './stage.ts'
import { DATES, feed, putRaw, setGlueTimeline, toRawEntry, toWalks, until, untilQuiet } from './walks.ts'

const MINUTE_MS = 60_000
/** Walks at once, four cycles each. */
const MANY = Math.ceil(Number(process.env['SLUICE_CHAOS_CYCLES'] ?? (IS_FULL ? 5_000 : 160)) / 4)
const LANES = Math.ceil((2 * RUNS * MANY) / DATES)
/** The worker's cap of 500 becomes 20: half as many as wait here. */
const PARTS = 25
/** Enough to start and work, not for thirty cycles that take so much each. */
const SHORT = { heapMb: 80, ballastMb: 3 }
/** How often the short worker dies before one with memory takes over. */
const DEATHS = 3

describe.runIf(IS_SUITE)('row 16', () => {
  let stage: Stage
  let taken = 0
  const take = (): Walk[] => {
    const walks = toWalks(LANES, taken, MANY)
    taken += MANY
    return walks
  }

  beforeAll(async () => {
    stage = await startStage({ lanes: LANES })
    await setGlueTimeline(stage, 500)
    await stage.startAll()
  })
  afterAll(() => stage.stop())

  test(
    'a worker with more open cycles than its cache takes lets some go, and goes on with them from their histories',
    () =>
      playCase(stage, { row: 16, name: 'more cycles than the cache takes' }, (run) => playCapped(stage, take(), run)),
    RUNS * 60 * MINUTE_MS,
  )

  test(
    'a worker that dies of its memory, and is started again as often, loses no cycle',
    () =>
      playCase(stage, { row: 16, name: `worker out of memory, ${SHORT.heapMb} MB` }, (run) =>
        playShort(stage, take(), run),
      ),
    RUNS * 60 * MINUTE_MS,
  )
})

/** First one input of each walk, so that all joins wait together; then the other, which each of them must be told. */
async function playCapped(stage: Stage, walks: Walk[], { draw, note, healed }: CaseRun): Promise<Played> {
  const record = path.join(stage.folder, `cycles-built-${walks[0]?.lane}-${walks[0]?.key}.jsonl`)
  writeFileSync(record, '')
  await stage.roleOf('worker', 'd1').stop()
  const worker = await stage.start({ role: 'worker', domain: 'd1', cache: { record, parts: PARTS } })
  const joins = walks.map(({ lane, key }) => `d1/join-${lane}/${key}`)
  const [first, second] = [0, 1].map((at) => walks.map((walk) => toRawEntry(rawProducts(walk)[at] ?? '', walk.key)))
  await putRaw(stage, draw.shuffled(first ?? []))
  await until('all joins wait', 5 * MINUTE_MS, () => areWaiting(stage, joins))
  note(`${joins.length} cycles wait beside each other`)
  await putRaw(stage, draw.shuffled(second ?? []))
  healed('they are told the rest')
  await untilQuiet(stage, walks, 10 * MINUTE_MS)
  const built = readBuilt(record)
  const cap = built[0]?.cap ?? Number.POSITIVE_INFINITY
  expect(cap, 'the worker has a cap, and it is reached').toBeLessThan(joins.length)
  expect(Math.max(...built.map(({ cached }) => cached))).toBe(cap)
  const replayed = new Set(built.filter(({ isReplay }) => isReplay).map(({ cycle }) => cycle))
  expect(joins.filter((cycle) => replayed.has(cycle)).length).toBeGreaterThanOrEqual(joins.length - cap)
  expect(worker.exit(), 'it did not die of it').toBeUndefined()
  return { walks }
}

const readBuilt = (record: string): BuiltCycle[] =>
  readFileSync(record, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BuiltCycle)

/** Told of one input, and waiting for the other. */
async function areWaiting(stage: Stage, cycles: string[]): Promise<boolean> {
  const row = await stage.db.one<{ count: string }>(
    `select count(distinct cycle) from data_product_dependencies_events_status
     where cycle = any ($1) and state = 'ARRIVED'`,
    [cycles],
  )
  return Number(row?.count) === cycles.length
}

async function playShort(stage: Stage, walks: Walk[], { note, healed }: CaseRun): Promise<Played> {
  await stage.roleOf('worker', 'd1').kill()
  const enough = new AbortController()
  const deaths: string[] = []
  const keeping = keepStarting(stage, enough.signal, (how) => {
    deaths.push(how)
    note(`worker d1 with ${SHORT.heapMb} MB ended: ${how}`)
  })
  await feed(stage, walks)
  await until('the short worker died often enough', 10 * MINUTE_MS, async () => deaths.length >= DEATHS).finally(() =>
    enough.abort(),
  )
  await keeping
  await stage.roleOf('worker', 'd1').kill()
  expect(new Set(deaths), 'how the runtime ends for want of memory').toEqual(new Set(['SIGABRT']))
  await stage.startAll()
  healed('a worker with memory takes over')
  return { walks, quietWithinMs: 30 * MINUTE_MS }
}

async function keepStarting(stage: Stage, enough: AbortSignal, onDeath: (how: string) => void): Promise<void> {
  const { heapMb, ballastMb } = SHORT
  const cache = { record: path.join(stage.folder, 'cycles-built-short.jsonl'), ballastMb }
  const over = new Promise<void>((resolve) => enough.addEventListener('abort', () => resolve(), { once: true }))
  while (!enough.aborted) {
    const worker = await stage.start({ role: 'worker', domain: 'd1', heapMb, cache })
    await Promise.race([worker.exited, over])
    const exit = worker.exit()
    if (exit) onDeath(exit.signal ?? `exit code ${exit.code}`)
  }
}
