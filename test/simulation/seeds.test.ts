// The seeded simulation: the bridge, the cycles, their activities and the mirror's writers in hostile worlds.
// SLUICE_SIM_SEED=n plays that one and prints its schedule; see play-seeds.ts for how many there are.
import { expect, test } from 'vitest'
import { COUNT, FIRST, judge, LIMIT_MS, playSeeds } from './play-seeds.ts'
import { simulate } from './world.ts'

const only = process.env['SLUICE_SIM_SEED']

test.runIf(only !== undefined)(`the world of seed ${only} keeps every promise`, { timeout: 600_000 }, async () => {
  const world = await simulate(Number(only), true)
  console.log(world.time.schedule.join('\n'))
  expect(judge(world)).toEqual([])
})

test.runIf(only === undefined)(
  `hostile worlds ${FIRST}, ${FIRST + 2} … of ${COUNT} keep every promise`,
  { timeout: COUNT * LIMIT_MS },
  async () => {
    expect(await playSeeds(FIRST)).toEqual([])
  },
)

test('the same seed is the same world', async () => {
  const [one, other] = [await simulate(7, true), await simulate(7, true)]
  expect(one.time.schedule.length).toBeGreaterThan(100)
  expect(other.time.schedule).toEqual(one.time.schedule)
})
