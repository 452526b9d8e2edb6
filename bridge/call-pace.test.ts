// Calls spread over time. The clock is the test's: a pause puts it forward instead of being waited for.
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { createCallPace } from './call-pace.ts'
import type { Clock } from './clock.ts'

let nowMs = 0
const clock: Clock = {
  nowMs: () => nowMs,
  async pause(ms) {
    nowMs += ms
  },
}

beforeEach(() => {
  nowMs = 1_000_000
})

/** When each of some calls in a row got its turn, from now on. */
async function turnsOf(pace: ReturnType<typeof createCallPace>, calls: number): Promise<number[]> {
  const startMs = nowMs
  const turns: number[] = []
  for (let call = 0; call < calls; call += 1) {
    await pace.turn()
    turns.push(nowMs - startMs)
  }
  return turns
}

test('a burst passes at once, then one call for each gap', async () => {
  const pace = createCallPace(10, 3, clock)
  expect(await turnsOf(pace, 6)).toEqual([0, 0, 0, 100, 200, 300])
})

test('rest earns a burst again, never more than one', async () => {
  const pace = createCallPace(10, 3, clock)
  await turnsOf(pace, 6)
  nowMs += 60_000
  expect(await turnsOf(pace, 5)).toEqual([0, 0, 0, 100, 200])
})

test('whatever the pauses between, no stretch of time has more calls than the rate and one burst', async () => {
  const gaps = fc.array(fc.nat({ max: 400 }), { minLength: 5, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      gaps,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 10 }),
      async (idle, rate, burst) => {
        nowMs = 1_000_000
        const pace = createCallPace(rate, burst, clock)
        const turns: number[] = []
        for (const ms of idle) {
          nowMs += ms
          await pace.turn()
          turns.push(nowMs)
        }
        turns.forEach((firstMs, first) =>
          turns.slice(first).forEach((lastMs, more) => {
            expect(more + 1).toBeLessThanOrEqual(burst + ((lastMs - firstMs) * rate) / 1_000 + 1e-6)
          }),
        )
      },
    ),
  )
})
