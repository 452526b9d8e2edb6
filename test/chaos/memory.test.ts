// Row 16: a worker with little memory and many cycles. It may die of it; another starts, and no cycle is lost or doubled.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { type CaseRun, type Played, playCase } from './cases.ts'
import { IS_FULL, IS_SUITE, RUNS } from './seeds.ts'
import { cyclesOf, type Walk } from './mesh.ts'
import { type Stage, startStage } from './stage.ts'
import { DATES, feed, readLedger, setGlueTimeline, toWalks, until } from './walks.ts'

const MINUTE_MS = 60_000
/** Walks at once, four cycles each. */
const MANY = Math.ceil(Number(process.env['SLUICE_CHAOS_CYCLES'] ?? (IS_FULL ? 5_000 : 144)) / 4)
const LANES = Math.ceil((RUNS * MANY) / DATES)
/** It starts and works; whether it dies of it is printed, and depends on how many cycles there are. */
const HEAP_MB = Number(process.env['SLUICE_CHAOS_HEAP_MB'] ?? 52)
/** How often the short worker may die before one with memory takes over. */
const DEATHS = 4

describe.runIf(IS_SUITE)('row 16', () => {
  let stage: Stage
  let taken = 0

  beforeAll(async () => {
    stage = await startStage({ lanes: LANES })
    await setGlueTimeline(stage, 500)
    await stage.startAll()
  })
  afterAll(() => stage.stop())

  test(
    'a worker short of memory, started again as often as it dies of it, loses no cycle',
    () =>
      playCase(stage, { row: 16, name: `worker with ${HEAP_MB} MB of heap` }, (run) => {
        const walks = toWalks(LANES, taken, MANY)
        taken += MANY
        return playShort(stage, walks, run)
      }),
    RUNS * 60 * MINUTE_MS,
  )
})

async function playShort(stage: Stage, walks: Walk[], { note }: CaseRun): Promise<Played> {
  const own = new Set(walks.flatMap(cyclesOf).map(({ cycle }) => cycle))
  await stage.roleOf('worker', 'd1').kill()
  const enough = new AbortController()
  let deaths = 0
  const keeping = keepStarting(stage, enough.signal, (how) => {
    deaths += 1
    note(`worker d1 with ${HEAP_MB} MB ended: ${how}`)
  })
  await feed(stage, walks)
  await until('the short worker died often enough, or carried half of the load', 10 * MINUTE_MS, async () => {
    const started = startedRuns(await readLedger(stage)).filter(
      ({ cycle }) => own.has(cycle) && cycle.startsWith('d1/'),
    )
    return deaths >= DEATHS || started.length >= (3 * MANY) / 2
  })
  enough.abort()
  await keeping
  await stage.roleOf('worker', 'd1').kill()
  console.log(`the worker with ${HEAP_MB} MB ended ${deaths} times by itself`)
  note('a worker with memory takes over')
  await stage.startAll()
  expect(stage.roleOf('worker', 'd1').exit()).toBeUndefined()
  return { walks, quietWithinMs: 30 * MINUTE_MS }
}

async function keepStarting(stage: Stage, enough: AbortSignal, onDeath: (how: string) => void): Promise<void> {
  const over = new Promise<void>((resolve) => enough.addEventListener('abort', () => resolve(), { once: true }))
  while (!enough.aborted) {
    const worker = await stage.start({ role: 'worker', domain: 'd1', heapMb: HEAP_MB })
    await Promise.race([worker.exited, over])
    const exit = worker.exit()
    if (exit) onDeath(exit.signal ?? `exit code ${exit.code}`)
  }
}
