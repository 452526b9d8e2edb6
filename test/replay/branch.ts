// What the recorded branches have in common: how one begins, how it ends, what arrives.
// In: a stage. Out: a cycle under way, or the id of one whose run is over. Never: a story of its own.
import type { CutoffAction } from '../../model/definition.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import type { CycleWish, Stage } from '../workflows/stage.ts'
import type { StagedCycle } from '../workflows/staged-cycle.ts'

/** Plays a story and answers the id of the workflow whose latest run is the history. */
export type Branch = (stage: Stage, name: string) => Promise<string>

export const a = arrivalOf('raw/a')
export const b = arrivalOf('raw/b')

export async function ready(stage: Stage, name: string, wish: CycleWish = {}): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], ...wish })
  await cycle.arrive(a)
  return cycle
}

/** Opened with a cutoff a second away. */
export const withCutoff = (
  stage: Stage,
  name: string,
  action: CutoffAction,
  input: CycleWish['input'] = {},
): StagedCycle =>
  stage.cycle(name, {
    definition: { cutoff: { at: { time: '02:00', days: 1, unit: 'day' }, then: action } },
    input: { cutoffMs: Date.now() + 1_000, ...input },
  })

/** Completed, failed or cancelled: each is an end. */
export async function closed(cycle: StagedCycle): Promise<string> {
  await cycle.result().catch(() => undefined)
  return cycle.id
}
