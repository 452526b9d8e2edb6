// The time of what paces and pauses the bridge. Handed over, so that a test waits for none of it.
import { setTimeout as wait } from 'node:timers/promises'

export interface Clock {
  nowMs(): number
  /** As `setTimeout` of `node:timers/promises`. */
  pause(ms: number, value?: undefined, options?: { signal: AbortSignal }): Promise<unknown>
}

export const wallClock: Clock = { nowMs: () => Date.now(), pause: wait }
