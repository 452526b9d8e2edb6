// In: which of the seeds. Out: what broke in their worlds, and how many cycles and events they held.
// SLUICE_SIM_SEEDS=n plays n worlds (1,000 without it), SLUICE_SIM_FIRST is the first; the two files of seeds share them.
import { findViolations } from './oracle.ts'
import { cyclesOf } from './operator.ts'
import { simulate } from './world.ts'

export const FIRST = Number(process.env['SLUICE_SIM_FIRST'] ?? 1)
export const COUNT = Number(process.env['SLUICE_SIM_SEEDS'] ?? 1_000)
/** Per world; a machine that is busy must not fail them. */
export const LIMIT_MS = 2_000

/** A failing seed is named with the command that plays it again. */
const toCommand = (seed: number): string =>
  `SLUICE_SIM_SEED=${seed} node_modules/.bin/vitest run --project simulation test/simulation/seeds.test.ts`

const NAMED = 10

/** Plays every second seed from `first` on, and says how fast. */
export async function playSeeds(first: number): Promise<string[]> {
  const before = process.cpuUsage()
  const found: string[] = []
  const sum = { seeds: 0, cycles: 0, events: 0, broken: 0 }
  for (let seed = first; seed < FIRST + COUNT; seed += 2) {
    const world = await simulate(seed, false)
    const violations = findViolations(world)
    sum.seeds += 1
    sum.cycles += cyclesOf(world).length
    sum.events += world.time.happened
    if (violations.length === 0) continue
    sum.broken += 1
    if (sum.broken <= NAMED) found.push(...violations.slice(0, 3).map((one) => `seed ${seed}: ${one}`), toCommand(seed))
  }
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1_000_000
  const speed = `${Math.round(sum.cycles / seconds)} cycles/s, ${Math.round(sum.events / seconds)} events/s`
  console.log(
    `${sum.seeds} seeds, ${sum.cycles} cycles, ${sum.broken} broken, ${seconds.toFixed(1)} s of one core: ${speed}`,
  )
  return found
}
