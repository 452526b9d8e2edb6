// Spreads calls over time. In: calls a second, and how many may come at once. Out: turns, in order of asking.
import { type Clock, wallClock } from './clock.ts'

export interface CallPace {
  /** Resolves when the next call may be made. */
  turn(): Promise<void>
}

export function createCallPace(perSecond: number, burst: number, { nowMs, pause }: Clock = wallClock): CallPace {
  const gapMs = 1_000 / perSecond
  let nextAtMs = 0
  return {
    async turn() {
      const atMs = nowMs()
      nextAtMs = Math.max(nextAtMs, atMs - burst * gapMs) + gapMs
      if (nextAtMs > atMs) await pause(nextAtMs - atMs)
    },
  }
}
