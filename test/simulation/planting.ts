// The sound worlds in whose evidence breaches are planted. In: how many. Out: the evidence of each, by its seed, from 1 on.
// Never: another world for the same seed.
import type { Evidence } from '../../verify/evidence.ts'
import { toEvidence } from './evidence.ts'
import { simulate } from './world.ts'

/** False where the world does not hold what the breach needs. */
export type Plant = (evidence: Evidence) => boolean

export async function playSound(worlds: number): Promise<Evidence[]> {
  const sound: Evidence[] = []
  for (let seed = 1; seed <= worlds; seed += 1) sound.push(toEvidence(await simulate(seed, false)))
  return sound
}
