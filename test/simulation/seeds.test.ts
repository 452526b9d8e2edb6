// The seeded simulation: the bridge, the cycles, their activities and the mirror's writers in hostile worlds.
// SLUICE_SIM_SEEDS=n runs n worlds (1,000 without it); SLUICE_SIM_SEED=n runs that one and prints its schedule.
import { expect, test } from 'vitest'
import { findViolations } from './oracle.ts'
import { cyclesOf } from './operator.ts'
import { simulate } from './world.ts'

const only = process.env['SLUICE_SIM_SEED']
const first = Number(process.env['SLUICE_SIM_FIRST'] ?? 1)
const count = Number(process.env['SLUICE_SIM_SEEDS'] ?? 1_000)
const toCommand = (seed: number): string =>
  `SLUICE_SIM_SEED=${seed} node_modules/.bin/vitest run --project simulation test/simulation/seeds.test.ts`

test.runIf(only !== undefined)(`the world of seed ${only} keeps every promise`, { timeout: 600_000 }, async () => {
  const world = await simulate(Number(only), true)
  console.log(world.time.schedule.join('\n'))
  expect(findViolations(world)).toEqual([])
})

test.runIf(only === undefined)(`${count} hostile worlds keep every promise`, { timeout: count * 2_000 }, async () => {
  const before = process.cpuUsage()
  const found: string[] = []
  let broken = 0
  let cycles = 0
  let events = 0
  for (let seed = first; seed < first + count; seed += 1) {
    const world = await simulate(seed, false)
    const violations = findViolations(world)
    cycles += cyclesOf(world).length
    events += world.time.happened
    if (violations.length === 0) continue
    broken += 1
    if (broken <= 10) found.push(...violations.slice(0, 3).map((one) => `seed ${seed}: ${one}`), toCommand(seed))
  }
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1_000_000
  const speed = `${Math.round(cycles / seconds)} cycles/s, ${Math.round(events / seconds)} events/s`
  console.log(`${count} seeds, ${cycles} cycles, ${broken} broken, ${seconds.toFixed(1)} s of one core: ${speed}`)
  expect(found).toEqual([])
})

test('the same seed is the same world', async () => {
  const [one, other] = [await simulate(7, true), await simulate(7, true)]
  expect(one.time.schedule.length).toBeGreaterThan(100)
  expect(other.time.schedule).toEqual(one.time.schedule)
})
