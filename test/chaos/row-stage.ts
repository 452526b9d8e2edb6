// A stage for some rows of the fault matrix. In: how many walks one run of all rows of the file takes. Out: the stage,
// its roles started, and walks that no other case of the file got. Never: more lanes than the runs asked for need.
import { afterAll, beforeAll } from 'vitest'
import type { MeshOrder, Walk } from './mesh.ts'
import { IS_FULL, RUNS } from './seeds.ts'
import { type Stage, type StageOrder, startStage } from './stage.ts'
import { DATES, setGlueTimeline, toWalks, until } from './walks.ts'

export const MINUTE_MS = 60_000
/** How long a Glue run of the stage lasts where a case says nothing else. */
export const RUN_MS = 300
/** For cases that count letters or signals: a bridge has a minute, as in production, until a message is given to another. */
export const VISIBLE_LATE = { SLUICE_CHAOS_VISIBILITY: '60' }

export interface RowStage {
  stage(): Stage
  take(count: number): Walk[]
}

/** To be called once, at the top of a test file. */
export function useRowStage(
  walksPerRun: number,
  settings: Record<string, string> = {},
  servers: () => Promise<StageOrder['servers']> = async () => ({}),
  mesh: MeshOrder = {},
): RowStage {
  const lanes = Math.ceil((walksPerRun * RUNS) / DATES)
  let stage: Stage | undefined
  let taken = 0
  beforeAll(async () => {
    stage = await startStage({ lanes, settings, servers: await servers(), mesh })
    await setGlueTimeline(stage, RUN_MS)
    await stage.startAll()
  }, 6 * MINUTE_MS)
  afterAll(() => stage?.stop(), MINUTE_MS)
  return {
    stage() {
      if (!stage) throw new Error('The stage is there from beforeAll on.')
      return stage
    },
    take(count) {
      const walks = toWalks(lanes, taken, count)
      taken += count
      return walks
    },
  }
}

/** Resolves when the outage has lasted so long; a minute each where full length is asked for. */
export const hold = (seconds: number): Promise<void> => pass((IS_FULL ? 60 : seconds) * 1_000)

/** For faults that are a length of time. */
export async function pass(ms: number): Promise<void> {
  const endsAtMs = performance.now() + ms
  await until('the time has passed', ms + MINUTE_MS, async () => performance.now() >= endsAtMs)
}
