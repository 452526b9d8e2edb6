// In: which of the seeds. Out: what broke in their worlds, how many cycles and events they held, what was done to them.
// SLUICE_SIM_SEEDS=n plays n worlds (1,000 without it), SLUICE_SIM_FIRST is the first; the two files of seeds share them.
// SLUICE_SIM_COVERAGE=1 also tells how often each act and branch happened.
import { findViolations } from '../../verify/violations.ts'
import { checkCascades } from './cascades.ts'
import { branchesOf, findUncovered, type Seen } from './coverage.ts'
import { toEvidence } from './evidence.ts'
import { checkFences } from './fences.ts'
import { simulate, type World } from './world.ts'

export const FIRST = Number(process.env['SLUICE_SIM_FIRST'] ?? 1)
export const COUNT = Number(process.env['SLUICE_SIM_SEEDS'] ?? 1_000)
if (!(COUNT > 0))
  throw new Error('SLUICE_SIM_SEEDS must be a number of worlds, at least 1: none played proves nothing.')
/** Per world; a machine that is busy must not fail them. */
export const LIMIT_MS = 2_000

/** A failing seed is named with the command that plays it again. */
const toCommand = (seed: number): string =>
  `SLUICE_SIM_SEED=${seed} node_modules/.bin/vitest run --project simulation test/simulation/seeds.test.ts`

const NAMED = 10

/** Every invariant, and that the world healed: nothing was left to do. */
export function judge(world: World, evidence = toEvidence(world)): string[] {
  const violations = findViolations(evidence).map(({ invariant, says }) => `${invariant}: ${says}`)
  const asked = [...checkCascades(evidence), ...checkFences(world)]
  return [...(world.isAtRest ? [] : ['I10: the world did not come to rest']), ...violations, ...asked]
}

/** Below this many worlds, what is rare need not happen. */
const ENOUGH = 400

/** Plays every second seed from `first` on, and says how fast. */
export async function playSeeds(first: number): Promise<string[]> {
  const before = process.cpuUsage()
  const found: string[] = []
  const seen: Seen = new Map()
  const count = (what: string, times = 1): void => void seen.set(what, (seen.get(what) ?? 0) + times)
  const sum = { seeds: 0, cycles: 0, events: 0, broken: 0 }
  for (let seed = first; seed < FIRST + COUNT; seed += 2) {
    const world = await simulate(seed, false)
    const evidence = toEvidence(world)
    const violations = judge(world, evidence)
    for (const [act, times] of world.hostility.acts) count(act, times)
    for (const branch of branchesOf(evidence)) count(branch)
    sum.seeds += 1
    sum.cycles += evidence.cycles.length
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
  if (process.env['SLUICE_SIM_COVERAGE']) console.log([...seen].map(([what, times]) => `${times} ${what}`).join('\n'))
  return sum.seeds < ENOUGH ? found : [...found, ...findUncovered(seen, sum.seeds)]
}
