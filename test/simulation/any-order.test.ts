// Whatever the order in which events come, how often each, and who dies meanwhile: the same end of every cycle.
// SLUICE_SIM_SEED=n plays that one and prints its schedule.
import { expect, test } from 'vitest'
import { type Corrections, KEYS, toEnds, toLastInputs, toPlan } from './any-order.ts'
import { COUNT, judge } from './play-seeds.ts'
import { simulate, type World } from './world.ts'

const only = process.env['SLUICE_SIM_SEED']
/** Some are enough: each is one order of the same events. */
const MANY = Math.ceil(COUNT / 15)
const SEEDS = only === undefined ? Array.from({ length: MANY }, (_, at) => at + 1) : [Number(only)]
/** Below this many, what is rare need not happen. */
const ENOUGH = 40
const LIMIT_MS = SEEDS.length * 2_000

/** Without which nothing is proved; each must have been done in these worlds. */
const NEEDED = ['a process killed before a call', 'a process killed after a call', 'an event hours late', 'a slow call']

async function playEach(corrections: Corrections, judgeEnd: (world: World) => unknown[]): Promise<unknown[]> {
  const found: unknown[] = []
  const done = new Map<string, number>()
  for (const seed of SEEDS) {
    const world = await simulate(seed, only !== undefined, toPlan(seed, corrections))
    if (only !== undefined) console.log(world.time.schedule.join('\n'))
    for (const [act, times] of world.hostility.acts) done.set(act, (done.get(act) ?? 0) + times)
    found.push(...[...judge(world), ...judgeEnd(world)].map((broken) => ({ seed, broken })))
  }
  if (SEEDS.length >= ENOUGH) expect(NEEDED.filter((act) => (done.get(act) ?? 0) < SEEDS.length)).toEqual([])
  return found
}

const [FIRST = '', SECOND = '', SILENT = ''] = KEYS

/** By hand: what the order of these events may not change. */
const reads = (product: string, key: string): string[] => {
  const of: Record<string, string[]> = {
    'd1/first': [`raw/a/${key} r3`, `raw/b/${key} r2`],
    'd1/private': [`d1/first/${key} r1`],
    'd2/left': [`d1/first/${key} r1`, `raw/b/${key} r2`],
    'd2/bottom': [`d1/first/${key} r1`, `d2/left/${key} r1`],
    'd1/end': [`d1/private/${key} r1`, `d2/bottom/${key} r1`, `d2/left/${key} r1`],
    'd1/chain': [...(key === FIRST ? [] : [`d1/chain/${FIRST} r1`]), `raw/c/${key} r1`],
  }
  return of[product] ?? []
}

const PRODUCTS = ['d1/chain', 'd1/end', 'd1/first', 'd1/private', 'd2/bottom', 'd2/left']
const EXPECTED = Object.fromEntries(
  PRODUCTS.flatMap((product) => [
    ...[FIRST, SECOND].map((key) => [
      `${product}/${key}`,
      { state: 'COMPLETED', revision: 1, read: [reads(product, key)] },
    ]),
    [`${product}/${SILENT}`, { state: 'WAITING', revision: 0, read: [] }],
  ]),
)

test('in any order, doubled, early, late, redelivered after a crash: the same states, revisions and starts', {
  timeout: LIMIT_MS,
}, async () => {
  const found = await playEach('before', (world) => {
    const ends = toEnds(world)
    return Object.keys({ ...EXPECTED, ...ends })
      .filter((cycle) => JSON.stringify(ends[cycle]) !== JSON.stringify(EXPECTED[cycle]))
      .map((cycle) => ({ cycle, expected: EXPECTED[cycle], found: ends[cycle] }))
  })
  expect(found.slice(0, 5)).toEqual([])
})

// How often a cycle runs again is a matter of when `settle` ended; on what it has run in the end is not.
test('with corrections at any time, each cycle comes to rest on the last revision of all it reads', {
  timeout: LIMIT_MS,
}, async () => {
  const found = await playEach('after', (world) => {
    const ends = toEnds(world)
    return Object.entries(toLastInputs(ends))
      .map(([cycle, expected]) => ({ cycle, expected, state: ends[cycle]?.state, found: ends[cycle]?.read.at(-1) }))
      .filter(
        ({ expected, state, found }) => state !== 'COMPLETED' || JSON.stringify(found) !== JSON.stringify(expected),
      )
  })
  expect(found.slice(0, 5)).toEqual([])
})
