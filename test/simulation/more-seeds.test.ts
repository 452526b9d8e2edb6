// The other half of the seeds, in a file of its own so that both cores are used.
import { expect, test } from 'vitest'
import { COUNT, FIRST, LIMIT_MS, playSeeds } from './play-seeds.ts'

test.runIf(process.env['SLUICE_SIM_SEED'] === undefined)(
  `hostile worlds ${FIRST + 1}, ${FIRST + 3} … of ${COUNT} keep every promise`,
  { timeout: COUNT * LIMIT_MS },
  async () => {
    expect(await playSeeds(FIRST + 1)).toEqual([])
  },
)
